//! What plugins want looked up for an event: which of it is ordered, when it comes to an end, and what follows.

use std::collections::BTreeMap;

use trunkline_plugin::{Actions, Lookup, MOST_LOOKUPS};
use trunkline_schemas::SourceStatus;

use super::consultation::{Lookups, Turn};
use super::{Command, LookedUp, LookupId, LookupOrder, Notice, Plugins, Question};

/// Lookups end so many milliseconds before the event's wait does, so that the plugin can make something of their
/// answers; at most a quarter of its budget.
const LEFT_FOR_ANSWERS_MS: i64 = 10;

// === impl Plugins ===

impl Plugins {
    /// Takes in what came of a lookup, at `now` (UTC milliseconds).
    pub fn looked_up(&mut self, looked_up: LookedUp, now: i64) {
        let LookedUp { id, status, values } = looked_up;
        self.orders = self.orders.saturating_sub(1);
        self.take_answer(id, status, values, outcome(status));
        self.go_on(id.ticket, id.plugin, now);
    }

    /// What a plugin wants looked up for an event, taken out of what it wants; a failure where it may not.
    pub(super) fn wanted_lookups(
        &mut self,
        ticket: u64,
        plugin: usize,
        result: Result<Actions, String>,
    ) -> (Result<Actions, String>, Vec<Lookup>) {
        let Ok(mut wants) = result else { return (result, Vec::new()) };
        let lookups = std::mem::take(&mut wants.lookups);
        let turn = self.consultations.get_mut(&ticket).and_then(|consultation| consultation.turn(plugin));
        let declared = &self.members[plugin].lookups;
        let undeclared = lookups.iter().find(|lookup| !declared.contains(&lookup.source));
        let wrong = match (turn, undeclared) {
            _ if lookups.is_empty() => return (Ok(wants), lookups),
            // Nobody waits for it.
            (None, _) => return (Ok(wants), Vec::new()),
            (Some(Turn::Asked { before: Some(_) }), _) => {
                "it wants further lookups after the answers of its first; all are wanted at once".to_owned()
            }
            (_, Some(undeclared)) => {
                format!(
                    "it wants the source '{}' looked up, which its lookups() do not name",
                    undeclared.source
                )
            }
            _ if lookups.len() > MOST_LOOKUPS => {
                format!("it wants {} lookups for one event; at most {MOST_LOOKUPS} are made", lookups.len())
            }
            _ => return (Ok(wants), lookups),
        };
        (Err(wrong), Vec::new())
    }

    /// Orders what a plugin wants looked up before it says more. What is too much at once is refused.
    pub(super) fn look_up(
        &mut self,
        ticket: u64,
        plugin: usize,
        wants: Actions,
        lookups: Vec<Lookup>,
        now: i64,
    ) {
        let Some(consultation) = self.consultations.get_mut(&ticket) else { return };
        let budget_ms = self.members[plugin].budget_ms;
        let until = consultation.asked_at + budget_ms - LEFT_FOR_ANSWERS_MS.min(budget_ms / 4);
        let Some(turn) = consultation.turn(plugin) else { return };
        *turn = Turn::LookingUp(Lookups::new(wants, lookups.clone()));
        let (event, traceparent) = (consultation.event.clone(), consultation.traceparent.clone());
        let customer = consultation.customer.clone();
        self.looking_up.insert((until, ticket, plugin));
        for (nth, lookup) in lookups.into_iter().enumerate() {
            let id = LookupId { ticket, plugin, nth };
            if self.orders >= self.most_orders {
                self.take_answer(id, SourceStatus::Unavailable, BTreeMap::new(), "refused");
                continue;
            }
            self.orders += 1;
            let order = LookupOrder {
                id,
                lookup,
                event: event.clone(),
                customer: customer.clone(),
                traceparent: traceparent.clone(),
                now,
                until,
            };
            self.commands.push(Command::LookUp(order));
        }
        self.go_on(ticket, plugin, now);
    }

    /// What is not answered by its time is not waited for any longer.
    pub(super) fn end_lookups(&mut self, now: i64) {
        while let Some((_, ticket, plugin)) =
            self.looking_up.first().copied().filter(|(until, ..)| *until <= now)
        {
            self.looking_up.pop_first();
            let turn = self.consultations.get_mut(&ticket).and_then(|consultation| consultation.turn(plugin));
            let Some(Turn::LookingUp(lookups)) = turn else { continue };
            for nth in lookups.unanswered() {
                let id = LookupId { ticket, plugin, nth };
                self.take_answer(id, SourceStatus::Timeout, BTreeMap::new(), outcome(SourceStatus::Timeout));
            }
            self.go_on(ticket, plugin, now);
        }
    }

    fn take_answer(
        &mut self,
        LookupId { ticket, plugin, nth }: LookupId,
        status: SourceStatus,
        values: BTreeMap<String, String>,
        outcome: &'static str,
    ) {
        let turn = self.consultations.get_mut(&ticket).and_then(|consultation| consultation.turn(plugin));
        if let Some(Turn::LookingUp(lookups)) = turn
            && let Some(source) = lookups.answer(nth, status, values)
        {
            self.notices.push(Notice::LookedUp { plugin: self.members[plugin].name, source, outcome });
        }
    }

    /// Asks a plugin again when all that it wanted is looked up.
    fn go_on(&mut self, ticket: u64, plugin: usize, now: i64) {
        let Some(consultation) = self.consultations.get_mut(&ticket) else { return };
        let event = consultation.event.clone();
        let Some(turn) = consultation.turn(plugin) else { return };
        if !matches!(turn, Turn::LookingUp(lookups) if lookups.unanswered().is_empty()) {
            return;
        }
        // Where nobody waits any more, it is settled elsewhere.
        let Some(until) = self.members[plugin].in_flight.ask_again(ticket, now) else { return };
        if let Turn::LookingUp(lookups) = std::mem::replace(turn, Turn::Asked { before: None }) {
            let (wants, answers) = lookups.finish();
            *turn = Turn::Asked { before: Some(wants) };
            let question = Question { ticket, event, now, until, answers: Some(answers) };
            self.commands.push(Command::Ask { plugin, question });
        }
    }
}

/// The outcome as in metrics.
fn outcome(status: SourceStatus) -> &'static str {
    match status {
        SourceStatus::Ok => "ok",
        SourceStatus::NotFound => "not_found",
        SourceStatus::Timeout => "timeout",
        SourceStatus::Unavailable => "unavailable",
        SourceStatus::Error | SourceStatus::Unknown => "error",
    }
}
