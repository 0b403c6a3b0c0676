//! A position against what the brokers say of the log now.

use super::position::{LogPosition, Mark, TopicId};

/// What the brokers say of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogNow {
    /// The topic's id; `None` where they do not say.
    pub topic_id: Option<TopicId>,
    /// The first offset that is still there.
    pub start: i64,
    /// The end, as a reader of committed records sees it.
    pub end: i64,
    /// What lies where the last record of the position lay.
    pub last: AtLast,
}

/// What lies at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtLast {
    /// Nobody looked.
    NotLooked,
    /// No record lies there.
    Nothing,
    /// A record.
    Record {
        /// Its digest, as in a [`Mark`].
        digest: u64,
        /// The epoch of the leader that appended it; `None` where nobody said.
        leader_epoch: Option<i32>,
    },
}

/// The first record that is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstUnread {
    /// Nobody looked.
    NotLooked,
    /// There is none up to the end that was known before.
    Nothing,
    /// This one.
    Record {
        /// What it proves.
        mark: Mark,
        /// When it was written; UTC milliseconds.
        timestamp: i64,
    },
}

/// What a log turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The log that was read, with everything in it that was not.
    Same,
    /// Another topic of the same name.
    AnotherTopic,
    /// It ends before what was read of it.
    Truncated,
    /// Another record lies where the last one lay, or none.
    AnotherRecord {
        /// Where.
        offset: i64,
    },
    /// Records that were not read are gone.
    Passed {
        /// The first that was not read.
        from: i64,
        /// The first that is still there.
        to: i64,
    },
}

// === impl AtLast ===

impl AtLast {
    /// Whether it is known that this record does not lie there any more. The same bytes under another leader's epoch
    /// are another record: a record keeps its epoch for as long as it lies in the log (KIP-101), so a leader appended
    /// these anew after the log had lost them.
    pub fn differs_from(self, read: Mark) -> bool {
        match self {
            Self::NotLooked => false,
            Self::Nothing => true,
            Self::Record { digest, leader_epoch } => {
                digest != read.digest
                    || leader_epoch.zip(read.leader_epoch).is_some_and(|(is, was)| is != was)
            }
        }
    }

    /// The epoch of the leader that appended what lies there, where there is one and it is known.
    pub fn leader_epoch(self) -> Option<i32> {
        match self {
            Self::NotLooked | Self::Nothing => None,
            Self::Record { leader_epoch, .. } => leader_epoch,
        }
    }
}

/// Compares the two.
pub fn judge(position: &LogPosition, now: &LogNow) -> Verdict {
    if position.topic_id.zip(now.topic_id).is_some_and(|(was, is)| was != is) {
        return Verdict::AnotherTopic;
    }
    if now.end < position.next {
        return Verdict::Truncated;
    }
    let differs = |last: &Mark| last.offset >= now.start && now.last.differs_from(*last);
    if let Some(last) = position.last.filter(differs) {
        return Verdict::AnotherRecord { offset: last.offset };
    }
    match position.next < now.start {
        true => Verdict::Passed { from: position.next, to: now.start },
        false => Verdict::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Option<TopicId> = Some(TopicId(1));
    const OTHER: Option<TopicId> = Some(TopicId(2));

    fn now(topic_id: Option<TopicId>, start: i64, end: i64, last: AtLast) -> LogNow {
        LogNow { topic_id, start, end, last }
    }

    #[test]
    fn a_log_is_the_same_only_if_nothing_speaks_against_it() {
        // Read up to 10; the last record lay at 8, behind it a marker.
        let position = LogPosition {
            topic_id: ONE,
            next: 10,
            last: Some(Mark { offset: 8, digest: 77, leader_epoch: Some(4) }),
        };
        let record = |digest, leader_epoch| AtLast::Record { digest, leader_epoch };
        let (same, other, nothing) = (record(77, Some(4)), record(78, Some(4)), AtLast::Nothing);
        for (now, verdict) in [
            (now(ONE, 0, 10, same), Verdict::Same),
            (now(ONE, 0, 99, AtLast::NotLooked), Verdict::Same),
            (now(None, 0, 10, same), Verdict::Same),
            (now(ONE, 0, 10, record(77, None)), Verdict::Same),
            (now(ONE, 0, 10, record(77, Some(5))), Verdict::AnotherRecord { offset: 8 }),
            (now(ONE, 0, 10, record(77, Some(3))), Verdict::AnotherRecord { offset: 8 }),
            // The last record is gone, and all that was not read is there.
            (now(ONE, 9, 12, nothing), Verdict::Same),
            (now(ONE, 10, 10, nothing), Verdict::Same),
            (now(OTHER, 0, 10, same), Verdict::AnotherTopic),
            (now(OTHER, 0, 3, nothing), Verdict::AnotherTopic),
            (now(OTHER, 40, 50, nothing), Verdict::AnotherTopic),
            (now(ONE, 0, 9, same), Verdict::Truncated),
            (now(None, 0, 0, nothing), Verdict::Truncated),
            (now(ONE, 0, 10, other), Verdict::AnotherRecord { offset: 8 }),
            (now(None, 8, 50, nothing), Verdict::AnotherRecord { offset: 8 }),
            (now(ONE, 11, 20, nothing), Verdict::Passed { from: 10, to: 11 }),
            (now(None, 50, 50, AtLast::NotLooked), Verdict::Passed { from: 10, to: 50 }),
        ] {
            assert_eq!(judge(&position, &now), verdict, "{now:?}");
        }
    }

    #[test]
    fn a_bare_offset_is_judged_by_the_ends_of_the_log_alone() {
        for (start, end, verdict) in [
            (0, 10, Verdict::Same),
            (10, 10, Verdict::Same),
            (0, 9, Verdict::Truncated),
            (12, 30, Verdict::Passed { from: 10, to: 12 }),
        ] {
            let now = now(OTHER, start, end, AtLast::Nothing);
            assert_eq!(judge(&LogPosition::at(10), &now), verdict, "{start}..{end}");
        }
    }
}
