//! State of one partition: keys, values, and where they are kept.
//!
//! A value is one byte of format version and a postcard body. What is written is a list of [`Change`]s, the same bytes
//! for the changelog topic and for RocksDB, so that either can be checked against the other.

pub mod keys;
mod memory;
mod store;

pub use memory::MemoryState;
pub use store::{PartitionState, Store};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Version of the format of values. A higher one than this build knows is refused.
pub const FORMAT_VERSION: u8 = 1;

/// Reading one partition's state.
pub trait StateView {
    /// The value under a key.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store can not be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;
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
    /// A value is empty.
    #[error("state value is empty")]
    Empty,
    /// The partition has no state here.
    #[error("partition {0} has no state on this instance")]
    UnknownPartition(i32),
}

// === impl StateError ===

impl StateError {
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

// === impl Change ===

impl Change {
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

/// Reads a value back.
///
/// # Errors
/// [`StateError::Newer`] for a format this build does not know; [`StateError::Codec`] for anything malformed.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StateError> {
    match bytes.split_first() {
        None => Err(StateError::Empty),
        Some((&version, _)) if version > FORMAT_VERSION => Err(StateError::Newer { found: version }),
        Some((_, body)) => postcard::from_bytes(body).map_err(StateError::Codec),
    }
}
