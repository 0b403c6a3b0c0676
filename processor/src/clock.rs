//! The wall clock, read at the edge only.

use std::time::{SystemTime, UNIX_EPOCH};

use trunkline_kafka::ports::Clock;

/// UTC milliseconds.
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// The wall clock, for the engine.
pub struct WallClock;

impl Clock for WallClock {
    fn now_ms(&self) -> i64 {
        now()
    }
}
