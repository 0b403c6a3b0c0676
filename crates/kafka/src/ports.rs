//! What a stream loop asks of its surroundings, as far as both loops ask it: the processor's and the sink's.
//!
//! A program gives its loop the real ones ([`crate::KafkaBrokers`]). A simulation has models of them, so that the
//! loop's own code goes through every fault that a seed can think of. What one loop alone asks is a trait of its own,
//! in its crate.

use std::time::Duration;

use trunkline_schemas::record::{OutboundRecord, TopicPartition};

use crate::consumer_error::ConsumerError;
use crate::group_consumer::Polled;
use crate::transactional_producer::{CommitOutcome, TransactionError};

/// The clock.
pub trait Clock {
    /// UTC milliseconds.
    fn now_ms(&self) -> i64;
}

/// Membership of the group, and transactions.
pub trait Brokers {
    /// Waits at most `wait` for a record or a change of assignment.
    ///
    /// # Errors
    /// [`ConsumerError::Fatal`] when the member is fenced; anything else passes by itself.
    fn poll(&mut self, wait: Duration) -> Result<Polled, ConsumerError>;

    /// Takes partitions that the group gives, paused, each at this offset (`None`: one that [`Brokers::seek`] says
    /// before it is read).
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn assign(&mut self, partitions: &[(TopicPartition, Option<i64>)]) -> Result<(), ConsumerError>;

    /// Gives partitions back, after everything that concerned them is committed or dropped.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError>;

    /// Stops reading from partitions.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError>;

    /// Reads from partitions again, where it was left.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError>;

    /// Reads an assigned partition from this offset on, whether it is paused or not.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError>;

    /// The end of a partition as a reader of committed records sees it.
    ///
    /// # Errors
    /// [`ConsumerError`] when the brokers do not answer within this time.
    fn end(&mut self, partition: &TopicPartition, within: Duration) -> Result<i64, ConsumerError>;

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

    /// Adds offsets, each the next to read, and commits; gives a step of it up after `within`.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do; [`crate::end_transaction`] is the table of it.
    fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        within: Duration,
    ) -> Result<CommitOutcome, TransactionError>;

    /// Aborts the open transaction.
    ///
    /// # Errors
    /// [`TransactionError::Fenced`], or [`TransactionError::Indeterminate`] when the producer is unfit for another.
    fn abort(&mut self) -> Result<(), TransactionError>;

    /// Replaces the producer by a fresh one of the same id, which settles whatever was open. Tries again for as long as
    /// `patience`, but once at least.
    ///
    /// # Errors
    /// [`TransactionError`] when the brokers refuse, or do not answer in that time.
    fn reopen(&mut self, patience: Duration) -> Result<(), TransactionError>;

    /// Lets time pass, between two attempts.
    fn wait(&mut self, time: Duration);
}
