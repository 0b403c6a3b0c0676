//! What is saved of a log that is read: which log it is, and how far it was read.
//!
//! A version byte, then the rest in postcard, with the epoch of the last record's leader at the end: earlier builds of
//! the same format have none, and pass over it. It has a key of its own beside what earlier builds save, so that those
//! go on without it.

use std::fmt;

use serde::{Deserialize, Serialize};
use trunkline_schemas::record::InboundRecord;

use crate::changelog::digest;
use crate::offset_tracker::SavedOffsetsError;

/// The format that this build writes.
const VERSION: u8 = 2;

/// The format whose digests were others: what it says of the last record means nothing to this build.
const OTHER_DIGESTS: u8 = 1;

/// Bytes of a value that are part of a record's digest: the id of an event or a command lies within them, and the
/// digest costs the same for each record.
const VALUE_BYTES: usize = 64;

/// The id that brokers give to a topic when it is made (KIP-516): another one under the same name has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicId(pub u128);

/// A record that was read, as far as it proves which log it lay in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its offset.
    pub offset: i64,
    /// A digest of its time, its key and the beginning of its value.
    pub digest: u64,
    /// The epoch of the leader that appended it; `None` where nobody said.
    pub leader_epoch: Option<i32>,
}

/// How far a partition was read, and what proves that the log is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// The topic's id; `None` where the brokers do not say (before 2.8, or without the permission to describe it).
    pub topic_id: Option<TopicId>,
    /// Everything below this offset is finished.
    pub next: i64,
    /// The last record that was read below it; `None` where none was.
    #[serde(with = "last")]
    pub last: Option<Mark>,
}

/// What a record proves.
pub fn mark(record: &InboundRecord) -> Mark {
    let InboundRecord { offset, timestamp, key, value, leader_epoch, .. } = record;
    let digest = digest_of(*timestamp, key.as_deref(), value.as_deref());
    Mark { offset: *offset, digest, leader_epoch: *leader_epoch }
}

