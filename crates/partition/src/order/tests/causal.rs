//! What waits for its cause, and what does not.

use super::*;

/// A fact of a causal channel, appended at 0.
fn causal(offset: i64, event_type: &'static str, participant: &str) -> Facts<'static> {
    let need = Need::of(&of(event_type, participant));
    Facts { offset, event_time: 10, arrived_at: 0, sequence: None, event_type, need, edge: None }
}

#[test]
fn causal_waits_for_what_is_lacking_but_not_for_ever() {
    let mut channel = Channel::new(OrderMode::Causal, HOLD, ChannelOrder::default());
    let (nothing, begun) = (seen(&[]), seen(&[("conversation.started", "c")]));
    assert!(channel.arrive(causal(2, "participant.connected", "a"), 2, &nothing).is_none());
    assert!(channel.next_ready(HOLD - 1, &nothing).is_none());
    let passed = channel.next_ready(HOLD - 1, &begun).unwrap();
    assert!(passed.held_ms > 0 && !passed.gap_before);

    assert!(channel.arrive(causal(3, "participant.connected", "a"), 3, &nothing).is_none());
    let passed = channel.next_ready(HOLD, &nothing).unwrap();
    assert!(passed.held_ms > 0 && passed.gap_before);
}

/// Which events of a call had to wait for something, one after the other.
fn held(call: &[(&'static str, &'static str)]) -> Vec<usize> {
    let mut channel = Channel::new(OrderMode::Causal, HOLD, ChannelOrder::default());
    let mut held = Vec::new();
    for (index, (event_type, participant)) in call.iter().enumerate() {
        let before = seen(&call[..index]);
        if channel.arrive(causal(index as i64, event_type, participant), index, &before).is_none() {
            held.push(index);
        }
    }
    held
}

#[test]
fn nothing_waits_in_a_call_of_several_agents_that_comes_in_order() {
    let begin = [("conversation.started", "c"), ("queue.entered", "q1"), ("participant.connected", "a")];
    let consult = [
        ("participant.connected", "b"),
        ("participant.disconnected", "b"),
        ("acw.ended", "b"),
        ("queue.left", "q1"),
        ("participant.disconnected", "a"),
        ("wrapup.applied", "a"),
    ];
    // The second queue is entered before the first agent has left, and that one writes up meanwhile.
    let blind_transfer = [
        ("queue.left", "q1"),
        ("queue.entered", "q2"),
        ("participant.disconnected", "a"),
        ("participant.connected", "b"),
        ("queue.left", "q2"),
        ("acw.ended", "a"),
        ("flow.started", "f"),
        ("participant.disconnected", "b"),
        ("flow.ended", "f"),
        ("wrapup.applied", "a"),
    ];
    let conference = [
        ("participant.connected", "b"),
        ("queue.entered", "q2"),
        ("participant.connected", "x"),
        ("participant.disconnected", "x"),
        ("participant.disconnected", "b"),
        ("queue.left", "q2"),
        ("participant.disconnected", "a"),
        ("queue.left", "q1"),
    ];
    // Nobody answered, the first agent's work goes on after the end, and the conversation begins again.
    let again = [
        ("participant.disconnected", "a"),
        ("queue.entered", "q2"),
        ("acw.ended", "a"),
        ("conversation.ended", "c"),
        ("conversation.started", "c2"),
        ("queue.left", "q1"),
        ("wrapup.applied", "a"),
        ("queue.left", "q2"),
    ];
    for rest in [&consult[..], &blind_transfer, &conference, &again] {
        assert_eq!(held(&[&begin[..], rest].concat()), [0; 0], "{rest:?}");
    }
}

#[test]
fn each_participant_has_causes_of_its_own() {
    let call = [
        ("conversation.started", "c"),
        ("participant.connected", "a"),
        // Of somebody else, whose beginning was not seen.
        ("participant.disconnected", "b"),
        ("queue.left", "a"),
        ("acw.ended", ""),
        ("conversation.ended", "c"),
        ("flow.ended", "f"),
        ("flow.ended", ""),
    ];
    assert_eq!(held(&call), [2, 3, 6]);
    // A beginning that says of nobody whose it was may be anybody's.
    let nobody =
        [("conversation.started", ""), ("queue.entered", ""), ("queue.left", "q"), ("acw.ended", "")];
    assert_eq!(held(&nobody), [3]);
}

#[test]
fn participants_beyond_those_that_are_told_apart_count_as_seen() {
    let name = |number: usize| -> &'static str { format!("p{number}").leak() };
    let mut call: Vec<_> = (0..63).map(|number| ("participant.connected", name(number))).collect();
    call.insert(0, ("conversation.started", "c"));
    assert_eq!(held(&[&call[..], &[("acw.ended", "x")]].concat()), [64]);
    call.push(("participant.connected", "the last one"));
    assert_eq!(held(&[&call[..], &[("acw.ended", "x"), ("queue.left", "x")]].concat()), [0; 0]);
}
