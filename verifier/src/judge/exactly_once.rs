//! I2: an eventId is in `events.enriched` exactly once within the dedup window, and every one of `events.normalized` is there.

mod last_said;

use std::collections::{HashMap, HashSet};

use crate::evidence::{DeadLetter, Evidence, Normalized, Place};
use crate::report::{Verdict, counted};

pub use last_said::last_said;

/// Judges I2. `window_ms` is how long an id is remembered: one that comes again later may come out again. Records that went to
/// `processor.dlq` as a whole are accounted for there instead.
pub fn judge(evidence: &Evidence, window_ms: i64) -> Verdict {
    let mut verdict = Verdict::new("I2");
    let dead = dead_places(&evidence.dead_letters);
    let facts = first_of_each(&evidence.normalized, &dead);
    judge_repeats(evidence, window_ms, &mut verdict);
    let mut out: HashSet<(&str, &str)> = HashSet::new();
    for event in &evidence.enriched {
        let fact = &event.fact;
        out.insert(fact.identity());
        if !facts.contains_key(&fact.identity()) {
            verdict.object("invented", || {
                format!(
                    "event {} is in events.enriched at {} but not in events.normalized",
                    fact.event_id, fact.place
                )
            });
        }
        // Recomputed: the mark is the processor's own word.
        let older = fact.ingest_time - fact.event_time > window_ms;
        verdict.count("dedup_unknown", u64::from(older));
        if event.dedup_unknown != older {
            verdict.object("dedup-mark", || {
                format!(
                    "event {} at {} is {} ms old when taken in, the window is {window_ms} ms, and dedupUnknown is {}",
                    fact.event_id,
                    fact.place,
                    fact.ingest_time - fact.event_time,
                    event.dedup_unknown
                )
            });
        }
    }
    // In the order of the log, so that the same evidence gives the same words.
    for fact in &evidence.normalized {
        let identity = fact.identity();
        if !out.contains(&identity) && facts.get(&identity).is_some_and(|first| std::ptr::eq(*first, fact)) {
            verdict.object("lost", || {
                format!(
                    "event {} is in events.normalized at {} but not in events.enriched; {}",
                    fact.event_id,
                    fact.place,
                    last_said(fact, evidence)
                )
            });
        }
    }
    let (normalized, distinct) = (evidence.normalized.len() as u64, facts.len() as u64);
    verdict.count("normalized", normalized);
    verdict.count("normalized_distinct", distinct);
    verdict.count(
        "duplicates_suppressed",
        normalized.saturating_sub(evidence.enriched.len() as u64 + dead.len() as u64),
    );
    verdict.count("enriched", evidence.enriched.len() as u64);
    verdict.having_compared(format!(
        "{} in {}, {} enriched",
        counted(distinct, "fact"),
        counted(normalized, "normalized record"),
        counted(evidence.enriched.len() as u64, "record")
    ))
}

/// Records of `events.normalized` that the processor put aside.
pub fn dead_places(dead_letters: &[DeadLetter]) -> HashSet<Place> {
    dead_letters
        .iter()
        .filter(|letter| letter.topic == "processor.dlq")
        .filter_map(|letter| letter.origin.as_ref().map(|(_, place)| *place))
        .collect()
}

/// By identity: the first record of each event that was not put aside, which is the one that takes effect.
pub fn first_of_each<'a>(
    normalized: &'a [Normalized],
    dead: &HashSet<Place>,
) -> HashMap<(&'a str, &'a str), &'a Normalized> {
    let mut facts: HashMap<(&str, &str), &Normalized> = HashMap::with_capacity(normalized.len());
    for event in normalized.iter().filter(|event| !dead.contains(&event.place)) {
        facts.entry(event.identity()).or_insert(event);
    }
    facts
}

