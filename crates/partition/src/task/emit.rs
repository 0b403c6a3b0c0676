//! The head of a lane is emitted: the one place where an event leaves a trace.

use std::borrow::Cow;
use std::sync::Arc;

use trunkline_config::OrderMode;
use trunkline_rules::{Answer, Outcome};
use trunkline_schemas::event_type::CONVERSATION_ENDED;
use trunkline_schemas::{EnrichedEvent, EnrichedParts, Findings, PlatformEvent, error_codes};

use super::entity_cache::CachedEntity;
use super::findings::{customer_of, ordering, profile_key};
use super::lane::{Lane, Resolved};
use super::{Arrived, Context, Task};
use crate::entity::{HOUR_MS, Novelty, Statement, id_bits};
use crate::order::Passed;
use crate::output::{Emission, Enriched, Output};
use crate::plugins::add_attributes;
use crate::state::StateError;

// === impl Task ===

impl Task {
    /// Emits the head of a lane.
    pub(super) fn emit_head(
        &mut self,
        key: &Arc<str>,
        lane: &mut Lane,
        resolved: Resolved,
        ctx: &mut Context<'_>,
    ) -> Result<(), StateError> {
        let Some(head) = lane.ready.pop_front() else { return Ok(()) };
        let statement = lane.statement.take().flatten();
        let arrived = &head.1.item;
        let id = id_bits(arrived.event.event_id());
        lane.pending.remove(&id);
        self.held_bytes -= arrived.event.held_bytes();
        // Before it gets a position: a record that becomes a dead letter must not leave a hole.
        if let Some(message) = self.settings.too_large(arrived, &resolved.at_hand) {
            self.refuse(*head.1.item, error_codes::OVERSIZED.as_str(), message);
            return Ok(());
        }
        let event_type = arrived.event.event_type();
        let looked_at = ctx.rules.look_at(event_type) || self.settings.plugin_events.contains(event_type);
        match looked_at.then(|| arrived.event.decode()).transpose() {
            Ok(decoded) => self.emit(key, (id, statement), head, decoded, resolved, ctx),
            Err(error) => {
                self.refuse(*head.1.item, error_codes::UNDECODABLE_RECORD.as_str(), error.to_string());
                Ok(())
            }
        }
    }

    /// Emits an event that can be published: gives it its position, its trace in state, and its outputs. It is
    /// decoded where the rules or a plugin look at it.
    fn emit(
        &mut self,
        key: &Arc<str>,
        (id, statement): (u128, Option<Statement>),
        (mode, passed): (OrderMode, Passed<Box<Arrived>>),
        decoded: Option<PlatformEvent>,
        Resolved { at_hand, answers }: Resolved,
        ctx: &mut Context<'_>,
    ) -> Result<(), StateError> {
        let taken_in = passed.item.arrival().taken_in();
        let Arrived { record, event, .. } = *passed.item;
        let Some(CachedEntity { entity, .. }) = self.entities.changing(key) else { return Ok(()) };
        let now = self.clock.time();
        let ids_ms = self.settings.retention.ids_ms;
        let ended = event.event_type() == CONVERSATION_ENDED;
        let event_time = event.event_time();

        let window_ms = self.settings.repeat_window_ms;
        let possible_repeat = statement.is_some_and(|statement| {
            let novelty = entity.novelty(&statement, taken_in, window_ms);
            entity.said(&statement, taken_in, window_ms);
            novelty != Novelty::New
        });
        let renamed = entity.conversation().is_renamed_by(&event);
        let position = entity.emit(key, &event, id, taken_in, passed.order, &self.settings.callers);
        entity.forget_before(key, now - ids_ms);
        entity.set_timer(key, (taken_in + ids_ms).div_euclid(HOUR_MS) + 1);
        let held_ms = passed.held_ms;
        let ordering = ordering(mode, passed.late, passed.gap_before, position);
        if mode == OrderMode::Sequenced && event.sequence().is_some() && !passed.late {
            self.numbering.take(event.source(), passed.gap_before);
        }
        let customer_id = customer_of(&event, entity.conversation());
        let interaction = profile_key(&event, Some(entity.conversation()), &self.settings.callers);
        let interaction = interaction.filter(|_| ended).map(Cow::into_owned);
        let findings = self.settings.findings(&event, at_hand, ordering, entity.conversation());
        let findings = Findings { possible_repeat, ..findings };
        let include_data = self.settings.include_data;
        let parts = EnrichedParts { event, customer_id, include_data, findings };
        let (event, outcome) = enriched(parts, decoded, answers, &self.settings.instance, ctx);
        self.counters.emitted += 1;
        self.counters.put_in_order += u64::from(held_ms > 0 && !passed.late && !passed.gap_before);
        self.counters.possible_repeats += u64::from(possible_repeat);
        self.counters.customers_replaced += u64::from(renamed);
        self.counters.late += u64::from(passed.late);
        self.counters.gaps += u64::from(passed.gap_before);
        self.outputs.push(Output::Event(Box::new(Emission {
            key: record.key,
            event,
            decision: outcome.decision,
            write_backs: outcome.write_backs,
            errors: outcome.errors,
            headers: record.headers,
            appended: record.timestamp,
            held_ms,
        })));
        self.finished.push(record.offset);
        if let Some(customer) = interaction
            && let Some(profile) = ctx.profiles.interacted(&customer, event_time)
        {
            self.outputs.push(Output::Profile(profile));
            self.keep_profile(&customer, ctx)?;
        }
        Ok(())
    }
}

/// An event as it is published, and what the rules make of it. One that is not decoded is published in its
/// parts, and no rule looks at it.
fn enriched(
    parts: EnrichedParts,
    decoded: Option<PlatformEvent>,
    mut answers: Vec<Answer>,
    instance: &str,
    ctx: &mut Context<'_>,
) -> (Enriched, Outcome) {
    let Some(mut decoded) = decoded else { return (Enriched::Parts(parts), Outcome::default()) };
    if parts.customer_id.is_some() {
        decoded.customer_id.clone_from(&parts.customer_id);
    }
    let mut enriched = Box::new(EnrichedEvent::new(decoded, parts.findings.clone()));
    let has_more = add_attributes(&mut enriched, &mut answers);
    if !parts.include_data {
        enriched.data = None;
    }
    let outcome = ctx.rules.evaluate(&enriched, answers, ctx.now, instance);
    (Enriched::Whole(enriched, (!has_more).then(|| Box::new(parts))), outcome)
}
