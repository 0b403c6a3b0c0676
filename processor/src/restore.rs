//! Bringing partitions' state up to the end of what is committed, beside the partitions that go on.
//!
//! The committed offsets first: asking for stable ones settles the transactions of earlier owners (KIP-447). Then the
//! changelog, to its high watermark. What is read comes back as [`Progress`], and the engine writes it to the store: it
//! alone does, so that a partition that was taken away meanwhile gets nothing more.

mod thread;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use trunkline_kafka::changelog::{self, Anchor, Log, RestoreError, Start};
use trunkline_kafka::{ConsumerError, LogNow, LogPosition, SavedOffsetsError};
use trunkline_partition::state::{Change, keys};
use trunkline_schemas::error_codes;

use crate::state;

pub use thread::{GroupOffsets, RestoreThread};

/// How long a restore waits for other instances' open transactions.
const OPEN_TRANSACTION_PATIENCE: Duration = Duration::from_secs(60);

/// Changes handed over at once.
const BATCH: usize = 1_000;

/// Partitions to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Comes back with everything that comes of it: a later request for the same partition makes it void.
    pub ticket: u64,
    /// Each with where its state stands.
    pub partitions: Vec<(i32, Start)>,
    /// What the state says of the input's log, where it says something; as it is saved.
    pub positions: BTreeMap<i32, Vec<u8>>,
}

/// What comes of a [`Request`].
#[derive(Debug)]
pub struct Progress {
    /// The request's ticket.
    pub ticket: u64,
    /// What happened.
    pub step: Step,
}

/// One step of a restore.
#[derive(Debug)]
pub enum Step {
    /// The state of a partition is of another log: drop it.
    Clear {
        /// The partition.
        partition: i32,
        /// Why.
        reason: Box<RestoreError>,
    },
    /// Apply these changes, which bring the partition to the anchor.
    Changes {
        /// The partition.
        partition: i32,
        /// In order.
        changes: Vec<Change>,
        /// The last of them.
        anchor: Anchor,
    },
    /// The partition is restored.
    Ready(Box<Ready>),
    /// Everything asked for is restored.
    Done(Took),
    /// It could not be done.
    Failed(RestoreFailure),
}

/// What is known of a partition's input once its state is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The partition.
    pub partition: i32,
    /// The group's committed offset; `None` where there is none.
    pub committed: Option<i64>,
    /// What the state says of the log that was read.
    pub saved: Option<LogPosition>,
    /// What the brokers say of the log.
    pub now: LogNow,
}

/// How long the parts of a restore took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    /// Until the offsets were stable: earlier owners' transactions were settled.
    pub settlement: Duration,
    /// Until the changelog was read to its end, open transactions of others waited out.
    pub restore: Duration,
    /// Records read.
    pub records: u64,
    /// Partitions of which nothing was there, or nothing that was of use.
    pub in_full: usize,
}

