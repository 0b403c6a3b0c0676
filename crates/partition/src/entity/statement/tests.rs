use trunkline_schemas::PlatformEvent;

use super::super::Novelty::{self, New, PossibleRepeat, Repeat};
use super::super::contents::Contents;
use super::*;
use crate::events::{encoded, event};

/// Events that are told one after the other, a second apart, with five minutes to be compared in.
fn told(events: &[PlatformEvent]) -> Vec<Novelty> {
    let mut contents = Contents::default();
    let mut novelties = Vec::new();
    for (at, event) in (0..).step_by(1_000).zip(events) {
        let statement = Statement::of(&encoded(event));
        let novelty = contents.judge(&statement, at, 300_000);
        if novelty != Repeat {
            contents.published(&statement, at, 300_000);
        }
        novelties.push(novelty);
    }
    novelties
}

/// An event of CXone that says something; without a content it has an id of its own.
fn cxone(source_type: &str, event_type: &str, content: &str) -> PlatformEvent {
    let mut event = event("c", event_type, 0);
    event.platform = "cxone".to_owned();
    event.source_type = source_type.to_owned();
    event.participant_id = None;
    event.content_id = Some(content.to_owned()).filter(|content| !content.is_empty());
    event
}

#[test]
fn a_state_returns_whatever_type_tells_the_change_in_between() {
    let open = cxone("ContactUpdated", "conversation.updated", "open");
    let between = [
        cxone("ContactStatusChanged", "conversation.ended", "closed"),
        cxone("ContactStatusChanged", "conversation.ended", ""),
        cxone("ContactInboxAssigneeChanged", "participant.connected", "assigned"),
        cxone("AgentContactUpdated", "participant.changed", "of somebody"),
    ];
    for between in between {
        let what = &between.source_type;
        let [first, again] = [open.clone(), open.clone()];
        assert_eq!(told(&[first, between.clone(), again])[2], PossibleRepeat, "{what}");
    }
    assert_eq!(told(&[open.clone(), open]), [New, Repeat], "and told twice in a row it says nothing");
    let mut state = cxone("AgentState", "agent.state_changed", "available");
    let mut leg = cxone("AgentLeg", "agent.leg_changed", "dialling");
    for of_agent in [&mut state, &mut leg] {
        of_agent.conversation_id = None;
        of_agent.entity_type = "agent".to_owned();
    }
    assert_eq!(told(&[state.clone(), leg, state]), [New, New, PossibleRepeat]);
}

#[test]
fn topics_stay_subjects_of_their_own() {
    let on_topic = |topic: &str, content: &str| {
        let mut event = event("c", "conversation.updated", 0);
        event.source_type = "v2.users.{id}.conversations".to_owned();
        event.content_id = Some(content.to_owned());
        event.attributes.insert("topicName".to_owned(), topic.to_owned());
        event
    };
    let snapshot = on_topic("v2.users.1.conversations", "a");
    let mut detail = event("c", "queue.left", 0);
    detail.source_type = "v2.detail.events.conversation.{id}.acd.end".to_owned();
    let mut message = event("c", "message.received", 0);
    message.source_type = "Text".to_owned();
    for between in [on_topic("v2.users.2.conversations", "b"), detail, message] {
        let what = &between.source_type;
        assert_eq!(told(&[snapshot.clone(), between.clone(), snapshot.clone()])[2], Repeat, "{what}");
    }
}

#[test]
fn what_names_nobody_is_never_taken_for_a_repetition() {
    for (source_type, event_type) in [
        ("AgentState", "agent.state_changed"),
        ("AgentLeg", "agent.leg_changed"),
        ("UserStatusChanged", "agent.state_changed"),
    ] {
        let mut state = cxone(source_type, event_type, "available");
        state.conversation_id = None;
        state.entity_type = "unknown".to_owned();
        state.entity_id = "available".to_owned();
        let thrice = [state.clone(), state.clone(), state.clone()];
        assert_eq!(told(&thrice), [New, PossibleRepeat, PossibleRepeat], "{source_type}");
        state.entity_type = "agent".to_owned();
        assert_eq!(told(&[state.clone(), state]), [New, Repeat], "{source_type} of somebody");
    }
}
