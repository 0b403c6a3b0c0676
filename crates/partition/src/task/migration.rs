//! What older builds wrote is written anew: a little at a time, and never in the way of an event.

use std::sync::Arc;

use super::{Context, Task};
use crate::entity::HOUR_MS;
use crate::state::{FORMAT_VERSION, StateError, StateView, keys, split_version};

/// Keys looked at per tick.
const STEP: usize = 64;

/// How far the rewriting has come.
#[derive(Debug)]
pub(super) struct Migration {
    /// Where to go on; `None` when every entity is of this build's format.
    next: Option<Vec<u8>>,
}

// === impl Migration ===

impl Migration {
    /// Starts with restored state.
    pub(super) fn restored(state: &dyn StateView) -> Result<Self, StateError> {
        let next = match state.get(keys::FORMAT)? {
            // A newer build's is refused here, before anything is processed.
            Some(value) => (split_version(&value)?.0 < FORMAT_VERSION).then(|| keys::entities().0),
            None => Some(keys::entities().0),
        };
        Ok(Self { next })
    }
}

// === impl Task ===

impl Task {
    /// Entities of an older format are read as they come up, and written anew; this brings up the others.
    pub(super) fn migrate(&mut self, ctx: &Context<'_>) -> Result<(), StateError> {
        let Some(from) = self.migration.next.take() else { return Ok(()) };
        let entries = ctx.state.scan(&from, &keys::entities().1, STEP)?;
        for (key, value) in &entries {
            if split_version(value)?.0 < FORMAT_VERSION
                && let Some(entity) = keys::entity_of(key)
            {
                let entity: Arc<str> = entity.into();
                self.entities.get(&entity, ctx.state)?;
                if let Some(cached) = self.entities.changing(&entity) {
                    let hour = (ctx.now + self.settings.retention.ids_ms).div_euclid(HOUR_MS) + 1;
                    cached.entity.set_timer(&entity, hour);
                }
            }
        }
        match entries.last() {
            Some((last, _)) if entries.len() == STEP => self.migration.next = Some(keys::successor(last)),
            _ => {
                self.changes.insert(keys::FORMAT.to_vec(), Some(vec![FORMAT_VERSION]));
            }
        }
        Ok(())
    }
}
