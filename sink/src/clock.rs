//! The time, as the edge gives it to the core.

use std::time::Instant;

use trunkline_kafka::ports::Clock;

/// The wall clock, which never goes back: the wall clock at the start of the process plus what has passed
/// since, so that a clock set back by hand does not stretch a wait.
#[derive(Debug, Clone, Copy)]
pub struct WallClock {
    started_ms: i64,
    started: Instant,
}

// === impl WallClock ===

impl WallClock {
    /// Starts at the wall clock.
    pub fn start() -> Self {
        Self { started_ms: chrono::Utc::now().timestamp_millis(), started: Instant::now() }
    }
}

impl Clock for WallClock {
    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.started_ms.saturating_add(passed)
    }
}
