//! I3 against small histories: what was published, and in which order it had arrived.

use super::*;
use crate::evidence::{Fact, LedgerLine, Ordering, Place};

/// An event of conversation `c1`: its id, when it happened and when it was taken in.
fn event(id: &str, at: i64, taken_in: i64) -> Enriched {
    let fact = Fact {
        key: "genesys/org/c1".into(),
        event_id: id.into(),
        event_type: "message.received".into(),
        conversation_id: Some("c1".into()),
        event_time: at,
        ingest_time: taken_in,
        source: "s".into(),
        ..Default::default()
    };
    Enriched {
        fact,
        ordering: Ordering { mode: "SORTED".into(), ..Default::default() },
        ..Default::default()
    }
}

fn mode(mode: &str, mut event: Enriched) -> Enriched {
    event.ordering.mode = mode.into();
    event
}

fn late(mut event: Enriched) -> Enriched {
    event.ordering.late = true;
    event
}

fn gap(mut event: Enriched) -> Enriched {
    event.ordering.gap_before = true;
    event
}

fn numbered(number: i64, taken_in: i64) -> Enriched {
    let mut event = mode("SEQUENCED", event(&format!("n{number}"), number, taken_in));
    event.fact.sequence = Some(number);
    event
}

fn typed(event_type: &str, event: Enriched) -> Enriched {
    let mut event = mode("CAUSAL", event);
    event.fact.event_type = event_type.into();
    event
}

/// An edge of a session of participant `p`, all in one millisecond.
fn of_session(id: &str, event_type: &str, session: &str, taken_in: i64) -> Enriched {
    let mut event = event(id, 5, taken_in);
    event.fact.event_type = event_type.into();
    event.fact.participant_id = Some("p".into());
    event.fact.session_id = Some(session.into());
    event
}

/// Published in this order, with positions from 1; arrived in the order named.
fn evidence(published: &[Enriched], arrived: &[&str]) -> Evidence {
    let mut evidence = Evidence::default();
    for (offset, event) in published.iter().enumerate() {
        let mut event = event.clone();
        event.fact.place = Place { partition: 0, offset: offset as i64 };
        event.ordering.position = offset as i64 + 1;
        evidence.enriched.push(event);
    }
    for (offset, id) in arrived.iter().enumerate() {
        let mut fact = published.iter().find(|event| event.fact.event_id == *id).unwrap().fact.clone();
        fact.place = Place { partition: 0, offset: offset as i64 };
        evidence.normalized.push(fact);
    }
    evidence
}

fn kinds(evidence: &Evidence) -> (Vec<&'static str>, Verdict) {
    let repeated = &Repeats::default();
    let verdict = judge(evidence, Expectation { sources: None, repeated, scope: Scope::Whole });
    (verdict.found.keys().copied().collect(), verdict)
}

#[track_caller]
fn check(published: &[Enriched], arrived: &[&str], expected: &[&str]) -> Verdict {
    let (found, verdict) = kinds(&evidence(published, arrived));
    assert_eq!(found, expected, "{:?}", verdict.examples());
    verdict
}

#[test]
fn in_order_and_positions_without_hole() {
    let events = [event("a", 1, 1), event("b", 2, 2)];
    let verdict = check(&events, &["b", "a"], &[]);
    assert_eq!(verdict.compared, "2 events in 1 conversation, 0 late of which 0 explained");
    assert_eq!(verdict.counts["put_in_order"], 1);
    for position in [1, 3] {
        let mut wrong = evidence(&events, &["a", "b"]);
        wrong.enriched[1].ordering.position = position;
        assert_eq!(kinds(&wrong).0, ["hole"]);
    }
}

#[test]
fn the_order_of_the_log_counts_not_the_order_given() {
    let mut swapped = evidence(&[event("a", 1, 1), event("b", 2, 2)], &["a", "b"]);
    swapped.enriched.reverse();
    assert_eq!(kinds(&swapped).0, [""; 0]);
    swapped.enriched[0].fact.place.offset = -1;
    assert_eq!(kinds(&swapped).0, ["hole", "out-of-order"]);
}

#[test]
fn a_conversation_in_two_partitions_is_seen() {
    let mut split = evidence(&[event("a", 1, 1), event("b", 2, 2)], &["a", "b"]);
    split.enriched[1].fact.place.partition = 1;
    assert_eq!(kinds(&split).0, ["split"]);
}

