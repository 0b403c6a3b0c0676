//! Counters of a running load, for a screen to read while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;

/// What a load has done so far. Every counter counts deliveries, but for `attempts` and `retries`.
#[derive(Debug)]
pub struct Progress {
    /// Became due.
    pub scheduled: AtomicU64,
    /// Requests sent.
    pub attempts: AtomicU64,
    /// Requests sent because an earlier one was refused for now.
    pub retries: AtomicU64,
    /// Answered 2xx.
    pub accepted: AtomicU64,
    /// Answered 422: no schema matched, quarantined.
    pub quarantined: AtomicU64,
    /// Answered with another 4xx.
    pub rejected: AtomicU64,
    /// Given up after the last retry.
    pub gave_up: AtomicU64,
    /// Ended with another status than the delivery expected.
    pub unexpected: AtomicU64,
    /// Due but not yet ended.
    pub in_flight: AtomicU64,
    /// Ended deliveries of kind `Duplicate`.
    pub duplicates: AtomicU64,
    /// Ended deliveries of kind `Late`.
    pub late: AtomicU64,
    /// Microseconds from scheduled to answered, of accepted deliveries.
    latency: Mutex<Option<Histogram<u64>>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is the counter of the same name in `Progress`")]
pub struct Counts {
    pub scheduled: u64,
    pub attempts: u64,
    pub retries: u64,
    pub accepted: u64,
    pub quarantined: u64,
    pub rejected: u64,
    pub gave_up: u64,
    pub unexpected: u64,
    pub in_flight: u64,
    pub duplicates: u64,
    pub late: u64,
}

/// Milliseconds from scheduled to answered, of accepted deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latencies {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Default for Progress {
    fn default() -> Self {
        let counter = || AtomicU64::new(0);
        Self {
            scheduled: counter(),
            attempts: counter(),
            retries: counter(),
            accepted: counter(),
            quarantined: counter(),
            rejected: counter(),
            gave_up: counter(),
            unexpected: counter(),
            in_flight: counter(),
            duplicates: counter(),
            late: counter(),
            latency: Mutex::new(None),
        }
    }
}

impl Progress {
    /// The counters now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            scheduled: read(&self.scheduled),
            attempts: read(&self.attempts),
            retries: read(&self.retries),
            accepted: read(&self.accepted),
            quarantined: read(&self.quarantined),
            rejected: read(&self.rejected),
            gave_up: read(&self.gave_up),
            unexpected: read(&self.unexpected),
            in_flight: read(&self.in_flight),
            duplicates: read(&self.duplicates),
            late: read(&self.late),
        }
    }

    /// The latencies so far.
    #[must_use]
    pub fn latencies(&self) -> Latencies {
        let latency = self.latency.lock();
        let Some(latency) = latency.as_ref() else { return Latencies::default() };
        let milliseconds = |micros: u64| micros as f64 / 1000.0;
        Latencies {
            p50: milliseconds(latency.value_at_quantile(0.5)),
            p99: milliseconds(latency.value_at_quantile(0.99)),
            max: milliseconds(latency.max()),
        }
    }

    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn observe_ms(&self, milliseconds: f64) {
        let mut latency = self.latency.lock();
        if latency.is_none() {
            // Microseconds, up to ten minutes, three significant digits: bounds that a histogram accepts.
            *latency = Histogram::new_with_bounds(1, 600_000_000, 3).ok();
        }
        if let Some(latency) = latency.as_mut() {
            latency.saturating_record((milliseconds.max(0.0) * 1000.0) as u64);
        }
    }
}
