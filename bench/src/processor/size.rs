//! How much is measured.

use std::ops::Range;

use super::workload::Settings;

/// Sizes of all parts.
#[derive(Debug, Clone)]
pub struct Size {
    /// Repetitions of the throughput, contenders in turn within each.
    pub rounds: usize,
    /// Conversations played in one round, about 13.6 events each.
    pub conversations: u64,
    /// Conversations under way at the same time.
    pub active: usize,
    /// Share of the events that are not measured at first: connections, caches, just-in-time compilation.
    pub warm_up: f64,
    /// Memory and restart.
    pub stored: Stored,
    /// Throughput over the size of the store.
    pub scale: Scale,
    /// When the harness began, UTC milliseconds.
    now_ms: i64,
}

/// Sizes of memory and restart.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Conversations in the store.
    pub conversations: u64,
    /// Of these, active when memory is measured.
    pub active: u64,
    /// Kills.
    pub restarts: usize,
    /// New conversations that wait in the input when it is killed: enough for all partitions until all have moved.
    pub backlog: u64,
}

/// Sizes of the throughput over the size of the store.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Conversations in the store, ascending.
    pub levels: Vec<u64>,
    /// Measurements at each.
    pub rounds: u64,
    /// Conversations played in each.
    pub played: u64,
}

// === impl Size ===

impl Size {
    /// The sizes that the targets are set for; takes an hour and more.
    pub fn full() -> Self {
        Self {
            rounds: 5,
            conversations: 75_000,
            active: 5_000,
            warm_up: 0.3,
            stored: Stored { conversations: 1_000_000, active: 100_000, restarts: 3, backlog: 4_000 },
            scale: Scale { levels: vec![10_000, 1_000_000, 10_000_000], rounds: 3, played: 10_000 },
            now_ms: now_ms(),
        }
    }

    /// Minutes: whether everything works, and roughly where it stands.
    pub fn quick() -> Self {
        Self {
            rounds: 2,
            conversations: 15_000,
            stored: Stored { conversations: 50_000, active: 5_000, restarts: 1, backlog: 2_000 },
            scale: Scale { levels: vec![10_000, 50_000, 100_000], rounds: 1, played: 10_000 },
            ..Self::full()
        }
    }

    /// The input that plays these steps of these conversations.
    pub fn settings(&self, conversations: Range<u64>, every: usize, steps: Range<usize>) -> Settings {
        // The last event is not to be in the future; the longest input is a day of milliseconds.
        const DAY_MS: i64 = 86_400_000;
        Settings { conversations, every, steps, active: self.active, start_ms: self.now_ms - DAY_MS, seed: 1 }
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2))
}
