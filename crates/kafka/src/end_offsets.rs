//! Where the partitions of a topic end, asked for beside the member that reads them.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use trunkline_config::Kafka;

use crate::client::{self, Following};
use crate::consumer_error::ConsumerError;

/// Asks for the ends of a topic's partitions. It has a connection of its own: on the member's, a question would stand
/// in line behind a fetch that waits for records.
pub struct EndOffsets {
    topic: String,
    client_id: String,
    consumer: Following<BaseConsumer>,
}

// === impl EndOffsets ===

impl EndOffsets {
    /// Asks for those of `topic` (with its prefix).
    ///
    /// # Errors
    /// [`ConsumerError::Create`] when the client refuses its settings.
    pub fn open(kafka: &Kafka, topic: &str, client_id: &str) -> Result<Self, ConsumerError> {
        // With what is not committed: a record of an open transaction lies in its partition, and is still to be read.
        let make = || client::seeing_uncommitted(client::reading(kafka, client_id)).create();
        let consumer = Following::make(kafka, make)
            .map_err(|source| ConsumerError::Create { group: client_id.to_owned(), source })?;
        Ok(Self { topic: topic.to_owned(), client_id: client_id.to_owned(), consumer })
    }

    /// The high watermark of each of these partitions, as their leaders have it at some moment during the call. It
    /// blocks. A partition whose leader does not know is left out.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the brokers do not answer in `timeout`.
    pub fn ends(&self, partitions: &[i32], timeout: Duration) -> Result<Vec<(i32, i64)>, ConsumerError> {
        let call = |source: KafkaError| ConsumerError::Call {
            what: "asking for the end",
            group: self.client_id.clone(),
            source,
        };
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            // In place of a time: the latest offset.
            list.add_partition_offset(&self.topic, *partition, Offset::End).map_err(call)?;
        }
        let answered = self.consumer.offsets_for_times(list, timeout).map_err(call)?;
        let ends = answered.elements();
        let known = ends.iter().filter(|end| end.error().is_ok());
        Ok(known
            .filter_map(|end| Some((end.partition(), end.offset().to_raw().filter(|at| *at >= 0)?)))
            .collect())
    }
}
