use proptest::prelude::*;
use trunkline_schemas::EncodedEvent;

use super::*;
use crate::events::{encoded, event};

mod causal;

const HOLD: i64 = 500;

#[derive(Debug, Clone)]
struct Arrival {
    at: i64,
    sequence: i64,
    id: u128,
    event_time: i64,
}

/// An event of a participant; of nobody in particular where the name is empty.
fn of(event_type: &str, participant: &str) -> EncodedEvent {
    let mut event = event("c", event_type, 0);
    event.participant_id = Some(participant.to_owned()).filter(|participant| !participant.is_empty());
    encoded(&event)
}

/// What a conversation has seen after these events.
fn seen(events: &[(&str, &str)]) -> Causes {
    let mut causes = Causes::default();
    events.iter().for_each(|(event_type, participant)| causes.take(&of(event_type, participant)));
    causes
}

/// What comes out, in order, when arrivals come in at their times and the clock then runs on.
fn run(mode: OrderMode, arrivals: &[Arrival]) -> Vec<(u128, bool, bool)> {
    let mut channel = Channel::new(mode, HOLD, ChannelOrder::default());
    let mut out = Vec::new();
    let begun = seen(&[("conversation.started", "")]);
    let drain = |channel: &mut Channel<u128>, now: i64, out: &mut Vec<(u128, bool, bool)>| {
        while let Some(passed) = channel.next_ready(now, &begun) {
            out.push((passed.item, passed.late, passed.gap_before));
        }
    };
    for (offset, arrival) in arrivals.iter().enumerate() {
        drain(&mut channel, arrival.at, &mut out);
        let facts = Facts {
            offset: offset as i64,
            event_time: arrival.event_time,
            arrived_at: arrival.at,
            sequence: Some(arrival.sequence),
            event_type: "message.received",
            need: Need::of(&of("message.received", "")),
            edge: None,
        };
        if let Some(passed) = channel.arrive(facts, arrival.id, &begun) {
            out.push((passed.item, passed.late, passed.gap_before));
        }
        drain(&mut channel, arrival.at, &mut out);
    }
    drain(&mut channel, i64::MAX, &mut out);
    assert!(channel.is_empty());
    out
}

fn arrival(at: i64, n: i64) -> Arrival {
    Arrival { at, sequence: n, id: n as u128, event_time: n * 10 }
}

#[test]
fn sequenced_goes_on_after_a_gap_and_marks_the_straggler() {
    let out = run(
        OrderMode::Sequenced,
        &[arrival(0, 1), arrival(10, 3), arrival(20, 4), arrival(600, 5), arrival(700, 2)],
    );
    assert_eq!(
        out,
        [(1, false, false), (3, false, true), (4, false, false), (5, false, false), (2, true, false)]
    );
}

#[test]
fn sorted_marks_only_what_comes_after_its_hold() {
    let out = run(OrderMode::Sorted, &[arrival(0, 2), arrival(100, 1), arrival(700, 4), arrival(1_300, 3)]);
    assert_eq!(out, [(1, false, false), (2, false, false), (4, false, false), (3, true, false)]);
}

/// What comes out of events of one millisecond that arrive one after the other: type, and session of one participant.
fn of_one_millisecond(mode: OrderMode, arrivals: &[(&str, &str)]) -> Vec<usize> {
    let mut channel = Channel::new(mode, HOLD, ChannelOrder::default());
    let mut out = Vec::new();
    for (offset, (event_type, session)) in arrivals.iter().enumerate() {
        let facts = Facts {
            offset: offset as i64,
            event_time: 10,
            // Offsets give the order, whatever the clocks of those that took the events in say.
            arrived_at: 100 - offset as i64,
            sequence: None,
            event_type,
            need: Need::of(&of(event_type, "participant")),
            edge: edge(event_type, Some("participant"), Some(*session).filter(|session| !session.is_empty())),
        };
        out.extend(channel.arrive(facts, offset, &Causes::default()));
    }
    let mut causes = Causes::default();
    while let Some(passed) = channel.next_ready(i64::MAX, &causes) {
        causes.take(&of(arrivals[passed.item].0, "participant"));
        out.push(passed);
    }
    assert!(out.iter().all(|passed| !passed.late), "an equal time is never late");
    out.into_iter().map(|passed| passed.item).collect()
}

