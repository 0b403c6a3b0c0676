//! Which offsets of a partition are done with.
//!
//! Commands of different resources end out of order. The watermark is the offset that the group commits: everything
//! below it is done. What is done above it is kept as a set, saved beside the watermark, so that after a restart the
//! records read again are recognised.

use std::collections::BTreeSet;

/// What is known of an offset that was just read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Read for the first time since the assignment, and not done.
    New,
    /// Read before and not done yet.
    Pending,
    /// Done with: skip it.
    Done,
}

/// The finished and unfinished offsets of one partition.
///
/// Invariant: no offset is in both sets; every unfinished one is below `next`; no finished one is below the watermark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offsets {
    /// One past the highest offset read; `None` while the group never committed and nothing was read.
    next: Option<i64>,
    unfinished: BTreeSet<i64>,
    finished: BTreeSet<i64>,
}

// === impl Offsets ===

impl Offsets {
    /// As they were committed: everything below `watermark` and all of `finished` is done.
    pub fn restored(watermark: Option<i64>, finished: impl IntoIterator<Item = i64>) -> Self {
        let floor = watermark.unwrap_or(i64::MIN);
        Self {
            next: watermark,
            unfinished: BTreeSet::new(),
            finished: finished.into_iter().filter(|offset| *offset >= floor).collect(),
        }
    }

    /// Notes that a record was read.
    pub fn read(&mut self, offset: i64) -> Seen {
        let below_watermark = self.watermark().is_some_and(|watermark| offset < watermark);
        let done = below_watermark || self.finished.contains(&offset);
        self.next = self.next.max(Some(offset.saturating_add(1)));
        if done {
            self.prune();
            return Seen::Done;
        }
        if self.unfinished.insert(offset) { Seen::New } else { Seen::Pending }
    }

    /// Notes that a record is done with.
    pub fn finish(&mut self, offset: i64) {
        if self.unfinished.remove(&offset) {
            self.finished.insert(offset);
            self.prune();
        }
    }

    /// The offset to commit: everything below it is done. `None` while nothing is known of the partition.
    pub fn watermark(&self) -> Option<i64> {
        self.unfinished.first().copied().or(self.next)
    }

    /// What is done above the watermark, ascending.
    pub fn finished(&self) -> impl Iterator<Item = i64> + '_ {
        self.finished.iter().copied()
    }

    /// How many are done above the watermark.
    pub fn finished_count(&self) -> usize {
        self.finished.len()
    }

    /// How many were read and are not done.
    pub fn unfinished_count(&self) -> usize {
        self.unfinished.len()
    }

    fn prune(&mut self) {
        if let Some(watermark) = self.watermark() {
            self.finished = self.finished.split_off(&watermark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(offsets: &Offsets) -> (Option<i64>, Vec<i64>) {
        (offsets.watermark(), offsets.finished().collect())
    }

    #[test]
    fn the_watermark_stops_at_the_first_unfinished_offset() {
        let mut offsets = Offsets::restored(Some(10), []);
        for offset in [10, 11, 13] {
            assert_eq!(offsets.read(offset), Seen::New);
        }
        offsets.finish(11);
        assert_eq!(state(&offsets), (Some(10), vec![11]));
        offsets.finish(10);
        assert_eq!(state(&offsets), (Some(13), vec![]));
        offsets.finish(13);
        assert_eq!(state(&offsets), (Some(14), vec![]));
    }

    #[test]
    fn what_was_done_before_is_skipped_when_read_again() {
        let mut offsets = Offsets::restored(Some(10), [8, 12, 15]);
        assert_eq!(state(&offsets), (Some(10), vec![12, 15]));
        assert_eq!(offsets.read(10), Seen::New);
        assert_eq!(offsets.read(12), Seen::Done);
        offsets.finish(10);
        assert_eq!(state(&offsets), (Some(13), vec![15]), "15 is done but 13 and 14 were not read yet");
        assert_eq!(offsets.read(9), Seen::Done, "below the watermark");
    }

    #[test]
    fn a_partition_never_committed_has_no_watermark_until_it_is_read() {
        let mut offsets = Offsets::restored(None, []);
        assert_eq!(state(&offsets), (None, vec![]));
        assert_eq!(offsets.read(7), Seen::New);
        assert_eq!(state(&offsets), (Some(7), vec![]));
        offsets.finish(7);
        assert_eq!(state(&offsets), (Some(8), vec![]));
    }

    #[test]
    fn reading_twice_counts_once() {
        let mut offsets = Offsets::restored(Some(0), []);
        assert_eq!(offsets.read(0), Seen::New);
        assert_eq!(offsets.read(0), Seen::Pending);
        assert_eq!(offsets.unfinished_count(), 1);
        offsets.finish(0);
        offsets.finish(0);
        assert_eq!(state(&offsets), (Some(1), vec![]));
    }
}
