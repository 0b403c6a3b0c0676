//! Storing records durably, and whether that works.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use metrics::counter;
use parking_lot::Mutex;
use trunkline_schemas::{OutboundRecord, error_codes};
use trunkline_telemetry::Health;

use super::storing::{Storing, Unstored};
use crate::metric_names;
use crate::publish::{Publish, Unpublished};
use crate::refusal::Refusal;

/// How long a caller waits for Kafka: EventBridge gives up after 5 s in all. The election of a leader, and a change of
/// Kafka's password, are mostly over within these. A record that is stored later all the same meets its repetition in
/// the processor's deduplication.
const STORE_TIMEOUT: Duration = Duration::from_secs(4);

/// But as long as this in any case, for a request that took long to arrive.
const STORE_TIMEOUT_LEAST: Duration = Duration::from_secs(1);

/// The part of the health report that says whether records are stored.
pub const STORE: &str = "store";

/// Where records are stored.
pub struct Store<P> {
    publisher: P,
    health: Arc<Health>,
    storing: Mutex<Storing>,
}

// === impl Store ===

impl<P: Publish> Store<P> {
    /// Stores by this publisher, and reports to `health` whether it works.
    pub fn new(publisher: P, health: Arc<Health>) -> Self {
        Self { publisher, health, storing: Mutex::default() }
    }

    /// Whether a request that came now had a chance to be stored.
    pub fn may_be_tried(&self, now: Instant) -> bool {
        self.storing.lock().may_be_tried(now)
    }

    /// Stores one record, however long it takes.
    pub async fn publish(&self, record: OutboundRecord) -> Result<(), Unpublished> {
        self.publisher.publish(record).await?;
        if self.storing.lock().stored(Instant::now()) {
            self.health.set(STORE, true, "records are acknowledged");
        }
        Ok(())
    }

    /// Stores all records of a request, until `answered_by` if that is not too soon, or says what to answer.
    pub async fn store(&self, records: Vec<OutboundRecord>, answered_by: Instant) -> Result<(), Refusal> {
        let began = Instant::now();
        if !self.storing.lock().tries(began) {
            return Err(Refusal::Unavailable);
        }
        let left = answered_by.saturating_duration_since(began).clamp(STORE_TIMEOUT_LEAST, STORE_TIMEOUT);
        let all = join_all(records.into_iter().map(|record| self.publish(record)));
        let (failure, why) = match tokio::time::timeout(left, all).await {
            Ok(results) => match results.into_iter().find_map(Result::err) {
                None => return Ok(()),
                Some(failure) => (failure, Unstored::Refused),
            },
            Err(_) => {
                let reason = format!("not acknowledged within {:.1} s", left.as_secs_f64());
                (Unpublished::Unavailable(reason), Unstored::Unanswered(began + left))
            }
        };
        counter!(metric_names::UNPUBLISHED).increment(1);
        match failure {
            Unpublished::TooLarge(reason) => {
                tracing::warn!(
                    code = error_codes::BODY_TOO_LARGE.code,
                    reason,
                    "a payload is too large to store"
                );
                Err(Refusal::TooLargeToStore)
            }
            // This process has more to store than it may hold, which says nothing of the brokers.
            Unpublished::QueueFull(_) => Err(Refusal::Full),
            Unpublished::Unavailable(reason) => {
                if self.storing.lock().failed(began, why) {
                    tracing::error!(code = error_codes::UNAVAILABLE.code, reason, "records are not stored");
                    self.health.set(STORE, false, &reason);
                }
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Whether it is time to look if the brokers answer.
    pub fn wants_a_look(&self, now: Instant) -> bool {
        self.storing.lock().wants_a_look(now)
    }

    /// The brokers answer, as far as can be seen without storing anything: requests may come and find out.
    pub fn answers(&self) {
        self.storing.lock().answers();
        self.health.set(STORE, true, "the brokers answer; whether they store is being tried");
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    /// Brokers that never answer.
    struct Silent;

    impl Publish for Silent {
        async fn publish(&self, _: OutboundRecord) -> Result<(), Unpublished> {
            pending().await
        }
    }

    fn record() -> OutboundRecord {
        OutboundRecord {
            topic: "t".to_owned(),
            partition: None,
            key: None,
            value: None,
            headers: Default::default(),
            timestamp: None,
        }
    }

    #[tokio::test]
    async fn a_caller_that_had_little_time_left_turns_nobody_away() {
        let store = Store::new(Silent, Health::new());
        let began = Instant::now();
        assert_eq!(store.store(vec![record()], began).await, Err(Refusal::Unavailable));
        assert!(began.elapsed() < STORE_TIMEOUT);
        let comes = || store.storing.lock().tries(Instant::now());
        assert!(comes() && comes(), "one second tells nothing");
    }
}
