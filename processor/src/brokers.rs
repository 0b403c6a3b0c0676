//! What the engine asks of the brokers beside what [`trunkline_kafka::ports::Brokers`] has for both stream loops: it
//! takes partitions before it knows where to read them from, and remembers where its changes lie in the changelog. On
//! real ones this is [`KafkaBrokers`]; the simulation has a model of a transactional log instead.

use std::collections::BTreeMap;

use trunkline_kafka::ports::Brokers;
use trunkline_kafka::{ConsumerError, KafkaBrokers, TopicPartition};

/// Brokers to restore state from before a partition is read.
pub trait ChangelogBrokers: Brokers {
    /// Reads a partition that is ours from this offset on.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn start(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError>;

    /// The next offset that would be read of a partition, behind what is no record. `None` where nothing was read since
    /// it was started.
    fn position(&mut self, partition: &TopicPartition) -> Option<i64>;

    /// The highest offset of each changelog partition that records were delivered to since the last call.
    fn take_delivered(&mut self) -> BTreeMap<i32, i64>;
}

/// Their producer watches the changelog ([`trunkline_kafka::TransactionalProducer::watch`]).
impl ChangelogBrokers for KafkaBrokers {
    fn start(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        self.consumer.seek(partition, offset)?;
        self.consumer.resume(std::slice::from_ref(partition))
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.consumer.position(partition)
    }

    fn take_delivered(&mut self) -> BTreeMap<i32, i64> {
        self.producer.take_delivered()
    }
}
