//! What the processor knows of one conversation: a state machine and its figures, fed by events in order.

use serde::{Deserialize, Serialize};
use trunkline_schemas::event_type as et;
use trunkline_schemas::{ConversationSummary, EncodedEvent};

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

/// One conversation, as kept in state. All times are UTC milliseconds of the platform's clock.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Conversation {
    /// Where it stands.
    pub phase: Phase,
    /// When it began.
    pub started_at: Option<i64>,
    /// Since when it waits in a queue.
    queued_since: Option<i64>,
    /// Milliseconds spent in queues that it has left.
    queued_ms: Option<i64>,
    /// Since when an agent has it.
    connected_since: Option<i64>,
    /// Milliseconds spent with agents that have left.
    handled_ms: Option<i64>,
    /// Times it went from one agent to another.
    transfers: i32,
    /// The agent who has, or last had it.
    last_agent: Option<String>,
    /// The customer, once an event named one.
    pub customer_id: Option<String>,
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

    /// Where an event of this type leads.
    pub fn after(self, event_type: &str) -> Self {
        match event_type {
            et::CONVERSATION_STARTED => match self {
                Self::New => Self::Started,
                // Another leg of the customer; it does not undo what came before.
                phase => phase,
            },
            et::FLOW_STARTED => match self {
                Self::Ended => Self::Ended,
                _ => Self::Flow,
            },
            et::QUEUE_ENTERED => match self {
                Self::Ended => Self::Ended,
                _ => Self::Queued,
            },
            et::PARTICIPANT_CONNECTED => match self {
                Self::Ended => Self::Ended,
                _ => Self::Connected,
            },
            et::PARTICIPANT_DISCONNECTED => match self {
                Self::Connected => Self::Wrapup,
                phase => phase.at_least_started(),
            },
            et::CONVERSATION_ENDED => Self::Ended,
            _ => self.at_least_started(),
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

    fn at_least_started(self) -> Self {
        match self {
            Self::New => Self::Started,
            phase => phase,
        }
    }
}

// === impl Conversation ===

impl Conversation {
    /// Takes an event in.
    pub fn apply(&mut self, event: &EncodedEvent) {
        let at = event.event_time();
        if self.customer_id.is_none() {
            self.customer_id = event.customer_id().map(str::to_owned);
        }
        match event.event_type() {
            et::CONVERSATION_STARTED => {
                self.started_at = Some(self.started_at.map_or(at, |known| known.min(at)));
            }
            et::QUEUE_ENTERED => {
                self.queued_since.get_or_insert(at);
            }
            et::QUEUE_LEFT => self.leave_queue(at),
            et::PARTICIPANT_CONNECTED => {
                self.leave_queue(at);
                if let Some(agent) = event.agent_id() {
                    if self.last_agent.as_ref().is_some_and(|last| last != agent) {
                        self.transfers += 1;
                    }
                    self.last_agent = Some(agent.to_owned());
                }
                self.connected_since.get_or_insert(at);
            }
            et::PARTICIPANT_DISCONNECTED => self.leave_agent(at),
            et::CONVERSATION_ENDED => {
                self.leave_queue(at);
                self.leave_agent(at);
            }
            _ => {}
        }
        self.phase = self.phase.after(event.event_type());
    }

    /// What is published of it, after `events` events.
    pub fn summary(&self, events: i64) -> ConversationSummary {
        ConversationSummary {
            state: self.phase.as_str().to_owned(),
            started_at: self.started_at,
            queued_ms: self.queued_ms,
            handled_ms: self.handled_ms,
            transfers: self.transfers,
            events,
            ..ConversationSummary::default()
        }
    }

    fn leave_queue(&mut self, at: i64) {
        if let Some(since) = self.queued_since.take() {
            *self.queued_ms.get_or_insert(0) += (at - since).max(0);
        }
    }

    fn leave_agent(&mut self, at: i64) {
        if let Some(since) = self.connected_since.take() {
            *self.handled_ms.get_or_insert(0) += (at - since).max(0);
        }
    }
}

/// What is published for entities that are no conversation.
pub fn no_conversation(events: i64) -> ConversationSummary {
    ConversationSummary {
        state: "none".to_owned(),
        started_at: None,
        queued_ms: None,
        handled_ms: None,
        transfers: 0,
        events,
        ..ConversationSummary::default()
    }
}

#[cfg(test)]
mod tests;
