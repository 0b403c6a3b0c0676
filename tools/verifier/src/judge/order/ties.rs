//! Events of one millisecond, by what docs/event-types.md says of their types.

use crate::evidence::Fact;

/// Whether one of two events of a millisecond comes before the other whichever arrived first: a conversation begins
/// before all that happens in it and ends after it, and what begins and ends in one session begins before it ends.
pub(super) fn is_cause_of(one: &Fact, other: &Fact) -> bool {
    place(&one.event_type) < place(&other.event_type) || is_own_start(one, other)
}

fn place(event_type: &str) -> u8 {
    match event_type {
        "conversation.started" => 0,
        "conversation.ended" => 2,
        _ => 1,
    }
}

fn is_own_start(start: &Fact, end: &Fact) -> bool {
    const SPANS: [(&str, &str); 4] = [
        ("queue.entered", "queue.left"),
        ("participant.connected", "participant.disconnected"),
        ("flow.started", "flow.ended"),
        ("voicemail.started", "voicemail.ended"),
    ];
    SPANS.contains(&(&start.event_type, &end.event_type))
        && start.participant_id.is_some()
        && start.participant_id == end.participant_id
        && start.session_id.is_some()
        && start.session_id == end.session_id
}

/// Whether one event ends another session of the customer than the one that the other event starts.
pub(super) fn ends_another(end: &Fact, start: &Fact) -> bool {
    let session = |fact: &Fact| fact.participant_id.clone().zip(fact.session_id.clone());
    (end.event_type.as_str(), start.event_type.as_str()) == ("conversation.ended", "conversation.started")
        && session(end).zip(session(start)).is_some_and(|(end, start)| end != start)
}
