//! Whether the outcome of a transactional call can be trusted.

use std::time::{Duration, Instant};

use super::deliveries::Deliveries;
use crate::transaction_timeouts::INDETERMINATE_AFTER;

/// How a commit went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Committed, and known to be.
    Committed,
    /// Committed or not: replace the producer and read what is committed.
    Indeterminate,
}

/// Watches the calls that end a transaction: how long the slowest took, and what the connections went through
/// meanwhile.
pub(super) struct Scrutiny {
    errors_before: u64,
    slowest: Duration,
}

// === impl Scrutiny ===

impl Scrutiny {
    /// Begins before the first call.
    pub(super) fn begin(deliveries: &Deliveries) -> Self {
        Self { errors_before: deliveries.transport_errors(), slowest: Duration::ZERO }
    }

    /// Makes one of the calls.
    pub(super) fn call<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = call();
        self.slowest = self.slowest.max(started.elapsed());
        result
    }

    /// Why the outcome cannot be trusted though success was reported; `None` when it can.
    pub(super) fn suspicion(&self, deliveries: &Deliveries) -> Option<String> {
        let errors = deliveries.transport_errors() - self.errors_before;
        (errors > 0 || self.slowest > INDETERMINATE_AFTER)
            .then(|| format!("it took {} ms and saw {errors} transport errors", self.slowest.as_millis()))
    }
}
