//! What the worker asks of its surroundings beside what [`trunkline_kafka::ports`] has for both stream loops. The
//! program gives it the real ones; the simulation has models of them, so that the worker's own code goes through every
//! fault that a seed can think of.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_kafka::changelog::RestoreError;
use trunkline_kafka::ports::Brokers;
use trunkline_kafka::{ConsumerError, LogPosition, SavedOffsets, TopicPartition};

use crate::command::Command;
use crate::decision::Step;
use crate::lanes::{Input, Serial};

/// Calls to targets, beside the worker.
pub trait TargetCalls {
    /// Takes one step for a command; its answer comes by [`TargetCalls::answer`].
    fn start(&mut self, serial: Serial, command: Arc<Command>, step: Step);

    /// Stops a call: no further attempt is made, and no answer is wanted.
    fn cancel(&mut self, serial: Serial);

    /// The next answer, an [`Input::Answered`]; waits for it at most `wait`.
    fn answer(&mut self, wait: Duration) -> Option<Input>;
}

/// Brokers that the member asks for its group's offsets.
pub trait GroupOffsets: Brokers {
    /// The stable committed offsets; `None` where nothing was ever committed.
    ///
    /// # Errors
    /// [`ConsumerError`] when the brokers do not answer within this time.
    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        within: Duration,
    ) -> Result<Vec<Option<i64>>, ConsumerError>;
}

/// What is saved of one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// Offsets finished above the watermark.
    pub offsets: Option<SavedOffsets>,
    /// Which log was read, and how far; earlier builds did not save it.
    pub position: Option<LogPosition>,
}

/// What is saved in `sink.state`.
pub trait SavedState {
    /// The saved state of those of these partitions that have some.
    ///
    /// # Errors
    /// [`RestoreError`] when it cannot be read.
    fn saved(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, Saved>, Box<RestoreError>>;
}
