//! Which events of `events.normalized` are honest repetitions that may be missing from `events.enriched`, and which
//! events must be marked as possible ones. Written from docs/event-types.md, not from the processor.
//!
//! An event with a `contentId` may be missing only if it says what was published last about its entity and
//! topic, within the repeat window. Where it stood among what was published is not written anywhere; it is
//! followed from its time and its arrival, as its source's mode has it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::order::{Arrivals, happened};
use crate::configuration::Source;
use crate::evidence::{Enriched, Evidence, Fact, Identity, Place};
use crate::judge::exactly_once::{dead_places, first_of_each};
use crate::report::Verdict;

/// Contents of a topic that a later one is compared with.
const REMEMBERED: usize = 4;

/// Topics of an entity whose contents are remembered at least.
const TOPICS: usize = 16;

/// How repetitions are to be told, and what is known of the sources.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Milliseconds within which the same said again is a repetition; 0 where everything is published.
    pub window_ms: i64,
    /// How sources are put in order, where that was given; else an event's own word is taken.
    pub sources: Option<&'a BTreeMap<String, Source>>,
}

/// Repetitions that were rightly not published.
#[derive(Debug, Clone, Default)]
pub struct Repeats {
    /// Where their first records lie in `events.normalized`.
    pub places: HashSet<Place>,
}

/// An entity and one of its topics.
type Topic<'a> = ((&'a str, &'a str), &'a str);

// === impl Repeats ===

impl Repeats {
    /// Finds them.
    pub fn of(evidence: &Evidence, terms: Terms<'_>) -> Self {
        if terms.window_ms == 0 {
            return Self::default();
        }
        let arrivals = Arrivals::new(evidence);
        let published = by_topic(evidence);
        let out: HashSet<Identity<'_>> =
            evidence.enriched.iter().map(|event| event.fact.identity()).collect();
        let firsts = first_of_each(&evidence.normalized, &dead_places(&evidence.dead_letters));
        let missing = firsts.values().filter(|fact| !out.contains(&fact.identity()));
        let repeats = missing.filter(|fact| {
            let events = topic(fact).and_then(|topic| published.get(&topic));
            events.is_some_and(|events| says_what_was_said_last(fact, events, &arrivals, terms))
        });
        Self { places: repeats.map(|fact| fact.place).collect() }
    }

    /// Whether this record is one.
    pub fn has(&self, fact: &Fact) -> bool {
        self.places.contains(&fact.place)
    }
}

/// Some published event says the same, close enough, and nothing else was said after it that belongs before this one.
fn says_what_was_said_last(
    fact: &Fact,
    published: &[&Enriched],
    arrivals: &Arrivals<'_>,
    terms: Terms<'_>,
) -> bool {
    published.iter().enumerate().any(|(at, event)| {
        let same = event.fact.content_id == fact.content_id;
        let close = (event.fact.ingest_time - fact.ingest_time).abs() <= terms.window_ms;
        let next = published[at + 1..].iter().find(|next| next.fact.content_id != fact.content_id);
        same && close && next.is_none_or(|next| comes_before(fact, next, arrivals, terms))
    })
}

/// Whether an event that was not published had its turn before one that was.
fn comes_before(fact: &Fact, next: &Enriched, arrivals: &Arrivals<'_>, terms: Terms<'_>) -> bool {
    let source = terms.sources.and_then(|sources| sources.get(&fact.source));
    let mode = source.map_or(next.ordering.mode.as_str(), |source| source.mode);
    let same_channel = fact.source == next.fact.source && fact.channel == next.fact.channel;
    let arrived_before = arrivals.came_before(fact, &next.fact);
    if mode != "SORTED" || !same_channel || next.ordering.late {
        return arrived_before;
    }
    let (own, other) = (happened(fact), happened(&next.fact));
    own < other || own == other && arrived_before
}

/// Each published event is marked as a possible repetition if it says what was said before, and only then; and one that
/// only repeats what was said last is not published at all.
pub fn judge_marks(evidence: &Evidence, window_ms: i64, verdict: &mut Verdict) {
    let mut topics: HashMap<(&str, &str), BTreeSet<&str>> = HashMap::new();
    let published = by_topic(evidence);
    published.keys().for_each(|(entity, topic)| {
        topics.entry(*entity).or_default().insert(topic);
    });
    for event in evidence.enriched.iter().filter(|event| topic(&event.fact).is_none()) {
        if event.possible_repeat {
            verdict.object("repeat-mark", || {
                format!(
                    "event {} at {} is marked as a possible repetition and can be none",
                    event.fact.event_id, event.fact.place
                )
            });
        }
    }
    for ((entity, _), events) in &published {
        // Of an entity with more topics than that, some may have been forgotten.
        if topics.get(entity).is_some_and(|topics| topics.len() > TOPICS) {
            continue;
        }
        for (at, event) in events.iter().enumerate() {
            judge_mark(event, &events[at.saturating_sub(REMEMBERED)..at], window_ms, verdict);
        }
    }
}

fn judge_mark(event: &Enriched, before: &[&Enriched], window_ms: i64, verdict: &mut Verdict) {
    let fact = &event.fact;
    let same = |other: &Enriched| other.fact.content_id == fact.content_id;
    let close = |other: &Enriched| (other.fact.ingest_time - fact.ingest_time).abs() <= window_ms;
    let repeats_last = before.last().is_some_and(|last| same(last));
    if window_ms > 0 && repeats_last && before.last().is_some_and(|last| close(last)) {
        verdict.object("repeat-published", || {
            format!("event {} at {} says within {window_ms} ms what was said last", fact.event_id, fact.place)
        });
        return;
    }
    let possible = window_ms > 0 && (repeats_last || before.iter().any(|other| same(other) && close(other)));
    verdict.count("possible_repeats", u64::from(possible));
    if possible != event.possible_repeat {
        verdict.object("repeat-mark", || {
            format!(
                "event {} at {} {} what was said of its entity lately, and possibleRepeat is {}",
                fact.event_id,
                fact.place,
                if possible { "says" } else { "does not say" },
                event.possible_repeat
            )
        });
    }
}

