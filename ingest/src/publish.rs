//! Where records go: Kafka, or a stand-in in tests.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Notify;
use trunkline_kafka::{OutboundRecord, ProduceError, Producer};

/// Something that stores records durably.
pub trait Publish: Send + Sync + 'static {
    /// Completes when the record is stored on every in-sync replica.
    fn publish(&self, record: OutboundRecord) -> impl Future<Output = Result<(), Unpublished>> + Send;
}

/// Why a record was not stored, as far as it matters to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpublished {
    /// No attempt will store it: it is larger than the topic takes.
    #[error("{0}")]
    TooLarge(String),
    /// This process has as many records on their way as it may.
    #[error("{0}")]
    QueueFull(String),
    /// It may be stored later, perhaps after somebody did something about it.
    #[error("{0}")]
    Unavailable(String),
}

/// Kafka.
#[derive(Clone)]
pub struct KafkaPublisher {
    producer: Producer,
    broken: Arc<Notify>,
}

// === impl KafkaPublisher ===

impl KafkaPublisher {
    /// Publishes by this producer.
    pub fn new(producer: Producer) -> Self {
        Self { producer, broken: Arc::default() }
    }

    /// Completes when the producer is beyond repair and the process must start anew.
    pub async fn broken(&self) {
        self.broken.notified().await;
    }
}

impl Publish for KafkaPublisher {
    async fn publish(&self, record: OutboundRecord) -> Result<(), Unpublished> {
        match self.producer.send(record).await {
            Ok(_) => Ok(()),
            Err(error @ ProduceError::TooLarge { .. }) => Err(Unpublished::TooLarge(error.to_string())),
            Err(error @ ProduceError::QueueFull { .. }) => Err(Unpublished::QueueFull(error.to_string())),
            Err(error) => {
                if matches!(error, ProduceError::Fatal { .. }) {
                    self.broken.notify_one();
                }
                Err(Unpublished::Unavailable(error.to_string()))
            }
        }
    }
}
