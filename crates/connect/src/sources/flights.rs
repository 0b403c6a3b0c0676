//! Who asks a source for what just now: whoever wants the same waits, and finds the answer in the cache.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The questions under way, by their keys.
#[derive(Debug, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>>);

/// Leave to ask a question. The next one who wants the same is let in when it is dropped.
#[derive(Debug)]
pub(super) struct Flight {
    all: Arc<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>>,
    key: String,
    /// Held until the end.
    turn: Option<OwnedMutexGuard<()>>,
}

// === impl Flights ===

impl Flights {
    /// Waits until nobody else asks this; `None` when that is not before the deadline.
    pub(super) async fn take(&self, key: &str, deadline: Instant) -> Option<Flight> {
        let turn = Arc::clone(self.0.lock().entry(key.to_owned()).or_default());
        // Made before the wait, so that one who gives up waiting tidies up as well.
        let mut flight = Flight { all: Arc::clone(&self.0), key: key.to_owned(), turn: None };
        let wait = tokio::time::timeout_at(deadline.into(), turn.lock_owned());
        flight.turn = Some(wait.await.ok()?);
        Some(flight)
    }
}

// === impl Flight ===

impl Drop for Flight {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        drop(self.turn.take());
        // One count is the map's: nobody waits, and nobody can begin to while the map is locked.
        if all.get(&self.key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn in_ms(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    #[tokio::test]
    async fn one_asks_at_a_time_and_nothing_is_left_of_those_who_asked_or_gave_up() {
        let flights = Flights::default();
        let first = flights.take("a", in_ms(60_000)).await.unwrap();
        assert!(flights.take("a", in_ms(5)).await.is_none(), "the first is not done");
        let other = flights.take("b", in_ms(5)).await;
        assert!(other.is_some(), "another question");
        drop(first);
        assert!(flights.take("a", in_ms(60_000)).await.is_some());
        drop(other);
        assert!(flights.0.lock().is_empty());
    }
}
