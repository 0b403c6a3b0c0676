//! Where a conversation stands, as the causal order needs it, and as it is published.

use serde::{Deserialize, Serialize};
use trunkline_schemas::event_type as et;

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing was seen of it yet.
    #[default]
    New,
    /// It began.
    Started,
    /// A flow (IVR, bot) has it.
    Flow,
    /// It waits in a queue.
    Queued,
    /// An agent has it.
    Connected,
    /// Agents are done with it and write up.
    Wrapup,
    /// It is over.
    Ended,
}

// === impl Phase ===

impl Phase {
    /// As published.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Started => "started",
            Self::Flow => "ivr",
            Self::Queued => "queued",
            Self::Connected => "connected",
            Self::Wrapup => "wrapup",
            Self::Ended => "ended",
        }
    }

    /// Where an event of this type leads, for the order of events. What is published is the state of all sessions
    /// together instead.
    pub fn after(self, event_type: &str) -> Self {
        match (self, event_type) {
            (_, et::CONVERSATION_ENDED) => Self::Ended,
            // It lives again: what follows has its causes in the new life. A flow or a queue alone may as well be a
            // straggler from before the end.
            (Self::Ended, et::CONVERSATION_STARTED | et::CONVERSATION_STATUS_CHANGED) => Self::Started,
            (_, et::PARTICIPANT_CONNECTED) => Self::Connected,
            (Self::Ended, _) => Self::Ended,
            (_, et::FLOW_STARTED) => Self::Flow,
            (_, et::QUEUE_ENTERED) => Self::Queued,
            (Self::Connected, et::PARTICIPANT_DISCONNECTED) => Self::Wrapup,
            // Whatever is heard of a conversation says that it began; another leg of the customer does not undo what
            // came before.
            (Self::New, _) => Self::Started,
            (phase, _) => phase,
        }
    }

    /// Whether an event of this type makes sense in this phase, or lacks something that should have come first.
    pub fn admits(self, event_type: &str) -> bool {
        match event_type {
            et::FLOW_STARTED
            | et::FLOW_OUTCOME
            | et::QUEUE_ENTERED
            | et::PARTICIPANT_CONNECTED
            | et::CONVERSATION_ENDED
            | et::CONVERSATION_CONTACT_CHANGED
            | et::CONVERSATION_ATTRIBUTES_CHANGED
            | et::CONVERSATION_STATUS_CHANGED => self != Self::New,
            et::FLOW_ENDED => !matches!(self, Self::New | Self::Started),
            et::QUEUE_LEFT => matches!(self, Self::Queued | Self::Connected | Self::Wrapup | Self::Ended),
            et::PARTICIPANT_DISCONNECTED | et::ACW_ENDED | et::WRAPUP_APPLIED => {
                matches!(self, Self::Connected | Self::Wrapup | Self::Ended)
            }
            _ => true,
        }
    }
}