/// Why a restore failed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreFailure {
    /// The committed offsets cannot be read.
    #[error("{code} {0}", code = error_codes::BROKER_UNREACHABLE)]
    Offsets(#[from] ConsumerError),
    /// What is saved of the input's log cannot be read.
    #[error("{code} {0}", code = error_codes::STATE_RESTORED_IN_FULL)]
    Position(#[from] SavedOffsetsError),
    /// The changelog cannot be read.
    #[error("{code} {0}", code = error_codes::STATE_RESTORED_IN_FULL)]
    Changelog(#[from] Box<RestoreError>),
}

/// Where a group's committed offsets are asked for, and what became of the logs that they are of.
pub trait Offsets {
    /// The stable committed offsets of input partitions; `None` where none was committed.
    ///
    /// # Errors
    /// [`ConsumerError`] when the coordinator does not answer.
    fn committed(&mut self, partitions: &[i32]) -> Result<Vec<Option<i64>>, ConsumerError>;

    /// What the brokers say of input partitions, of each with what is saved of it.
    ///
    /// # Errors
    /// [`ConsumerError`] when they do not answer.
    fn look(&mut self, partitions: &[(i32, Option<LogPosition>)]) -> Result<Vec<LogNow>, ConsumerError>;
}

/// Where restores are asked for.
pub trait Restorer {
    /// Begins to restore.
    fn request(&mut self, request: Request);

    /// What came of requests since the last call; a bounded part of it.
    fn progress(&mut self) -> Vec<Progress>;
}

/// Answers a request: see the module's documentation.
///
/// # Errors
/// [`RestoreFailure`] when the brokers do not answer; trying again starts anew.
pub fn answer(
    request: &Request,
    offsets: &mut dyn Offsets,
    log: &mut dyn Log,
    emit: &mut dyn FnMut(Step),
) -> Result<(), RestoreFailure> {
    let started = Instant::now();
    let numbers: Vec<i32> = request.partitions.iter().map(|(partition, _)| *partition).collect();
    let committed = offsets.committed(&numbers)?;
    let settlement = started.elapsed();
    let started = Instant::now();
    let mut starts = request.partitions.clone();
    let mut positions = request.positions.clone();
    let records = loop {
        let mut batches = Batches { emit: &mut *emit, changes: BTreeMap::new() };
        let result = changelog::restore(log, &starts, OPEN_TRANSACTION_PATIENCE, |change| {
            if let Some(position) = change.value.filter(|_| change.key == keys::INPUT_LOG) {
                positions.insert(change.partition, position.to_vec());
            }
            batches.add(change);
            Ok(())
        });
        match result {
            Ok(records) => {
                batches.finish();
                break records;
            }
            Err(reason @ RestoreError::AnotherLog { partition, .. }) => {
                emit(Step::Clear { partition, reason: Box::new(reason) });
                positions.remove(&partition);
                for (candidate, start) in &mut starts {
                    if *candidate == partition {
                        *start = Start::Beginning;
                    }
                }
            }
            Err(error) => return Err(Box::new(error).into()),
        }
    };
    let mut asked = Vec::with_capacity(numbers.len());
    for partition in &numbers {
        let saved = positions.get(partition).map(|saved| LogPosition::decode(saved)).transpose()?;
        asked.push((*partition, saved));
    }
    // Last: what the logs are is known the moment before they are read.
    for (((partition, saved), committed), now) in asked.iter().zip(committed).zip(offsets.look(&asked)?) {
        emit(Step::Ready(Box::new(Ready { partition: *partition, committed, saved: *saved, now })));
    }
    let in_full = starts.iter().filter(|(_, start)| matches!(start, Start::Beginning)).count();
    emit(Step::Done(Took { settlement, restore: started.elapsed(), records, in_full }));
    Ok(())
}

/// Changes read and not yet handed over, with offset and time of the last of them.
struct Batches<'e> {
    emit: &'e mut dyn FnMut(Step),
    changes: BTreeMap<i32, (Vec<Change>, (i64, i64))>,
}

impl Batches<'_> {
    fn add(&mut self, change: changelog::Change<'_>) {
        let (changes, last) =
            self.changes.entry(change.partition).or_insert_with(|| (Vec::with_capacity(BATCH), (0, 0)));
        changes.push(Change { key: change.key.to_vec(), value: change.value.map(<[u8]>::to_vec) });
        *last = (change.offset, change.timestamp);
        if changes.len() >= BATCH
            && let Some((changes, last)) = self.changes.remove(&change.partition)
        {
            self.hand_over(change.partition, changes, last);
        }
    }

    fn finish(mut self) {
        for (partition, (changes, last)) in std::mem::take(&mut self.changes) {
            self.hand_over(partition, changes, last);
        }
    }

    fn hand_over(&mut self, partition: i32, changes: Vec<Change>, (offset, timestamp): (i64, i64)) {
        if let Some(last) = changes.last() {
            let anchor = state::anchor(last, offset, timestamp);
            (self.emit)(Step::Changes { partition, changes, anchor });
        }
    }
}
