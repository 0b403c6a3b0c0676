//! I2: an eventId is in `events.enriched` exactly once, and every one of `events.normalized` is there.

use std::collections::{HashMap, HashSet};

use crate::evidence::{DeadLetter, Enriched, Normalized, Place};
use crate::report::Verdict;

/// Judges I2. Normalized records that went to `processor.dlq` as a whole are accounted for there instead.
pub fn judge(normalized: &[Normalized], enriched: &[Enriched], dead_letters: &[DeadLetter]) -> Verdict {
    let mut verdict = Verdict::new("I2");
    let dead: HashSet<Place> = dead_letters
        .iter()
        .filter(|letter| letter.topic == "processor.dlq")
        .filter_map(|letter| letter.origin.as_ref().map(|(_, place)| *place))
        .collect();

    let mut facts: HashMap<&str, &Normalized> = HashMap::new();
    for event in normalized {
        facts.entry(&event.event_id).or_insert(event);
    }
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for event in enriched {
        let first = seen.insert(&event.event_id, event.place);
        if event.dedup_unknown {
            // Older than the window: it may come again.
            verdict.count("dedup_unknown", 1);
        } else if let Some(first) = first {
            verdict.object(|| {
                format!(
                    "event {} is in events.enriched at {first} and again at {}",
                    event.event_id, event.place
                )
            });
        }
        match facts.get(event.event_id.as_str()) {
            None => verdict.object(|| {
                format!(
                    "event {} is in events.enriched at {} but not in events.normalized",
                    event.event_id, event.place
                )
            }),
            Some(fact) => judge_same_fact(fact, event, &mut verdict),
        }
    }
    for event in normalized {
        let unseen = !seen.contains_key(event.event_id.as_str()) && !dead.contains(&event.place);
        if unseen && std::ptr::eq(facts[event.event_id.as_str()], event) {
            verdict.object(|| {
                format!(
                    "event {} is in events.normalized at {} but not in events.enriched",
                    event.event_id, event.place
                )
            });
        }
    }
    verdict.count("normalized", normalized.len() as u64);
    verdict.count("normalized_distinct", facts.len() as u64);
    verdict.count("duplicates_suppressed", (normalized.len() - facts.len()) as u64);
    verdict.count("enriched", enriched.len() as u64);
    verdict
}

fn judge_same_fact(fact: &Normalized, event: &Enriched, verdict: &mut Verdict) {
    let differs = |field: &str, before: &str, after: &str| {
        format!(
            "event {}: {field} is {before} in events.normalized and {after} in events.enriched",
            event.event_id
        )
    };
    if fact.key != event.key {
        verdict.object(|| differs("the key", &fact.key, &event.key));
    }
    if fact.event_type != event.event_type {
        verdict.object(|| differs("eventType", &fact.event_type, &event.event_type));
    }
    if fact.event_time != event.event_time {
        verdict.object(|| differs("eventTime", &fact.event_time.to_string(), &event.event_time.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(offset: i64, id: &str) -> Normalized {
        Normalized { place: Place { partition: 0, offset }, event_id: id.into(), ..Default::default() }
    }

    fn enriched(offset: i64, id: &str) -> Enriched {
        Enriched { place: Place { partition: 0, offset }, event_id: id.into(), ..Default::default() }
    }

    #[track_caller]
    fn check(before: &[Normalized], after: &[Enriched], dead: &[DeadLetter], violations: u64) -> Verdict {
        let verdict = judge(before, after, dead);
        assert_eq!(verdict.violations, violations, "{:?}", verdict.examples);
        verdict
    }

    #[test]
    fn each_fact_once() {
        let verdict = check(
            &[normalized(0, "a"), normalized(1, "b"), normalized(2, "a")],
            &[enriched(0, "b"), enriched(1, "a")],
            &[],
            0,
        );
        assert_eq!(verdict.counts["duplicates_suppressed"], 1);
    }

    #[test]
    fn a_double_is_seen() {
        check(&[normalized(0, "a")], &[enriched(0, "a"), enriched(1, "a")], &[], 1);
    }

    #[test]
    fn a_loss_is_seen_once_however_often_it_was_delivered() {
        check(&[normalized(0, "a"), normalized(1, "a")], &[], &[], 1);
    }

    #[test]
    fn an_invention_is_seen() {
        check(&[], &[enriched(0, "a")], &[], 1);
    }

    #[test]
    fn a_dead_letter_accounts_for_its_event() {
        let letter = DeadLetter {
            topic: "processor.dlq".into(),
            code: "TL-3001".into(),
            origin: Some(("events.normalized".into(), Place { partition: 0, offset: 7 })),
        };
        check(&[normalized(7, "a")], &[], std::slice::from_ref(&letter), 0);
        check(&[normalized(8, "a")], &[], &[letter], 1);
    }

    #[test]
    fn a_fact_that_changed_on_the_way_is_seen() {
        check(&[normalized(0, "a")], &[Enriched { event_time: 5, ..enriched(0, "a") }], &[], 1);
        check(&[normalized(0, "a")], &[Enriched { event_type: "x".into(), ..enriched(0, "a") }], &[], 1);
        check(&[normalized(0, "a")], &[Enriched { key: "k".into(), ..enriched(0, "a") }], &[], 1);
    }

    #[test]
    fn an_event_older_than_the_window_may_repeat() {
        let again = Enriched { dedup_unknown: true, ..enriched(1, "a") };
        check(&[normalized(0, "a")], &[enriched(0, "a"), again], &[], 0);
    }
}
