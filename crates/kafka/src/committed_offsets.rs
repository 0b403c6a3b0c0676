//! A group's committed offsets, asked for by one who is no member: beside the member, and without waiting in its way.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, DefaultConsumerContext};
use rdkafka::topic_partition_list::Offset;
use rdkafka::{ClientConfig, ClientContext};
use trunkline_config::Kafka;
use trunkline_schemas::record::TopicPartition;

use crate::client::{self, Following};
use crate::consumer_error::ConsumerError;
use crate::partition_list::to_list;

/// Asks for a group's offsets; see the module's documentation.
pub struct CommittedOffsets {
    group: String,
    consumer: Following<BaseConsumer<DefaultConsumerContext>>,
}

// === impl CommittedOffsets ===

impl CommittedOffsets {
    /// Asks for those of `group` (with its prefix).
    ///
    /// # Errors
    /// [`ConsumerError::Create`] when the client refuses its settings.
    pub fn open(kafka: &Kafka, group: &str, client_id: &str) -> Result<Self, ConsumerError> {
        Self::made(kafka, group, || client::asking_for_offsets(kafka, group, client_id))
    }

    /// Asks for those of `group` as they stand: what hangs in an open transaction is not waited for, and does not
    /// count. For whoever measures beside a loop that commits all the time.
    ///
    /// # Errors
    /// As [`CommittedOffsets::open`].
    pub fn as_they_stand(kafka: &Kafka, group: &str, client_id: &str) -> Result<Self, ConsumerError> {
        let config = || client::seeing_uncommitted(client::asking_for_offsets(kafka, group, client_id));
        Self::made(kafka, group, config)
    }

    fn made(
        kafka: &Kafka,
        group: &str,
        config: impl FnOnce() -> ClientConfig,
    ) -> Result<Self, ConsumerError> {
        let create = |source| ConsumerError::Create { group: group.to_owned(), source };
        let consumer = Following::make(kafka, || config().create()).map_err(create)?;
        Ok(Self { group: group.to_owned(), consumer })
    }

    /// The stable committed offsets: waits out offsets that hang in an open transaction (KIP-447). `None` where nothing
    /// was ever committed.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the coordinator does not answer in `timeout`.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<i64>>, ConsumerError> {
        committed(&self.consumer, &self.group, partitions, timeout)
    }
}

/// The stable committed offsets of a client's group.
pub(crate) fn committed<C: ClientContext + ConsumerContext>(
    consumer: &BaseConsumer<C>,
    group: &str,
    partitions: &[TopicPartition],
    timeout: Duration,
) -> Result<Vec<Option<i64>>, ConsumerError> {
    let list = to_list(partitions);
    let answer = consumer.committed_offsets(list, timeout).map_err(|source| ConsumerError::Call {
        what: "reading committed offsets",
        group: group.to_owned(),
        source,
    })?;
    Ok(partitions
        .iter()
        .map(|p| match answer.find_partition(&p.topic, p.partition).map(|e| e.offset()) {
            Some(Offset::Offset(offset)) => Some(offset),
            _ => None,
        })
        .collect())
}
