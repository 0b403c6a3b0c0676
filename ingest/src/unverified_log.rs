//! What is logged of requests that prove nothing: at a bounded rate, so that whoever sends them does not fill the log.
//!
//! Pure: the time is an argument.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::verify::Failure;

/// How often a source's failures of one kind are logged.
const EVERY: Duration = Duration::from_secs(60);

/// The failures of one source that are not logged yet, by kind.
#[derive(Default)]
pub struct UnverifiedLog {
    kinds: BTreeMap<&'static str, Kind>,
}

#[derive(Default)]
struct Kind {
    logged: Option<Instant>,
    /// How many there were since.
    since: u64,
}

// === impl UnverifiedLog ===

impl UnverifiedLog {
    /// Counts a failure. Where it is time to log those of its kind: how many there were since the last time, this one
    /// included.
    pub fn log(&mut self, failure: Failure, now: Instant) -> Option<u64> {
        let kind = self.kinds.entry(failure.as_str()).or_default();
        kind.since += 1;
        let is_due = kind.logged.is_none_or(|logged| now.saturating_duration_since(logged) >= EVERY);
        is_due.then(|| {
            kind.logged = Some(now);
            std::mem::take(&mut kind.since)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_kind_is_logged_at_once_and_others_with_the_first_after_a_minute() {
        let (mut log, start) = (UnverifiedLog::default(), Instant::now());
        assert_eq!(log.log(Failure::Mismatch, start), Some(1));
        for second in 0..60 {
            assert_eq!(log.log(Failure::Mismatch, start + Duration::from_secs(second)), None);
        }
        assert_eq!(log.log(Failure::Stale, start), Some(1), "another kind");
        assert_eq!(log.log(Failure::Mismatch, start + EVERY), Some(61));
        assert_eq!(log.log(Failure::Mismatch, start + EVERY), None);
    }
}
