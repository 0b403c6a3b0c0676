//! Waiting for a condition.

use std::time::{Duration, Instant};

/// How long a broker on a slow, busy machine may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until it is so; blocks.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
