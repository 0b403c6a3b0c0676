//! Which offsets of a partition are finished, though those before them may not be.
//!
//! Records are finished out of offset order: one is held, another waits for an answer from outside, a third
//! goes straight through. What is committed to the group is the *watermark*, the first offset that is not
//! finished. The finished offsets above it are saved in the same transaction, so that whoever reads the
//! records again skips them.
//!
//! Nothing here knows a client: the tracker is a value, and what is saved of it is a function of that value.

mod saved;

pub use saved::{Earlier, SavedOffsets, SavedOffsetsError};

use std::collections::BTreeSet;

/// What is known of an offset that was just read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Read for the first time since the assignment, and not finished.
    New,
    /// Read before and not finished yet: it is under way already.
    Pending,
    /// Finished: skip it.
    Done,
    /// Below the watermark. It is finished if the log is the one that was read before; if the log was made anew, it is
    /// another record. The owner decides, see [`OffsetTracker::read_below`].
    BelowWatermark,
}

/// The finished and unfinished offsets of one partition, from its watermark on.
///
/// Invariants: no offset is in both sets; every unfinished one is below `next`; no finished one is below the watermark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetTracker {
    /// One above the highest offset read; `None` while the group never committed and nothing was read.
    next: Option<i64>,
    unfinished: BTreeSet<i64>,
    finished: BTreeSet<i64>,
    /// The finished offsets as they were saved last.
    saved: Vec<i64>,
    /// The set was touched since then: it may differ.
    touched: bool,
}

// === impl OffsetTracker ===

impl OffsetTracker {
    /// As it was committed: everything below `watermark` and all of `finished` is done. `None` where the group never
    /// committed an offset of this partition.
    pub fn restored(watermark: Option<i64>, finished: impl IntoIterator<Item = i64>) -> Self {
        let floor = watermark.unwrap_or(i64::MIN);
        let finished: BTreeSet<i64> = finished.into_iter().filter(|offset| *offset >= floor).collect();
        let saved = finished.iter().copied().collect();
        Self { next: watermark, unfinished: BTreeSet::new(), finished, saved, touched: false }
    }

    /// Takes note of a record that was read. A record that is read twice counts once.
    pub fn read(&mut self, offset: i64) -> Seen {
        if self.watermark().is_some_and(|watermark| offset < watermark) {
            return Seen::BelowWatermark;
        }
        self.next = self.next.max(Some(offset.saturating_add(1)));
        let seen = match self.finished.contains(&offset) {
            true => Seen::Done,
            false if self.unfinished.insert(offset) => Seen::New,
            false => Seen::Pending,
        };
        // Passing finished offsets, or a hole, may move the watermark, which is for the next commit to say.
        self.prune();
        seen
    }

    /// No record lies between what was read and this offset: the watermark need not wait for one.
    pub fn skip_to(&mut self, offset: i64) {
        self.next = self.next.max(Some(offset));
        self.prune();
    }

    /// One above the highest offset that was read; `None` while nothing is known of the partition.
    pub fn read_to(&self) -> Option<i64> {
        self.next
    }

    /// Takes a record below the watermark as one that was read: the watermark goes back to it until it is finished.
    pub fn read_below(&mut self, offset: i64) {
        self.unfinished.insert(offset);
    }

    /// Takes note that a record is finished. One that was not read, or is finished already, changes nothing.
    pub fn finish(&mut self, offset: i64) {
        if self.unfinished.remove(&offset) {
            self.finished.insert(offset);
            self.touched = true;
            self.prune();
        }
    }

    /// The offset to commit: everything below it is finished. `None` while nothing is known of the partition.
    pub fn watermark(&self) -> Option<i64> {
        self.unfinished.first().copied().or(self.next)
    }

    /// The finished offsets above the watermark, ascending.
    pub fn above_watermark(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        self.finished.iter().copied()
    }

    /// How many offsets are finished above the watermark.
    pub fn len_above_watermark(&self) -> usize {
        self.finished.len()
    }

    /// How many records were read and are not finished.
    pub fn unfinished(&self) -> usize {
        self.unfinished.len()
    }

    /// What is to be saved with the commit that is made now, where it differs from what was saved last: from then on it
    /// counts as saved. Where the commit turns out not to have taken effect, [`Self::saved_is`] says so.
    pub fn take_changed(&mut self) -> Option<SavedOffsets> {
        let watermark = self.watermark()?;
        if !std::mem::take(&mut self.touched) || self.finished.iter().eq(&self.saved) {
            return None;
        }
        self.saved = self.above_watermark().collect();
        Some(SavedOffsets { watermark, finished: self.saved.clone() })
    }

    /// Takes note of what turned out to be saved, after a commit whose outcome was unknown.
    pub fn saved_is(&mut self, finished: &[i64]) {
        self.saved = finished.to_vec();
        self.touched = true;
    }

    fn prune(&mut self) {
        let Some(watermark) = self.watermark() else { return };
        if self.finished.first().is_some_and(|first| *first < watermark) {
            self.finished = self.finished.split_off(&watermark);
            self.touched = true;
        }
    }
}

#[cfg(test)]
mod tests;