#[test]
fn late_is_believed_only_of_what_came_after_the_hold() {
    let published = |taken_in| [event("new", 100, 1_000), late(event("old", 50, taken_in))];
    // The hold of "new" was over at 1500.
    let verdict = check(&published(1_500), &["new", "old"], &[]);
    assert_eq!((verdict.counts["late"], verdict.counts["late_explained"]), (1, 1));
    check(&published(1_200), &["new", "old"], &["late-in-time"]);
    check(&published(1_500), &["old", "new"], &["late-in-time"]);
}

#[test]
fn what_is_not_in_the_log_any_more_says_nothing_of_late_events() {
    // In time, as long as both arrivals are known.
    let whole = evidence(&[event("new", 100, 1_000), late(event("old", 50, 1_200))], &["new", "old"]);
    assert_eq!(kinds(&whole).0, ["late-in-time"]);
    for deleted in [0, 1] {
        let mut cut = evidence(&[event("new", 100, 1_000), late(event("old", 50, 1_200))], &["new", "old"]);
        cut.normalized.remove(deleted);
        let nothing = Repeats::default();
        let verdict = judge(&cut, Expectation { sources: None, repeated: &nothing, scope: Scope::Whole });
        assert!(verdict.found.is_empty(), "{:?}", verdict.found);
        assert_eq!((verdict.counts["late"], verdict.counts["late_without_arrival"]), (1, 1));
    }
}

#[test]
fn an_event_that_was_long_on_its_way_into_the_log_may_be_late() {
    let mut slow = evidence(&[event("new", 100, 1_000), late(event("old", 50, 1_200))], &["new", "old"]);
    let line = |answered_at| LedgerLine {
        status: Some(202),
        event_ids: vec!["old".into()],
        answered_at,
        ..Default::default()
    };
    slow.ledger = Some(vec![line(1_499.0)]);
    assert_eq!(kinds(&slow).0, ["late-in-time"]);
    slow.ledger = Some(vec![line(1_500.0)]);
    assert_eq!(kinds(&slow).0, [""; 0]);
}

#[test]
fn what_counts_for_a_hold_is_when_the_broker_appended_and_not_what_clocks_of_ingest_say() {
    // One ingest is three seconds ahead, and the record of the other was long on its way.
    let mut given = evidence(&[event("new", 100, 4_000), late(event("old", 50, 1_200))], &["new", "old"]);
    for (appended, expected) in [(1_504, vec![]), (1_503, vec!["late-in-time"])] {
        given.normalized[0].timestamp = 1_004;
        given.normalized[1].timestamp = appended;
        assert_eq!(kinds(&given).0, expected, "appended at {appended}");
    }
}

#[test]
fn disorder_without_a_mark_and_marks_without_disorder_are_seen() {
    check(&[event("a", 5, 1), event("b", 4, 2)], &["a", "b"], &["out-of-order"]);
    check(&[event("a", 1, 1), late(event("b", 2, 2))], &["a", "b"], &["late-without-reason"]);
    check(&[late(event("a", 1, 1))], &["a"], &["late-without-reason"]);
    check(&[event("a", 1, 1), gap(event("b", 2, 2))], &["a", "b"], &["gap-without-reason"]);
    // A straggler does not lower the mark.
    let published = [event("a", 5, 0), late(event("b", 1, 900)), event("c", 3, 901)];
    check(&published, &["a", "b", "c"], &["out-of-order"]);
}

#[test]
fn equal_times_keep_their_order_of_arrival_and_are_never_late() {
    check(&[event("b", 5, 1), event("a", 5, 2)], &["b", "a"], &[]);
    check(&[event("a", 5, 1), event("b", 5, 2)], &["b", "a"], &["tie-out-of-arrival-order"]);
    check(&[event("b", 5, 1), event("a", 5, 2)], &["a", "b"], &["tie-out-of-arrival-order"]);
    check(&[event("b", 5, 1), late(event("a", 5, 900))], &["b", "a"], &["late-at-equal-time"]);
    check(&[event("a", 5, 1), late(event("b", 5, 900))], &["a", "b"], &["late-without-reason"]);
    let mut started = event("b", 5, 2);
    started.fact.event_type = "conversation.started".into();
    check(&[started.clone(), event("a", 5, 1)], &["a", "b"], &[]);
    check(&[event("a", 5, 1), started], &["a", "b"], &["tie-out-of-cause-order"]);
}

