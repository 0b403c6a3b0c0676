//! What goes into the lanes, what comes out, and how they are bounded.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_kafka::{InboundRecord, LogPosition, TopicPartition};

use crate::answer::{Answer, Health};
use crate::command::{Command, Ended, Parsed, TargetIndex};
use crate::decision::Step;

/// Identifies one call; never used twice in a process.
pub type Serial = u64;

/// The bounds of the lanes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Names of the targets, each at its index.
    pub targets: Vec<String>,
    /// Targets whose commands a topic (with prefix) carries.
    pub topics: BTreeMap<String, Vec<TargetIndex>>,
    /// Calls under way at once for one target.
    pub max_in_flight: usize,
    /// Records of one partition that may be read and not done; at that many it pauses.
    pub max_buffered: usize,
    /// Bytes of the records of all partitions that may be read and not committed, shared evenly by the partitions that
    /// are held; a partition pauses at its share.
    pub max_bytes: usize,
    /// Offsets of one partition that may be done above the watermark; at that many it pauses.
    pub max_finished: usize,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// A partition is ours, and its state is restored.
    Assigned {
        /// Which.
        partition: TopicPartition,
        /// The committed offset; `None` when there is none.
        watermark: Option<i64>,
        /// Offsets done above it.
        finished: Vec<i64>,
        /// The partition's end at this moment: a record below it may have been tried before.
        end: i64,
    },
    /// Something about the log of a partition that is ours.
    Log(TopicPartition, LogChange),
    /// A record was read, and this is what it is.
    Read(Parsed),
    /// A record was read that cannot be decoded yet; [`Input::Read`] follows.
    Undecided(InboundRecord),
    /// A call came to its end.
    Answered {
        /// Which.
        serial: Serial,
        /// With what.
        answer: Answer,
        /// The target's breaker after it.
        health: Health,
        /// Attempts that reached the network.
        attempts: u32,
    },
    /// Time went by.
    Tick,
    /// Partitions will be given back: start nothing more for them.
    Revoking(Vec<TopicPartition>),
    /// Partitions are given back or lost: forget them.
    Released(Vec<TopicPartition>),
    /// The transaction of the last [`Plan`] is committed and known to be.
    Committed,
    /// What is committed of a partition, read after a transaction whose outcome was not known.
    Recovered {
        /// Which.
        partition: TopicPartition,
        /// The committed offset; `None` when there is none.
        watermark: Option<i64>,
        /// Offsets done above it.
        finished: Vec<i64>,
        /// Which log they are of, as far as that is saved.
        position: Option<LogPosition>,
    },
}

/// What there is to know of a partition's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogChange {
    /// It is this one, read up to there. Where nothing of it is saved yet, or something else, the next transaction says
    /// so; `afresh`, it says too that finished offsets of before mean nothing.
    Opened {
        /// Which log, and how far.
        position: LogPosition,
        /// Whether exactly this is saved.
        saved: bool,
        /// Whether what is saved of offsets is of another log.
        afresh: bool,
    },
    /// It is not what it was: nothing more is read. What was read is carried out.
    Stopped {
        /// Whether its offsets are those of a log that is gone: the group must not get them any more.
        void: bool,
    },
    /// It is read on from this offset; those before it are gone, or hold no record.
    SkipTo(i64),
    /// Another log is read in its place, from there on. Everything that was read of the old one is settled.
    Replaced {
        /// Which log, and from where.
        position: LogPosition,
        /// Its end at this moment: a record below it may have been tried before.
        end: i64,
    },
}

/// Something to do.
#[derive(Debug)]
pub enum Action {
    /// Take one step at a target and answer with [`Input::Answered`].
    Call {
        /// Names the call.
        serial: Serial,
        /// For this command.
        command: Arc<Command>,
        /// Do this.
        step: Step,
    },
    /// Stop the call; no answer is wanted.
    Cancel {
        /// Which.
        serial: Serial,
    },
    /// Read no more from a partition.
    Pause(TopicPartition),
    /// Read from a partition again.
    Resume(TopicPartition),
}

/// What the next transaction should hold.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Records that are done with: their results and dead letters.
    pub ended: Vec<Arc<Ended>>,
    /// How far partitions have come.
    pub progress: Vec<PartitionProgress>,
}

/// How far a partition has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionProgress {
    /// Which.
    pub partition: TopicPartition,
    /// The offset to commit.
    pub watermark: i64,
    /// The offsets done above it, ascending, where they differ from what is saved.
    pub finished: Option<Vec<i64>>,
    /// Which log it is of, and the last record below the watermark.
    pub position: LogPosition,
    /// The log is gone: the state says how far it was done, and the group does not get the offset.
    pub void: bool,
}
