//! The brokers themselves.

use std::time::Duration;

use trunkline_schemas::record::{OutboundRecord, TopicPartition};

use crate::consumer_error::ConsumerError;
use crate::group_consumer::{GroupConsumer, Polled};
use crate::ports::Brokers;
use crate::transactional_producer::{CommitOutcome, TransactionError, TransactionalProducer};

/// A member of the group with its transactional producer. Both are public for what one loop alone asks of them.
pub struct KafkaBrokers {
    /// The member.
    pub consumer: GroupConsumer,
    /// The producer, initialised before the member joins: what a predecessor left open is settled before a partition is
    /// taken.
    pub producer: TransactionalProducer,
}

// === impl KafkaBrokers ===

impl Brokers for KafkaBrokers {
    fn poll(&mut self, wait: Duration) -> Result<Polled, ConsumerError> {
        self.consumer.poll(wait)
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Option<i64>)]) -> Result<(), ConsumerError> {
        self.consumer.assign(partitions)
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.consumer.release(partitions)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.consumer.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.consumer.resume(partitions)
    }

    fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        self.consumer.seek(partition, offset)
    }

    fn end(&mut self, partition: &TopicPartition, within: Duration) -> Result<i64, ConsumerError> {
        self.consumer.watermarks(partition, within).map(|(_, end)| end)
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.producer.begin()
    }

    fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        self.producer.produce(record)
    }

    fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        within: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        self.producer.commit(offsets, &self.consumer, within)
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.producer.abort()
    }

    fn reopen(&mut self, patience: Duration) -> Result<(), TransactionError> {
        self.producer.reopen(patience)
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}
