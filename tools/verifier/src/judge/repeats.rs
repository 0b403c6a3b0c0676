//! Which events of `events.normalized` are honest repetitions that may be missing from `events.enriched`, and which
//! events must be marked as possible ones. Written from docs/event-types.md, not from the processor.
//!
//! An event with a `contentId` may be missing only if it tells a state, and says what was published last about its
//! entity and subject, within the repeat window. Where it stood among what was published is not written anywhere; it is
//! followed from its time and its arrival, as its source's mode has it.

mod subject;

use std::collections::{BTreeMap, HashMap, HashSet};

use self::subject::{Subject, tells_a_state};
use super::order::{Arrivals, happened};
use crate::configuration::{Source, Windows};
use crate::evidence::{Enriched, Evidence, Fact, Identity, Place};
use crate::judge::exactly_once::{dead_places, first_of_each};
use crate::report::Verdict;

/// Contents of an entity that a later one is compared with at least.
const REMEMBERED: usize = 128;

/// Events are not taken in quite in the order in which they are published: how many windows before an event another may
/// have been taken in that is published later than one within the window.
const DISORDER: i64 = 3;

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

/// What was published, by entity, in the order of publication.
type Published<'a> = HashMap<(&'a str, &'a str), Vec<&'a Enriched>>;

// === impl Repeats ===

impl Repeats {
    /// Finds them.
    pub fn of(evidence: &Evidence, terms: Terms<'_>) -> Self {
        if terms.window_ms == 0 {
            return Self::default();
        }
        let arrivals = Arrivals::new(evidence);
        let published = by_entity(evidence);
        let out: HashSet<Identity<'_>> =
            evidence.enriched.iter().map(|event| event.fact.identity()).collect();
        let firsts = first_of_each(&evidence.normalized, &dead_places(&evidence.dead_letters));
        let missing = firsts.values().filter(|fact| !out.contains(&fact.identity()));
        let repeats = missing.filter(|fact| {
            let may_be_missing = content(fact).is_some() && tells_a_state(fact);
            let events = published.get(&fact.entity()).filter(|_| may_be_missing);
            events.is_some_and(|events| says_what_was_said_last(fact, events, &arrivals, terms))
        });
        Self { places: repeats.map(|fact| fact.place).collect() }
    }

    /// Whether this record is one.
    pub fn has(&self, fact: &Fact) -> bool {
        self.places.contains(&fact.place)
    }
}

/// Some published event says the same, close enough, and nothing else was told of its subject after it that belongs
/// before this one.
fn says_what_was_said_last(
    fact: &Fact,
    published: &[&Enriched],
    arrivals: &Arrivals<'_>,
    terms: Terms<'_>,
) -> bool {
    let subject = Subject::of(fact);
    let of_it: Vec<&Enriched> =
        published.iter().copied().filter(|event| subject.overlaps(&Subject::of(&event.fact))).collect();
    of_it.iter().enumerate().any(|(at, event)| {
        let next = of_it[at + 1..].iter().find(|next| content(&next.fact) != content(fact));
        repeats(fact, &event.fact, terms.window_ms)
            && next.is_none_or(|next| comes_before(fact, next, arrivals, terms))
    })
}

