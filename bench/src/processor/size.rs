//! How much is measured.

/// Sizes of all parts.
#[derive(Debug, Clone)]
pub struct Size {
    /// Repetitions, contenders in turn within each.
    pub rounds: usize,
    /// Conversations played in one round, about 13.6 events each.
    pub conversations: u64,
    /// Conversations under way at the same time.
    pub active: usize,
    /// Share of the events that are not measured at first: connections, caches, just-in-time compilation.
    pub warm_up: f64,
    /// When the harness began, UTC milliseconds.
    now_ms: i64,
}

// === impl Size ===

impl Size {
    /// The whole: half an hour and more.
    pub fn full() -> Self {
        Self { rounds: 5, conversations: 75_000, active: 5_000, warm_up: 0.3, now_ms: now_ms() }
    }

    /// Minutes: a look at whether everything works, and roughly where it stands.
    pub fn quick() -> Self {
        Self { rounds: 2, conversations: 15_000, ..Self::full() }
    }

    /// Ingest time of the first event, so that the last one is not in the future.
    pub fn start_ms(&self) -> i64 {
        self.now_ms - i64::try_from(self.conversations * 20).unwrap_or_default()
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2))
}
