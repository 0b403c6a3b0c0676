//! State in memory, for tests and simulations.

use std::collections::BTreeMap;

use super::{Change, Entry, StateError, StateView};

/// State that lives no longer than its owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryState {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
}

// === impl MemoryState ===

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

    /// Everything in it.
    pub fn entries(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.values
    }
}

impl StateView for MemoryState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.values.get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StateError> {
        let entries = self.values.range(from.to_vec()..to.to_vec());
        Ok(entries.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}
