//! State of one partition, as far as decisions need it: keys, values, and the port through which it is read.
//!
//! A value is one byte of format version and a body. What is written is a list of [`Change`]s, the same bytes
//! for the changelog topic and for the store, so that either can be checked against the other.

mod codec;
mod error;
pub mod keys;
mod memory;
pub(crate) mod packed;

pub use codec::{FORMAT_VERSION, decode, encode, split_version};
pub use error::StateError;
pub use memory::MemoryState;

/// A key with its value, as bytes.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Reading one partition's state.
pub trait StateView {
    /// The value under a key.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// The first entries from a key on (inclusive) to another (exclusive), in order of their keys, at most `limit`.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store cannot be read.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StateError>;
}

/// A key that gets a value, or loses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Vec<u8>,
    /// Its value; `None` deletes it, and is a tombstone in the changelog.
    pub value: Option<Vec<u8>>,
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