/// The digest of a record, which may still be the client's.
pub(super) fn digest_of(timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> u64 {
    let beginning = value.map(|value| &value[..value.len().min(VALUE_BYTES)]);
    digest(timestamp, key.unwrap_or_default(), beginning)
}

// === impl TopicId ===

impl fmt::Display for TopicId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

// === impl LogPosition ===

impl LogPosition {
    /// An offset of which nothing else is known.
    pub fn at(next: i64) -> Self {
        Self { topic_id: None, next, last: None }
    }

    /// The bytes to save.
    ///
    /// # Errors
    /// [`SavedOffsetsError::Malformed`] when it does not fit its format.
    pub fn encode(&self) -> Result<Vec<u8>, SavedOffsetsError> {
        let leader_epoch = self.last.and_then(|last| last.leader_epoch);
        postcard::to_extend(self, vec![VERSION])
            .and_then(|saved| postcard::to_extend(&leader_epoch, saved))
            .map_err(|error| SavedOffsetsError::Malformed(error.to_string()))
    }

    /// Reads saved bytes back.
    ///
    /// # Errors
    /// [`SavedOffsetsError`] when they are from a later build, or not what was saved.
    pub fn decode(value: &[u8]) -> Result<Self, SavedOffsetsError> {
        match value.split_first() {
            Some((&VERSION, body)) => {
                let (position, leader_epoch) = parts(body).map_err(malformed)?;
                let last = position.last.map(|last| Mark { leader_epoch, ..last });
                Ok(Self { last, ..position })
            }
            Some((&OTHER_DIGESTS, body)) => Ok(Self { last: None, ..parts(body).map_err(malformed)?.0 }),
            Some((&found, _)) if found > VERSION => Err(SavedOffsetsError::Newer { found }),
            _ => Err(SavedOffsetsError::Malformed("a log's position has no format version".to_owned())),
        }
    }
}

/// The position, and the leader's epoch behind it where the build that saved it knew of epochs.
fn parts(body: &[u8]) -> postcard::Result<(LogPosition, Option<i32>)> {
    let (position, rest) = postcard::take_from_bytes(body)?;
    let leader_epoch = if rest.is_empty() { None } else { postcard::from_bytes(rest)? };
    Ok((position, leader_epoch))
}

fn malformed(error: postcard::Error) -> SavedOffsetsError {
    SavedOffsetsError::Malformed(format!("a log's position: {error}"))
}

/// A mark as offset and digest.
mod last {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Mark;

    pub fn serialize<S: Serializer>(last: &Option<Mark>, serializer: S) -> Result<S::Ok, S::Error> {
        last.map(|Mark { offset, digest, .. }| (offset, digest)).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mark>, D::Error> {
        let last = Option::<(i64, u64)>::deserialize(deserializer)?;
        Ok(last.map(|(offset, digest)| Mark { offset, digest, leader_epoch: None }))
    }
}

#[cfg(test)]
mod tests {
    use trunkline_schemas::headers::Headers;

    use super::*;

    fn record(timestamp: i64, key: &str, value: &[u8]) -> InboundRecord {
        InboundRecord {
            topic: "t".into(),
            partition: 0,
            offset: 7,
            key: Some(key.as_bytes().to_vec()),
            value: Some(value.to_vec()),
            headers: Headers::new(),
            timestamp,
            leader_epoch: None,
        }
    }

    #[test]
    fn a_position_is_read_back_as_it_was_saved() {
        let unknown = Some(Mark { offset: 41, digest: u64::MAX, leader_epoch: None });
        let last = unknown.map(|mark| Mark { leader_epoch: Some(i32::MAX), ..mark });
        for position in [
            LogPosition::at(0),
            LogPosition { topic_id: Some(TopicId(u128::MAX - 5)), next: 42, last },
            LogPosition { topic_id: None, next: i64::MAX, last },
            LogPosition { topic_id: None, next: 42, last: unknown },
        ] {
            assert_eq!(LogPosition::decode(&position.encode().unwrap()), Ok(position));
        }
        // It is kept for as long as a deployment lives: another build must read it.
        let kept = LogPosition { topic_id: Some(TopicId(1)), next: 3, last: None }.encode().unwrap();
        assert_eq!(kept, [2, 1, 1, 6, 0, 0]);
    }

    #[test]
    fn builds_without_epochs_and_this_one_read_each_others_positions() {
        let mark = Mark { offset: 2, digest: 9, leader_epoch: Some(5) };
        let position = LogPosition { topic_id: Some(TopicId(1)), next: 3, last: Some(mark) };
        let saved = position.encode().unwrap();
        let without: &[u8] = &[2, 1, 1, 6, 1, 4, 9];
        assert_eq!(saved, [without, &[1, 10]].concat());
        // What an earlier build reads is what comes first.
        let (_, read): (LogPosition, &[u8]) = postcard::take_from_bytes(&saved[1..]).unwrap();
        assert_eq!(read, [1, 10]);
        let unknown = Mark { leader_epoch: None, ..mark };
        assert_eq!(LogPosition::decode(without), Ok(LogPosition { last: Some(unknown), ..position }));
    }

    #[test]
    fn the_digest_of_an_earlier_format_says_nothing() {
        let saved = LogPosition {
            topic_id: Some(TopicId(5)),
            next: 42,
            last: Some(Mark { offset: 41, digest: 1, leader_epoch: Some(3) }),
        };
        let mut earlier = saved.encode().unwrap();
        earlier[0] = OTHER_DIGESTS;
        assert_eq!(LogPosition::decode(&earlier), Ok(LogPosition { last: None, ..saved }));
    }

    #[test]
    fn a_later_format_is_refused_by_name_and_garbage_is_not_misread() {
        assert_eq!(LogPosition::decode(&[9, 0]), Err(SavedOffsetsError::Newer { found: 9 }));
        for garbage in [&[][..], &[0, 1], &[1], &[1, 1, 2], &[2, 0, 6, 0, 1]] {
            assert!(
                matches!(LogPosition::decode(garbage), Err(SavedOffsetsError::Malformed(_))),
                "{garbage:?}"
            );
        }
    }

    #[test]
    fn records_differ_by_time_key_and_the_beginning_of_their_value() {
        let one = mark(&record(5, "k", b"value"));
        assert_eq!(one, mark(&record(5, "k", b"value")));
        for other in [record(6, "k", b"value"), record(5, "l", b"value"), record(5, "k", b"walue")] {
            assert_ne!(one, mark(&other));
        }
        let long = |last| [vec![b'x'; VALUE_BYTES], vec![last]].concat();
        assert_eq!(mark(&record(5, "k", &long(1))), mark(&record(5, "k", &long(2))));
    }
}
