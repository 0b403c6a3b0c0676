//! I2: an eventId is in `events.enriched` exactly once within the dedup window, and every one of
//! `events.normalized` is there.

mod last_said;

use std::collections::{HashMap, HashSet};

use super::repeats::{self, Repeats};
use crate::configuration::Windows;
use crate::evidence::{DeadLetter, Evidence, Identity, Normalized, Place};
use crate::report::{Verdict, counted};

pub use last_said::last_said;

/// Whether an event may still lie before a processor that has not reached it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// The deployment runs: what lies behind the group's committed offset is on its way.
    Allowed,
    /// The run has ended: what has not come out is lost.
    Lost,
}

/// The code of what would be too large once enriched (docs/errors/TL-3007.md).
const TOO_LARGE: &str = "TL-3007";

/// Below this an event is not too large: brokers take 1 MiB by default, and enrichment adds less than a tenth of that.
const LARGE_BYTES: usize = 768 << 10;

/// Judges I2. `repeated` are the repetitions that may be missing. Records that went to `processor.dlq` as a
/// whole are accounted for there instead.
pub fn judge(evidence: &Evidence, windows: Windows, repeated: &Repeats, pending: Pending) -> Verdict {
    let window_ms = windows.ids_ms;
    let mut verdict = Verdict::new("I2");
    let dead = dead_places(&evidence.dead_letters);
    let facts = first_of_each(&evidence.normalized, &dead);
    judge_repeats(evidence, window_ms, &mut verdict);
    judge_dead_letters(evidence, &mut verdict);
    judge_enriched(evidence, &facts, window_ms, &mut verdict);
    judge_lost(evidence, &facts, repeated, pending, &mut verdict);
    // A range of time does not begin with the first event of each topic.
    if pending == Pending::Lost {
        repeats::judge_marks(evidence, windows, &mut verdict);
    }
    let suppressed = evidence.normalized.iter().filter(|fact| repeated.has(fact)).count() as u64;
    verdict.count("repeats_suppressed", suppressed);
    let (normalized, distinct) = (evidence.normalized.len() as u64, facts.len() as u64);
    verdict.count("normalized", normalized);
    verdict.count("normalized_distinct", distinct);
    verdict.count(
        "duplicates_suppressed",
        normalized.saturating_sub(evidence.enriched.len() as u64 + dead.len() as u64 + suppressed),
    );
    verdict.count("enriched", evidence.enriched.len() as u64);
    verdict.having_compared(format!(
        "{} in {}, {} enriched",
        counted(distinct, "fact"),
        counted(normalized, "normalized record"),
        counted(evidence.enriched.len() as u64, "record")
    ))
}

