//! The commands of one resource.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use trunkline_kafka::TopicPartition;

use super::gates::GateId;
use crate::command::Command;
use crate::decision::{self, Progress, Step};

/// Names a lane: a resource, in the partition its key falls into.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LaneId {
    pub(super) partition: TopicPartition,
    pub(super) resource: Vec<u8>,
}

/// The commands of one resource, in order; only the head is tried.
#[derive(Debug)]
pub(super) struct Lane {
    /// Never empty.
    pub(super) queue: VecDeque<Arc<Command>>,
    /// Of the head.
    pub(super) phase: Phase,
    /// Of the head.
    pub(super) progress: Progress,
    /// The head was called for and failed: others are better suited to find out whether their target is back.
    pub(super) has_failed: bool,
    /// What the gates of the head had served when it failed last, or was first called for.
    pub(super) served: BTreeMap<GateId, u64>,
}

/// Where the head of a lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It may call as soon as its target has room.
    Ready,
    /// It waits for an answer.
    Calling {
        /// To this.
        step: Step,
    },
    /// It waits until a time (UTC milliseconds).
    Waiting {
        /// That time.
        until_ms: i64,
    },
    /// It is done, and waits for the commit.
    Ended,
}

// === impl LaneId ===

impl LaneId {
    pub(super) fn new(partition: TopicPartition, resource: Vec<u8>) -> Self {
        Self { partition, resource }
    }
}

// === impl Lane ===

impl Lane {
    pub(super) fn new(command: Arc<Command>, indeterminate: bool) -> Self {
        Self {
            queue: VecDeque::from([command]),
            phase: Phase::Ready,
            progress: Progress { indeterminate, ..Progress::default() },
            has_failed: false,
            served: BTreeMap::new(),
        }
    }

    /// Drops the head, which is done. False when nothing is left.
    pub(super) fn next(&mut self) -> bool {
        self.queue.pop_front();
        self.progress = Progress::default();
        self.has_failed = false;
        self.served.clear();
        self.phase = Phase::Ready;
        !self.queue.is_empty()
    }

    /// Where the head's next call goes through.
    pub(super) fn gate(&self) -> Option<GateId> {
        let head = self.queue.front()?;
        Some(GateId::of(head, decision::step(&head.terms, &self.progress)))
    }
}
