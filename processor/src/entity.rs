//! What state keeps of one entity (a conversation, an agent, a queue …): its position, its conversation, the order of
//! its channels, and which events it has seen.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use trunkline_schemas::PlatformEvent;
use uuid::Uuid;

use crate::conversation::Conversation;
use crate::order::ChannelOrder;
use crate::state::{Change, StateError, StateView, keys};

/// Milliseconds in an hour: the width of a bucket of event ids.
const HOUR_MS: i64 = 3_600_000;

/// One entity in memory.
#[derive(Debug, Clone, Default)]
pub struct Entity {
    stored: Stored,
    /// Ids seen within the dedup window.
    seen: HashSet<u128>,
    /// The same ids by the hour they were taken in.
    buckets: BTreeMap<i64, Bucket>,
    /// Buckets that fell out of the window since the last commit.
    expired: Vec<i64>,
    dirty: bool,
}

/// The part under one key; the ids are under keys of their own, one per hour.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Stored {
    position: i64,
    conversation: Conversation,
    channels: BTreeMap<String, ChannelOrder>,
    /// Hours that have a bucket.
    hours: Vec<i64>,
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    ids: Vec<u128>,
    dirty: bool,
}

impl Entity {
    /// Reads an entity, or starts a new one.
    ///
    /// # Errors
    /// [`StateError`] when state can not be read or does not decode.
    pub fn load(key: &str, state: &dyn StateView) -> Result<Self, StateError> {
        let Some(bytes) = state.get(&keys::entity(key))? else {
            return Ok(Self::default());
        };
        let stored: Stored = crate::state::decode(&bytes)?;
        let mut entity = Self { stored, ..Self::default() };
        for hour in entity.stored.hours.clone() {
            let Some(bytes) = state.get(&keys::bucket(key, hour))? else { continue };
            let ids: Vec<u128> = crate::state::decode(&bytes)?;
            entity.seen.extend(&ids);
            entity.buckets.insert(hour, Bucket { ids, dirty: false });
        }
        Ok(entity)
    }

    /// Whether the event took effect before.
    pub fn has_seen(&self, id: u128) -> bool {
        self.seen.contains(&id)
    }

    /// The conversation.
    pub fn conversation(&self) -> &Conversation {
        &self.stored.conversation
    }

    /// The order of a channel after what was emitted.
    pub fn channel(&self, channel: &str) -> ChannelOrder {
        self.stored.channels.get(channel).cloned().unwrap_or_default()
    }

    /// Takes an event into account as it is emitted, and gives it its position.
    pub fn emit(&mut self, event: &PlatformEvent, id: u128, order: ChannelOrder) -> i64 {
        self.stored.position += 1;
        self.stored.conversation.apply(event);
        self.stored.channels.insert(event.source.channel.clone(), order);
        let bucket = self.buckets.entry(event.ingest_time.div_euclid(HOUR_MS)).or_default();
        bucket.ids.push(id);
        bucket.dirty = true;
        self.seen.insert(id);
        self.dirty = true;
        self.stored.position
    }

    /// Forgets ids taken in before `horizon` (UTC milliseconds).
    pub fn forget_before(&mut self, horizon: i64) {
        let first_kept = horizon.div_euclid(HOUR_MS);
        let kept = self.buckets.split_off(&first_kept);
        for (hour, bucket) in std::mem::replace(&mut self.buckets, kept) {
            for id in bucket.ids {
                self.seen.remove(&id);
            }
            self.expired.push(hour);
            self.dirty = true;
        }
    }

    /// What changed since the last call, for state and changelog alike.
    ///
    /// # Errors
    /// [`StateError`] when a value does not encode.
    pub fn take_changes(&mut self, key: &str, changes: &mut Vec<Change>) -> Result<(), StateError> {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        self.stored.hours = self.buckets.keys().copied().collect();
        changes.push(Change::put(keys::entity(key), crate::state::encode(&self.stored)?));
        for (hour, bucket) in &mut self.buckets {
            if std::mem::take(&mut bucket.dirty) {
                changes.push(Change::put(keys::bucket(key, *hour), crate::state::encode(&bucket.ids)?));
            }
        }
        for hour in self.expired.drain(..) {
            changes.push(Change::delete(keys::bucket(key, hour)));
        }
        Ok(())
    }
}

/// An event's id as a number; one that is no UUID is hashed into one.
pub fn id_bits(event_id: &str) -> u128 {
    Uuid::parse_str(event_id)
        .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, event_id.as_bytes()))
        .as_u128()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::MemoryState;
    use crate::testing::event;

    fn emit(entity: &mut Entity, n: u128, ingest_time: i64) {
        let mut event = event("c", "conversation.started", 0);
        event.ingest_time = ingest_time;
        entity.emit(&event, n, ChannelOrder::default());
    }

    #[test]
    fn an_entity_survives_its_way_through_state() {
        let mut state = MemoryState::default();
        let mut entity = Entity::load("g/o/c", &state).unwrap();
        emit(&mut entity, 1, 0);
        emit(&mut entity, 2, HOUR_MS);
        let mut changes = Vec::new();
        entity.take_changes("g/o/c", &mut changes).unwrap();
        assert_eq!(changes.len(), 3);
        state.apply(&changes);

        let mut again = Entity::load("g/o/c", &state).unwrap();
        assert!(again.has_seen(1) && again.has_seen(2) && !again.has_seen(3));
        emit(&mut again, 3, HOUR_MS);
        assert_eq!(again.stored.position, 3);

        // Only the bucket that changed is written again.
        changes.clear();
        again.take_changes("g/o/c", &mut changes).unwrap();
        assert_eq!(changes.len(), 2);
        state.apply(&changes);

        again.forget_before(HOUR_MS);
        changes.clear();
        again.take_changes("g/o/c", &mut changes).unwrap();
        state.apply(&changes);
        let last = Entity::load("g/o/c", &state).unwrap();
        assert!(!last.has_seen(1) && last.has_seen(2) && last.has_seen(3));
        assert!(state.get(&keys::bucket("g/o/c", 0)).unwrap().is_none());
    }
}
