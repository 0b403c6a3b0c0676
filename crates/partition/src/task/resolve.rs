//! What the head of a lane waits for: its customer's profile, then the plugins that want to see it.

use std::borrow::Cow;
use std::sync::Arc;

use trunkline_profiles::AtHand;
use trunkline_rules::Answer;
use trunkline_schemas::{EnrichedEvent, Findings, headers};

use super::findings::{customer_of, ordering, profile_key};
use super::kept_profiles::recall;
use super::lane::{Lane, Resolved, Wait};
use super::{Context, LookupRequest, Task};
use crate::entity::Novelty;
use crate::plugins::PluginRequest;
use crate::state::StateError;

// === impl Task ===

impl Task {
    /// A customer's profile was fetched, as far as it could be. The partition keeps it if it asked for it.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn profile_learned(&mut self, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let Some(waiting) = self.waiting.remove(customer) else { return Ok(()) };
        self.keep_profile(customer, ctx)?;
        for key in waiting {
            self.advance(&key, ctx)?;
        }
        Ok(())
    }

    /// Plugins have answered the request of this number, or are not waited for any longer.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn plugins_answered(
        &mut self,
        number: u64,
        found: Vec<Answer>,
        ctx: &mut Context<'_>,
    ) -> Result<(), StateError> {
        let Some(key) = self.consulting.remove(&number) else { return Ok(()) };
        let lane = self.entities.known(&key).and_then(|cached| cached.lane.as_deref_mut());
        if let Some(Lane { wait: Some(Wait::Plugins { answers, .. }), .. }) = lane {
            *answers = Some(found);
        }
        self.advance(&key, ctx)
    }

    /// What the head of a lane is emitted with; `None` while it waits, or where there is none.
    pub(super) fn resolve_head(
        &mut self,
        key: &Arc<str>,
        lane: &mut Lane,
        ctx: &mut Context<'_>,
    ) -> Result<Option<Resolved>, StateError> {
        match lane.wait.take_if(|wait| matches!(wait, Wait::Plugins { answers: Some(_), .. })) {
            Some(Wait::Plugins { at_hand, answers: Some(answers), .. }) => {
                return Ok(Some(Resolved { at_hand, answers }));
            }
            _ if matches!(lane.wait, Some(Wait::Plugins { .. })) => return Ok(None),
            _ => {}
        }
        let Some(at_hand) = self.enrichment_of(key, lane, ctx)? else { return Ok(None) };
        let Some((mode, head)) = lane.ready.front() else { return Ok(None) };
        let event = &head.item.event;
        let unasked = |at_hand| Ok(Some(Resolved { at_hand, answers: Vec::new() }));
        if !self.settings.plugin_events.contains(event.event_type()) {
            return unasked(at_hand);
        }
        // One that does not decode becomes a dead letter when it comes to be emitted.
        let (Ok(mut decoded), Some(cached)) = (event.decode(), self.entities.known(key)) else {
            return unasked(at_hand);
        };
        // What they see is what will be published, but for what they add to it.
        let (position, conversation) = cached.entity.preview(event, &self.settings.callers);
        let ordering = ordering(*mode, head.late, head.gap_before, position);
        let customer = profile_key(event, Some(&conversation), &self.settings.callers).map(Cow::into_owned);
        if let Some(customer) = customer_of(event, &conversation) {
            decoded.customer_id = Some(customer);
        }
        let taken_in = head.item.arrival().taken_in();
        let window_ms = self.settings.repeat_window_ms;
        let possible_repeat = lane
            .statement
            .flatten()
            .is_some_and(|statement| cached.entity.novelty(&statement, taken_in, window_ms) != Novelty::New);
        let findings = self.settings.findings(event, at_hand.clone(), ordering, &conversation);
        let findings = Findings { possible_repeat, ..findings };
        self.requested += 1;
        let traceparent = head.item.record.headers.get(headers::TRACEPARENT).map(str::to_owned);
        let mut event = EnrichedEvent::new(decoded, findings);
        if !self.settings.include_data {
            event.data = None;
        }
        let request = PluginRequest { number: self.requested, event: Arc::new(event), customer, traceparent };
        self.consulting.insert(request.number, key.clone());
        self.plugin_requests.push(request);
        lane.wait = Some(Wait::Plugins { at_hand, answers: None });
        Ok(None)
    }

    /// The profile of the head of a lane; `None` while it waits for it, or where there is no head.
    fn enrichment_of(
        &mut self,
        key: &Arc<str>,
        lane: &mut Lane,
        ctx: &mut Context<'_>,
    ) -> Result<Option<AtHand>, StateError> {
        let Some((_, head)) = lane.ready.front() else { return Ok(None) };
        let event = &head.item.event;
        let known = self.entities.known(key).map(|cached| cached.entity.conversation());
        // Where no profiles are fetched, nobody needs to know whose it would be.
        let is_on = self.settings.enrich_deadline_ms > 0;
        let customer = if is_on { profile_key(event, known, &self.settings.callers) } else { None };
        // As with a condition that fails: what does not decode is not kept from its profile.
        let chosen = || {
            !ctx.rules.chooses_what_to_enrich()
                || matches!(lane.wait, Some(Wait::Profile { .. }))
                || event.decode().map_or(true, |event| ctx.rules.enriches(&event))
        };
        let Some(customer) = customer.filter(|_| chosen()) else {
            return Ok(Some(AtHand::skipped()));
        };
        let customer = &*customer;
        recall(&mut self.changes, customer, ctx)?;
        let at_hand = ctx.profiles.at_hand(customer, ctx.now);
        if !at_hand.fetch {
            lane.wait = None;
            return Ok(Some(at_hand));
        }
        match &lane.wait {
            Some(Wait::Profile { customer: waited_for, until }) if waited_for == customer => {
                // In the millisecond in which the wait ends, an answer may still come.
                if self.profiles_until <= *until {
                    return Ok(None);
                }
                lane.wait = None;
                Ok(Some(ctx.profiles.unanswered(customer, ctx.now)))
            }
            _ => {
                let until = ctx.now + self.settings.enrich_deadline_ms;
                let traceparent = head.item.record.headers.get(headers::TRACEPARENT).map(str::to_owned);
                let identities = ctx.profiles.identities(customer).to_vec();
                let conversation = event.conversation_id().map(str::to_owned);
                let customer = customer.to_owned();
                self.lookups.push(LookupRequest {
                    customer: customer.clone(),
                    identities,
                    traceparent,
                    conversation,
                    until,
                });
                self.waiting.entry(customer.clone()).or_default().push(key.clone());
                self.waits.set(until + 1, key.clone());
                lane.wait = Some(Wait::Profile { customer, until });
                Ok(None)
            }
        }
    }
}
