//! The idempotent producer: a record is done when every in-sync replica has it.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::util::Timeout;
use rdkafka::{ClientContext, Timestamp};
use trunkline_config::Kafka;

use crate::client::{self, Following};
use crate::client_errors::Client;
use crate::clock_skew::ClockSkew;
use crate::partitioner;
use crate::time_of_day::time_of_day;
use trunkline_schemas::error_codes;
use trunkline_schemas::record::OutboundRecord;

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Partition.
    pub partition: i32,
    /// Offset in it.
    pub offset: i64,
}

/// Why a record was not acknowledged. Whether it was written all the same is unknown for those that are retryable; the
/// same record sent again is a duplicate that readers must expect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProduceError {
    /// The client refused its settings.
    #[error("the producer cannot be created: {reason}; check [kafka] in the configuration")]
    Create {
        /// What the client said.
        reason: String,
    },
    /// The client holds as many records as it may: the brokers are slower than we are, or away.
    #[error("no room for a record of {topic}: the producer's queue is full; try again later")]
    QueueFull {
        /// Topic of the record.
        topic: String,
    },
    /// The brokers did not acknowledge in time, or could not.
    #[error(
        "{topic} did not acknowledge a record: {reason}; try again, and check the brokers if it stays so"
    )]
    Unavailable {
        /// Topic of the record.
        topic: String,
        /// What the client said.
        reason: String,
    },
    /// The record is larger than the topic takes.
    #[error("a record of {bytes} bytes is too large for {topic}")]
    TooLarge {
        /// Topic of the record.
        topic: String,
        /// Bytes of key, value and headers.
        bytes: usize,
    },
    /// There is no such topic or partition.
    #[error("{topic} does not exist (or has no such partition): run `trunkline topics apply`")]
    TopicMissing {
        /// Topic of the record.
        topic: String,
    },
    /// The brokers do not let us.
    #[error("writing to {topic} is refused: {reason}; check the credentials and ACLs of this client")]
    Refused {
        /// Topic of the record.
        topic: String,
        /// What the client said.
        reason: String,
    },
    /// The record itself is invalid.
    #[error("a record of {topic} is invalid: {reason}")]
    Invalid {
        /// Topic of the record.
        topic: String,
        /// What the client said.
        reason: String,
    },
    /// The producer is beyond repair: the process should stop and start anew.
    #[error("the producer cannot go on: {reason}")]
    Fatal {
        /// What the client said.
        reason: String,
    },
}

/// An idempotent producer; cheap to clone.
#[derive(Clone)]
pub struct Producer {
    inner: Arc<Following<FutureProducer<Context>>>,
    /// Partitions that topics are configured to have: keys are written to no others.
    partitions: i32,
    skew: ClockSkew,
}

#[derive(Clone)]
struct Context;

// === impl Context ===

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        Client::Producer.fails();
        tracing::warn!(%error, reason, "kafka producer");
    }
}

// === impl ProduceError ===

impl ProduceError {
    /// Whether the same record may be taken later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::QueueFull { .. } | Self::Unavailable { .. })
    }

    /// The stable error code, `TL-nnnn`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TopicMissing { .. } => error_codes::TOPIC_WRONG,
            Self::TooLarge { .. } => error_codes::BODY_TOO_LARGE,
            _ => error_codes::BROKER_UNREACHABLE,
        }
        .as_str()
    }

    fn of(error: &KafkaError, topic: &str, bytes: usize) -> Self {
        use RDKafkaErrorCode as Code;
        let (topic, reason) = (topic.to_owned(), error.to_string());
        match error.rdkafka_error_code() {
            Some(Code::QueueFull) => Self::QueueFull { topic },
            Some(Code::MessageSizeTooLarge | Code::MessageBatchTooLarge) => Self::TooLarge { topic, bytes },
            Some(
                Code::UnknownTopicOrPartition
                | Code::UnknownTopic
                | Code::UnknownPartition
                | Code::InvalidTopic,
            ) => Self::TopicMissing { topic },
            Some(
                Code::TopicAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::Authentication
                | Code::SaslAuthenticationFailed,
            ) => Self::Refused { topic, reason },
            Some(
                Code::InvalidRecord | Code::InvalidTimestamp | Code::InvalidMessage | Code::PolicyViolation,
            ) => Self::Invalid { topic, reason },
            Some(Code::Fatal) => Self::Fatal { reason },
            _ => Self::Unavailable { topic, reason },
        }
    }
}

