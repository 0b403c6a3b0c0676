//! I3: positions are 1, 2, 3 … per conversation, in the order of each source's mode but for events marked late; and a mark is
//! recomputed, not believed.
//!
//! Two things are told apart: what the published order itself shows (an event behind one that belongs after it), and what the
//! order of arrival shows (an event that is marked late although it had come before the hold of what overtook it was over).

mod arrivals;
mod channel;
mod time;

use std::collections::BTreeMap;

pub use arrivals::{APPEND_ALLOWANCE_MS, Arrivals};

use self::channel::{Channel, Seen};
use crate::configuration::Source;
use crate::conversation::Conversation;
use crate::evidence::{Enriched, Evidence};
use crate::report::{Verdict, counted, grouped};

/// What the judge knows of the deployment.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// How sources are put in order, where that was given; else an event's own word for its mode is taken, and the hold of
    /// every source for [`DEFAULT_HOLD_MS`].
    pub sources: Option<&'a BTreeMap<String, Source>>,
    /// Whether the evidence begins at the beginning: else a conversation may have had events before it.
    pub complete: bool,
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
    for ((key, _), events) in &mut entities {
        events.sort_by_key(|event| event.fact.place);
        judge_positions(key, events, expectation.complete, &mut verdict);
        judge_channels(key, events, &arrivals, expectation, &mut verdict);
        count_put_in_order(events, &arrivals, &mut verdict);
    }
    verdict.count("events_in_order", evidence.enriched.len() as u64);
    let compared = compared(&verdict);
    verdict.having_compared(compared)
}

/// What was compared, in words, from the counts of a verdict.
pub fn compared(verdict: &Verdict) -> String {
    let count = |name: &str| verdict.counts.get(name).copied().unwrap_or(0);
    let others = match count("other_entities") {
        0 => String::new(),
        others => format!(" and {}", counted(others, "other entity")),
    };
    format!(
        "{} in {}{others}, {} late of which {} explained",
        counted(count("events_in_order"), "event"),
        counted(count("conversations"), "conversation"),
        grouped(count("late")),
        grouped(count("late_explained"))
    )
}

fn judge_positions(key: &str, events: &[&Enriched], complete: bool, verdict: &mut Verdict) {
    let conversational = events.first().is_some_and(|event| event.fact.is_conversational());
    verdict.count(if conversational { "conversations" } else { "other_entities" }, 1);
    let partition = |event: Option<&&Enriched>| event.map(|event| event.fact.place.partition);
    if let (Some(first), Some(last)) = (partition(events.first()), partition(events.last()))
        && first != last
    {
        verdict.object("split", || format!("{key} is in partitions {first} and {last}"));
    }
    let first = events.first().map_or(1, |event| event.ordering.position);
    let first = if complete { 1 } else { first.max(1) };
    for (expected, event) in (first..).zip(events) {
        if event.ordering.position != expected {
            verdict.object("hole", || {
                format!(
                    "{key}: event {} at {} has position {}, expected {expected}",
                    event.fact.event_id, event.fact.place, event.ordering.position
                )
            });
            // What follows a hole is shifted as a whole: one breach, not hundreds.
            return;
        }
    }
}

fn judge_channels<'a>(
    key: &str,
    events: &[&'a Enriched],
    arrivals: &Arrivals<'a>,
    expectation: Expectation<'_>,
    verdict: &mut Verdict,
) {
    let mut channels: BTreeMap<(&str, &str), Channel<'a>> = BTreeMap::new();
    let mut conversation = Conversation::default();
    for (index, event) in events.iter().enumerate() {
        let fact = &event.fact;
        let configured = expectation.sources.and_then(|sources| sources.get(&fact.source));
        let mode = configured.map_or(event.ordering.mode.as_str(), |source| source.mode);
        if mode != event.ordering.mode {
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
            arrivals,
            hold_ms: configured.map_or(DEFAULT_HOLD_MS, |source| source.hold_ms),
            admitted: !fact.is_conversational() || conversation.admits(&fact.event_type),
            complete: expectation.complete,
        };
        verdict.count("late", u64::from(event.ordering.late));
        verdict.count("gaps", u64::from(event.ordering.gap_before));
        let channel = channels.entry((&fact.source, &fact.channel)).or_default();
        match mode {
            "SORTED" => channel.sorted(&seen, verdict),
            "CAUSAL" => channel.causal(&seen, verdict),
            "SEQUENCED" => channel.sequenced(&seen, verdict),
            mode => verdict.object("mode", || {
                format!("{key}: event {} at {} has ordering mode {mode}", fact.event_id, fact.place)
            }),
        }
        conversation.take(&fact.event_type, fact.event_time, fact.agent_id.as_deref());
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