#[test]
fn an_end_follows_its_own_start_of_the_same_millisecond_whichever_arrived_first() {
    let of = of_session;
    let (start, end) = (of("a", "flow.started", "s", 2), of("b", "flow.ended", "s", 1));
    check(&[start.clone(), end.clone()], &["b", "a"], &[]);
    check(&[end.clone(), start.clone()], &["b", "a"], &["tie-out-of-cause-order"]);
    // Once the end's hold is over it is out.
    let slow = of("a", "flow.started", "s", 501);
    check(&[end, slow], &["b", "a"], &[]);
    // The end of another session keeps its place.
    let other = of("b", "flow.ended", "other", 1);
    check(&[other.clone(), start.clone()], &["b", "a"], &[]);
    check(&[start, other], &["b", "a"], &["tie-out-of-arrival-order"]);
    let (ended, left) = (of("c", "conversation.ended", "c", 1), of("d", "queue.left", "q", 2));
    check(&[left.clone(), ended.clone()], &["c", "d"], &[]);
    check(&[ended, left], &["c", "d"], &["tie-out-of-cause-order"]);
}

#[test]
fn a_conversation_that_starts_again_in_the_millisecond_of_its_end_does_so_behind_it() {
    let of = of_session;
    let end = of("a", "conversation.ended", "1", 1);
    let again = of("b", "conversation.started", "2", 2);
    let message = of("c", "message.received", "2", 3);
    check(&[end.clone(), again.clone(), message.clone()], &["a", "b", "c"], &[]);
    check(&[again.clone(), end.clone()], &["a", "b"], &["tie-out-of-arrival-order"]);
    // What came before it is no part of its new life.
    check(&[message.clone(), end.clone(), again.clone()], &["a", "c", "b"], &[]);
    check(&[end.clone(), message], &["a", "c"], &["tie-out-of-cause-order"]);
    // The start of the session that ended is its beginning.
    let own = of("b", "conversation.started", "1", 2);
    check(&[own.clone(), end.clone()], &["a", "b"], &[]);
    check(&[end, own], &["a", "b"], &["tie-out-of-cause-order"]);
}

#[test]
fn a_participant_has_causes_of_its_own() {
    let of = |id: &str, event_type: &str, participant: &str, at| {
        let mut event = typed(event_type, event(id, at, at));
        event.fact.participant_id = Some(participant.into());
        event
    };
    let call = [
        of("a", "conversation.started", "c", 1),
        of("b", "participant.connected", "first", 2),
        of("d", "queue.entered", "q", 3),
        of("e", "participant.disconnected", "first", 4),
    ];
    let ids = ["a", "b", "d", "e", "f"];
    let and = |last: Enriched| [&call[..], &[last]].concat();
    check(&and(of("f", "acw.ended", "first", 5)), &ids, &[]);
    check(&and(of("f", "participant.disconnected", "second", 5)), &ids, &["gap-unmarked"]);
    check(&and(gap(of("f", "participant.disconnected", "second", 5))), &ids, &[]);
    check(&and(gap(of("f", "acw.ended", "first", 5))), &ids, &["gap-without-reason"]);
}

#[test]
fn a_repetition_that_was_not_published_makes_late_what_belongs_before_it() {
    let published = [mode("CAUSAL", event("a", 1, 1)), mode("CAUSAL", late(event("b", 2, 3)))];
    let mut evidence = evidence(&published, &["a", "b"]);
    let place = Place { partition: 0, offset: 1 };
    evidence.normalized[1].place.offset = 2;
    evidence.normalized.insert(1, Fact { event_id: "r".into(), place, ..event("r", 3, 2).fact });
    let judged = |repeated: &Repeats| {
        let verdict = judge(&evidence, Expectation { sources: None, repeated, scope: Scope::Whole });
        verdict.found.keys().copied().collect::<Vec<_>>()
    };
    assert_eq!(judged(&Repeats { places: [place].into() }), [""; 0]);
    assert_eq!(judged(&Repeats::default()), ["late-without-reason"]);
}

#[test]
fn causes_come_before_effects_or_a_gap_is_marked() {
    let started = |id, at, taken_in| typed("conversation.started", event(id, at, taken_in));
    let queued = |id, at, taken_in| typed("queue.entered", event(id, at, taken_in));
    check(&[started("a", 1, 1), queued("b", 2, 2)], &["b", "a"], &[]);
    check(&[queued("b", 2, 2)], &["b"], &["gap-unmarked"]);
    check(&[gap(queued("b", 2, 2))], &["b"], &[]);
    check(&[started("a", 1, 1), gap(queued("b", 2, 2))], &["a", "b"], &["gap-without-reason"]);
}

