//! Storing records durably, and whether that works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use metrics::counter;
use trunkline_schemas::{OutboundRecord, error_codes};
use trunkline_telemetry::Health;

use crate::metric_names;
use crate::publish::{Publish, Unpublished};
use crate::refusal::Refusal;

/// How long a caller waits for Kafka: less than the 10 s that Genesys waits. A record that is stored later
/// all the same meets its repetition in the processor's deduplication.
const STORE_TIMEOUT: Duration = Duration::from_secs(8);

/// The part of the health report that says whether records are stored.
pub const STORE: &str = "store";

/// Where records are stored.
pub struct Store<P> {
    publisher: P,
    health: Arc<Health>,
    storing: AtomicBool,
}

// === impl Store ===

impl<P: Publish> Store<P> {
    /// Stores by this publisher, and reports to `health` whether it works.
    pub fn new(publisher: P, health: Arc<Health>) -> Self {
        Self { publisher, health, storing: AtomicBool::new(true) }
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
