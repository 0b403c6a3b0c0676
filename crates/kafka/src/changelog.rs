//! Reading a changelog partition back to the very end of what is committed.
//!
//! The end is the high watermark as a read_uncommitted client sees it: a read_committed one returns the last stable
//! offset, behind which a committed tail can hide while the marker of its transaction is not yet written
//! (KAFKA-10167). So the high watermark is taken first, then the last stable offset is awaited to reach it, which
//! waits out every transaction open at that moment, and only then is the partition read, read_committed, to its end.
//!
//! A reader that goes on from where it was must know that the log is still the one it read. Topic ids would say so for
//! a topic that was deleted and made anew, but not for a log that lost its end in an unclean election. The [`Anchor`]
//! says both: the last record that was applied must still lie where it was.

mod reader;
mod restore;

pub use reader::Reader;
pub use restore::restore;

use std::time::Duration;

use rdkafka::error::KafkaError;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Between two looks at an open transaction.
pub const STABLE_WAIT: Duration = Duration::from_millis(20);

/// Where the reading of one partition starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// State was read up to here.
    After(Anchor),
    /// There is no state yet.
    Beginning,
}

/// The last record of a changelog partition that was applied to state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Its offset.
    pub offset: i64,
    /// [`digest`] of it.
    pub digest: u64,
}

/// A record of the changelog, as handed to the one who applies it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// The record's own time, as its writer set it; UTC milliseconds.
    pub timestamp: i64,
    /// Key bytes.
    pub key: &'a [u8],
    /// Value bytes; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

/// A changelog topic as a restore sees it: what there is to ask, and what there is to read.
pub trait Log {
    /// Its name.
    fn topic(&self) -> &str;

    /// First offset and high watermark of a partition, as a read_uncommitted client sees them.
    ///
    /// # Errors
    /// [`RestoreError::Call`] when the broker does not answer.
    fn ends(&mut self, partition: i32) -> Result<(i64, i64), RestoreError>;

    /// Last stable offset of a partition: everything below it is committed or aborted.
    ///
    /// # Errors
    /// [`RestoreError::Call`] when the broker does not answer.
    fn stable(&mut self, partition: i32) -> Result<i64, RestoreError>;

    /// Lets [`STABLE_WAIT`] pass. False when there is no point in waiting any longer, because the process is to stop.
    fn wait(&mut self) -> bool;

    /// Hands over every committed record from the offsets given to the last stable offset, in order within a partition.
    ///
    /// # Errors
    /// [`RestoreError::Call`] when the broker does not answer; what `apply` returns.
    fn read(
        &mut self,
        from: &[(i32, i64)],
        apply: &mut dyn FnMut(Change<'_>) -> Result<(), RestoreError>,
    ) -> Result<(), RestoreError>;
}

/// Why a changelog could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// State was read from another log than this one, or from a part of it that is gone: the topic was made anew,
    /// truncated, or lost its end. The state of this partition must be dropped and read from the beginning.
    #[error(
        "changelog {topic}-{partition}: state was read up to offset {anchor}, but {reason} (the log holds {low}..{high}); \
         the state of this partition is rebuilt from the beginning"
    )]
    AnotherLog {
        /// The changelog topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset of the last record in state.
        anchor: i64,
        /// What is wrong with it.
        reason: &'static str,
        /// First offset there is.
        low: i64,
        /// High watermark.
        high: i64,
    },
    /// A transaction stays open for longer than any of ours may.
    #[error(
        "changelog {topic}-{partition}: still behind an open transaction after {waited_s} s (stable to {stable}, end {high})"
    )]
    OpenTransaction {
        /// The changelog topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Last stable offset.
        stable: i64,
        /// High watermark.
        high: i64,
        /// Seconds waited.
        waited_s: u64,
    },
    /// The process is to stop.
    #[error("changelog {topic}: the restore was interrupted by a shutdown")]
    Interrupted {
        /// The changelog topic.
        topic: String,
    },
    /// A call to the brokers failed.
    #[error("changelog {topic}: {what} failed: {source}")]
    Call {
        /// The changelog topic.
        topic: String,
        /// What was tried.
        what: &'static str,
        /// What the client said.
        source: KafkaError,
    },
    /// Applying a change failed.
    #[error("changelog {topic}-{partition} offset {offset}: {reason}")]
    Apply {
        /// The changelog topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset.
        offset: i64,
        /// What went wrong.
        reason: String,
    },
}

impl Anchor {
    /// The anchor that a change leaves behind once it is applied.
    pub fn of(change: &Change<'_>) -> Self {
        Self { offset: change.offset, digest: digest(change.timestamp, change.key, change.value) }
    }
}

/// 64 bits of a record, its time among them: the same key and value can lie in the same place of another log.
/// The same on every machine and in every build: XXH3, which its specification fixes
/// (<https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>). One is made for each record that is read.
pub fn digest(timestamp: i64, key: &[u8], value: Option<&[u8]>) -> u64 {
    let key = xxh3_64_with_seed(key, timestamp.cast_unsigned());
    value.map_or(!key, |value| xxh3_64_with_seed(value, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_key_value_and_tombstone_apart() {
        let digests = [
            digest(0, b"k", Some(b"v")),
            digest(1, b"k", Some(b"v")),
            digest(0, b"kv", Some(b"")),
            digest(0, b"k", Some(b"")),
            digest(0, b"k", None),
            digest(0, b"", Some(b"kv")),
        ];
        for (index, one) in digests.iter().enumerate() {
            assert!(!digests[..index].contains(one));
        }
        // It is kept on disk: another build must come to the same. These are vectors of the reference implementation,
        // for no input and the seed 0, and for `abc`.
        assert_eq!(digest(0, b"", None), !0x2D06_8005_38D3_94C2);
        assert_eq!(digest(0, b"abc", None), !0x78AF_5F94_892F_3950);
    }
}
