//! What a task is given once.

use std::collections::{HashMap, HashSet};

use trunkline_config::OrderMode;

use crate::conversation::Callers;
use crate::entity::Retention;

/// What a task is given once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Order mode and hold in milliseconds, by source.
    pub sources: HashMap<String, (OrderMode, i64), foldhash::fast::RandomState>,
    /// How long ids and entities are remembered.
    pub retention: Retention,
    /// Milliseconds within which the same said again is a repetition; 0 publishes everything.
    pub repeat_window_ms: i64,
    /// Milliseconds for which a profile is kept that nobody asked for again.
    pub profile_keep_ms: i64,
    /// Milliseconds an event waits for its profile; 0 turns enrichment off.
    pub enrich_deadline_ms: i64,
    /// By which addresses customers are searched whom no event names.
    pub callers: Callers,
    /// Bytes of the largest record that the brokers take.
    pub max_record_bytes: usize,
    /// Whether enriched events carry the platform's payload.
    pub include_data: bool,
    /// Types of events that plugins want to see.
    pub plugin_events: HashSet<String>,
    /// Name of the instance, for error reports.
    pub instance: String,
}