#[test]
fn events_of_one_millisecond_keep_the_order_of_their_arrival_within_their_conversation() {
    let sorted = |arrivals: &[(&str, &str)]| of_one_millisecond(OrderMode::Sorted, arrivals);
    assert_eq!(sorted(&[("flow.started", "f"), ("conversation.started", "c")]), [1, 0]);
    assert_eq!(sorted(&[("conversation.ended", "c"), ("participant.disconnected", "a")]), [1, 0]);
    let all = ["message.received", "acw.ended", "wrapup.applied", "queue.left", "flow.ended", "message.sent"];
    let all: Vec<(&str, &str)> = all.into_iter().map(|event_type| (event_type, "s")).collect();
    assert_eq!(sorted(&all), [0, 1, 2, 3, 4, 5]);
    let ended = [&[("conversation.ended", "c")], &all[..]].concat();
    assert_eq!(sorted(&ended), [1, 2, 3, 4, 5, 6, 0]);
}

#[test]
fn an_end_that_came_before_its_own_start_of_the_same_millisecond_comes_right_after_it() {
    let sorted = |arrivals: &[(&str, &str)]| of_one_millisecond(OrderMode::Sorted, arrivals);
    let ended_first =
        [("flow.ended", "f"), ("message.received", ""), ("flow.started", "f"), ("message.sent", "")];
    assert_eq!(sorted(&ended_first), [1, 2, 0, 3]);
    // The end of another session, of another kind, or of nobody knows what, stays where it is.
    assert_eq!(sorted(&[("flow.ended", "e"), ("flow.started", "f")]), [0, 1]);
    assert_eq!(sorted(&[("queue.left", "f"), ("flow.started", "f")]), [0, 1]);
    assert_eq!(sorted(&[("flow.ended", ""), ("flow.started", "")]), [0, 1]);
    // Two ends of one start keep their order, and so do a start and its end.
    assert_eq!(sorted(&[("flow.ended", "f"), ("flow.ended", "f"), ("flow.started", "f")]), [2, 0, 1]);
    assert_eq!(sorted(&[("flow.started", "f"), ("message.sent", ""), ("flow.ended", "f")]), [0, 1, 2]);
}

#[test]
fn what_happens_within_a_stay_lies_between_its_start_and_its_end() {
    let sorted = |arrivals: &[(&str, &str)]| of_one_millisecond(OrderMode::Sorted, arrivals);
    let parts = |types: [&'static str; 3], order: [usize; 3]| order.map(|part| (types[part], "s"));
    for types in [
        ["flow.started", "flow.outcome", "flow.ended"],
        ["participant.connected", "participant.disconnected", "acw.ended"],
    ] {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let out: Vec<usize> = sorted(&parts(types, order)).into_iter().map(|at| order[at]).collect();
            assert_eq!(out, [0, 1, 2], "{types:?} in the order {order:?}");
        }
    }
    // A code is given while the agent speaks or behind: after the start, and else as it came.
    let types = ["participant.connected", "wrapup.applied", "participant.disconnected"];
    for (order, expected) in
        [([2, 1, 0], [0, 2, 1]), ([1, 2, 0], [0, 1, 2]), ([2, 0, 1], [0, 2, 1]), ([1, 0, 2], [0, 1, 2])]
    {
        let out: Vec<usize> = sorted(&parts(types, order)).into_iter().map(|at| order[at]).collect();
        assert_eq!(out, expected, "in the order {order:?}");
    }
    // Several within one stay, and others around.
    let many = [
        ("flow.ended", "f"),
        ("message.received", ""),
        ("flow.outcome", "f"),
        ("message.sent", ""),
        ("flow.outcome", "f"),
        ("flow.started", "f"),
    ];
    assert_eq!(sorted(&many), [1, 3, 5, 2, 4, 0]);
    // Of another stay, or of nobody knows which, it says nothing.
    assert_eq!(sorted(&[("flow.ended", "e"), ("flow.outcome", "f")]), [0, 1]);
    assert_eq!(sorted(&[("flow.ended", ""), ("flow.outcome", "")]), [0, 1]);
}

