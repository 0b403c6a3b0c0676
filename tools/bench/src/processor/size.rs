//! How much is measured.

use std::ops::Range;
use std::time::Duration;

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
    /// Latencies beside poison and slow lookups.
    pub steady: Steady,
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

/// Sizes of what is measured under a steady load, far below what the processor can do.
#[derive(Debug, Clone)]
pub struct Steady {
    /// Repetitions, undisturbed and disturbed in turn.
    pub rounds: usize,
    /// Events per second.
    pub per_second: u64,
    /// Seconds that are not measured at first.
    pub warm_up: u64,
    /// Seconds that are.
    pub measured: u64,
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
            stored: Stored { conversations: 1_000_000, active: 100_000, restarts: 3, backlog: 16_000 },
            scale: Scale { levels: vec![10_000, 1_000_000, 10_000_000], rounds: 3, played: 10_000 },
            steady: Steady { rounds: 5, per_second: 2_000, warm_up: 10, measured: 30 },
            now_ms: now_ms(),
        }
    }

    /// Minutes: whether everything works, and roughly where it stands.
    pub fn quick() -> Self {
        Self {
            rounds: 2,
            conversations: 15_000,
            stored: Stored { conversations: 50_000, active: 5_000, restarts: 1, backlog: 8_000 },
            scale: Scale { levels: vec![10_000, 50_000, 100_000], rounds: 1, played: 10_000 },
            steady: Steady { rounds: 2, per_second: 1_000, warm_up: 5, measured: 10 },
            ..Self::full()
        }
    }

    /// The input that plays these steps of these conversations.
    pub fn settings(&self, conversations: Range<u64>, every: usize, steps: Range<usize>) -> Settings {
        // The last event is not to be in the future; the longest input is a day of milliseconds.
        const DAY_MS: i64 = 86_400_000;
        Settings {
            conversations,
            every,
            steps,
            active: self.active,
            start_ms: self.now_ms - DAY_MS,
            per_second: 1_000,
            disorder: true,
            seed: 1,
        }
    }
}

// === impl Steady ===

impl Steady {
    /// How many events that are.
    pub fn events(&self) -> u64 {
        self.per_second * (self.warm_up + self.measured)
    }

    /// When the event of this number is due, from the first one's time.
    pub fn due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.per_second as f64)
    }

    /// Whether the event of this number is measured.
    pub fn is_measured(&self, number: u64) -> bool {
        number >= self.per_second * self.warm_up
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2))
}
