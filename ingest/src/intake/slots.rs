//! How many requests are worked on at once.

use metrics::gauge;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::metric_names;

/// Places for requests.
pub struct Slots(Semaphore);

/// A request's place among those being worked on.
pub struct Slot<'a> {
    _permit: SemaphorePermit<'a>,
}

// === impl Slots ===

impl Slots {
    /// So many places.
    pub fn new(count: usize) -> Self {
        Self(Semaphore::new(count))
    }

    /// A place, if there is one now.
    pub fn take(&self) -> Option<Slot<'_>> {
        let permit = self.0.try_acquire().ok()?;
        gauge!(metric_names::IN_FLIGHT).increment(1);
        Some(Slot { _permit: permit })
    }
}

// === impl Slot ===

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        gauge!(metric_names::IN_FLIGHT).decrement(1);
    }
}
