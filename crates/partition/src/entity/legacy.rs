//! How formats 1 and 2 kept the order of a channel: frozen, and only ever read.

use serde::Deserialize;

use crate::order::ChannelOrder;

/// The order of a channel.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct LegacyOrder {
    /// With the id of the event, which broke ties of times.
    pub(super) furthest: Option<(i64, u128)>,
    pub(super) next_sequence: Option<i64>,
}

// === impl ChannelOrder ===

impl From<LegacyOrder> for ChannelOrder {
    fn from(legacy: LegacyOrder) -> Self {
        Self::kept(legacy.furthest.map(|(time, _)| time), legacy.next_sequence)
    }
}
