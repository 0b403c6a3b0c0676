//! Which offsets of a partition are finished, though those before them may not be.
//!
//! Events are finished out of offset order: one is held for its order, another waits for a profile, a third goes
//! straight through. What is committed to the group is the *watermark*, the first offset not finished; the finished
//! ones above it are kept in state, in the same transaction, so that a replay skips them.

use std::collections::BTreeSet;

/// The offsets of one partition, from its watermark on.
#[derive(Debug, Default, Clone)]
pub struct FinishedOffsets {
    /// Read, not finished.
    outstanding: BTreeSet<i64>,
    /// Finished, at or above the watermark.
    finished: BTreeSet<i64>,
    /// One above the highest offset read.
    next: i64,
    changed: bool,
}

impl FinishedOffsets {
    /// Starts at the committed offset, with what state remembers as finished above it.
    pub fn restored(committed: i64, finished: impl IntoIterator<Item = i64>) -> Self {
        let finished: BTreeSet<i64> = finished.into_iter().filter(|offset| *offset >= committed).collect();
        Self { outstanding: BTreeSet::new(), finished, next: committed, changed: false }
    }

    /// Takes note of a record that was read. False when it was finished before: skip it.
    pub fn read(&mut self, offset: i64) -> bool {
        self.next = self.next.max(offset + 1);
        if self.finished.contains(&offset) {
            // Passing it may move the watermark, which is for the next commit to say.
            self.prune();
            return false;
        }
        self.outstanding.insert(offset);
        true
    }

    /// Marks an offset finished.
    pub fn finish(&mut self, offset: i64) {
        if self.outstanding.remove(&offset) {
            self.finished.insert(offset);
            self.changed = true;
            self.prune();
        }
    }

    /// The first offset that is not finished: what to commit.
    pub fn watermark(&self) -> i64 {
        self.outstanding.first().copied().unwrap_or(self.next)
    }

    /// The finished offsets above the watermark, ascending.
    pub fn above_watermark(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        self.finished.iter().copied()
    }

    /// How many offsets are finished above the watermark.
    pub fn len_above_watermark(&self) -> usize {
        self.finished.len()
    }

    /// Records read and not finished.
    pub fn outstanding(&self) -> usize {
        self.outstanding.len()
    }

    /// Whether anything was finished since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    fn prune(&mut self) {
        let watermark = self.watermark();
        if self.finished.first().is_some_and(|first| *first < watermark) {
            self.finished = self.finished.split_off(&watermark);
            self.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watermark_waits_for_the_first_unfinished_offset() {
        let mut offsets = FinishedOffsets::restored(10, []);
        for offset in [10, 11, 13] {
            assert!(offsets.read(offset));
        }
        offsets.finish(11);
        offsets.finish(13);
        assert_eq!(offsets.watermark(), 10);
        assert_eq!(offsets.above_watermark().collect::<Vec<_>>(), [11, 13]);
        offsets.finish(10);
        // 12 is a hole (a control record, say): it is never read and must not hold the watermark.
        assert_eq!(offsets.watermark(), 14);
        assert_eq!(offsets.len_above_watermark(), 0);
    }

    #[test]
    fn a_replay_skips_what_was_finished_and_nothing_else() {
        let mut offsets = FinishedOffsets::restored(10, [9, 11, 12]);
        assert!(offsets.read(10));
        assert!(!offsets.read(11));
        assert!(!offsets.read(12));
        assert!(offsets.read(13));
        offsets.finish(10);
        assert_eq!(offsets.watermark(), 13);
    }

    proptest::proptest! {
        #[test]
        fn what_is_not_finished_is_read_again_after_a_crash(
            finished in proptest::collection::btree_set(0i64..60, 0..60),
        ) {
            let mut offsets = FinishedOffsets::restored(0, []);
            for offset in 0..60 {
                offsets.read(offset);
            }
            for offset in &finished {
                offsets.finish(*offset);
            }
            let mut again = FinishedOffsets::restored(offsets.watermark(), offsets.above_watermark());
            let reread: BTreeSet<i64> = (offsets.watermark()..60).filter(|o| again.read(*o)).collect();
            let unfinished: BTreeSet<i64> = (0..60).filter(|o| !finished.contains(o)).collect();
            proptest::prop_assert_eq!(reread, unfinished);
        }
    }
}
