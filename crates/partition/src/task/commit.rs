//! What changed since the last commit, and what is let go of after it.

use super::Task;
use crate::state::{Change, StateError};

// === impl Task ===

impl Task {
    /// Appends what changed since the last call, for changelog and state.
    ///
    /// # Errors
    /// [`StateError`] when a value does not encode.
    pub fn take_changes(&mut self, changes: &mut Vec<Change>) -> Result<(), StateError> {
        let others = std::mem::take(&mut self.changes);
        changes.extend(others.into_iter().map(|(key, value)| Change { key, value }));
        // Entities come last, with their counts and ids: by the last record of a commit it is known whether
        // the changelog is still the same one, and most of the other records look alike in every commit and
        // every log.
        self.entities.take_changes(changes)
    }

    /// Whether outputs were taken since the last call: the commit concerns this partition even if nothing else changed.
    pub fn take_published(&mut self) -> bool {
        std::mem::take(&mut self.published)
    }

    /// After a commit was applied to state: lets go of entities beyond the limit, the least recently used.
    /// One with many ids counts as several.
    pub fn evict(&mut self, limit: usize) {
        self.entities.evict(limit);
    }
}
