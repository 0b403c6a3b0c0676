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
use crate::configuration::Source;
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
            let may_be_missing = content(fact).is_some() && tells_a_state(&fact.event_type);
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
pub fn judge_marks(evidence: &Evidence, window_ms: i64, verdict: &mut Verdict) {
    for events in by_entity(evidence).values() {
        for (at, event) in events.iter().enumerate() {
            judge_mark(event, &events[..at], window_ms, verdict);
        }
    }
}

fn judge_mark(event: &Enriched, before: &[&Enriched], window_ms: i64, verdict: &mut Verdict) {
    let fact = &event.fact;
    let subject = Subject::of(fact);
    let lately = |other: &&&Enriched| {
        other.fact.ingest_time + DISORDER * window_ms >= fact.ingest_time && window_ms > 0
    };
    let mut of_it =
        before.iter().rev().take_while(lately).filter(|other| subject.overlaps(&Subject::of(&other.fact)));
    let says_it = |other: &&&Enriched| repeats(fact, &other.fact, window_ms);
    let repeats_last = of_it.next().is_some_and(|last| says_it(&last));
    let possible = repeats_last || of_it.any(|other| says_it(&other));
    // Of an entity of which so much was told, something may have been forgotten; what says anything may then be one.
    let forgotten = before.len().checked_sub(REMEMBERED).is_some_and(|at| lately(&&before[at]));
    let excused = forgotten && event.possible_repeat && content(fact).is_some();
    if repeats_last && tells_a_state(&fact.event_type) && !excused {
        verdict.object("repeat-published", || {
            format!("event {} at {} says within {window_ms} ms what was said last", fact.event_id, fact.place)
        });
        return;
    }
    verdict.count("possible_repeats", u64::from(possible));
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
            source_type: "v2.users.{id}.station".into(),
            topic: Some("v2.users.a.station".into()),
            event_type: "agent.state_changed".into(),
            entity_type: "agent".into(),
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
        assert_eq!(judged("CAUSAL", &far, &["1", "2"]), [""; 0]);
        let other = Fact { topic: Some("v2.users.a.presence".into()), ..said("2", "a", 2) };
        assert_eq!(judged("CAUSAL", &[said("1", "a", 1), other], &["1"]), ["lost"]);
        let without = Fact { content_id: None, ..said("2", "a", 2) };
        assert_eq!(judged("CAUSAL", &[said("1", "a", 1), without], &["1"]), ["lost"]);
    }

    #[test]
    fn what_names_itself_comes_between_as_well() {
        let names_itself = |fact: Fact| Fact { content_id: None, ..fact };
        let of_an_older_build = |fact: Fact| Fact { topic: None, ..names_itself(fact) };
        let numbered = |fact: Fact| Fact { sequence: Some(1), ..fact };
        let of_another_type = |fact: Fact| Fact { source_type: "presence".into(), ..of_an_older_build(fact) };
        let changes: [&dyn Fn(Fact) -> Fact; 4] =
            [&names_itself, &of_an_older_build, &numbered, &of_another_type];
        for change in changes {
            let told = [said("1", "a", 1), change(said("2", "b", 2)), said("3", "a", 3), said("4", "a", 4)];
            assert_eq!(judged("CAUSAL", &told, &["1", "2", "3+"]), [""; 0]);
            assert_eq!(judged("CAUSAL", &told, &["1", "2"]), ["lost"]);
            assert_eq!(judged("CAUSAL", &told, &["1", "2", "3"]), ["repeat-mark"]);
        }
        let elsewhere = Fact { topic: Some("v2.users.a.presence".into()), ..said("2", "b", 2) };
        let elsewhere = Fact { source_type: "v2.users.{id}.presence".into(), ..names_itself(elsewhere) };
        let told = [said("1", "a", 1), elsewhere, said("3", "a", 3)];
        assert_eq!(judged("CAUSAL", &told, &["1", "2"]), [""; 0]);
    }

    #[test]
    fn only_a_state_may_be_missing() {
        for event_type in ["platform.event", "typing.started", "conversation.message_added"] {
            let told = [said("1", "a", 1), said("2", "a", 2)]
                .map(|fact| Fact { event_type: event_type.into(), ..fact });
            assert_eq!(judged("CAUSAL", &told, &["1"]), ["lost"], "{event_type}");
            assert_eq!(judged("CAUSAL", &told, &["1", "2+"]), [""; 0], "{event_type}");
            assert_eq!(judged("CAUSAL", &told, &["1", "2"]), ["repeat-mark"], "{event_type}");
        }
    }

    #[test]
    fn members_have_states_of_their_own() {
        let member = |id: &str, agent: &str, at: i64| Fact {
            event_type: "queue.member_changed".into(),
            agent_id: Some(agent.into()),
            ..said(id, agent, at)
        };
        let told = [member("1", "x", 1), member("2", "y", 2), member("3", "x", 3), member("4", "y", 4)];
        assert_eq!(judged("CAUSAL", &told, &["1", "2"]), [""; 0]);
        assert_eq!(judged("CAUSAL", &told, &["1", "2", "3+", "4+"]), ["repeat-published"]);
    }

    #[test]
    fn of_much_that_was_told_something_may_be_forgotten() {
        let member = |number: usize| Fact {
            event_type: "queue.member_changed".into(),
            agent_id: Some(number.to_string()),
            ..said(&number.to_string(), &number.to_string(), 1)
        };
        let mut told: Vec<Fact> = (0..=REMEMBERED).map(member).collect();
        told.push(Fact { event_id: "again".into(), ..member(0) });
        let names: Vec<String> = told.iter().map(|fact| fact.event_id.clone()).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(judged("CAUSAL", &told, &names[..names.len() - 1]), [""; 0]);
        *names.last_mut().unwrap() = "again+";
        assert_eq!(judged("CAUSAL", &told, &names), [""; 0]);
        *names.last_mut().unwrap() = "again";
        assert_eq!(judged("CAUSAL", &told, &names), ["repeat-published"]);
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
