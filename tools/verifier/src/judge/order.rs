//! I3: positions are 1, 2, 3 … per conversation, in the order of each source's mode but for events marked
//! late; and a mark is recomputed, not believed.
//!
//! Two things are told apart: what the published order itself shows (an event behind one that belongs after
//! it), and what the order of arrival shows (an event that is marked late although it had come before the
//! hold of what overtook it was over).

mod arrivals;
mod channel;
mod ties;
mod time;

use std::collections::BTreeMap;

pub use arrivals::{APPEND_ALLOWANCE_MS, Arrivals};
pub use time::happened;

use self::channel::{Channel, Seen, Surroundings};
use crate::configuration::Source;
use crate::conversation::Conversation;
use crate::evidence::{Enriched, Evidence, Fact};
use crate::judge::repeats::Repeats;
use crate::report::{Verdict, counted, grouped};

/// What the judge knows of the deployment.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// How sources are put in order, where that was given; else an event's own word for its mode is taken,
    /// and the hold of every source for [`DEFAULT_HOLD_MS`].
    pub sources: Option<&'a BTreeMap<String, Source>>,
    /// Repetitions that were not published, and were put in order all the same.
    pub repeated: &'a Repeats,
    /// Which events are judged.
    pub scope: Scope,
}

/// Which events of the evidence are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of them; the evidence begins at the beginning.
    Whole,
    /// Those that were taken in between these times (UTC milliseconds); the evidence reaches a little further, and a
    /// conversation may have begun before it.
    Range {
        /// The first.
        since: i64,
        /// The last.
        until: i64,
    },
}

/// The hold of sources that configure none; milliseconds.
pub const DEFAULT_HOLD_MS: i64 = 500;

/// Judges I3, and counts what arrived in disorder and was put right.
pub fn judge(evidence: &Evidence, expectation: Expectation<'_>) -> Verdict {
    let mut verdict = Verdict::new("I3");
    let arrivals = Arrivals::new(evidence);
    let mut entities: BTreeMap<(&str, &str), Vec<&Enriched>> = BTreeMap::new();
    for event in &evidence.enriched {
        entities.entry(event.fact.entity()).or_default().push(event);
    }
    let mut suppressed: BTreeMap<(&str, &str), Vec<&Fact>> = BTreeMap::new();
    for fact in evidence.normalized.iter().filter(|fact| expectation.repeated.has(fact)) {
        suppressed.entry(fact.entity()).or_default().push(fact);
    }
    for (entity, events) in &mut entities {
        let key = entity.0;
        events.sort_by_key(|event| event.fact.place);
        judge_positions(key, events, expectation.scope, &mut verdict);
        let surroundings = Surroundings {
            arrivals: &arrivals,
            suppressed: suppressed.get(entity).map_or(&[], Vec::as_slice),
        };
        judge_channels(key, events, surroundings, expectation, &mut verdict);
        count_put_in_order(events, &arrivals, &mut verdict);
    }
    let compared = compared(&verdict);
    verdict.having_compared(compared)
}

/// What was compared, in words, from the counts of a verdict.
pub fn compared(verdict: &Verdict) -> String {
    let others = match verdict.counted("other_entities") {
        0 => String::new(),
        others => format!(" and {}", counted(others, "other entity")),
    };
    format!(
        "{} in {}{others}, {} late of which {} explained",
        counted(verdict.counted("events_in_order"), "event"),
        counted(verdict.counted("conversations"), "conversation"),
        grouped(verdict.counted("late")),
        grouped(verdict.counted("late_explained"))
    )
}

fn judge_positions(key: &str, events: &[&Enriched], scope: Scope, verdict: &mut Verdict) {
    let judged: Vec<&Enriched> = events.iter().copied().filter(|event| scope.has(event)).collect();
    let Some(first) = judged.first() else { return };
    verdict.count(if first.fact.is_conversational() { "conversations" } else { "other_entities" }, 1);
    verdict.count("events_in_order", judged.len() as u64);
    let strangers = judged
        .iter()
        .map(|event| event.fact.place.partition)
        .find(|other| *other != first.fact.place.partition);
    if let Some(other) = strangers {
        verdict
            .object("split", || format!("{key} is in partitions {} and {other}", first.fact.place.partition));
    }
    let mut expected = match scope {
        Scope::Whole => 1,
        Scope::Range { .. } => events.first().map_or(1, |event| event.ordering.position),
    };
    for event in events {
        let found = event.ordering.position;
        if found != expected && scope.has(event) {
            verdict.object("hole", || {
                format!(
                    "{key}: event {} at {} has position {found}, expected {expected}",
                    event.fact.event_id, event.fact.place
                )
            });
            // What follows a hole is shifted as a whole: one breach, not hundreds.
            return;
        }
        expected = found + 1;
    }
}

fn judge_channels<'a>(
    key: &str,
    events: &[&'a Enriched],
    around: Surroundings<'_, 'a>,
    expectation: Expectation<'_>,
    verdict: &mut Verdict,
) {
    let mut channels: BTreeMap<(&str, &str), Channel<'a>> = BTreeMap::new();
    let mut conversation = Conversation::default();
    for (index, event) in events.iter().enumerate() {
        let fact = &event.fact;
        let configured = expectation.sources.and_then(|sources| sources.get(&fact.source));
        let mode = configured.map_or(event.ordering.mode.as_str(), |source| source.mode);
        if mode != event.ordering.mode && expectation.scope.has(event) {
            verdict.object("mode", || {
                format!(
                    "{key}: event {} at {} was put in order as {}, its source {} is {mode}",
                    fact.event_id, fact.place, event.ordering.mode, fact.source
                )
            });
        }
        let seen = Seen {
            key,
            event,
            before: &events[..index],
            around,
            hold_ms: configured.map_or(DEFAULT_HOLD_MS, |source| source.hold_ms),
            admitted: conversation.admits_fact(fact),
            complete: expectation.scope == Scope::Whole,
            judged: expectation.scope.has(event),
        };
        verdict.count("late", u64::from(event.ordering.late && seen.judged));
        verdict.count("gaps", u64::from(event.ordering.gap_before && seen.judged));
        let channel = channels.entry((&fact.source, &fact.channel)).or_default();
        match mode {
            "SORTED" => channel.sorted(&seen, verdict),
            "CAUSAL" => channel.causal(&seen, verdict),
            "SEQUENCED" => channel.sequenced(&seen, verdict),
            mode if seen.judged => verdict.object("mode", || {
                format!("{key}: event {} at {} has ordering mode {mode}", fact.event_id, fact.place)
            }),
            _ => {}
        }
        conversation.take(&fact.event_type, fact.participant_id.as_deref());
    }
}

// === impl Scope ===

impl Scope {
    fn has(self, event: &Enriched) -> bool {
        match self {
            Self::Whole => true,
            Self::Range { since, until } => (since..=until).contains(&event.fact.ingest_time),
        }
    }
}

/// Counts events that overtook one which had arrived before them.
fn count_put_in_order(events: &[&Enriched], arrivals: &Arrivals<'_>, verdict: &mut Verdict) {
    let mut earliest_behind = usize::MAX;
    for event in events.iter().rev() {
        let Some(arrival) = arrivals.number(&event.fact) else { continue };
        verdict.count("put_in_order", u64::from(arrival > earliest_behind));
        earliest_behind = earliest_behind.min(arrival);
    }
}

#[cfg(test)]
mod tests;
