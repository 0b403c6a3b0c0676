//! Where the state of an instance's partitions is kept. What it consists of is [`trunkline_partition::state`]'s.

mod checkpoint;
mod store;
mod unused;

pub use checkpoint::{Checkpoint, anchor};
pub use store::{Store, set_aside};

use trunkline_partition::state::{Change, Entry, StateError, StateView};

/// The state of an instance's partitions. It is a cache of the changelog: what it loses is read again from there.
pub trait StateStore {
    /// Makes sure that there is a place for a partition.
    ///
    /// # Errors
    /// [`StateError::Store`] when it cannot be made.
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
    fn checkpoint(&self, partition: i32) -> Result<Option<Checkpoint>, StateError>;

    /// Applies changes and how far they bring the partition, all or nothing.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    fn apply(&mut self, partition: i32, changes: &[Change], checkpoint: Checkpoint)
    -> Result<(), StateError>;

    /// Removes state that nobody has used for long; `ours` are the partitions that are ours, also those that are still
    /// being restored. Done at `now` (UTC milliseconds).
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    fn remove_unused(&mut self, ours: &[i32], now: i64) -> Result<(), StateError>;

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

/// One partition of a store.
pub struct PartitionState<'a, S> {
    store: &'a S,
    partition: i32,
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