/// The topic that an event says something on; none where its id or its source's number names what it says.
fn topic(fact: &Fact) -> Option<Topic<'_>> {
    let compared = fact.content_id.is_some() && fact.sequence.is_none();
    compared.then(|| (fact.entity(), fact.topic.as_str()))
}

/// What was published with a content, by topic, in the order of publication.
fn by_topic(evidence: &Evidence) -> HashMap<Topic<'_>, Vec<&Enriched>> {
    let mut topics: HashMap<Topic<'_>, Vec<&Enriched>> = HashMap::new();
    for event in &evidence.enriched {
        if let Some(topic) = topic(&event.fact) {
            topics.entry(topic).or_default().push(event);
        }
    }
    topics.values_mut().for_each(|events| events.sort_by_key(|event| event.fact.place));
    topics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Windows;
    use crate::evidence::Ordering;
    use crate::judge::exactly_once::{self, Pending};

    const WINDOW: i64 = 1_000;

    /// An event of one agent: its id, what it says, and when it happened and was taken in.
    fn said(id: &str, content: &str, at: i64) -> Fact {
        Fact {
            key: "genesys/org/a".into(),
            event_id: id.into(),
            content_id: Some(content.into()),
            topic: "v2.users.a.station".into(),
            event_time: at,
            ingest_time: at,
            source: "s".into(),
            ..Fact::default()
        }
    }

    /// What arrived, and what of it was published: those with `+` as their last letter marked.
    fn judged(mode: &str, arrived: &[Fact], published: &[&str]) -> Vec<&'static str> {
        let mut evidence = Evidence::default();
        for (offset, fact) in arrived.iter().enumerate() {
            let place = Place { partition: 0, offset: offset as i64 };
            evidence.normalized.push(Fact { place, ..fact.clone() });
        }
        for (offset, name) in published.iter().enumerate() {
            let id = name.trim_end_matches('+');
            let place = Place { partition: 0, offset: offset as i64 };
            let fact = arrived.iter().find(|fact| fact.event_id == id).unwrap();
            evidence.enriched.push(Enriched {
                fact: Fact { place, ..fact.clone() },
                ordering: Ordering { mode: mode.into(), ..Ordering::default() },
                possible_repeat: name.ends_with('+'),
                ..Enriched::default()
            });
        }
        let terms = Terms { window_ms: WINDOW, sources: None };
        let repeats = Repeats::of(&evidence, terms);
        let window = Windows { ids_ms: WINDOW, repeats_ms: WINDOW };
        let verdict = exactly_once::judge(&evidence, window, &repeats, Pending::Lost);
        verdict.found.keys().copied().collect()
    }

    #[test]
    fn only_what_says_what_was_said_last_may_be_missing() {
        let told = [said("1", "a", 1), said("2", "a", 2), said("3", "b", 3), said("4", "a", 4)];
        for mode in ["SORTED", "CAUSAL"] {
            assert_eq!(judged(mode, &told, &["1", "3", "4+"]), [""; 0]);
            assert_eq!(judged(mode, &told, &["1", "3"]), ["lost"], "a state that returned");
            assert_eq!(judged(mode, &told, &["1", "4"]), ["lost", "repeat-published"]);
            assert_eq!(judged(mode, &told, &["1", "2", "3", "4+"]), ["repeat-published"]);
        }
        let far = [said("1", "a", 1), said("2", "a", 2 + WINDOW)];
        assert_eq!(judged("CAUSAL", &far, &["1"]), ["lost"]);
        assert_eq!(judged("CAUSAL", &far, &["1", "2+"]), [""; 0]);
        let other = Fact { topic: "v2.users.a.presence".into(), ..said("2", "a", 2) };
        assert_eq!(judged("CAUSAL", &[said("1", "a", 1), other], &["1"]), ["lost"]);
        let without = Fact { content_id: None, ..said("2", "a", 2) };
        assert_eq!(judged("CAUSAL", &[said("1", "a", 1), without], &["1"]), ["lost"]);
    }

    #[test]
    fn marks_are_recomputed() {
        let told = [said("1", "a", 1), said("2", "b", 2), said("3", "a", 3)];
        assert_eq!(judged("CAUSAL", &told, &["1", "2", "3"]), ["repeat-mark"]);
        assert_eq!(judged("CAUSAL", &told, &["1", "2+", "3+"]), ["repeat-mark"]);
        let later = [said("1", "a", 1), said("2", "b", 2), said("3", "a", 3 + WINDOW)];
        assert_eq!(judged("CAUSAL", &later, &["1", "2", "3"]), [""; 0]);
    }

    #[test]
    fn where_it_stood_follows_from_times_where_the_source_is_sorted_and_else_from_arrival() {
        // Told were a, b, a; the last two came the other way round.
        let told = [said("1", "a", 1), said("3", "a", 3), said("2", "b", 2)];
        assert_eq!(judged("SORTED", &told, &["1", "2"]), ["lost"]);
        assert_eq!(judged("SORTED", &told, &["1", "2", "3+"]), [""; 0]);
        assert_eq!(judged("CAUSAL", &told, &["1", "2"]), [""; 0]);
    }
}
