//! The entities of a partition that are in memory, each with its events on their way.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::lane::Lane;
use crate::entity::Entity;
use crate::state::{Change, StateError, StateView};

/// Entities in memory, and which of them changed.
#[derive(Default)]
pub(super) struct EntityCache {
    /// Looked into several times for each event, by keys of some eighty bytes: hashed by what is quick,
    /// seeded anew in each process. Boxed, because half of a table that has just grown is empty.
    entities: HashMap<Arc<str>, Box<CachedEntity>, foldhash::fast::RandomState>,
    /// Those that changed since the last commit. In order, as everything is that the order of a commit comes
    /// from: the same input gives the same records.
    changed: Vec<Arc<str>>,
    uses: u64,
    /// What they weigh together.
    weight: usize,
    /// What they may weigh whatever the limit, before any are let go of again: twice what was left the last time. Where
    /// what is in use is more than the limit, letting go would only mean reading it again.
    floor: usize,
}

/// An entity in memory.
#[derive(Default)]
pub(super) struct CachedEntity {
    pub(super) entity: Entity,
    /// Its events on their way, where there are any.
    pub(super) lane: Option<Box<Lane>>,
    used: u64,
    /// As it was when the entity came in or was last written: one, and one more for as many ids as take the
    /// room of an entity.
    weight: usize,
}

/// Ids that take about as much memory as an entity does otherwise, 1 KiB.
const IDS_PER_WEIGHT: usize = 64;

// === impl EntityCache ===

impl EntityCache {
    /// An entity, brought into memory if need be.
    pub(super) fn get(
        &mut self,
        key: &Arc<str>,
        state: &dyn StateView,
    ) -> Result<&mut CachedEntity, StateError> {
        self.uses += 1;
        let cached = match self.entities.entry(key.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let entity = Entity::load(key, state)?;
                if entity.is_dirty() {
                    self.changed.push(key.clone());
                }
                let weight = weight(&entity);
                self.weight += weight;
                place.insert(Box::new(CachedEntity { entity, weight, ..CachedEntity::default() }))
            }
        };
        cached.used = self.uses;
        Ok(cached)
    }

    /// An entity that is in memory.
    pub(super) fn known(&mut self, key: &Arc<str>) -> Option<&mut CachedEntity> {
        self.entities.get_mut(key).map(Box::as_mut)
    }

    /// An entity that is in memory and about to change.
    pub(super) fn changing(&mut self, key: &Arc<str>) -> Option<&mut CachedEntity> {
        let cached = self.entities.get_mut(key)?;
        if !cached.entity.is_dirty() {
            self.changed.push(key.clone());
        }
        Some(cached)
    }

    /// Lets go of an entity that is as state has it, unless events of it are on their way.
    pub(super) fn forget(&mut self, key: &Arc<str>) {
        if self.entities.get(key).is_some_and(|cached| cached.is_idle())
            && let Some(gone) = self.entities.remove(key)
        {
            self.weight -= gone.weight;
        }
    }

    /// What changed since the last call.
    pub(super) fn take_changes(&mut self, changes: &mut Vec<Change>) -> Result<(), StateError> {
        for key in std::mem::take(&mut self.changed) {
            if let Some(cached) = self.entities.get_mut(&key) {
                cached.entity.take_changes(&key, changes)?;
                self.weight -= cached.weight;
                cached.weight = weight(&cached.entity);
                self.weight += cached.weight;
            }
        }
        Ok(())
    }

    /// Lets go of the less recently used half when they weigh more than `limit` entities without many ids,
    /// and more than what was left the last time twice.
    pub(super) fn evict(&mut self, limit: usize) {
        if self.weight <= limit.max(self.floor) {
            return;
        }
        let mut uses: Vec<u64> = self.entities.values().map(|cached| cached.used).collect();
        let middle = uses.len() / 2;
        let (_, median, _) = uses.select_nth_unstable(middle);
        let median = *median;
        self.entities.retain(|_, cached| cached.used > median || !cached.is_idle());
        self.weight = self.entities.values().map(|cached| cached.weight).sum();
        self.floor = 2 * self.weight;
    }
}

fn weight(entity: &Entity) -> usize {
    1 + entity.ids() / IDS_PER_WEIGHT
}

// === impl CachedEntity ===

impl CachedEntity {
    fn is_idle(&self) -> bool {
        self.lane.is_none() && !self.entity.is_dirty()
    }
}
