//! `[sink]`: the binary that writes back.

use std::net::SocketAddr;
use std::time::Duration;

/// Settings of the `sink` binary.
#[derive(Debug, Clone)]
pub struct Sink {
    /// Probes and metrics (default `127.0.0.1:9103`).
    pub admin: SocketAddr,
    /// Consumer group (default `trunkline-sink`).
    pub group: String,
    /// How long a shutdown may take (default 10 s).
    pub drain_timeout: Duration,
    /// Commands under way at once, each of another resource (default 64).
    pub max_in_flight: usize,
}
