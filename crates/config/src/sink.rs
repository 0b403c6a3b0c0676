//! `[sink]`: the binary that writes back.

use std::net::SocketAddr;
use std::time::Duration;

use crate::log_choices::{OnLogChange, OnLoss};
use crate::section::Section;
use crate::values::{duration, integer, private_address, text};

/// Settings of the `sink` binary.
#[derive(Debug, Clone)]
pub struct Sink {
    /// Probes and metrics (default `127.0.0.1:9103`).
    pub admin: SocketAddr,
    /// Consumer group (default `trunkline-sink`).
    pub group: String,
    /// How long a result may wait for its commit before the sink says that it is not ready (default 10 s).
    pub stuck_after: Duration,
    /// How long a shutdown may take (default 10 s).
    pub drain_timeout: Duration,
    /// What to do when a topic that is read was made anew, or lost its end.
    pub on_log_change: OnLogChange,
    /// What to do when records were removed before they were read.
    pub on_loss: OnLoss,
    /// Commands under way at once, each of another resource (default 64).
    pub max_in_flight: usize,
    /// Bytes of memory that commands may take which were read and are not done (default 268435456, 256 MiB); partitions
    /// pause at their share of it.
    pub max_held_bytes: usize,
    /// How long after it was issued a command is tried whose rule gives it no time (default 72 h): it outlives a
    /// weekend's outage, and ends with a result before retention (7 days) takes it away without one.
    pub expire_after: Duration,
}

// === impl Sink ===

impl Sink {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        section.reads_insecure();
        Self {
            admin: section.or("admin", private_address, SocketAddr::from(([127, 0, 0, 1], 9103))),
            group: section.or("group", text, "trunkline-sink".to_owned()),
            stuck_after: section.or("stuck_after", duration, Duration::from_secs(10)),
            drain_timeout: section.or("drain_timeout", duration, Duration::from_secs(10)),
            on_log_change: OnLogChange::read(section),
            on_loss: OnLoss::read(section),
            max_in_flight: section.or("max_in_flight", integer(1..=100_000), 64),
            max_held_bytes: section.or("max_held_bytes", integer(1 << 20..=1 << 40), 256 << 20),
            expire_after: section.or("expire_after", duration, Duration::from_secs(72 * 3_600)),
        }
    }
}