#[test]
fn a_causal_event_is_late_only_behind_what_was_free_to_go() {
    let message = |id, at, taken_in| mode("CAUSAL", event(id, at, taken_in));
    check(&[message("new", 9, 10), late(message("old", 5, 12))], &["new", "old"], &[]);
    check(&[message("new", 9, 10), late(message("old", 5, 12))], &["old", "new"], &["late-in-time"]);
    check(&[message("new", 9, 10), message("old", 5, 12)], &["new", "old"], &["out-of-order"]);
    // What lacked its cause was held, and may only be overtaken by the cause after the hold.
    let queued = gap(typed("queue.entered", event("new", 9, 10)));
    let started = |taken_in| late(typed("conversation.started", event("old", 5, taken_in)));
    check(&[queued.clone(), started(20)], &["new", "old"], &["late-in-time"]);
    check(&[queued, started(510)], &["new", "old"], &[]);
}

#[test]
fn a_causal_event_that_waited_may_be_overtaken_by_what_came_meanwhile() {
    let message = mode("CAUSAL", event("free", 9, 12));
    let held = typed("acw.ended", event("held", 5, 10));
    check(&[message, late(gap(held))], &["held", "free"], &[]);
}

#[test]
fn numbers_ascend_and_gaps_are_marked_and_explained() {
    check(&[numbered(1, 1), numbered(2, 2)], &["n2", "n1"], &[]);
    check(&[numbered(7, 1)], &["n7"], &["gap-unmarked"]);
    check(&[numbered(1, 1), numbered(3, 2)], &["n1", "n3"], &["gap-unmarked"]);
    check(&[numbered(1, 1), gap(numbered(2, 2))], &["n1", "n2"], &["gap-without-reason"]);
    let skipped = [numbered(1, 1), gap(numbered(3, 2)), late(numbered(2, 502))];
    check(&skipped, &["n1", "n3", "n2"], &[]);
    let in_time = [numbered(1, 1), gap(numbered(3, 2)), late(numbered(2, 100))];
    check(&in_time, &["n1", "n3", "n2"], &["late-in-time"]);
    check(&[numbered(2, 1), numbered(1, 2)], &["n2", "n1"], &["gap-unmarked", "out-of-order"]);
    check(&[numbered(1, 1), late(numbered(2, 2))], &["n1", "n2"], &["late-without-reason"]);
}

#[test]
fn the_mode_is_the_one_configured() {
    let given = evidence(&[event("a", 1, 1)], &["a"]);
    let sources = BTreeMap::from([("s".to_owned(), Source { mode: "CAUSAL", hold_ms: 500 })]);
    let repeated = &Repeats::default();
    let verdict = judge(&given, Expectation { sources: Some(&sources), repeated, scope: Scope::Whole });
    assert!(verdict.found.contains_key("mode"));
    let unknown = evidence(&[mode("UNKNOWN", event("a", 1, 1))], &["a"]);
    assert_eq!(kinds(&unknown).0, ["mode"]);
}

#[test]
fn channels_and_entities_have_an_order_of_their_own() {
    let mut other = event("b", 4, 2);
    other.fact.channel = "chat".into();
    check(&[event("a", 5, 1), other], &["a", "b"], &[]);
    let mut agent = evidence(&[event("a", 5, 1), event("b", 4, 2)], &["a", "b"]);
    agent.enriched[1].fact.conversation_id = None;
    agent.enriched[1].fact.entity_type = "agent".into();
    agent.enriched[1].ordering.position = 1;
    assert_eq!(kinds(&agent).0, [""; 0]);
}

#[test]
fn an_event_from_the_future_makes_nothing_late_for_ever() {
    let future = event("a", 99_000_000, 1_000);
    let next = event("b", 1_000 + 5 * 60_000 + 1, 2_000);
    check(&[future, next], &["a", "b"], &[]);
}

#[test]
fn of_a_range_only_its_own_events_are_judged_and_its_neighbours_are_known() {
    let scope = Scope::Range { since: 10, until: 20 };
    let repeated = &Repeats::default();
    let judged =
        |evidence: &Evidence| judge(evidence, Expectation { sources: None, repeated, scope }).violations();
    // Published 5, 6, 7; the second was taken in before the range begins.
    let mut published = evidence(&[event("b", 2, 11), event("a", 1, 9), event("c", 3, 12)], &["a", "b", "c"]);
    (0..3).for_each(|index| published.enriched[index].ordering.position = 5 + index as i64);
    assert_eq!(judged(&published), 0, "disorder of what is not in range");
    published.enriched[2].ordering.position = 8;
    assert_eq!(judged(&published), 1, "a hole");
    published.enriched[2].fact.ingest_time = 25;
    assert_eq!(judged(&published), 0, "a hole after the range");
    let first_is_late = evidence(&[late(event("a", 1, 11))], &["a"]);
    assert_eq!(judged(&first_is_late), 0, "what it came after is not known");
}
