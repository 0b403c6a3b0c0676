//! I3: positions are 1, 2, 3 … per conversation, in the order of each source's mode but for events marked late.

use std::collections::{BTreeMap, HashMap};

use crate::evidence::{Enriched, Normalized};
use crate::report::Verdict;

/// What was emitted so far of one source channel of one conversation.
#[derive(Default)]
struct Channel {
    emitted: bool,
    greatest: (i64, String),
    sequence: Option<i64>,
}

/// Judges I3, and counts what arrived in disorder and was put right.
pub fn judge(enriched: &[Enriched], normalized: &[Normalized]) -> Verdict {
    let mut verdict = Verdict::new("I3");
    // By what an event is about as well: an agent may have the number of a conversation, and share its key.
    let mut conversations: BTreeMap<(&str, &str), Vec<&Enriched>> = BTreeMap::new();
    for event in enriched {
        conversations.entry((&event.key, &event.entity_type)).or_default().push(event);
    }
    let mut arrivals: HashMap<&str, usize> = HashMap::new();
    for (arrival, event) in normalized.iter().enumerate() {
        arrivals.entry(&event.event_id).or_insert(arrival);
    }
    for ((key, _), mut events) in conversations {
        events.sort_by_key(|event| event.place);
        judge_positions(key, &events, &mut verdict);
        judge_channels(key, &events, &mut verdict);
        count_put_in_order(&events, &arrivals, &mut verdict);
    }
    verdict
}

fn judge_positions(key: &str, events: &[&Enriched], verdict: &mut Verdict) {
    verdict.count("conversations", 1);
    if let (Some(first), Some(last)) = (events.first(), events.last())
        && first.place.partition != last.place.partition
    {
        verdict.object(|| {
            format!("{key} is in partitions {} and {}", first.place.partition, last.place.partition)
        });
    }
    for (index, event) in events.iter().enumerate() {
        let expected = index as i64 + 1;
        if event.position != expected {
            verdict.object(|| {
                format!(
                    "{key}: event {} at {} has position {}, expected {expected}",
                    event.event_id, event.place, event.position
                )
            });
            // What follows a hole is shifted as a whole: one breach, not hundreds.
            return;
        }
    }
}

fn judge_channels(key: &str, events: &[&Enriched], verdict: &mut Verdict) {
    let mut channels: HashMap<(&str, &str), Channel> = HashMap::new();
    for event in events {
        verdict.count("late", u64::from(event.late));
        verdict.count("gaps", u64::from(event.gap_before));
        let channel = channels.entry((&event.source, &event.channel)).or_default();
        match event.mode.as_str() {
            "SORTED" => judge_time(key, event, channel, (event.event_time, event.event_id.clone()), verdict),
            // Facts of one millisecond have no order among them by time alone.
            "CAUSAL" => judge_time(key, event, channel, (event.event_time, String::new()), verdict),
            "SEQUENCED" => judge_sequence(key, event, channel, verdict),
            mode => verdict.object(|| {
                format!("{key}: event {} at {} has ordering mode {mode}", event.event_id, event.place)
            }),
        }
    }
}

/// `SORTED` and `CAUSAL`: not below what was emitted before, or marked late; and late only then.
fn judge_time(
    key: &str,
    event: &Enriched,
    channel: &mut Channel,
    rank: (i64, String),
    verdict: &mut Verdict,
) {
    let below = channel.emitted && rank < channel.greatest;
    if below && !event.late {
        verdict.object(|| {
            format!(
                "{key} {}/{}: event {} at {} (eventTime {}) comes after eventTime {} and is not marked late",
                event.source,
                event.channel,
                event.event_id,
                event.place,
                event.event_time,
                channel.greatest.0
            )
        });
    }
    if event.late && !below {
        verdict.object(|| {
            format!(
                "{key} {}/{}: event {} at {} is marked late, but nothing before it belongs behind it",
                event.source, event.channel, event.event_id, event.place
            )
        });
    }
    if !channel.emitted || rank > channel.greatest {
        channel.greatest = rank;
    }
    channel.emitted = true;
}

/// `SEQUENCED`: ascending, or marked late; a jump is marked as a gap.
fn judge_sequence(key: &str, event: &Enriched, channel: &mut Channel, verdict: &mut Verdict) {
    let Some(sequence) = event.sequence else { return };
    if let Some(last) = channel.sequence {
        if sequence <= last && !event.late {
            verdict.object(|| {
                format!(
                    "{key} {}/{}: event {} at {} has sequence {sequence} after {last} and is not marked late",
                    event.source, event.channel, event.event_id, event.place
                )
            });
        }
        if sequence > last + 1 && !event.gap_before {
            verdict.object(|| {
                format!(
                    "{key} {}/{}: event {} at {} has sequence {sequence} after {last} and no gap is marked",
                    event.source, event.channel, event.event_id, event.place
                )
            });
        }
    }
    channel.sequence = Some(channel.sequence.map_or(sequence, |last| last.max(sequence)));
}

