//! A conversation as the published types describe it: reference models of its order and of its figures, written from
//! docs/event-types.md and the documentation of the schema, not from the processor.

mod figures;
mod sessions;
mod transfers;

pub use figures::Model;

/// What must come before what, after some events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    state: State,
}

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum State {
    #[default]
    New,
    Started,
    Ivr,
    Queued,
    Connected,
    WrapUp,
    Ended,
}

// === impl Conversation ===

impl Conversation {
    /// Takes an event in.
    pub fn take(&mut self, event_type: &str) {
        self.state = self.state.after(event_type);
    }

    /// Whether an event of this type makes sense now; else something that must come before it is missing.
    pub fn admits(&self, event_type: &str) -> bool {
        use State::{Connected, Ended, Ivr, New, Queued, WrapUp};
        let needs: &[State] = match event_type {
            "flow.ended" => &[Ivr, Queued, Connected, WrapUp, Ended],
            "queue.left" => &[Queued, Connected, WrapUp, Ended],
            "participant.disconnected" | "acw.ended" | "wrapup.applied" => &[Connected, WrapUp, Ended],
            "flow.started"
            | "flow.outcome"
            | "queue.entered"
            | "participant.connected"
            | "conversation.ended"
            | "conversation.contact_changed"
            | "conversation.attributes_changed"
            | "conversation.status_changed" => return self.state != New,
            _ => return true,
        };
        needs.contains(&self.state)
    }
}

// === impl State ===

impl State {
    fn after(self, event_type: &str) -> Self {
        let next = match event_type {
            "conversation.ended" => return Self::Ended,
            // These begin another life; a flow or a queue behind the end may be stragglers of the old one.
            "participant.connected" => return Self::Connected,
            "conversation.started" | "conversation.status_changed" if self == Self::Ended => {
                return Self::Started;
            }
            "flow.started" => Self::Ivr,
            "queue.entered" => Self::Queued,
            "participant.disconnected" if self == Self::Connected => Self::WrapUp,
            // Whatever is heard of a conversation says that it began.
            _ => return self.max(Self::Started),
        };
        if self == Self::Ended { Self::Ended } else { next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(events: &[&str]) -> Conversation {
        let mut conversation = Conversation::default();
        events.iter().for_each(|event_type| conversation.take(event_type));
        conversation
    }

    #[test]
    fn prerequisites_are_known() {
        assert!(!told(&[]).admits("queue.entered"));
        assert!(told(&[]).admits("conversation.started"));
        assert!(!told(&["conversation.started"]).admits("participant.disconnected"));
        assert!(told(&["conversation.ended"]).admits("acw.ended"));
        assert!(told(&["conversation.ended", "queue.entered"]).admits("acw.ended"));
    }

    #[test]
    fn a_new_life_has_causes_of_its_own() {
        let reopened = told(&["conversation.ended", "conversation.status_changed"]);
        assert!(!reopened.admits("participant.disconnected"));
        assert!(told(&["conversation.ended", "participant.connected"]).admits("participant.disconnected"));
    }
}
