//! The brokers themselves.

use std::collections::HashMap;
use std::time::Duration;

use trunkline_kafka::{
    CommitOutcome, ConsumerError, GroupConsumer, OutboundRecord, Polled, TopicPartition, TransactionError,
    TransactionalProducer,
};

use super::Brokers;

/// How long the question may take whether the brokers are back.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// A member of the group with its transactional producer.
pub struct KafkaBrokers {
    consumer: GroupConsumer,
    producer: TransactionalProducer,
    input: String,
}

// === impl KafkaBrokers ===

impl KafkaBrokers {
    /// `input` is read, `changelog` written (both with their prefix).
    pub fn new(
        consumer: GroupConsumer,
        mut producer: TransactionalProducer,
        input: String,
        changelog: &str,
    ) -> Self {
        producer.watch(changelog);
        Self { consumer, producer, input }
    }

    fn inputs(&self, partitions: &[i32]) -> Vec<TopicPartition> {
        partitions.iter().map(|p| TopicPartition::new(self.input.clone(), *p)).collect()
    }
}

impl Brokers for KafkaBrokers {
    fn poll(&mut self, wait: Duration) -> Result<Polled, ConsumerError> {
        self.consumer.poll(wait)
    }

    fn assign(&mut self, partitions: &[i32]) -> Result<(), ConsumerError> {
        // The offset is given once it is known, by a seek; until then the partition is paused.
        let beginning: Vec<_> = self.inputs(partitions).into_iter().map(|p| (p, Some(0))).collect();
        self.consumer.assign(&beginning)
    }

    fn release(&mut self, partitions: &[i32]) -> Result<(), ConsumerError> {
        self.consumer.release(&self.inputs(partitions))
    }

    fn start(&mut self, partition: i32, offset: i64) -> Result<(), ConsumerError> {
        let input = TopicPartition::new(self.input.clone(), partition);
        self.consumer.seek(&input, offset)?;
        self.consumer.resume(std::slice::from_ref(&input))
    }

    fn pause(&mut self, partitions: &[i32]) -> Result<(), ConsumerError> {
        self.consumer.pause(&self.inputs(partitions))
    }

    fn resume(&mut self, partitions: &[i32]) -> Result<(), ConsumerError> {
        self.consumer.resume(&self.inputs(partitions))
    }

    fn answer(&mut self) -> bool {
        self.consumer.watermarks(&TopicPartition::new(self.input.clone(), 0), PROBE_TIMEOUT).is_ok()
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.producer.begin()
    }

    fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        self.producer.produce(record)
    }

    fn commit(
        &mut self,
        offsets: &[(i32, i64)],
        within: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        let offsets: Vec<_> = offsets
            .iter()
            .map(|(p, offset)| (TopicPartition::new(self.input.clone(), *p), *offset))
            .collect();
        self.producer.commit(&offsets, &self.consumer, within)
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.producer.abort()
    }

    fn reopen(&mut self) -> Result<(), TransactionError> {
        // The engine tries again, and polls in between.
        self.producer.reopen(Duration::ZERO)
    }

    fn take_delivered(&mut self) -> HashMap<i32, i64> {
        self.producer.take_delivered().into_iter().map(|(p, offset)| (p.partition, offset)).collect()
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}
