//! `[processor]`: the binary that deduplicates, orders, enriches and decides.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the `processor` binary.
#[derive(Debug, Clone)]
pub struct Processor {
    /// Probes and metrics (default `127.0.0.1:9102`).
    pub admin: SocketAddr,
    /// Folder of the state store; each instance makes its own below it (default `./state`).
    pub state_dir: PathBuf,
    /// Consumer group (default `trunkline-processor`).
    pub group: String,
    /// How long an event's identity is remembered (default 5 days: Genesys redelivers for up to 4).
    pub dedup_window: Duration,
    /// How often outputs, state and offsets are committed (default 50 ms).
    pub commit_interval: Duration,
    /// Whether `events.enriched` carries the platform's payload (default true).
    pub include_data: bool,
    /// Lookups under way at once; more pause the partitions (default 256).
    pub max_in_flight_lookups: usize,
    /// Events held for ordering at once; more pause the partitions (default 100,000).
    pub max_held_events: usize,
    /// How long a shutdown may take (default 10 s).
    pub drain_timeout: Duration,
}
