//! One partition: its offsets, and whether it is read from.

use std::collections::BTreeSet;

use trunkline_kafka::logs::{Mark, TopicId, Trail, Watched};
use trunkline_kafka::{InboundRecord, LogPosition, OffsetTracker, Seen, TopicPartition};

use super::messages::{Action, LogChange, PartitionProgress, Settings};

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
    /// The watermark that is committed, and what the transaction under way says.
    committed: Option<i64>,
    planned: Option<LogPosition>,
    /// The records that were read.
    trail: Trail,
    /// The topic that is read.
    topic_id: Option<TopicId>,
    /// The next transaction says which log it is, and with `afresh` that what is saved of offsets is void.
    unsaved: bool,
    afresh: bool,
    /// The log is not what it was: nothing is read.
    stopped: bool,
    /// Its offsets are those of a log that is gone.
    void: bool,
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
            trail: Trail::default(),
            topic_id: None,
            unsaved: false,
            afresh: false,
            stopped: false,
            void: false,
        }
    }

    /// Takes note of a record that was read.
    pub(super) fn read(&mut self, mark: Mark) -> Seen {
        self.trail.read(mark);
        self.offsets.read(mark.offset)
    }

    /// Takes note of what there is to know of the log.
    pub(super) fn log(&mut self, change: LogChange, now_ms: i64) {
        match change {
            LogChange::Opened { position, saved, afresh } => {
                self.trail = Trail::after(position.last);
                self.topic_id = position.topic_id;
                (self.unsaved, self.afresh) = (!saved, afresh);
            }
            LogChange::Stopped { void } => (self.stopped, self.void) = (true, void),
            LogChange::SkipTo(offset) => {
                self.stopped = false;
                self.offsets.skip_to(offset);
            }
            LogChange::Replaced { position, end } => {
                let paused = self.paused;
                *self = Self::assigned(Some(position.next), Vec::new(), end, now_ms);
                self.paused = paused;
                self.log(LogChange::Opened { position, saved: false, afresh: true }, now_ms);
            }
        }
    }

    /// How far it is read.
    pub(super) fn watched(&self, name: &TopicPartition) -> Watched {
        let next = self.offsets.watermark().unwrap_or(0);
        Watched {
            partition: name.clone(),
            topic_id: self.topic_id,
            next,
            read_to: self.offsets.read_to().unwrap_or(next),
            last: self.trail.last(),
            reading: 0,
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
        if saved.is_none() && self.committed == Some(watermark) && !self.unsaved {
            return None;
        }
        let finished = match saved {
            Some(saved) => Some(saved.finished),
            None => self.afresh.then(|| self.offsets.above_watermark().collect()),
        };
        let position = self.plan_position(watermark);
        Some(PartitionProgress { partition: name.clone(), watermark, finished, position, void: self.void })
    }

    fn plan_position(&mut self, watermark: i64) -> LogPosition {
        let last = self.trail.below(watermark);
        *self.planned.insert(LogPosition { topic_id: self.topic_id, next: watermark, last })
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
        let position = self.plan_position(held);
        Some(PartitionProgress {
            partition: name.clone(),
            watermark: held,
            finished: Some(finished),
            position,
            void: self.void,
        })
    }

    /// What was planned is committed.
    pub(super) fn committed(&mut self) {
        if let Some(planned) = self.planned.take() {
            self.committed = Some(planned.next);
            self.trail.committed(planned.next);
            (self.unsaved, self.afresh) = (false, false);
        }
    }

    /// Whether what is committed is of the log that is read: until a transaction has said which log that is, it is of
    /// the one before, whose offsets mean other records.
    pub(super) fn is_of_its_log(&self, committed: Option<LogPosition>) -> bool {
        !self.afresh || (committed.is_some() && committed == self.planned)
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
        let pause = full || closed || self.revoking || self.stopped || !self.undecided.is_empty();
        if pause == self.paused {
            return None;
        }
        self.paused = pause;
        Some(if pause { Action::Pause(name.clone()) } else { Action::Resume(name.clone()) })
    }
}
