//! Which of the records that were read a look compares with what lies there now.

use std::collections::HashMap;

use trunkline_schemas::record::TopicPartition;

use super::position::Mark;
use super::watch::Watched;

/// The records that the next looks compare.
///
/// The last record that was read proves nothing by itself: of a log that lost its end and grew beyond it again, a
/// reader that nobody stopped has read on by the time of the look, so that the last record is one of the other log. So
/// a look compares the record that was the last one at the look before. Where the client stopped reading, the last one
/// as well: it was read before that. What a log lost of the seconds since the look before, the client finds by the
/// leaders' epochs (KIP-320), or nobody.
#[derive(Debug, Default)]
pub struct Compared {
    /// The reading that a record belongs to, and the record.
    before: HashMap<TopicPartition, (u64, Mark)>,
}

// === impl Compared ===

impl Compared {
    /// The records to compare, none twice; `urgent` where the client may have stopped reading.
    pub fn choose(&self, watched: &Watched, urgent: bool) -> Vec<Mark> {
        let before = self.before.get(&watched.partition).filter(|(reading, _)| *reading == watched.reading);
        let mut chosen: Vec<Mark> = before.map(|(_, anchor)| *anchor).or(watched.last).into_iter().collect();
        let last = watched.last.filter(|last| urgent && !chosen.contains(last));
        chosen.extend(last);
        chosen
    }

    /// This was looked at: the next look compares the record that was the last one now.
    pub fn looked_at(&mut self, watched: &Watched) {
        match watched.last {
            Some(last) => self.before.insert(watched.partition.clone(), (watched.reading, last)),
            None => self.before.remove(&watched.partition),
        };
    }

    /// Only partitions of which this is true are still read.
    pub fn retain(&mut self, read: impl Fn(&TopicPartition) -> bool) {
        self.before.retain(|partition, _| read(partition));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(reading: u64, last: i64) -> Watched {
        let partition = TopicPartition::new("t", 0);
        let last = Some(anchor(last));
        Watched { partition, topic_id: None, next: 0, read_to: 0, last, reading }
    }

    fn anchor(offset: i64) -> Mark {
        Mark { offset, digest: 1, leader_epoch: None }
    }

    #[test]
    fn a_look_compares_what_was_last_at_the_one_before() {
        let mut compared = Compared::default();
        assert_eq!(compared.choose(&watched(1, 5), false), [anchor(5)]);
        compared.looked_at(&watched(1, 5));
        assert_eq!(compared.choose(&watched(1, 9), false), [anchor(5)]);
        assert_eq!(compared.choose(&watched(1, 9), true), [anchor(5), anchor(9)]);
        assert_eq!(compared.choose(&watched(1, 5), true), [anchor(5)]);
        // Nothing was read since it began with another log.
        assert_eq!(compared.choose(&Watched { last: None, ..watched(2, 0) }, true), []);
        assert_eq!(compared.choose(&watched(2, 3), false), [anchor(3)]);
        compared.looked_at(&Watched { last: None, ..watched(2, 0) });
        assert_eq!(compared.choose(&watched(1, 9), false), [anchor(9)]);
        compared.looked_at(&watched(1, 9));
        compared.retain(|_| false);
        assert_eq!(compared.choose(&watched(1, 10), false), [anchor(10)]);
    }
}
