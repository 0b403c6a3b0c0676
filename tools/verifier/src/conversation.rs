//! A conversation as the published types describe it: reference models of its order and of its figures, written from
//! docs/event-types.md and the documentation of the schema, not from the processor.

mod answers;
mod callers;
mod durations;
mod edges;
mod figures;
mod sessions;
mod transfers;

use std::collections::BTreeSet;

pub use callers::subjects;
pub use figures::Model;

use crate::evidence::Fact;

/// Participants that are told apart; with more, the cause of none is missed.
const TOLD_APART: usize = 64;

/// What must come before what, after some events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    reached: Stage,
    /// Whose flow, queue or call began; of nobody in particular with an empty id.
    began: BTreeSet<(Stage, String)>,
}

/// How far a conversation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Stage {
    #[default]
    New,
    Started,
    Ivr,
    Queued,
    Connected,
    Ended,
}

// === impl Conversation ===

impl Conversation {
    /// Takes an event of a participant in.
    pub fn take(&mut self, event_type: &str, participant: Option<&str>) {
        let stage = match event_type {
            "flow.started" => Stage::Ivr,
            "queue.entered" => Stage::Queued,
            "participant.connected" => Stage::Connected,
            "conversation.ended" => Stage::Ended,
            // Whatever is heard of a conversation says that it began.
            _ => Stage::Started,
        };
        self.reached = self.reached.max(stage);
        let begins = [Stage::Ivr, Stage::Queued, Stage::Connected].contains(&stage);
        if begins && self.began.len() < TOLD_APART {
            self.began.insert((stage, participant.unwrap_or_default().to_owned()));
        }
    }

    /// Whether an event makes sense now; else something that must come before it is missing.
    pub fn admits_fact(&self, fact: &Fact) -> bool {
        let of_agent =
            matches!(fact.event_type.as_str(), "participant.connected" | "participant.disconnected");
        // Agent sessions of CXone tell of an agent's contacts alone, and that one is final whether it ever was active.
        let alone = of_agent && fact.channel == "agent-session";
        !fact.is_conversational() || alone || self.admits(&fact.event_type, fact.participant_id.as_deref())
    }

    /// The same of an event of this type and participant.
    pub fn admits(&self, event_type: &str, participant: Option<&str>) -> bool {
        let stage = match event_type {
            "flow.ended" => Stage::Ivr,
            "queue.left" => Stage::Queued,
            "participant.disconnected" | "acw.ended" | "wrapup.applied" => Stage::Connected,
            "flow.started"
            | "flow.outcome"
            | "queue.entered"
            | "participant.connected"
            | "conversation.ended"
            | "conversation.contact_changed"
            | "conversation.attributes_changed"
            | "conversation.status_changed" => return self.reached > Stage::New,
            _ => return true,
        };
        let began = |whose: &str| self.began.contains(&(stage, whose.to_owned()));
        match participant {
            None | Some("") => self.reached >= stage,
            Some(participant) => began(participant) || began("") || self.began.len() == TOLD_APART,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events of participants, each by the first word of the type behind a name: `a participant.connected`.
    fn told(events: &[&str]) -> Conversation {
        let mut conversation = Conversation::default();
        for event in events {
            let (participant, event_type) = event.split_once(' ').unwrap_or(("", event));
            conversation.take(event_type, Some(participant));
        }
        conversation
    }

    #[test]
    fn prerequisites_are_known() {
        assert!(!told(&[]).admits("queue.entered", None));
        assert!(told(&[]).admits("conversation.started", None));
        assert!(!told(&["conversation.started"]).admits("participant.disconnected", None));
        assert!(told(&["conversation.ended"]).admits("acw.ended", None));
        assert!(told(&["conversation.ended", "queue.entered"]).admits("acw.ended", None));
    }

    #[test]
    fn what_was_seen_once_stays_seen() {
        let call = [
            "conversation.started",
            "a participant.connected",
            "a participant.disconnected",
            "q queue.entered",
        ];
        assert!(told(&call).admits("acw.ended", Some("a")), "the next queue is no matter of the first agent");
        assert!(
            told(&[&call[..], &["conversation.ended", "conversation.started"]].concat())
                .admits("wrapup.applied", Some("a"))
        );
    }

    #[test]
    fn each_participant_has_its_own_beginning() {
        let call = told(&["conversation.started", "a participant.connected"]);
        assert!(!call.admits("participant.disconnected", Some("b")));
        assert!(!call.admits("queue.left", Some("a")));
        assert!(call.admits("participant.disconnected", None));
        assert!(told(&["participant.connected"]).admits("participant.disconnected", Some("b")));
        let many: Vec<String> = (0..64).map(|number| format!("p{number} participant.connected")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(!told(&many[1..]).admits("acw.ended", Some("b")));
        assert!(told(&many).admits("acw.ended", Some("b")), "too many to be told apart");
    }
}
