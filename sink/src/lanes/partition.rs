//! One partition: its offsets, and whether it is read from.

use std::collections::BTreeSet;

use trunkline_kafka::{InboundRecord, OffsetTracker, TopicPartition};

use super::messages::{Action, PartitionProgress, Settings};

/// What is known of one partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) offsets: OffsetTracker,
    /// Records below it may have been tried before the assignment.
    pub(super) end: i64,
    pub(super) assigned_at_ms: i64,
    /// It will be given back: nothing starts any more.
    pub(super) revoking: bool,
    /// Records that cannot be decoded yet; nothing is read past them.
    pub(super) undecided: BTreeSet<i64>,
    paused: bool,
    /// Bytes of the records that were read and whose end is not committed.
    bytes: usize,
    /// The watermark that is committed, and the one of the transaction under way.
    committed: Option<i64>,
    planned: Option<i64>,
}

// === impl Partition ===

impl Partition {
    /// Assigned partitions start paused; the first look at the pauses resumes them.
    pub(super) fn assigned(watermark: Option<i64>, finished: Vec<i64>, end: i64, now_ms: i64) -> Self {
        Self {
            offsets: OffsetTracker::restored(watermark, finished),
            end,
            assigned_at_ms: now_ms,
            revoking: false,
            undecided: BTreeSet::new(),
            paused: true,
            bytes: 0,
            committed: watermark,
            planned: None,
        }
    }

    /// A record was read that is kept until its end is committed.
    pub(super) fn holds(&mut self, record: &InboundRecord) {
        self.bytes += record.bytes();
    }

    /// The end of a record is committed.
    pub(super) fn lets_go(&mut self, record: &InboundRecord) {
        self.bytes = self.bytes.saturating_sub(record.bytes());
    }

    /// Bytes of the records that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What to commit, if anything changed since the last commit.
    pub(super) fn plan(&mut self, name: &TopicPartition) -> Option<PartitionProgress> {
        let watermark = self.offsets.watermark()?;
        let saved = self.offsets.take_changed();
        if saved.is_none() && self.committed == Some(watermark) {
            return None;
        }
        self.planned = Some(watermark);
        Some(PartitionProgress { partition: name.clone(), watermark, finished: saved.map(|s| s.finished) })
    }

    /// What to commit when these finished offsets are left out: they count as not finished.
    pub(super) fn plan_without(
        &mut self,
        name: &TopicPartition,
        left_out: &BTreeSet<i64>,
    ) -> Option<PartitionProgress> {
        let Some(first) = left_out.first() else { return self.plan(name) };
        let watermark = self.offsets.watermark()?;
        let held = watermark.min(*first);
        // Below the watermark is nothing but what is finished, and offsets without a record.
        let finished: Vec<i64> = (held..watermark)
            .chain(self.offsets.above_watermark())
            .filter(|offset| !left_out.contains(offset))
            .collect();
        self.offsets.saved_is(&finished);
        self.planned = Some(held);
        Some(PartitionProgress { partition: name.clone(), watermark: held, finished: Some(finished) })
    }

    /// What was planned is committed.
    pub(super) fn committed(&mut self) {
        self.committed = self.planned.take().or(self.committed);
    }

    /// This is committed, whatever was planned.
    pub(super) fn recovered(&mut self, watermark: Option<i64>, finished: &[i64]) {
        self.planned = None;
        self.committed = watermark;
        self.offsets.saved_is(finished);
    }

    /// The change to make, if any. A full partition is read again when half of its room is free, so that it does not
    /// flap.
    pub(super) fn pause_or_resume(
        &mut self,
        name: &TopicPartition,
        closed: bool,
        max_bytes: usize,
        settings: &Settings,
    ) -> Option<Action> {
        let (buffered, finished) = (self.offsets.unfinished(), self.offsets.len_above_watermark());
        let (max_buffered, max_finished) = if self.paused {
            (settings.max_buffered.div_ceil(2), settings.max_finished.div_ceil(2))
        } else {
            (settings.max_buffered, settings.max_finished)
        };
        // What is done above the watermark shrinks only as what holds the watermark ends; that must have been read.
        let max_bytes = if self.paused { max_bytes / 2 } else { max_bytes };
        // Without any bytes there is nothing that would end a pause.
        let heavy = self.bytes > max_bytes && self.bytes > 0;
        let full = buffered >= max_buffered || heavy || (finished >= max_finished && buffered > 0);
        let pause = full || closed || self.revoking || !self.undecided.is_empty();
        if pause == self.paused {
            return None;
        }
        self.paused = pause;
        Some(if pause { Action::Pause(name.clone()) } else { Action::Resume(name.clone()) })
    }
}
