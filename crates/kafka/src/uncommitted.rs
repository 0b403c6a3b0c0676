//! How old the records are that are read and not committed.

use std::collections::{BTreeMap, VecDeque};

/// When the records were written that are read and not committed, by partition. As many as the owner of the partitions
/// lets be under way: it forgets what is committed.
#[derive(Debug)]
pub struct Uncommitted<P> {
    /// Offset and timestamp (UTC milliseconds), the lowest offset first.
    read: BTreeMap<P, VecDeque<(i64, i64)>>,
}

// === impl Uncommitted ===

impl<P> Default for Uncommitted<P> {
    fn default() -> Self {
        Self { read: BTreeMap::new() }
    }
}

impl<P: Ord> Uncommitted<P> {
    /// A record was read; one that is known changes nothing. One that lies below those that are begins the partition
    /// anew.
    pub fn read(&mut self, partition: P, offset: i64, timestamp: i64) {
        let read = self.read.entry(partition).or_default();
        if read.front().is_some_and(|(first, _)| offset < *first) {
            read.clear();
        }
        if read.back().is_none_or(|(last, _)| *last < offset) {
            read.push_back((offset, timestamp));
        }
    }

    /// Everything below this offset is committed.
    pub fn committed(&mut self, partition: &P, offset: i64) {
        if let Some(read) = self.read.get_mut(partition) {
            while read.front().is_some_and(|(first, _)| *first < offset) {
                read.pop_front();
            }
        }
    }

    /// A partition is read again from what is committed, or by others.
    pub fn let_go(&mut self, partition: &P) {
        self.read.remove(partition);
    }

    /// The timestamp of the oldest of those that hold up their partition; nothing when all is committed.
    pub fn oldest(&self) -> Option<i64> {
        self.read.values().filter_map(|read| read.front().map(|(_, timestamp)| *timestamp)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_the_first_of_a_partition_that_is_not_committed() {
        let mut uncommitted = Uncommitted::default();
        assert_eq!(uncommitted.oldest(), None);
        for (partition, offset, timestamp) in [(0, 7, 1_000), (0, 8, 900), (1, 3, 2_000)] {
            uncommitted.read(partition, offset, timestamp);
        }
        assert_eq!(uncommitted.oldest(), Some(1_000));
        uncommitted.committed(&0, 8);
        assert_eq!(uncommitted.oldest(), Some(900));
        uncommitted.committed(&0, 9);
        assert_eq!(uncommitted.oldest(), Some(2_000));
        uncommitted.let_go(&1);
        assert_eq!(uncommitted.oldest(), None);
    }

    #[test]
    fn what_is_read_again_counts_once() {
        let mut uncommitted = Uncommitted::default();
        uncommitted.read(0, 7, 1_000);
        uncommitted.read(0, 8, 1_100);
        uncommitted.read(0, 7, 1_000);
        uncommitted.committed(&0, 8);
        assert_eq!(uncommitted.oldest(), Some(1_100));
        uncommitted.read(0, 2, 5_000);
        assert_eq!(uncommitted.oldest(), Some(5_000), "the log was made anew");
        uncommitted.committed(&0, 3);
        assert_eq!(uncommitted.oldest(), None);
    }
}
