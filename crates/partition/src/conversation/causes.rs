//! What must come before what: the causal order of a conversation's events.
//!
//! A conversation has many participants, and each has causes of their own: one agent's after-contact work has nothing
//! to do with where the next one stands. So it counts what was ever seen, by participant where an event names one, in
//! all lives of the conversation.

use serde::Deserialize;
use trunkline_schemas::EncodedEvent;
use trunkline_schemas::event_type as et;

use super::Phase;
use super::name;

/// Most participants that are told apart; beyond, each of them counts as seen.
const MOST: usize = 64;

/// The channel of CXone's agent sessions.
const AGENT_SESSION: &str = "agent-session";

/// How far a conversation has come, in the order in which its parts mostly follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
pub(super) enum Stage {
    /// Nothing was seen of it yet.
    #[default]
    Nothing,
    /// It began.
    Begun,
    /// A flow had it.
    Flow,
    /// It was in a queue.
    Queue,
    /// An agent had it.
    Agent,
    /// It ended, at least once.
    Ended,
}

/// What was seen of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Causes {
    pub(super) furthest: Stage,
    /// Whose flow, queue or agent began, as a short name; 0 where an event did not say whose.
    pub(super) began: Vec<(Stage, u32)>,
}

/// What an event needs before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need(Option<(Stage, u32)>);

// === impl Stage ===

impl Stage {
    /// Whether each participant has one of their own.
    fn is_somebodys(self) -> bool {
        matches!(self, Self::Flow | Self::Queue | Self::Agent)
    }
}

// === impl Causes ===

impl Causes {
    /// What is known of a conversation of which an older format kept where it stood, and who was in it.
    pub(super) fn of_older_format(phase: Phase, began: impl Iterator<Item = (Stage, u32)>) -> Self {
        let furthest = match phase {
            Phase::New => Stage::Nothing,
            Phase::Started => Stage::Begun,
            Phase::Flow => Stage::Flow,
            Phase::Queued => Stage::Queue,
            Phase::Connected | Phase::Wrapup => Stage::Agent,
            Phase::Ended => Stage::Ended,
        };
        let mut causes = Self { furthest, began: Vec::new() };
        // What led there was somebody's.
        let led = [Stage::Flow, Stage::Queue, Stage::Agent].into_iter().filter(|stage| *stage <= furthest);
        led.map(|stage| (stage, 0)).chain(began).for_each(|one| causes.began_with(one));
        causes
    }

    /// Whether nothing was seen yet.
    pub(super) fn are_none(&self) -> bool {
        self.furthest == Stage::Nothing
    }

    /// Takes an event of the conversation in.
    pub fn take(&mut self, event: &EncodedEvent) {
        let stage = match event.event_type() {
            et::FLOW_STARTED => Stage::Flow,
            et::QUEUE_ENTERED => Stage::Queue,
            et::PARTICIPANT_CONNECTED => Stage::Agent,
            et::CONVERSATION_ENDED => Stage::Ended,
            // Whatever is heard of a conversation says that it began.
            _ => Stage::Begun,
        };
        self.furthest = self.furthest.max(stage);
        if stage.is_somebodys() {
            self.began_with((stage, participant(event)));
        }
    }

    fn began_with(&mut self, one: (Stage, u32)) {
        if self.began.len() < MOST && !self.began.contains(&one) {
            self.began.push(one);
        }
    }

    /// Whether all that an event needs was seen.
    pub fn admit(&self, need: Need) -> bool {
        match need.0 {
            None => true,
            Some((stage, whose)) if whose != 0 && stage.is_somebodys() => {
                self.began.len() >= MOST
                    || self.began.contains(&(stage, whose))
                    || self.began.contains(&(stage, 0))
            }
            Some((stage, _)) => self.furthest >= stage,
        }
    }
}

// === impl Need ===

impl Need {
    /// What an event needs; nothing where it belongs to no conversation.
    pub fn of(event: &EncodedEvent) -> Self {
        let stage = match event.event_type() {
            _ if !event.is_conversational() => return Self(None),
            et::PARTICIPANT_CONNECTED | et::PARTICIPANT_DISCONNECTED if is_of_agent_session(event) => {
                return Self(None);
            }
            et::FLOW_STARTED
            | et::FLOW_OUTCOME
            | et::QUEUE_ENTERED
            | et::PARTICIPANT_CONNECTED
            | et::CONVERSATION_ENDED
            | et::CONVERSATION_CONTACT_CHANGED
            | et::CONVERSATION_ATTRIBUTES_CHANGED
            | et::CONVERSATION_STATUS_CHANGED => Stage::Begun,
            et::FLOW_ENDED => Stage::Flow,
            et::QUEUE_LEFT => Stage::Queue,
            et::PARTICIPANT_DISCONNECTED | et::ACW_ENDED | et::WRAPUP_APPLIED => Stage::Agent,
            _ => return Self(None),
        };
        Self(Some((stage, if stage.is_somebodys() { participant(event) } else { 0 })))
    }
}

/// Whether an event is of a stream that tells of an agent's contacts alone, and of the end of each, whether the agent
/// ever had it or not: neither a conversation's start nor an agent's is promised before it.
pub(super) fn is_of_agent_session(event: &EncodedEvent) -> bool {
    event.channel() == AGENT_SESSION
}

fn participant(event: &EncodedEvent) -> u32 {
    event.participant_id().map_or(0, name::short)
}
