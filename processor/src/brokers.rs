//! The brokers, as far as the engine needs them. On real ones this is [`KafkaBrokers`]; the simulation has a model of a
//! transactional log instead, so that the engine's own code goes through every fault that a seed can think of.

mod kafka;

use std::collections::HashMap;
use std::time::Duration;

use trunkline_kafka::{CommitOutcome, ConsumerError, OutboundRecord, Polled, TransactionError};

pub use kafka::KafkaBrokers;

/// Membership of the group, and transactions. Partitions are those of the input topic.
pub trait Brokers {
    /// Waits at most `wait` for a record or a change of assignment.
    ///
    /// # Errors
    /// [`ConsumerError::Fatal`] when the member is fenced; anything else passes by itself.
    fn poll(&mut self, wait: Duration) -> Result<Polled, ConsumerError>;

    /// Takes partitions that the group gives; nothing is read from them before [`Brokers::start`].
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn assign(&mut self, partitions: &[i32]) -> Result<(), ConsumerError>;

    /// Gives partitions back, after everything that concerned them is committed or dropped.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn release(&mut self, partitions: &[i32]) -> Result<(), ConsumerError>;

    /// Reads a partition that is ours from this offset on.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn start(&mut self, partition: i32, offset: i64) -> Result<(), ConsumerError>;

    /// Stops reading from partitions.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn pause(&mut self, partitions: &[i32]) -> Result<(), ConsumerError>;

    /// Reads from partitions again, where it was left.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn resume(&mut self, partitions: &[i32]) -> Result<(), ConsumerError>;

    /// Whether the brokers answer at all.
    fn answer(&mut self) -> bool;

    /// Starts a transaction.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do.
    fn begin(&mut self) -> Result<(), TransactionError>;

    /// Adds a record to the open transaction.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do.
    fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError>;

    /// Adds offsets (each the next to read) of input partitions, and commits; gives a step of it up after `within`.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do.
    fn commit(&mut self, offsets: &[(i32, i64)], within: Duration)
    -> Result<CommitOutcome, TransactionError>;

    /// Aborts the open transaction.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do.
    fn abort(&mut self) -> Result<(), TransactionError>;

    /// Replaces the producer by a fresh one of the same id, which settles whatever was open.
    ///
    /// # Errors
    /// [`TransactionError`] when the brokers refuse.
    fn reopen(&mut self) -> Result<(), TransactionError>;

    /// The highest offset of each changelog partition that records were delivered to since the last call.
    fn take_delivered(&mut self) -> HashMap<i32, i64>;

    /// Lets time pass, between two attempts.
    fn wait(&mut self, time: Duration);
}
