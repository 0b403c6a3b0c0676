//! `[processor]`: the binary that deduplicates, orders, enriches and decides.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::log_choices::{OnLogChange, OnLoss};
use crate::section::Section;
use crate::values::{boolean, duration, duration_or_zero, integer, path, private_address, text};

const DAY_SECONDS: u64 = 24 * 60 * 60;

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
    /// How long a state that is said again counts as a repetition of the platform, and is not published a second
    /// time unless something else was said in between (default 5 minutes: Genesys Cloud repeats itself within
    /// seconds or minutes); `0s` publishes everything.
    pub repeat_window: Duration,
    /// How long a conversation that has ended is kept after its last event (default 30 days, as long as its
    /// events can be read in `events.enriched`: what comes after is a conversation of its own, with positions
    /// from 1).
    pub forget_ended_after: Duration,
    /// The same for everything else: conversations that fell silent, agents, queues (default 30 days).
    pub forget_silent_after: Duration,
    /// How often outputs, state and offsets are committed (default 50 ms).
    pub commit_interval: Duration,
    /// Whether `events.enriched` carries the platform's payload (default true).
    pub include_data: bool,
    /// Conversations and other entities kept in memory (default 100,000); the others are read from the state store when
    /// they come up again.
    pub max_entities_in_memory: usize,
    /// Lookups under way at once; more pause the partitions (default 256).
    pub max_in_flight_lookups: usize,
    /// Events held for ordering at once; more pause the partitions (default 100,000).
    pub max_held_events: usize,
    /// How long nothing may take effect while something is outstanding, beyond the holds and deadlines of the events
    /// themselves, before the processor says that it is not ready (default 10 s).
    pub stuck_after: Duration,
    /// How long a shutdown may take (default 10 s).
    pub drain_timeout: Duration,
    /// What to do when a topic that is read was made anew, or lost its end.
    pub on_log_change: OnLogChange,
    /// What to do when records were removed before they were read.
    pub on_loss: OnLoss,
}

// === impl Processor ===

impl Processor {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        section.reads_insecure();
        let dedup_window = Duration::from_secs(5 * DAY_SECONDS);
        let forget_after = Duration::from_secs(30 * DAY_SECONDS);
        Self {
            admin: section.or("admin", private_address, SocketAddr::from(([127, 0, 0, 1], 9102))),
            state_dir: section.or("state_dir", path, PathBuf::from("./state")),
            group: section.or("group", text, "trunkline-processor".to_owned()),
            dedup_window: section.or("dedup_window", duration, dedup_window),
            repeat_window: section.or("repeat_window", duration_or_zero, Duration::from_secs(5 * 60)),
            forget_ended_after: section.or("forget_ended_after", duration, forget_after),
            forget_silent_after: section.or("forget_silent_after", duration, forget_after),
            commit_interval: section.or("commit_interval", duration, Duration::from_millis(50)),
            include_data: section.or("include_data", boolean, true),
            max_entities_in_memory: section.or("max_entities_in_memory", integer(1..=100_000_000), 100_000),
            max_in_flight_lookups: section.or("max_in_flight_lookups", integer(1..=100_000), 256),
            max_held_events: section.or("max_held_events", integer(1..=100_000_000), 100_000),
            stuck_after: section.or("stuck_after", duration, Duration::from_secs(10)),
            drain_timeout: section.or("drain_timeout", duration, Duration::from_secs(10)),
            on_log_change: OnLogChange::read(section),
            on_loss: OnLoss::read(section),
        }
    }
}
