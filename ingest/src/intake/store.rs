//! Storing records durably, and whether that works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use metrics::counter;
use parking_lot::Mutex;
use trunkline_schemas::{OutboundRecord, error_codes};
use trunkline_telemetry::Health;

use crate::metric_names;
use crate::publish::{Publish, Unpublished};
use crate::refusal::Refusal;

/// How long a caller waits for Kafka: EventBridge gives up after 5 s in all, Genesys' webhooks after 10. A record that
/// is stored later all the same meets its repetition in the processor's deduplication.
const STORE_TIMEOUT: Duration = Duration::from_secs(4);

/// While nothing is stored, one request in so long is let through to find out whether that is still so.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The part of the health report that says whether records are stored.
pub const STORE: &str = "store";

/// Where records are stored.
pub struct Store<P> {
    publisher: P,
    health: Arc<Health>,
    storing: AtomicBool,
    /// When a request was let through last while nothing was stored.
    tried: Mutex<Option<Instant>>,
}

// === impl Store ===

impl<P: Publish> Store<P> {
    /// Stores by this publisher, and reports to `health` whether it works.
    pub fn new(publisher: P, health: Arc<Health>) -> Self {
        Self { publisher, health, storing: AtomicBool::new(true), tried: Mutex::default() }
    }

    /// Whether a request has a chance to be stored; where that is known not to work, one now and then finds out.
    pub fn may_be_tried(&self, now: Instant) -> bool {
        if self.storing.load(Ordering::Relaxed) {
            return true;
        }
        let mut tried = self.tried.lock();
        let due = tried.is_none_or(|at| now.saturating_duration_since(at) >= TRY_AGAIN);
        if due {
            *tried = Some(now);
        }
        due
    }

    /// Stores one record that no caller waits for.
    pub async fn publish(&self, record: OutboundRecord) -> Result<(), Unpublished> {
        self.publisher.publish(record).await
    }

    /// Stores all records of a request, or says what to answer.
    pub async fn store(&self, records: Vec<OutboundRecord>) -> Result<(), Refusal> {
        let all = join_all(records.into_iter().map(|record| self.publisher.publish(record)));
        let failure = match tokio::time::timeout(STORE_TIMEOUT, all).await {
            Ok(results) => results.into_iter().find_map(Result::err),
            Err(_) => Some(Unpublished::Unavailable(format!(
                "not acknowledged within {} s",
                STORE_TIMEOUT.as_secs()
            ))),
        };
        let Some(failure) = failure else {
            self.works_again();
            return Ok(());
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
            Unpublished::Unavailable(reason) => {
                if self.storing.swap(false, Ordering::Relaxed) {
                    tracing::error!(code = error_codes::UNAVAILABLE.code, reason, "records are not stored");
                    self.health.set(STORE, false, &reason);
                }
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Storing works, or works again.
    pub fn works_again(&self) {
        // The flag spares the hot path the lock behind the health report.
        if !self.storing.swap(true, Ordering::Relaxed) {
            self.health.set(STORE, true, "records are acknowledged");
        }
    }
}
