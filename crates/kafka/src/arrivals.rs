//! Waiting for the client in our own way: its waits end at a time of day, so that one during which the machine's clock
//! is set back lasts as much longer.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Wakes the reading thread when a consumer has something.
#[derive(Default)]
pub(crate) struct Arrivals {
    any: Mutex<bool>,
    changed: Condvar,
}

// === impl Arrivals ===

impl Arrivals {
    pub(crate) fn announce(&self) {
        *self.any.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }

    /// Waits until something has arrived since the last wait, at most `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) {
        let any = self.any.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut any, _) = self
            .changed
            .wait_timeout_while(any, timeout, |any| !*any)
            .unwrap_or_else(PoisonError::into_inner);
        *any = false;
    }
}
