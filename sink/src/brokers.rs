//! The brokers themselves.

use std::collections::HashMap;
use std::time::Duration;

use trunkline_kafka::changelog::{Reader, RestoreError, Start};
use trunkline_kafka::transactional_producer::{INITIALISE_TIMEOUT, TRANSACTION_TIMEOUT};
use trunkline_kafka::{
    CommitOutcome, ConsumerError, GroupConsumer, OutboundRecord, Polled, SavedOffsets, TopicPartition,
    TransactionError, TransactionalProducer,
};

use crate::ports::Brokers;
use crate::saved_state;

/// How long one question may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long reading the saved state may take: a transaction that is open has ended by then.
const RESTORE_PATIENCE: Duration = Duration::from_secs(60);

/// A member of the group with its transactional producer, and a reader of the saved state.
pub struct KafkaBrokers {
    consumer: GroupConsumer,
    producer: TransactionalProducer,
    state: Reader,
}

// === impl KafkaBrokers ===

impl KafkaBrokers {
    /// Takes an initialised producer; `state` reads `sink.state`.
    pub fn new(consumer: GroupConsumer, producer: TransactionalProducer, state: Reader) -> Self {
        Self { consumer, producer, state }
    }
}

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

    fn pause(&mut self, partition: &TopicPartition) -> Result<(), ConsumerError> {
        self.consumer.pause(std::slice::from_ref(partition))
    }

    fn resume(&mut self, partition: &TopicPartition) -> Result<(), ConsumerError> {
        self.consumer.resume(std::slice::from_ref(partition))
    }

    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<i64>>, ConsumerError> {
        self.consumer.committed(partitions, CALL_TIMEOUT)
    }

    fn saved(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, SavedOffsets>, Box<RestoreError>> {
        let by_key: HashMap<Vec<u8>, &TopicPartition> =
            partitions.iter().map(|partition| (saved_state::key(partition), partition)).collect();
        let mut numbers: Vec<(i32, Start)> =
            partitions.iter().map(|partition| (partition.partition, Start::Beginning)).collect();
        numbers.sort_by_key(|(number, _)| *number);
        numbers.dedup_by_key(|(number, _)| *number);
        let mut states = HashMap::new();
        self.state.restore(&numbers, RESTORE_PATIENCE, |change| {
            if let Some(partition) = by_key.get(change.key) {
                match change.value {
                    Some(value) => {
                        let state = saved_state::decode(value).map_err(|error| error.to_string())?;
                        states.insert((*partition).clone(), state);
                    }
                    None => {
                        states.remove(*partition);
                    }
                }
            }
            Ok(())
        })?;
        Ok(states)
    }

    fn end(&mut self, partition: &TopicPartition) -> Result<i64, ConsumerError> {
        self.consumer.watermarks(partition, CALL_TIMEOUT).map(|(_, end)| end)
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.producer.begin()
    }

    fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        self.producer.produce(record)
    }

    fn commit(&mut self, offsets: &[(TopicPartition, i64)]) -> Result<CommitOutcome, TransactionError> {
        self.producer.commit(offsets, &self.consumer, TRANSACTION_TIMEOUT)
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.producer.abort()
    }

    fn reopen(&mut self) -> Result<(), TransactionError> {
        self.producer.reopen(INITIALISE_TIMEOUT)
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}
