//! Where a conversation stands, as it is published.

use serde::Deserialize;

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) enum Phase {
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
    pub(super) fn as_str(self) -> &'static str {
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
}
