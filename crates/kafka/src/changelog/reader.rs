//! A changelog on real brokers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, Message};
use trunkline_config::Kafka;

use super::{Change, Log, RestoreError, STABLE_WAIT};
use crate::client::{self, Following};
use crate::quiet::Quiet;

/// How long one question to a broker may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads changelog partitions back.
pub struct Reader {
    topic: String,
    committed: Following<BaseConsumer<Quiet>>,
    uncommitted: Following<BaseConsumer<Quiet>>,
    stop: Arc<AtomicBool>,
}

// === impl Reader ===

impl Reader {
    /// Prepares to read `topic`; a restore under way ends when `stop` is set.
    ///
    /// # Errors
    /// [`RestoreError::Call`] when the client refuses its settings.
    pub fn open(
        kafka: &Kafka,
        topic: &str,
        client_id: &str,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, RestoreError> {
        let reader = |seeing: fn(ClientConfig) -> ClientConfig| {
            let config = || seeing(client::restoring(kafka, client_id));
            Following::make(kafka, || config().create_with_context(Quiet))
                .map_err(|source| call(topic, "creating a reader", source))
        };
        Ok(Self {
            topic: topic.to_owned(),
            committed: reader(|config| config)?,
            uncommitted: reader(client::seeing_uncommitted)?,
            stop,
        })
    }

    fn watermarks(&self, consumer: &BaseConsumer<Quiet>, partition: i32) -> Result<(i64, i64), RestoreError> {
        consumer
            .fetch_watermarks(&self.topic, partition, CALL_TIMEOUT)
            .map_err(|source| call(&self.topic, "reading watermarks", source))
    }

    fn read_to_end(
        &self,
        mut behind: HashSet<i32>,
        apply: &mut dyn FnMut(Change<'_>) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        while !behind.is_empty() {
            match self.committed.poll(Duration::from_millis(100)) {
                None if self.stop.load(Ordering::Acquire) => {
                    return Err(RestoreError::Interrupted { topic: self.topic.clone() });
                }
                None => {}
                // The fetch position has passed the last stable offset, which was at or beyond the end we look for.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    behind.remove(&partition);
                }
                Some(Err(source)) if source.rdkafka_error_code().is_some_and(is_transient) => {
                    tracing::warn!(error = %source, topic = %self.topic, "reading the changelog; trying again");
                }
                Some(Err(source)) => return Err(call(&self.topic, "reading", source)),
                Some(Ok(message)) => {
                    if let Some(key) = message.key() {
                        let (partition, offset) = (message.partition(), message.offset());
                        let timestamp = message.timestamp().to_millis().unwrap_or_default();
                        apply(Change { partition, offset, timestamp, key, value: message.payload() })?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Log for Reader {
    fn topic(&self) -> &str {
        &self.topic
    }

    fn ends(&mut self, partition: i32) -> Result<(i64, i64), RestoreError> {
        self.watermarks(&self.uncommitted, partition)
    }

    fn stable(&mut self, partition: i32) -> Result<i64, RestoreError> {
        self.watermarks(&self.committed, partition).map(|(_, stable)| stable)
    }

    fn wait(&mut self) -> bool {
        std::thread::sleep(STABLE_WAIT);
        !self.stop.load(Ordering::Acquire)
    }

    fn read(
        &mut self,
        from: &[(i32, i64)],
        apply: &mut dyn FnMut(Change<'_>) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError> {
        let mut list = TopicPartitionList::with_capacity(from.len());
        for (partition, offset) in from {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset))
                .map_err(|source| call(&self.topic, "choosing an offset", source))?;
        }
        self.committed.assign(&list).map_err(|source| call(&self.topic, "assigning", source))?;
        let read = self.read_to_end(from.iter().map(|(partition, _)| *partition).collect(), apply);
        self.committed.unassign().map_err(|source| call(&self.topic, "unassigning", source))?;
        read
    }
}

fn call(topic: &str, what: &'static str, source: KafkaError) -> RestoreError {
    RestoreError::Call { topic: topic.to_owned(), what, source }
}

fn is_transient(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::NotLeaderForPartition
            | Code::LeaderNotAvailable
            | Code::NetworkException
            | Code::Resolve
    )
}
