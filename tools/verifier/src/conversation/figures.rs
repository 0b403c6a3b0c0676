//! Figures of a conversation, worked out anew from all facts so far.

use std::collections::{BTreeMap, BTreeSet};

use super::durations::duration;
use super::edges::When;
use super::sessions::{Seen, Session, named, sessions};
use super::transfers;
use crate::evidence::{Fact, Figures, MoreFigures};

/// Starts and ends up to which state keeps sessions apart; beyond, figures depend on what was folded when.
const KEPT_APART: usize = 64;

/// A conversation after some events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    seen: Vec<Seen>,
    figures: Figures,
}

// === impl Model ===

impl Model {
    /// Takes an event in.
    pub fn take(&mut self, fact: &Fact) {
        let seen = Seen::of(fact);
        if seen.is_some() || self.figures.events == 0 {
            self.seen.extend(seen);
            self.figures = Figures { events: self.figures.events, ..figures(&self.seen) };
        }
        self.figures.events += 1;
    }

    /// Its figures as they are published.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Whether it has more sessions than are kept apart.
    pub fn is_folded(&self) -> bool {
        self.seen.iter().filter(|seen| seen.edge().is_some()).count() > KEPT_APART
    }
}

fn figures(seen: &[Seen]) -> Figures {
    let sessions = sessions(seen);
    let lives = lives(&sessions);
    let agents: Vec<&Session> = sessions.iter().filter(|s| s.of == "agent" && !s.aside).collect();
    let over: Vec<&Session> = agents.iter().copied().filter(|s| s.is_over()).collect();
    let distinct = |open_only: bool| {
        let ids = |counts: fn(&Session) -> bool| -> BTreeSet<&str> {
            let counted = sessions.iter().filter(|s| counts(s) && !(open_only && s.is_over()));
            counted.map(|s| s.agent.as_str()).filter(|id| !id.is_empty()).collect()
        };
        let known = ids(Session::is_answered);
        // Somebody else may be one of them.
        ids(Session::may_be_answered).is_subset(&known).then_some(known.len() as i64)
    };
    let mut more = MoreFigures {
        reopened: Some(lives.len() as i64),
        agents: distinct(false),
        connected_agents: distinct(true),
        alerted_ms: sum(over.iter().map(|s| s.told("alerting"))),
        held_ms: sum(over.iter().map(|s| s.told("held"))),
        acw_ms: after_work(seen),
        unanswered: Some(over.iter().filter(|s| s.is_unanswered()).count() as i64),
        ..MoreFigures::default()
    };
    let transfers = transfers::count(&sessions, &lives, &mut more);
    let barging = named(seen, &["barging"]).len() as i64;
    more.conferences = more.conferences.map(|conferences| conferences + barging);
    let queues = sessions.iter().filter(|s| s.of == "queue" && s.is_over());
    let starts = seen.iter().filter(|seen| seen.event_type == "conversation.started");
    Figures {
        state: state(&sessions, &lives).to_owned(),
        started_at: starts.map(|seen| seen.at).min(),
        queued_ms: sum(queues.map(|s| s.told("connected").or_else(|| by_the_clock(s)))),
        handled_ms: sum(over.iter().map(|s| handled(s))),
        transfers,
        events: 0,
        more: Some(more),
    }
}

fn handled(session: &Session) -> Option<i64> {
    match session.told_of_agent() {
        _ if session.is_unanswered() => Some(0),
        Some(_) => Some(session.told("interacting").unwrap_or(0) + session.told("held").unwrap_or(0)),
        None if session.may_be_answered() => None,
        None => by_the_clock(session),
    }
}

/// How long a stay took, unless only its end is known.
fn by_the_clock(session: &Session) -> Option<i64> {
    let known = session.from_is_told || session.told_length().is_some();
    known.then(|| session.until.0 - session.from.0)
}

/// The sum of what is known; unknown while nothing is.
fn sum(numbers: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    numbers.flatten().reduce(|one, other| one + other)
}

fn after_work(seen: &[Seen]) -> Option<i64> {
    let mut longest = BTreeMap::new();
    for fact in seen.iter().filter(|seen| seen.event_type == "acw.ended") {
        if let Some(told) = fact.told.attributes.get("wrapupDurationMs").and_then(|told| duration(told)) {
            let known = longest.entry(fact.name(true)).or_insert(told);
            *known = told.max(*known);
        }
    }
    sum(longest.into_values().map(Some))
}

/// When further lives begin: with a start when all before is over, the customer's part included; not twice within a
/// millisecond.
fn lives(sessions: &[Session]) -> Vec<When> {
    let starts: BTreeSet<When> = sessions.iter().filter(|s| s.from_is_told).map(|s| s.from).collect();
    let begins_anew = |start: &When| {
        let before: Vec<&Session> = sessions.iter().filter(|s| s.from < *start).collect();
        before.iter().any(|s| s.of == "customer") && before.iter().all(|s| s.until < *start)
    };
    let mut lives: BTreeMap<i64, When> = BTreeMap::new();
    for start in starts.into_iter().filter(begins_anew) {
        lives.entry(start.0).or_insert(start);
    }
    lives.into_values().collect()
}

fn state(sessions: &[Session], lives: &[When]) -> &'static str {
    let customer = sessions.iter().any(|s| s.of == "customer");
    if customer && sessions.iter().all(Session::is_over) {
        return "ended";
    }
    let open = |is: fn(&Session) -> bool| sessions.iter().any(|s| is(s) && !s.is_over());
    if open(Session::is_answered) {
        return "connected";
    }
    if open(|s| s.of == "queue") {
        return "queued";
    }
    if open(Session::may_be_answered) {
        return "connected";
    }
    if open(|s| s.of == "flow") {
        return "ivr";
    }
    let this_life = lives.last().copied().unwrap_or((i64::MIN, 0));
    let left = |s: &Session| s.is_answered() && s.is_over() && s.from >= this_life;
    if sessions.iter().any(left) { "wrapup" } else { "started" }
}

#[cfg(test)]
mod tests;
