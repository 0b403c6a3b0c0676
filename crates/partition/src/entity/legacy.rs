//! How formats 1 and 2 kept a conversation and the order of a channel: frozen, and only ever read.

use serde::Deserialize;

use crate::conversation::{Conversation, Phase};
use crate::order::ChannelOrder;

/// A conversation.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize, Default))]
pub(super) struct LegacyConversation {
    pub(super) phase: LegacyPhase,
    pub(super) started_at: Option<i64>,
    pub(super) queued_since: Option<i64>,
    pub(super) queued_ms: Option<i64>,
    pub(super) connected_since: Option<i64>,
    pub(super) handled_ms: Option<i64>,
    pub(super) transfers: i32,
    pub(super) last_agent: Option<String>,
    pub(super) customer_id: Option<String>,
}

/// Where a conversation stood.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize, Default))]
pub(super) enum LegacyPhase {
    #[cfg_attr(test, default)]
    New,
    Started,
    Flow,
    Queued,
    Connected,
    Wrapup,
    Ended,
}

/// The order of a channel.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct LegacyOrder {
    /// With the id of the event, which broke ties of times.
    pub(super) furthest: Option<(i64, u128)>,
    pub(super) next_sequence: Option<i64>,
}

// === impl Conversation ===

impl From<LegacyConversation> for Conversation {
    fn from(legacy: LegacyConversation) -> Self {
        Self {
            phase: legacy.phase.into(),
            started_at: legacy.started_at,
            queued_since: legacy.queued_since,
            queued_ms: legacy.queued_ms,
            connected_since: legacy.connected_since,
            handled_ms: legacy.handled_ms,
            transfers: legacy.transfers,
            last_agent: legacy.last_agent,
            customer_id: legacy.customer_id,
        }
    }
}

// === impl Phase ===

impl From<LegacyPhase> for Phase {
    fn from(legacy: LegacyPhase) -> Self {
        match legacy {
            LegacyPhase::New => Self::New,
            LegacyPhase::Started => Self::Started,
            LegacyPhase::Flow => Self::Flow,
            LegacyPhase::Queued => Self::Queued,
            LegacyPhase::Connected => Self::Connected,
            LegacyPhase::Wrapup => Self::Wrapup,
            LegacyPhase::Ended => Self::Ended,
        }
    }
}

// === impl ChannelOrder ===

impl From<LegacyOrder> for ChannelOrder {
    fn from(legacy: LegacyOrder) -> Self {
        Self::kept(legacy.furthest.map(|(time, _)| time), legacy.next_sequence)
    }
}