/// Every enriched event is one that was taken in, and says rightly whether it is older than the window.
fn judge_enriched(evidence: &Evidence, facts: &Facts<'_>, window_ms: i64, verdict: &mut Verdict) {
    for event in &evidence.enriched {
        let fact = &event.fact;
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
}

/// Every event that was taken in is enriched, but for repetitions and those that still wait.
fn judge_lost(
    evidence: &Evidence,
    facts: &Facts<'_>,
    repeated: &Repeats,
    pending: Pending,
    verdict: &mut Verdict,
) {
    let out: HashSet<Identity<'_>> = evidence.enriched.iter().map(|event| event.fact.identity()).collect();
    // In the order of the log, so that the same evidence gives the same words.
    for fact in &evidence.normalized {
        let identity = fact.identity();
        let waits = pending == Pending::Allowed
            && evidence
                .committed
                .get(&fact.place.partition)
                .is_some_and(|committed| *committed <= fact.place.offset);
        if out.contains(&identity) || repeated.has(fact) {
            continue;
        }
        if waits {
            verdict.count("not_reached", 1);
        } else if facts.get(&identity).is_some_and(|first| std::ptr::eq(*first, fact)) {
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
}

/// Records of `events.normalized` that the processor put aside.
pub fn dead_places(dead_letters: &[DeadLetter]) -> HashSet<Place> {
    of_events(dead_letters).map(|(_, place)| place).collect()
}

/// Dead letters of events, with where their record lies.
fn of_events(dead_letters: &[DeadLetter]) -> impl Iterator<Item = (&DeadLetter, Place)> {
    let letters = dead_letters.iter().filter(|letter| letter.topic == "processor.dlq");
    letters.filter_map(|letter| match &letter.origin {
        Some((topic, place)) if topic.ends_with("events.normalized") => Some((letter, *place)),
        _ => None,
    })
}

/// A dead letter takes the place of its event, so it has to have a reason: an event that can be read is put
/// aside only for being too large once enriched; and it carries the event byte for byte.
fn judge_dead_letters(evidence: &Evidence, verdict: &mut Verdict) {
    let readable: HashMap<Place, &Normalized> =
        evidence.normalized.iter().map(|event| (event.place, event)).collect();
    for (letter, place) in of_events(&evidence.dead_letters) {
        let Some(event) = readable.get(&place) else { continue };
        if letter.code != TOO_LARGE || event.value.bytes < LARGE_BYTES {
            verdict.object("put-aside-without-reason", || {
                format!(
                    "event {} at {place} can be read and has {} bytes, and was put aside with {}",
                    event.event_id, event.value.bytes, letter.code
                )
            });
        }
        if letter.value != event.value {
            verdict.object("dead-letter-changed", || {
                format!(
                    "event {} at {place}: its dead letter does not carry it byte for byte",
                    event.event_id
                )
            });
        }
    }
}

/// The first record of each event, by its identity.
pub type Facts<'a> = HashMap<Identity<'a>, &'a Normalized>;

/// By identity: the first record of each event that was not put aside, which is the one that takes effect.
pub fn first_of_each<'a>(normalized: &'a [Normalized], dead: &HashSet<Place>) -> Facts<'a> {
    let mut facts = Facts::with_capacity(normalized.len());
    for event in normalized.iter().filter(|event| !dead.contains(&event.place)) {
        facts.entry(event.identity()).or_insert(event);
    }
    facts
}

fn judge_repeats(evidence: &Evidence, window_ms: i64, verdict: &mut Verdict) {
    let mut seen: HashMap<Identity<'_>, (Place, i64)> = HashMap::with_capacity(evidence.enriched.len());
    let mut owners: HashMap<&str, (&str, &str)> = HashMap::with_capacity(evidence.enriched.len());
    for event in &evidence.enriched {
        let fact = &event.fact;
        let repeated = seen.insert(fact.identity(), (fact.place, fact.ingest_time));
        if let Some((first, _)) = repeated.filter(|(_, taken_in)| fact.ingest_time - taken_in <= window_ms) {
            verdict.object("twice", || {
                format!(
                    "event {} is in events.enriched at {first} and again at {}",
                    fact.event_id, fact.place
                )
            });
        }
        let owner = *owners.entry(&fact.event_id).or_insert_with(|| fact.entity());
        if repeated.is_none() && owner != fact.entity() {
            verdict.object("id-of-two-entities", || {
                format!(
                    "event {} at {} is of {} as well as of {}",
                    fact.event_id, fact.place, fact.key, owner.0
                )
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Enriched, ValueDigest};

    const WINDOWS: Windows = Windows { ids_ms: 1_000, repeats_ms: 1_000 };

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
        let verdict = judge(&evidence, WINDOWS, &Repeats::default(), Pending::Lost);
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
            code: TOO_LARGE.into(),
            origin: Some(("p.events.normalized".into(), Place { partition: 0, offset: 0 })),
            value: ValueDigest { bytes: 1 << 20, digest: 5 },
        };
        let large = |offset| Normalized { value: letter.value, ..normalized(offset, "a") };
        check(&[large(0)], &[], std::slice::from_ref(&letter), &[]);
        check(&[large(1)], &[], std::slice::from_ref(&letter), &["lost"]);
        check(&[large(0), large(1)], &[], std::slice::from_ref(&letter), &["lost"]);
        let elsewhere =
            DeadLetter { origin: Some(("writebacks.sap".into(), Place::default())), ..letter.clone() };
        check(&[large(0)], &[], &[elsewhere], &["lost"]);
    }

    #[test]
    fn a_dead_letter_needs_a_reason_and_its_records_bytes() {
        let origin = Some(("events.normalized".to_owned(), Place { partition: 0, offset: 0 }));
        let value = ValueDigest { bytes: 1 << 20, digest: 5 };
        let letter = DeadLetter { topic: "processor.dlq".into(), code: TOO_LARGE.into(), origin, value };
        let event = Normalized { value, ..normalized(0, "a") };
        let small = Normalized { value: ValueDigest { bytes: 300, digest: 5 }, ..event.clone() };
        let of_small = DeadLetter { value: small.value, ..letter.clone() };
        check(&[small], &[], &[of_small], &["put-aside-without-reason"]);
        let undecodable = DeadLetter { code: "TL-3001".into(), ..letter.clone() };
        check(std::slice::from_ref(&event), &[], &[undecodable], &["put-aside-without-reason"]);
        let empty = DeadLetter { value: ValueDigest::default(), ..letter };
        check(&[event], &[], &[empty], &["dead-letter-changed"]);
    }

    #[test]
    fn what_a_running_processor_has_not_reached_is_not_lost() {
        let mut evidence =
            Evidence { normalized: vec![normalized(4, "a"), normalized(5, "b")], ..Evidence::default() };
        evidence.committed.insert(0, 5);
        let none = Repeats::default();
        let verdict = judge(&evidence, WINDOWS, &none, Pending::Allowed);
        assert_eq!((verdict.violations(), verdict.counts["not_reached"]), (1, 1));
        assert_eq!(judge(&evidence, WINDOWS, &none, Pending::Lost).violations(), 2);
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
