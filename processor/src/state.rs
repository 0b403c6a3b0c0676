//! State of one partition: keys, values, and where they are kept.
//!
//! A value is one byte of format version and a postcard body. What is written is a list of [`Change`]s, the same bytes
//! for the changelog topic and for RocksDB, so that either can be checked against the other.

pub mod keys;
mod memory;
mod store;

pub use memory::MemoryState;
pub use store::{Store, set_aside};

use serde::Serialize;
use serde::de::DeserializeOwned;
use trunkline_kafka::SavedOffsetsError;
use trunkline_kafka::changelog::{self, Anchor};

/// Version of the format of values. A higher one than this build knows is refused; lower ones are read, and rewritten
/// in the background (`task::upkeep`).
pub const FORMAT_VERSION: u8 = 2;

/// A value, or a key with its value, as bytes.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Reading one partition's state.
pub trait StateView {
    /// The value under a key.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store can not be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// The first entries from a key on (inclusive) to another (exclusive), in order of their keys, at most `limit`.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store can not be read.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StateError>;
}

/// The state of an instance's partitions. It is a cache of the changelog: what it loses is read again from there.
pub trait StateStore {
    /// Makes sure that there is a place for a partition.
    ///
    /// # Errors
    /// [`StateError::Store`] when it can not be made.
    fn ensure_partition(&mut self, partition: i32) -> Result<(), StateError>;

    /// Drops all state of a partition and starts an empty one.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    fn clear_partition(&mut self, partition: i32) -> Result<(), StateError>;

    /// How far a partition's state has come; `None` when there is none.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    fn reached(&self, partition: i32) -> Result<Option<Reached>, StateError>;

    /// Applies changes and how far they bring the partition, all or nothing.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    fn apply(&mut self, partition: i32, changes: &[Change], reached: Reached) -> Result<(), StateError>;

    /// As [`StateView::get`], of a partition.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    fn get(&self, partition: i32, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// As [`StateView::scan`], of a partition.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    fn scan(&self, partition: i32, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StateError>;

    /// Writes to disk what is due at `now` (UTC milliseconds). `owned` partitions are at the end of their changelog.
    ///
    /// # Errors
    /// [`StateError::Store`] when the disk does not take it.
    fn flush_if_due(&mut self, owned: &[i32], now: i64) -> Result<(), StateError>;

    /// Writes everything to disk.
    ///
    /// # Errors
    /// [`StateError::Store`] when the disk does not take it.
    fn flush(&mut self, owned: &[i32], now: i64) -> Result<(), StateError>;
}

/// How far the state of a partition has come in the changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The last record that is in it.
    pub anchor: Anchor,
    /// When it was known to be at the changelog's end; UTC milliseconds.
    pub at: i64,
}

/// One partition of a store.
pub struct PartitionState<'a, S> {
    store: &'a S,
    partition: i32,
}

/// A key that gets a value, or loses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Vec<u8>,
    /// Its value; `None` deletes it, and is a tombstone in the changelog.
    pub value: Option<Vec<u8>>,
}

/// What went wrong with state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The store failed.
    #[error(
        "state store {path}: {what} failed: {source}; is the disk full or not writable, or does another instance run under this name?"
    )]
    Store {
        /// Folder of the store.
        path: String,
        /// What was tried.
        what: &'static str,
        /// What the store said.
        source: rocksdb::Error,
    },
    /// A value was written by a newer build.
    #[error(
        "state was written in format {found}, this build knows up to {FORMAT_VERSION}: run the newer build, or move the state folder away"
    )]
    Newer {
        /// Version found.
        found: u8,
    },
    /// A value does not decode.
    #[error("state value does not decode: {0}")]
    Codec(postcard::Error),
    /// The finished offsets of a partition.
    #[error(transparent)]
    Offsets(#[from] SavedOffsetsError),
    /// A value is empty.
    #[error("state value is empty")]
    Empty,
    /// The partition has no state here.
    #[error("partition {0} has no state on this instance")]
    UnknownPartition(i32),
}

// === impl StateError ===

impl StateError {
    /// The stable code of what went wrong.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store { .. } | Self::UnknownPartition(_) => "TL-3008",
            Self::Newer { .. } | Self::Codec(_) | Self::Offsets(_) | Self::Empty => "TL-3004",
        }
    }

    /// Whether the files of the store themselves are broken, rather than the disk, the rights or another process.
    pub fn is_damage(&self) -> bool {
        let Self::Store { source, .. } = self else { return false };
        match source.kind() {
            rocksdb::ErrorKind::Corruption => true,
            // A file that the store knows of is gone.
            rocksdb::ErrorKind::IOError => source.as_ref().contains("No such file"),
            _ => false,
        }
    }
}

// === impl Reached ===

impl Reached {
    const BYTES: usize = 24;

    /// As kept with the state: offset, digest and time, big endian.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.anchor.offset.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.anchor.digest.to_be_bytes());
        bytes[16..].copy_from_slice(&self.at.to_be_bytes());
        bytes
    }

    /// Reads it back; `None` for anything else, such as the bare offset that earlier builds kept: such state is rebuilt.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; Self::BYTES] = bytes.try_into().ok()?;
        let number = |from: usize| {
            bytes[from..from + 8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        Some(Self { anchor: Anchor { offset: number(0) as i64, digest: number(8) }, at: number(16) as i64 })
    }
}

// === impl PartitionState ===

impl<'a, S> PartitionState<'a, S> {
    /// This partition of this store.
    pub fn new(store: &'a S, partition: i32) -> Self {
        Self { store, partition }
    }
}

impl<S: StateStore> StateView for PartitionState<'_, S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.store.get(self.partition, key)
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StateError> {
        self.store.scan(self.partition, from, to, limit)
    }
}

// === impl Change ===

impl Change {
    /// The anchor that this change leaves behind once it is applied: the record of this offset and time.
    pub fn anchor(&self, offset: i64, timestamp: i64) -> Anchor {
        Anchor { offset, digest: changelog::digest(timestamp, &self.key, self.value.as_deref()) }
    }

    /// Sets a value.
    pub fn put(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self { key, value: Some(value) }
    }

    /// Deletes a value.
    pub fn delete(key: Vec<u8>) -> Self {
        Self { key, value: None }
    }
}

/// Writes a value with its format version.
///
/// # Errors
/// [`StateError::Codec`] when the value can not be written.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StateError> {
    postcard::to_extend(value, vec![FORMAT_VERSION]).map_err(StateError::Codec)
}

/// Reads a value of the current format back.
///
/// # Errors
/// [`StateError::Newer`] for a format this build does not know; [`StateError::Codec`] for anything malformed.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StateError> {
    let (_, body) = split_version(bytes)?;
    postcard::from_bytes(body).map_err(StateError::Codec)
}

/// A value's format version and its body.
///
/// # Errors
/// [`StateError::Newer`] for a format this build does not know; [`StateError::Empty`] for no bytes at all.
pub fn split_version(bytes: &[u8]) -> Result<(u8, &[u8]), StateError> {
    match bytes.split_first() {
        None => Err(StateError::Empty),
        Some((&version, _)) if version > FORMAT_VERSION => Err(StateError::Newer { found: version }),
        Some((&version, body)) => Ok((version, body)),
    }
}
