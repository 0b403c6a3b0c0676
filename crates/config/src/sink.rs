//! `[sink]`: the binary that writes back.

use std::net::SocketAddr;
use std::time::Duration;

use crate::log_choices::{OnLogChange, OnLoss};
use crate::section::Section;
use crate::values::{address, duration, integer, text};

/// Settings of the `sink` binary.
#[derive(Debug, Clone)]
pub struct Sink {
    /// Probes and metrics (default `127.0.0.1:9103`).
    pub admin: SocketAddr,
    /// Consumer group (default `trunkline-sink`).
    pub group: String,
    /// How long a shutdown may take (default 10 s).
    pub drain_timeout: Duration,
    /// What to do when a topic that is read was made anew, or lost its end.
    pub on_log_change: OnLogChange,
    /// What to do when records were removed before they were read.
    pub on_loss: OnLoss,
    /// Commands under way at once, each of another resource (default 64).
    pub max_in_flight: usize,
}

// === impl Sink ===

impl Sink {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        Self {
            admin: section.or("admin", address, SocketAddr::from(([127, 0, 0, 1], 9103))),
            group: section.or("group", text, "trunkline-sink".to_owned()),
            drain_timeout: section.or("drain_timeout", duration, Duration::from_secs(10)),
            on_log_change: OnLogChange::read(section),
            on_loss: OnLoss::read(section),
            max_in_flight: section.or("max_in_flight", integer(1..=100_000), 64),
        }
    }
}
