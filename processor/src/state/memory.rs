//! State in memory, for tests and simulations.

use std::collections::BTreeMap;

use super::{Change, StateError, StateView};

/// State that lives no longer than its owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryState {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MemoryState {
    /// Applies changes.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match &change.value {
                Some(value) => self.values.insert(change.key.clone(), value.clone()),
                None => self.values.remove(&change.key),
            };
        }
    }
}

impl StateView for MemoryState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.values.get(key).cloned())
    }
}
