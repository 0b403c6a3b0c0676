//! What the worker asks of its surroundings. The program gives it the real ones; the simulation has models of
//! them, so that the worker's own code goes through every fault that a seed can think of.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_kafka::changelog::RestoreError;
use trunkline_kafka::{
    CommitOutcome, ConsumerError, OutboundRecord, Polled, SavedOffsets, TopicPartition, TransactionError,
};

use crate::command::Command;
use crate::decision::Step;
use crate::lanes::{Input, Serial};

/// The clock.
pub trait Clock {
    /// UTC milliseconds that never go back.
    fn now_ms(&self) -> i64;
}

/// Calls to targets, beside the worker.
pub trait TargetCalls {
    /// Takes one step for a command; its answer comes by [`TargetCalls::answer`].
    fn start(&mut self, serial: Serial, command: Arc<Command>, step: Step);

    /// Stops a call: no further attempt is made, and no answer is wanted.
    fn cancel(&mut self, serial: Serial);

    /// The next answer, an [`Input::Answered`]; waits for it at most `wait`.
    fn answer(&mut self, wait: Duration) -> Option<Input>;
}

/// Membership of the group, transactions, and what is committed.
pub trait Brokers {
    /// Waits at most `wait` for a record or a change of assignment.
    ///
    /// # Errors
    /// [`ConsumerError::Fatal`] when the member is fenced; anything else passes by itself.
    fn poll(&mut self, wait: Duration) -> Result<Polled, ConsumerError>;

    /// Takes partitions that the group gives, paused, each from this offset on (`None`: from its beginning).
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn assign(&mut self, partitions: &[(TopicPartition, Option<i64>)]) -> Result<(), ConsumerError>;

    /// Gives partitions back, after everything that concerned them is committed or dropped.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError>;

    /// Stops reading from a partition.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn pause(&mut self, partition: &TopicPartition) -> Result<(), ConsumerError>;

    /// Reads from a partition again, where it was left.
    ///
    /// # Errors
    /// [`ConsumerError`] when the client refuses.
    fn resume(&mut self, partition: &TopicPartition) -> Result<(), ConsumerError>;

    /// The stable committed offsets; `None` where nothing was ever committed.
    ///
    /// # Errors
    /// [`ConsumerError`] when the brokers do not say.
    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<i64>>, ConsumerError>;

    /// The saved state of those of these partitions that have some.
    ///
    /// # Errors
    /// [`RestoreError`] when it cannot be read.
    fn saved(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, SavedOffsets>, Box<RestoreError>>;

    /// The end of a partition as a reader of committed records sees it.
    ///
    /// # Errors
    /// [`ConsumerError`] when the brokers do not say.
    fn end(&mut self, partition: &TopicPartition) -> Result<i64, ConsumerError>;

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

    /// Adds offsets, each the next to read, and commits.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do.
    fn commit(&mut self, offsets: &[(TopicPartition, i64)]) -> Result<CommitOutcome, TransactionError>;

    /// Aborts the open transaction.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do.
    fn abort(&mut self) -> Result<(), TransactionError>;

    /// Replaces the producer by a fresh one of the same id, which settles whatever was open.
    ///
    /// # Errors
    /// [`TransactionError`] when the brokers refuse, or do not answer for a minute.
    fn reopen(&mut self) -> Result<(), TransactionError>;

    /// Lets time pass, between two attempts.
    fn wait(&mut self, time: Duration);
}
