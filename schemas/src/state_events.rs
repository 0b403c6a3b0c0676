//! Which events tell a state, and of whom among those that one topic tells of.
//!
//! A platform that cannot know whether it was heard says a state again, and a consumer learns nothing from it. Of
//! anything else two equal reports may be two facts: somebody who types twice, a flow that runs twice.

use crate::event_type as types;

/// Types of events that say how something is, not that something happened: said twice in a row, they say nothing new.
const STATES: [&str; 7] = [
    types::CONVERSATION_UPDATED,
    types::PARTICIPANT_CHANGED,
    types::QUEUE_MEMBER_CHANGED,
    types::QUEUE_OBSERVED,
    types::AGENT_STATE_CHANGED,
    types::AGENT_LOAD_CHANGED,
    types::AGENT_LEG_CHANGED,
];

/// Who and what an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Named<'a> {
    /// The agent.
    pub agent: Option<&'a str>,
    /// The participant.
    pub participant: Option<&'a str>,
    /// The medium.
    pub medium: Option<&'a str>,
}

/// Whether events of this type tell a state.
pub fn is_state(event_type: &str) -> bool {
    STATES.contains(&event_type)
}

/// Of whom an event tells, where its topic tells of several: of which member of a queue or a chat, or of which
/// medium of a queue. `None` where a topic tells of one thing only, or where the event does not say of which.
pub fn member<'a>(event_type: &str, named: Named<'a>) -> Option<&'a str> {
    match event_type {
        types::QUEUE_MEMBER_CHANGED => named.agent,
        types::PARTICIPANT_CHANGED => named.participant.or(named.agent),
        // Figures of all media together are a row of their own.
        types::QUEUE_OBSERVED => Some(named.medium.unwrap_or("all")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_no_state() {
        for happens in [types::PLATFORM_EVENT, types::TYPING_STARTED, types::CONVERSATION_MESSAGE_ADDED] {
            assert!(!is_state(happens), "{happens}");
        }
        assert!(STATES.iter().all(|state| types::ALL.contains(state) && is_state(state)));
    }

    #[test]
    fn members_of_one_topic_are_told_apart() {
        let named = Named { agent: Some("a"), participant: Some("p"), medium: Some("voice") };
        for (event_type, expected) in [
            (types::QUEUE_MEMBER_CHANGED, Some("a")),
            (types::PARTICIPANT_CHANGED, Some("p")),
            (types::QUEUE_OBSERVED, Some("voice")),
            (types::AGENT_STATE_CHANGED, None),
            // A whole conversation, whoever is in it.
            (types::CONVERSATION_UPDATED, None),
        ] {
            assert_eq!(member(event_type, named), expected, "{event_type}");
        }
        let nobody = Named::default();
        assert_eq!(member(types::QUEUE_OBSERVED, nobody), Some("all"));
        assert_eq!(member(types::QUEUE_MEMBER_CHANGED, nobody), None);
        assert_eq!(member(types::PARTICIPANT_CHANGED, Named { agent: Some("a"), ..nobody }), Some("a"));
    }
}
