use trunkline_schemas::PlatformEvent;

use super::*;
use crate::events::{encoded, event};

mod agents;
mod answers;
mod customers;
mod hangups;
mod kept;
mod lives;
mod parts;
mod queues;

/// An event of a participant's session, with what it tells.
fn fact(
    event_type: &str,
    at: i64,
    session: &str,
    agent: Option<&str>,
    told: &[(&str, &str)],
) -> PlatformEvent {
    let mut event = event("c", event_type, at);
    event.participant_id = (!session.is_empty()).then(|| format!("participant of {session}"));
    event.agent_id = agent.map(str::to_owned);
    let of_session = [("sessionId", session)].into_iter().filter(|(_, session)| !session.is_empty());
    event.attributes =
        of_session.chain(told.iter().copied()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    event
}

fn start(at: i64, session: &str) -> PlatformEvent {
    fact(et::CONVERSATION_STARTED, at, session, None, &[])
}

fn end(at: i64, session: &str) -> PlatformEvent {
    fact(et::CONVERSATION_ENDED, at, session, None, &[])
}

/// An agent's session that starts.
fn joins(at: i64, agent: &str) -> PlatformEvent {
    fact(et::PARTICIPANT_CONNECTED, at, agent, Some(agent), &[])
}

/// An agent's session that ends.
fn leaves(at: i64, agent: &str, told: &[(&str, &str)]) -> PlatformEvent {
    fact(et::PARTICIPANT_DISCONNECTED, at, agent, Some(agent), told)
}

fn after(events: &[PlatformEvent]) -> ConversationSummary {
    let mut conversation = Conversation::default();
    events.iter().for_each(|event| conversation.apply(&encoded(event), &Callers::default()));
    conversation.summary(events.len() as i64)
}

#[test]
fn a_call_with_a_transfer_is_counted_right() {
    let mut conversation = Conversation::default();
    for (event_type, at, session, agent) in [
        (et::CONVERSATION_STARTED, 0, "customer", None),
        (et::FLOW_STARTED, 100, "flow", None),
        (et::FLOW_ENDED, 2_000, "flow", None),
        (et::QUEUE_ENTERED, 2_000, "first queue", None),
        (et::QUEUE_LEFT, 10_000, "first queue", None),
        (et::PARTICIPANT_CONNECTED, 10_000, "a", Some("a")),
        (et::PARTICIPANT_DISCONNECTED, 40_000, "a", Some("a")),
        (et::QUEUE_ENTERED, 40_000, "second queue", None),
        (et::PARTICIPANT_CONNECTED, 45_000, "b", Some("b")),
        (et::PARTICIPANT_DISCONNECTED, 60_000, "b", Some("b")),
        (et::CONVERSATION_ENDED, 60_500, "customer", None),
        (et::WRAPUP_APPLIED, 70_000, "b", Some("b")),
    ] {
        let event = encoded(&fact(event_type, at, session, agent, &[]));
        assert!(conversation.causes().admit(Need::of(&event)), "{event_type} of {session}");
        conversation.apply(&event, &Callers::default());
    }
    let summary = conversation.summary(12);
    assert_eq!(summary.state, "ended");
    assert_eq!(summary.started_at, Some(0));
    assert_eq!(summary.queued_ms, Some(13_000));
    assert_eq!(summary.handled_ms, Some(45_000));
    assert_eq!((summary.transfers, summary.blind_transfers, summary.agents), (1, Some(1), Some(2)));
}

#[test]
fn the_state_follows_the_sessions() {
    let mut conversation = Conversation::default();
    for (event_type, session, agent, state) in [
        (et::MESSAGE_RECEIVED, "", None, "started"),
        (et::CONVERSATION_STARTED, "c", None, "started"),
        (et::FLOW_STARTED, "f", None, "ivr"),
        (et::QUEUE_ENTERED, "q", None, "queued"),
        (et::PARTICIPANT_CONNECTED, "a", Some("a"), "connected"),
        (et::MESSAGE_SENT, "a", Some("a"), "connected"),
        (et::PARTICIPANT_DISCONNECTED, "a", Some("a"), "wrapup"),
        (et::CONVERSATION_ENDED, "c", None, "ended"),
        (et::ACW_ENDED, "a", Some("a"), "ended"),
    ] {
        let at = conversation.summary(0).started_at.unwrap_or(0) + 1;
        conversation.apply(&encoded(&fact(event_type, at * 10, session, agent, &[])), &Callers::default());
        assert_eq!(conversation.summary(1).state, state, "after {event_type}");
    }
}

#[test]
fn what_belongs_to_no_conversation_has_no_figures() {
    let mut conversation = Conversation::default();
    let mut event = joins(5, "a");
    event.conversation_id = None;
    conversation.apply(&encoded(&event), &Callers::default());
    assert_eq!(conversation, Conversation::default());
    let none = no_conversation(3);
    assert_eq!((none.state.as_str(), none.events, none.agents), ("none", 3, None));
}

#[test]
fn what_lacks_its_prerequisite_is_not_admitted() {
    use et::{CONVERSATION_ENDED, CONVERSATION_STARTED, PARTICIPANT_CONNECTED, PARTICIPANT_DISCONNECTED};
    for (before, event_type, admitted) in [
        (&[][..], PARTICIPANT_CONNECTED, false),
        (&[CONVERSATION_STARTED], PARTICIPANT_CONNECTED, true),
        (&[et::MESSAGE_RECEIVED], PARTICIPANT_CONNECTED, true),
        (&[CONVERSATION_STARTED], PARTICIPANT_DISCONNECTED, false),
        (&[], CONVERSATION_ENDED, false),
        (&[], et::MESSAGE_RECEIVED, true),
        (&[CONVERSATION_STARTED], et::QUEUE_LEFT, false),
        (&[], et::PLATFORM_EVENT, true),
        (&[CONVERSATION_STARTED, CONVERSATION_ENDED], CONVERSATION_STARTED, true),
        (&[CONVERSATION_STARTED, CONVERSATION_ENDED], PARTICIPANT_DISCONNECTED, true),
        // Stragglers of the life before.
        (&[PARTICIPANT_CONNECTED, CONVERSATION_ENDED, CONVERSATION_STARTED], et::ACW_ENDED, true),
    ] {
        let event = |event_type| encoded(&fact(event_type, 0, "", Some("a"), &[]));
        let mut conversation = Conversation::default();
        before.iter().for_each(|event_type| conversation.apply(&event(event_type), &Callers::default()));
        let need = Need::of(&event(event_type));
        assert_eq!(conversation.causes().admit(need), admitted, "{event_type} after {before:?}");
    }
    let mut of_an_agent = fact(PARTICIPANT_CONNECTED, 0, "", Some("a"), &[]);
    of_an_agent.conversation_id = None;
    assert!(Conversation::default().causes().admit(Need::of(&encoded(&of_an_agent))), "of no conversation");
}