#[test]
fn a_conversation_that_starts_again_in_the_millisecond_of_its_end_keeps_its_order() {
    let sorted = |arrivals: &[(&str, &str)]| of_one_millisecond(OrderMode::Sorted, arrivals);
    let (end, again) = (("conversation.ended", "c"), ("conversation.started", "d"));
    assert_eq!(sorted(&[end, again]), [0, 1]);
    assert_eq!(sorted(&[("conversation.ended", "c"), ("user", "a"), again, ("flow", "f")]), [1, 0, 2, 3]);
    assert_eq!(sorted(&[end, ("flow.ended", "f"), again, ("flow.started", "f")]), [1, 0, 2, 3]);
    // One that came first, that is of the same session, or of nobody knows which, is a beginning.
    assert_eq!(sorted(&[again, end]), [0, 1]);
    assert_eq!(sorted(&[end, ("conversation.started", "c")]), [1, 0]);
    assert_eq!(sorted(&[end, ("conversation.started", "")]), [1, 0]);
    // Twice within one millisecond.
    assert_eq!(
        sorted(&[end, again, ("conversation.ended", "d"), ("conversation.started", "e")]),
        [0, 1, 2, 3]
    );
}

#[test]
fn an_equal_time_that_comes_after_the_hold_is_not_late() {
    for mode in [OrderMode::Sorted, OrderMode::Causal] {
        let at = |at, n: i64, event_time| Arrival { at, sequence: n, id: n as u128, event_time };
        let out = run(mode, &[at(0, 9, 10), at(700, 1, 10), at(1_400, 5, 9)]);
        assert_eq!(out, [(9, false, false), (1, false, false), (5, true, false)], "{mode:?}");
    }
}

#[test]
fn what_waits_for_its_cause_comes_out_by_arrival_and_the_end_of_all_at_last() {
    let waiting = [("conversation.ended", "c"), ("flow.started", "f"), ("queue.entered", "q")];
    assert_eq!(of_one_millisecond(OrderMode::Causal, &waiting), [1, 2, 0]);
}

/// Numbers 1..=n, each displaced by less than the hold.
fn displaced() -> impl Strategy<Value = Vec<Arrival>> {
    proptest::collection::vec((0i64..HOLD, 1i64..200), 1..40).prop_map(|steps| {
        let mut at = 0;
        let mut arrivals: Vec<Arrival> = steps
            .iter()
            .enumerate()
            .map(|(index, (delay, step))| {
                at += step;
                let n = index as i64 + 1;
                Arrival { at: at + delay, sequence: n, id: n as u128, event_time: at }
            })
            .collect();
        arrivals.sort_by_key(|a| (a.at, a.sequence));
        arrivals
    })
}

proptest! {
    #[test]
    fn disorder_within_the_hold_is_put_right(arrivals in displaced()) {
        let expected: Vec<(u128, bool, bool)> =
            (1..=arrivals.len() as u128).map(|n| (n, false, false)).collect();
        prop_assert_eq!(run(OrderMode::Sequenced, &arrivals), expected.clone());
        prop_assert_eq!(run(OrderMode::Sorted, &arrivals), expected);
    }

    #[test]
    fn nothing_is_dropped_whatever_the_disorder(
        arrivals in proptest::collection::vec((0i64..5_000, 1i64..30, 0i64..300), 1..40),
    ) {
        let mut arrivals: Vec<Arrival> = arrivals
            .iter()
            .enumerate()
            .map(|(i, (at, sequence, event_time))| Arrival {
                at: *at, sequence: *sequence, id: i as u128, event_time: *event_time,
            })
            .collect();
        arrivals.sort_by_key(|a| a.at);
        for mode in [OrderMode::Sequenced, OrderMode::Sorted, OrderMode::Causal] {
            let mut out: Vec<u128> = run(mode, &arrivals).into_iter().map(|o| o.0).collect();
            out.sort_unstable();
            prop_assert_eq!(out, (0..arrivals.len() as u128).collect::<Vec<_>>());
        }
    }
}
