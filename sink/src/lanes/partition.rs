//! One partition: its offsets, and whether it is read from.

use std::collections::BTreeSet;

use trunkline_kafka::TopicPartition;

use super::words::{Action, PartitionProgress, Settings};
use crate::offsets::Offsets;

/// What is known of one partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) offsets: Offsets,
    /// Records below it may have been tried before the assignment.
    pub(super) end: i64,
    pub(super) assigned_at_ms: i64,
    /// It will be given back: nothing starts any more.
    pub(super) revoking: bool,
    /// Records that cannot be decoded yet; nothing is read past them.
    pub(super) undecided: BTreeSet<i64>,
    paused: bool,
    committed: Saved,
    planned: Option<Saved>,
}

/// What is, or will be, committed of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Saved {
    watermark: Option<i64>,
    finished: Vec<i64>,
}

/// A change of [`Saved`], not yet named.
pub(super) struct Planned {
    watermark: i64,
    finished: Option<Vec<i64>>,
}

// === impl Partition ===

impl Partition {
    /// Assigned partitions start paused; the first look at the pauses resumes them.
    pub(super) fn assigned(watermark: Option<i64>, finished: Vec<i64>, end: i64, now_ms: i64) -> Self {
        Self {
            offsets: Offsets::restored(watermark, finished.iter().copied()),
            end,
            assigned_at_ms: now_ms,
            revoking: false,
            undecided: BTreeSet::new(),
            paused: true,
            committed: Saved { watermark, finished },
            planned: None,
        }
    }

    /// What to commit, if anything changed since the last commit.
    pub(super) fn plan(&mut self) -> Option<Planned> {
        let watermark = self.offsets.watermark()?;
        let saved = Saved { watermark: Some(watermark), finished: self.offsets.finished().collect() };
        if saved == self.committed {
            return None;
        }
        let finished = (saved.finished != self.committed.finished).then(|| saved.finished.clone());
        self.planned = Some(saved);
        Some(Planned { watermark, finished })
    }

    /// What was planned is committed.
    pub(super) fn committed(&mut self) {
        if let Some(planned) = self.planned.take() {
            self.committed = planned;
        }
    }

    /// This is committed, whatever was planned.
    pub(super) fn recovered(&mut self, watermark: Option<i64>, finished: Vec<i64>) {
        self.planned = None;
        self.committed = Saved { watermark, finished };
    }

    /// The change to make, if any. A full partition is read again when half of its room is free, so that it does not
    /// flap.
    pub(super) fn pause_or_resume(
        &mut self,
        name: &TopicPartition,
        closed: bool,
        settings: &Settings,
    ) -> Option<Action> {
        let (buffered, finished) = (self.offsets.unfinished_count(), self.offsets.finished_count());
        let (max_buffered, max_finished) = if self.paused {
            (settings.max_buffered.div_ceil(2), settings.max_finished.div_ceil(2))
        } else {
            (settings.max_buffered, settings.max_finished)
        };
        // What is done above the watermark shrinks only as what holds the watermark ends; that must have been read.
        let full = buffered >= max_buffered || (finished >= max_finished && buffered > 0);
        let pause = full || closed || self.revoking || !self.undecided.is_empty();
        if pause == self.paused {
            return None;
        }
        self.paused = pause;
        Some(if pause { Action::Pause(name.clone()) } else { Action::Resume(name.clone()) })
    }
}

// === impl Planned ===

impl Planned {
    pub(super) fn of(self, partition: TopicPartition) -> PartitionProgress {
        PartitionProgress { partition, watermark: self.watermark, finished: self.finished }
    }
}