/// Whether one says what the other does, a moment apart.
fn repeats(fact: &Fact, other: &Fact, window_ms: i64) -> bool {
    let close = (other.ingest_time - fact.ingest_time).abs() <= window_ms;
    close && content(fact).is_some() && content(fact) == content(other)
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

/// Each published event is marked as a possible repetition if it says what was said before, and only then; and a state
/// that only repeats what was said last is not published at all.
pub fn judge_marks(evidence: &Evidence, windows: Windows, verdict: &mut Verdict) {
    for events in by_entity(evidence).values() {
        for (at, event) in events.iter().enumerate() {
            judge_mark(event, &events[..at], windows, verdict);
        }
    }
}

fn judge_mark(event: &Enriched, before: &[&Enriched], windows: Windows, verdict: &mut Verdict) {
    let window_ms = windows.repeats_ms;
    let fact = &event.fact;
    let subject = Subject::of(fact);
    let lately = |other: &&&Enriched| {
        other.fact.ingest_time + DISORDER * window_ms >= fact.ingest_time && window_ms > 0
    };
    let of_it = || before.iter().rev().filter(|other| subject.overlaps(&Subject::of(&other.fact)));
    let says_it = |other: &&&Enriched| repeats(fact, &other.fact, window_ms);
    let last = of_it().next();
    let repeats_last = last.is_some_and(|last| says_it(&last));
    // What was said last, however long ago, with nothing between.
    let same_as_last =
        last.is_some_and(|last| content(fact).is_some() && content(&last.fact) == content(fact));
    let but_for_unknown = |other: &&&Enriched| differs_in_unknown_fields(fact, &other.fact);
    let close = |other: &&&Enriched| (other.fact.ingest_time - fact.ingest_time).abs() <= window_ms;
    let possible = window_ms > 0 && same_as_last
        || of_it()
            .take_while(lately)
            .any(|other| says_it(&other) || but_for_unknown(&other) && close(&other));
    // Whoever has an id of its own is known by it for as long as ids are.
    let known_by_id =
        || window_ms > 0 && content(fact).is_none() && of_it().any(|other| but_for_unknown(&other));
    // Of an entity of which so much was told, something may have been forgotten; what says anything may then be one.
    let much = before.len().checked_sub(REMEMBERED);
    let forgotten = much.is_some_and(|at| lately(&&before[at])) && event.possible_repeat;
    // An entity of which nothing was told for so long may have been forgotten itself.
    let silent = before
        .last()
        .is_some_and(|other| other.fact.ingest_time.saturating_add(windows.ids_ms) < fact.ingest_time);
    let long_ago = !repeats_last && (much.is_some() || silent) && !event.possible_repeat;
    // What has an id of its own may only say again what had unknown fields, and was told lately, though not so lately
    // that there was room for it.
    let unknown_forgotten = || {
        let oldest = before.iter().rev().skip(REMEMBERED - 1);
        oldest.take_while(lately).any(has_unknown_fields)
    };
    let comparable = || content(fact).is_some() || fact.sequence.is_none() && unknown_forgotten();
    let excused = forgotten && comparable() || long_ago && same_as_last;
    if repeats_last && tells_a_state(fact) && !excused {
        verdict.object("repeat-published", || {
            format!("event {} at {} says within {window_ms} ms what was said last", fact.event_id, fact.place)
        });
        return;
    }
    verdict.count("possible_repeats", u64::from(possible));
    // What one had to forget for want of room cannot be compared with it any more.
    let of_forgotten = || much.is_some() && of_it().any(|other| but_for_unknown(&other));
    let excused = excused || if event.possible_repeat { known_by_id() } else { of_forgotten() };
    if possible != event.possible_repeat && !excused {
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

/// Whether two events say the same but for fields that the platform's schema does not name, of which one has some.
fn differs_in_unknown_fields(fact: &Fact, other: &Fact) -> bool {
    let core = |fact: &Fact| {
        let whole = fact.content_id.clone().unwrap_or_else(|| fact.event_id.clone());
        fact.declared_id.clone().unwrap_or(whole)
    };
    let unnumbered = fact.sequence.is_none() && other.sequence.is_none();
    let has_unknown = fact.declared_id.is_some() || other.declared_id.is_some();
    unnumbered && has_unknown && core(fact) == core(other)
}

fn has_unknown_fields(event: &&Enriched) -> bool {
    event.fact.declared_id.is_some() && event.fact.sequence.is_none()
}

/// What an event says; nothing where its id or its source's number names it.
fn content(fact: &Fact) -> Option<&str> {
    fact.content_id.as_deref().filter(|_| fact.sequence.is_none())
}

fn by_entity(evidence: &Evidence) -> Published<'_> {
    let mut entities: Published<'_> = HashMap::new();
    for event in &evidence.enriched {
        entities.entry(event.fact.entity()).or_default().push(event);
    }
    entities.values_mut().for_each(|events| events.sort_by_key(|event| event.fact.place));
    entities
}

#[cfg(test)]
mod tests;
