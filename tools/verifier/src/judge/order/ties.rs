//! Events of one millisecond, by what docs/event-types.md says of their types.

use crate::evidence::Fact;

/// Whether one of two events of a millisecond comes before the other whichever arrived first: a conversation begins
/// before all that happens in it and ends after it, and so does what begins and ends in one session; work after a
/// contact is over after it, and a code is given after the agent came.
pub(super) fn is_cause_of(one: &Fact, other: &Fact) -> bool {
    place(&one.event_type) < place(&other.event_type) || is_before_in_its_stay(one, other)
}

fn place(event_type: &str) -> u8 {
    match event_type {
        "conversation.started" => 0,
        "conversation.ended" => 2,
        _ => 1,
    }
}

/// Whether both are of one stay, and one of them has its place before the other there.
fn is_before_in_its_stay(one: &Fact, other: &Fact) -> bool {
    const STAYS: [&[&str]; 5] = [
        &["queue.entered", "queue.left"],
        &["participant.connected", "participant.disconnected", "acw.ended"],
        &["participant.connected", "wrapup.applied"],
        &["flow.started", "flow.outcome", "flow.ended"],
        &["voicemail.started", "voicemail.ended"],
    ];
    let step = |stay: &[&str], fact: &Fact| stay.iter().position(|step| *step == fact.event_type);
    let before =
        |stay: &[&str]| step(stay, one).zip(step(stay, other)).is_some_and(|(one, other)| one < other);
    let same = |own: &Option<String>, other: &Option<String>| own.is_some() && own == other;
    same(&one.participant_id, &other.participant_id)
        && same(&one.session_id, &other.session_id)
        && STAYS.iter().any(|stay| before(stay))
}

/// Whether one event ends another session of the customer than the one that the other event starts.
pub(super) fn ends_another(end: &Fact, start: &Fact) -> bool {
    let session = |fact: &Fact| fact.participant_id.clone().zip(fact.session_id.clone());
    (end.event_type.as_str(), start.event_type.as_str()) == ("conversation.ended", "conversation.started")
        && session(end).zip(session(start)).is_some_and(|(end, start)| end != start)
}
