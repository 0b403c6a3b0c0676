//! The wall clock, for what happens once: the name of a folder that is set aside. Whatever the engine measures goes by
//! [`trunkline_kafka::SteadyClock`].

use std::time::{SystemTime, UNIX_EPOCH};

/// UTC milliseconds.
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
