use super::*;
use crate::events::{encoded, event};

#[test]
fn a_call_with_a_transfer_is_counted_right() {
    let mut conversation = Conversation::default();
    for (event_type, at, agent) in [
        (et::CONVERSATION_STARTED, 0, None),
        (et::FLOW_STARTED, 100, None),
        (et::FLOW_ENDED, 2_000, None),
        (et::QUEUE_ENTERED, 2_000, None),
        (et::QUEUE_LEFT, 10_000, None),
        (et::PARTICIPANT_CONNECTED, 10_000, Some("a")),
        (et::PARTICIPANT_DISCONNECTED, 40_000, Some("a")),
        (et::QUEUE_ENTERED, 40_000, None),
        (et::PARTICIPANT_CONNECTED, 45_000, Some("b")),
        (et::PARTICIPANT_DISCONNECTED, 60_000, Some("b")),
        (et::CONVERSATION_ENDED, 60_500, None),
        (et::WRAPUP_APPLIED, 70_000, Some("b")),
    ] {
        assert!(conversation.phase.admits(event_type), "{event_type} in {:?}", conversation.phase);
        let mut event = event("c", event_type, at);
        event.agent_id = agent.map(str::to_owned);
        conversation.apply(&encoded(&event));
    }
    let summary = conversation.summary(12);
    assert_eq!(summary.state, "ended");
    assert_eq!(summary.started_at, Some(0));
    assert_eq!(summary.queued_ms, Some(13_000));
    assert_eq!(summary.handled_ms, Some(45_000));
    assert_eq!(summary.transfers, 1);
}

#[test]
fn what_lacks_its_prerequisite_is_not_admitted() {
    for (phase, event_type, admitted) in [
        (Phase::New, et::PARTICIPANT_CONNECTED, false),
        (Phase::Started, et::PARTICIPANT_CONNECTED, true),
        (Phase::Started, et::PARTICIPANT_DISCONNECTED, false),
        (Phase::New, et::CONVERSATION_ENDED, false),
        (Phase::New, et::MESSAGE_RECEIVED, true),
        (Phase::Started, et::QUEUE_LEFT, false),
        (Phase::New, et::PLATFORM_EVENT, true),
    ] {
        assert_eq!(phase.admits(event_type), admitted, "{event_type} in {phase:?}");
    }
}
