//! How formats 1 and 2 kept a conversation and the order of a channel: frozen, and only ever read.

use serde::Deserialize;

use crate::conversation::Phase;
use crate::order::ChannelOrder;

/// A conversation.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize, Default))]
pub(crate) struct LegacyConversation {
    pub(crate) phase: LegacyPhase,
    pub(crate) started_at: Option<i64>,
    pub(crate) queued_since: Option<i64>,
    pub(crate) queued_ms: Option<i64>,
    pub(crate) connected_since: Option<i64>,
    pub(crate) handled_ms: Option<i64>,
    pub(crate) transfers: i32,
    pub(crate) last_agent: Option<String>,
    pub(crate) customer_id: Option<String>,
}

/// Where a conversation stood.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize, Default))]
pub(crate) enum LegacyPhase {
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
