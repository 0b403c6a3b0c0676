//! When each event arrived, and where it lies in `events.normalized`.

use std::collections::HashMap;

use crate::evidence::{Evidence, Fact, Identity, Place};
use crate::judge::exactly_once::{dead_places, first_of_each};

/// How long after ingest has stamped an event it may take until it lies in the log, where nothing says when it did: the
/// record has no time of its own but ingest's. In milliseconds. A healthy broker takes a few; more would excuse what a
/// hold is for.
pub const APPEND_ALLOWANCE_MS: i64 = 50;

/// The arrivals of all events.
#[derive(Debug, Default)]
pub struct Arrivals<'a>(HashMap<Identity<'a>, Arrival<'a>>);

#[derive(Debug, Clone, Copy)]
struct Arrival<'a> {
    number: usize,
    fact: &'a Fact,
    /// When the event lay in the log at the earliest, and at the latest; UTC milliseconds. They are the same where the
    /// broker said when it appended the record.
    since: i64,
    by: i64,
}

// === impl Arrivals ===

impl<'a> Arrivals<'a> {
    /// From the log itself, and from when the load generator had its answers: an event is in the log before
    /// it is answered.
    pub fn new(evidence: &'a Evidence) -> Self {
        let facts = first_of_each(&evidence.normalized, &dead_places(&evidence.dead_letters));
        let mut answered: HashMap<&str, i64> = HashMap::new();
        for line in evidence.ledger.iter().flatten().filter(|line| line.accepted() && line.answered_at > 0.0)
        {
            let at = line.answered_at as i64;
            for event_id in &line.event_ids {
                answered.entry(event_id).and_modify(|known| *known = at.min(*known)).or_insert(at);
            }
        }
        let mut arrivals = HashMap::with_capacity(facts.len());
        for (number, fact) in evidence.normalized.iter().enumerate() {
            let id = fact.event_id.as_str();
            if facts.get(&fact.identity()).is_some_and(|first| std::ptr::eq(*first, fact)) {
                let stamped = fact.ingest_time + APPEND_ALLOWANCE_MS;
                let by = answered.get(id).map_or(stamped, |answered| stamped.max(*answered));
                let (since, by) = match fact.timestamp {
                    appended if appended > 0 && appended != fact.ingest_time => (appended, appended),
                    _ => (fact.ingest_time, by),
                };
                arrivals.insert(fact.identity(), Arrival { number, fact, since, by });
            }
        }
        Self(arrivals)
    }

    /// Which arrival it was, counted over all partitions in the order that they were read.
    pub fn number(&self, event: &Fact) -> Option<usize> {
        self.0.get(&event.identity()).map(|arrival| arrival.number)
    }

    /// When it lay in the log at the latest; UTC milliseconds.
    pub fn by(&self, event: &Fact) -> i64 {
        self.0.get(&event.identity()).map_or(event.ingest_time, |arrival| arrival.by)
    }

    /// When it lay in the log at the earliest; UTC milliseconds.
    pub fn since(&self, event: &Fact) -> i64 {
        self.0.get(&event.identity()).map_or(event.ingest_time, |arrival| arrival.since)
    }

    /// Whether one lies before another in their partition; false where either is not there.
    pub fn came_before(&self, one: &Fact, other: &Fact) -> bool {
        let place = |event: &Fact| -> Option<Place> {
            self.0.get(&event.identity()).map(|arrival| arrival.fact.place)
        };
        matches!((place(one), place(other)), (Some(one), Some(other)) if one < other)
    }
}
