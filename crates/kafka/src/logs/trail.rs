//! The records that were read, as far as one of them may turn out to be the last below the watermark.

use std::collections::VecDeque;

use super::position::Mark;

/// Marks of records that were read, ascending: the last one below the committed watermark, and all from there on. There
/// are never more than offsets of which that they are finished is not committed.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    marks: VecDeque<Mark>,
}

// === impl Trail ===

impl Trail {
    /// Goes on behind this record, if one was read before.
    pub fn after(last: Option<Mark>) -> Self {
        Self { marks: last.into_iter().collect() }
    }

    /// A record was read. One that comes again, or lies below those that were read, changes nothing.
    pub fn read(&mut self, mark: Mark) {
        if self.marks.back().is_none_or(|last| last.offset < mark.offset) {
            self.marks.push_back(mark);
        }
    }

    /// The last record that was read.
    pub fn last(&self) -> Option<Mark> {
        self.marks.back().copied()
    }

    /// The last record below the watermark.
    pub fn below(&self, watermark: i64) -> Option<Mark> {
        let above = self.marks.partition_point(|mark| mark.offset < watermark);
        above.checked_sub(1).and_then(|last| self.marks.get(last)).copied()
    }

    /// This watermark is committed, so none before it is asked for any more: a transaction that was aborted may be
    /// followed by one that holds less.
    pub fn committed(&mut self, watermark: i64) {
        while self.marks.get(1).is_some_and(|second| second.offset < watermark) {
            self.marks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(offset: i64) -> Mark {
        Mark { offset, digest: offset as u64 * 3, leader_epoch: None }
    }

    #[test]
    fn the_last_record_below_the_watermark_is_known_whatever_was_left_out() {
        let mut trail = Trail::default();
        assert_eq!((trail.below(5), trail.last()), (None, None));
        for offset in [2, 3, 7, 3, 9] {
            trail.read(anchor(offset));
        }
        assert_eq!(trail.below(2), None);
        assert_eq!(trail.below(4), Some(anchor(3)));
        assert_eq!(trail.below(7), Some(anchor(3)));
        assert_eq!(trail.below(8), Some(anchor(7)));
        assert_eq!((trail.below(100), trail.last()), (Some(anchor(9)), Some(anchor(9))));
        assert_eq!(trail.below(4), Some(anchor(3)), "what was asked for need not have been committed");
        trail.committed(8);
        assert_eq!((trail.below(8), trail.below(100)), (Some(anchor(7)), Some(anchor(9))));
        trail.committed(100);
        assert_eq!(trail.marks.len(), 1);
    }

    #[test]
    fn it_goes_on_behind_what_was_saved() {
        let mut trail = Trail::after(Some(anchor(4)));
        assert_eq!((trail.below(4), trail.below(5)), (None, Some(anchor(4))));
        trail.read(anchor(6));
        assert_eq!(trail.below(6), Some(anchor(4)));
        assert_eq!(trail.below(7), Some(anchor(6)));
    }
}