/// Counts events that overtook one which had arrived before them.
fn count_put_in_order(events: &[&Enriched], arrivals: &HashMap<&str, usize>, verdict: &mut Verdict) {
    let mut earliest_behind = usize::MAX;
    for event in events.iter().rev() {
        let Some(&arrival) = arrivals.get(event.event_id.as_str()) else { continue };
        verdict.count("put_in_order", u64::from(arrival > earliest_behind));
        earliest_behind = earliest_behind.min(arrival);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Place;

    fn event(position: i64, mode: &str, time: i64) -> Enriched {
        Enriched {
            place: Place { partition: 0, offset: position },
            key: "genesys/org/c1".into(),
            event_id: format!("e{position}"),
            event_time: time,
            sequence: Some(time),
            position,
            mode: mode.into(),
            ..Default::default()
        }
    }

    fn late(event: Enriched) -> Enriched {
        Enriched { late: true, ..event }
    }

    fn gap(event: Enriched) -> Enriched {
        Enriched { gap_before: true, ..event }
    }

    #[track_caller]
    fn check(events: &[Enriched], violations: u64) -> Verdict {
        let verdict = judge(events, &[]);
        assert_eq!(verdict.violations, violations, "{:?}", verdict.examples);
        verdict
    }

    #[test]
    fn positions_without_hole_or_repeat() {
        check(&[event(1, "SORTED", 1), event(2, "SORTED", 2), event(3, "SORTED", 3)], 0);
    }

    #[test]
    fn a_hole_a_repeat_and_a_late_start_are_seen() {
        check(&[event(1, "SORTED", 1), event(3, "SORTED", 2)], 1);
        check(&[event(1, "SORTED", 1), Enriched { position: 1, ..event(2, "SORTED", 2) }], 1);
        check(&[event(2, "SORTED", 1)], 1);
    }

    #[test]
    fn the_order_of_the_log_counts_not_the_order_given() {
        check(&[event(2, "SORTED", 2), event(1, "SORTED", 1)], 0);
        let swapped = Enriched { place: Place { partition: 0, offset: 0 }, ..event(2, "SORTED", 2) };
        check(&[event(1, "SORTED", 1), swapped], 2);
    }

    #[test]
    fn a_conversation_in_two_partitions_is_seen() {
        check(
            &[
                event(1, "SORTED", 1),
                Enriched { place: Place { partition: 1, offset: 2 }, ..event(2, "SORTED", 2) },
            ],
            1,
        );
    }

    #[test]
    fn sorted_disorder_is_seen_unless_late() {
        check(&[event(1, "SORTED", 5), event(2, "SORTED", 4)], 1);
        assert_eq!(
            check(&[event(1, "SORTED", 5), late(event(2, "SORTED", 4)), event(3, "SORTED", 6)], 0).counts["late"],
            1
        );
        // A straggler does not lower the mark.
        check(&[event(1, "SORTED", 5), late(event(2, "SORTED", 1)), event(3, "SORTED", 3)], 1);
    }

    #[test]
    fn sorted_breaks_ties_by_event_id() {
        let tie = |position, id: &str| Enriched { event_id: id.into(), ..event(position, "SORTED", 5) };
        check(&[tie(1, "a"), tie(2, "b")], 0);
        check(&[tie(1, "b"), tie(2, "a")], 1);
    }

    #[test]
    fn a_late_mark_without_reason_is_seen() {
        check(&[event(1, "SORTED", 1), late(event(2, "SORTED", 2))], 1);
        check(&[event(1, "CAUSAL", 1), late(event(2, "CAUSAL", 2))], 1);
    }

    #[test]
    fn causal_disorder_is_seen_unless_late() {
        check(&[event(1, "CAUSAL", 5), event(2, "CAUSAL", 5), event(3, "CAUSAL", 6)], 0);
        check(&[event(1, "CAUSAL", 5), event(2, "CAUSAL", 4)], 1);
        check(&[event(1, "CAUSAL", 5), late(event(2, "CAUSAL", 4))], 0);
    }

    #[test]
    fn sequenced_steps_back_and_unmarked_gaps_are_seen() {
        check(&[event(1, "SEQUENCED", 7), event(2, "SEQUENCED", 8)], 0);
        check(&[event(1, "SEQUENCED", 7), event(2, "SEQUENCED", 9)], 1);
        check(&[event(1, "SEQUENCED", 7), gap(event(2, "SEQUENCED", 9)), late(event(3, "SEQUENCED", 8))], 0);
        check(&[event(1, "SEQUENCED", 7), event(2, "SEQUENCED", 6)], 1);
        check(&[event(1, "SEQUENCED", 7), event(2, "SEQUENCED", 7)], 1);
    }

    #[test]
    fn an_unknown_mode_is_seen() {
        check(&[event(1, "UNKNOWN", 7)], 1);
    }

    #[test]
    fn channels_have_an_order_of_their_own() {
        check(&[event(1, "SORTED", 5), Enriched { channel: "chat".into(), ..event(2, "SORTED", 4) }], 0);
    }

    #[test]
    fn what_overtook_an_earlier_arrival_is_counted() {
        let arrived = |id: &str| Normalized { event_id: id.into(), ..Default::default() };
        let emitted = [event(1, "SORTED", 1), event(2, "SORTED", 2), event(3, "SORTED", 3)];
        let put_in_order = |order: [&str; 3]| judge(&emitted, &order.map(arrived)).counts["put_in_order"];
        assert_eq!(put_in_order(["e1", "e2", "e3"]), 0);
        assert_eq!(put_in_order(["e2", "e1", "e3"]), 1);
        assert_eq!(put_in_order(["e3", "e1", "e2"]), 2);
    }
}