fn judge_repeats(evidence: &Evidence, window_ms: i64, verdict: &mut Verdict) {
    let mut seen: HashMap<&str, (&str, Place, i64)> = HashMap::with_capacity(evidence.enriched.len());
    for event in &evidence.enriched {
        let fact = &event.fact;
        let own = (fact.key.as_str(), fact.place, fact.ingest_time);
        let Some((key, first, taken_in)) = seen.insert(&fact.event_id, own) else { continue };
        if key != fact.key {
            verdict.object("id-of-two-entities", || {
                format!(
                    "event {} is of {key} at {first} and of {} at {}",
                    fact.event_id, fact.key, fact.place
                )
            });
        } else if fact.ingest_time - taken_in <= window_ms {
            verdict.object("twice", || {
                format!(
                    "event {} is in events.enriched at {first} and again at {}",
                    fact.event_id, fact.place
                )
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Enriched;

    const WINDOW: i64 = 1_000;

    fn normalized(offset: i64, id: &str) -> Normalized {
        Normalized { place: Place { partition: 0, offset }, event_id: id.into(), ..Default::default() }
    }

    fn enriched(offset: i64, id: &str) -> Enriched {
        Enriched { fact: normalized(offset, id), ..Default::default() }
    }

    #[track_caller]
    fn check(before: &[Normalized], after: &[Enriched], dead: &[DeadLetter], kinds: &[&str]) -> Verdict {
        let evidence = Evidence {
            normalized: before.to_vec(),
            enriched: after.to_vec(),
            dead_letters: dead.to_vec(),
            ..Evidence::default()
        };
        let verdict = judge(&evidence, WINDOW);
        assert_eq!(verdict.found.keys().copied().collect::<Vec<_>>(), kinds, "{:?}", verdict.examples());
        verdict
    }

    #[test]
    fn each_fact_once() {
        let verdict = check(
            &[normalized(0, "a"), normalized(1, "b"), normalized(2, "a")],
            &[enriched(0, "b"), enriched(1, "a")],
            &[],
            &[],
        );
        assert_eq!(verdict.counts["duplicates_suppressed"], 1);
        assert_eq!(verdict.compared, "2 facts in 3 normalized records, 2 records enriched");
    }

    #[test]
    fn lost_doubled_and_invented_events_are_seen() {
        check(&[normalized(0, "a"), normalized(1, "b")], &[enriched(0, "a")], &[], &["lost"]);
        check(&[normalized(0, "a")], &[enriched(0, "a"), enriched(1, "a")], &[], &["twice"]);
        check(&[], &[enriched(0, "a")], &[], &["invented"]);
    }

    #[test]
    fn a_dead_letter_accounts_for_its_record_and_no_other() {
        let letter = DeadLetter {
            topic: "processor.dlq".into(),
            origin: Some(("events.normalized".into(), Place { partition: 0, offset: 0 })),
            ..Default::default()
        };
        check(&[normalized(0, "a")], &[], std::slice::from_ref(&letter), &[]);
        check(&[normalized(1, "a")], &[], std::slice::from_ref(&letter), &["lost"]);
        check(&[normalized(0, "a"), normalized(1, "a")], &[], &[letter], &["lost"]);
    }

    #[test]
    fn the_mark_of_an_old_event_is_recomputed_and_excuses_no_repeat() {
        let old = |offset, ingest_time| {
            let fact = Normalized { ingest_time, event_time: ingest_time - 2_000, ..normalized(offset, "a") };
            Enriched { fact, dedup_unknown: true, ..Default::default() }
        };
        let before = [normalized(0, "a")];
        check(&before, &[old(0, 0)], &[], &[]);
        check(&before, &[Enriched { dedup_unknown: false, ..old(0, 0) }], &[], &["dedup-mark"]);
        check(&before, &[Enriched { dedup_unknown: true, ..enriched(0, "a") }], &[], &["dedup-mark"]);
        check(&before, &[old(0, 0), old(1, 900)], &[], &["twice"]);
        check(&before, &[old(0, 0), old(1, 1_001)], &[], &[]);
    }

    #[test]
    fn one_id_of_two_entities_is_seen_and_each_is_judged_by_its_own_record() {
        let of = |key: &str, offset| Normalized { key: key.into(), ..normalized(offset, "a") };
        let out = |fact: Normalized| Enriched { fact, ..Default::default() };
        let before = [of("k1", 0), of("k2", 1)];
        check(&before, &[out(of("k1", 0)), out(of("k2", 1))], &[], &["id-of-two-entities"]);
        check(&before, &[out(of("k1", 0))], &[], &["lost"]);
    }
}