// === impl Producer ===

impl Producer {
    /// Creates the producer. Brokers need not be there yet.
    ///
    /// # Errors
    /// [`ProduceError::Create`] when the client refuses its settings, for instance a missing certificate.
    pub fn new(kafka: &Kafka, client_id: &str) -> Result<Self, ProduceError> {
        Client::Producer.begins();
        Following::make(kafka, || client::producing(kafka, client_id).create_with_context(Context))
            .map(|inner| Self {
                inner: Arc::new(inner),
                partitions: kafka.partitions,
                skew: ClockSkew::unknown(),
            })
            .map_err(|error| ProduceError::Create { reason: error.to_string() })
    }

    /// Sends a record and waits until all in-sync replicas have it, at most 30 s (`message.timeout.ms`).
    ///
    /// The record is on its way once this is first polled: dropping the future later does not take it back.
    ///
    /// # Errors
    /// [`ProduceError`] says whether trying again makes sense.
    pub async fn send(&self, record: OutboundRecord) -> Result<Delivery, ProduceError> {
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, (key, value)| {
                headers.insert(Header { key, value: Some(value) })
            });
        let bytes = record.bytes();
        let sent = FutureRecord::<[u8], [u8]> {
            topic: &record.topic,
            partition: partitioner::of(&record, self.partitions),
            key: record.key.as_deref(),
            payload: record.value.as_deref(),
            timestamp: record.timestamp,
            headers: Some(headers),
        };
        let sent_ms = time_of_day();
        match self.inner.send(sent, Timeout::After(Duration::ZERO)).await {
            Ok(delivery) => {
                if let Timestamp::LogAppendTime(appended_ms) = delivery.timestamp {
                    self.skew.written(sent_ms, appended_ms, time_of_day());
                }
                Ok(Delivery { partition: delivery.partition, offset: delivery.offset })
            }
            Err((error, _)) => match self.inner.client().fatal_error() {
                Some((_, reason)) => Err(ProduceError::Fatal { reason }),
                None => Err(ProduceError::of(&error, &record.topic, bytes)),
            },
        }
    }

    /// Records that were sent and are not acknowledged yet.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.inner.in_flight_count()).unwrap_or(0)
    }

    /// Waits until every record sent is acknowledged or given up.
    ///
    /// # Errors
    /// [`ProduceError::Unavailable`] when records are left after `timeout`.
    pub async fn flush(&self, timeout: Duration) -> Result<(), ProduceError> {
        let producer = self.inner.clone();
        let flushed = tokio::task::spawn_blocking(move || producer.flush(timeout)).await;
        let reason = match flushed {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Err(ProduceError::Unavailable { topic: format!("{} records", self.in_flight()), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_whether_to_try_again() {
        use RDKafkaErrorCode as Code;
        let of = |code| ProduceError::of(&KafkaError::MessageProduction(code), "t", 7);
        for (code, retryable, expected) in [
            (Code::QueueFull, true, "TL-5001"),
            (Code::MessageTimedOut, true, "TL-5001"),
            (Code::NotEnoughReplicas, true, "TL-5001"),
            (Code::MessageSizeTooLarge, false, "TL-2003"),
            (Code::UnknownTopicOrPartition, false, "TL-5004"),
            (Code::UnknownPartition, false, "TL-5004"),
            (Code::TopicAuthorizationFailed, false, "TL-5001"),
            (Code::InvalidRecord, false, "TL-5001"),
            (Code::Fatal, false, "TL-5001"),
        ] {
            let error = of(code);
            assert_eq!((error.is_retryable(), error.code()), (retryable, expected), "{error}");
        }
    }
}
