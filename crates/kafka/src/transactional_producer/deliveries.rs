//! What the client tells beside the calls: records that were delivered, and errors of connections.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use crate::client_errors::Client;

/// Marks a record of the watched topic.
pub(super) const WATCHED: usize = 1;

/// Follows deliveries and transport errors.
#[derive(Default)]
pub(super) struct Deliveries {
    transport_errors: AtomicU64,
    /// Highest offset delivered to each partition of the watched topic.
    delivered: Mutex<BTreeMap<i32, i64>>,
    /// The largest record that the brokers refused for its size.
    too_large: Mutex<Option<TooLarge>>,
}

/// A record that the brokers refuse for its size, whatever is done.
#[derive(Debug, Clone)]
pub(super) struct TooLarge {
    pub(super) topic: String,
    /// Bytes of key and value.
    pub(super) bytes: usize,
    pub(super) reason: String,
}

// === impl Deliveries ===

impl Deliveries {
    /// Errors of connections so far.
    pub(super) fn transport_errors(&self) -> u64 {
        self.transport_errors.load(Ordering::Acquire)
    }

    /// The largest record refused for its size since the last call.
    pub(super) fn take_too_large(&self) -> Option<TooLarge> {
        self.too_large.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note_too_large(&self, refused: TooLarge) {
        let mut largest = self.too_large.lock().unwrap_or_else(PoisonError::into_inner);
        if largest.as_ref().is_none_or(|largest| largest.bytes < refused.bytes) {
            *largest = Some(refused);
        }
    }

    /// The highest offset delivered to each partition of the watched topic since the last call.
    pub(super) fn take(&self) -> BTreeMap<i32, i64> {
        std::mem::take(&mut *self.delivered.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        self.transport_errors.fetch_add(1, Ordering::AcqRel);
        Client::Producer.fails();
        tracing::warn!(%error, reason, "kafka producer");
    }
}

impl ProducerContext for Deliveries {
    /// [`WATCHED`] for a record whose offset is remembered. The topic's name would have to be read, and compared, for
    /// each of the records.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, mark: usize) {
        match result {
            Ok(message) if mark == WATCHED => {
                let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
                let entry = delivered.entry(message.partition()).or_insert(i64::MIN);
                *entry = (*entry).max(message.offset());
            }
            Ok(_) => {}
            Err((error, message)) => {
                let code = error.rdkafka_error_code();
                // Given up with its transaction, by our own wish.
                if matches!(code, Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)) {
                    return;
                }
                // The commit fails with an abortable error and says so; the details help whoever reads the log.
                tracing::warn!(%error, topic = message.topic(), "record of a transaction was not delivered");
                if code == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
                    let bytes = message.key_len() + message.payload_len();
                    let (topic, reason) = (message.topic().to_owned(), error.to_string());
                    self.note_too_large(TooLarge { topic, bytes, reason });
                }
            }
        }
    }
}
