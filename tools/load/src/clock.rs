//! The wall clock: the edge's only source of time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC milliseconds since the Unix epoch, with the microseconds as the fraction.
#[must_use]
pub fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| (since.as_micros() as f64) / 1000.0)
}

/// `2026-11-21T15:04:05.123Z`
#[must_use]
pub fn iso_millis(epoch_ms: i64) -> String {
    format(epoch_ms, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// `2026-11-21T15:04:05Z`
#[must_use]
pub fn iso_seconds(epoch_ms: i64) -> String {
    format(epoch_ms, "%Y-%m-%dT%H:%M:%SZ")
}

/// Formats a time by a chrono pattern, in UTC.
#[must_use]
pub fn format(epoch_ms: i64, pattern: &str) -> String {
    chrono::DateTime::from_timestamp_millis(epoch_ms).unwrap_or_default().format(pattern).to_string()
}
