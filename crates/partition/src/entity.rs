//! What state keeps of one entity (a conversation, an agent, a queue …): its position, its conversation, the order of
//! its channels, and which events it has seen.
//!
//! The ids of the current hour lie with the entity itself, so that an event costs one value; when the hour is
//! over, or there are [`CHUNK_IDS`] of them, they are sealed into a chunk of their own, which is never
//! written again. A call that lasts a few minutes is thus one value of some hundred bytes, and a busy queue
//! rewrites no more than a chunk's worth.

mod contents;
mod legacy;
mod statement;
mod stored;

use std::collections::BTreeMap;

use trunkline_schemas::EncodedEvent;
use uuid::Uuid;

pub use self::contents::Novelty;
pub use self::statement::Statement;
use self::stored::Stored;
use crate::conversation::{Callers, Conversation};
use crate::order::ChannelOrder;
use crate::state::{Change, FORMAT_VERSION, StateError, StateView, keys};

/// Milliseconds in an hour: the grain in which event ids are remembered and things are forgotten.
pub const HOUR_MS: i64 = 3_600_000;

/// Ids that lie with the entity before they are sealed into a chunk: 4 KiB, a block of the store.
const CHUNK_IDS: usize = 256;

/// One entity in memory.
#[derive(Debug, Clone, Default)]
pub struct Entity {
    stored: Stored,
    /// Ids that are in chunks, by hour, in order; most entities have none.
    sealed: BTreeMap<i64, Vec<u128>>,
    /// What else than the entity's own value changed since the last commit.
    changes: Vec<Change>,
    dirty: bool,
}

/// How long an entity and its ids are kept, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Ids.
    pub ids_ms: i64,
    /// A conversation that has ended, after its last event.
    pub ended_ms: i64,
    /// Any other entity, after its last event.
    pub silent_ms: i64,
}

impl Entity {
    /// Reads an entity, or starts a new one. One of an older format comes out changed: it is written anew with the next
    /// commit.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read or does not decode.
    pub fn load(key: &str, state: &dyn StateView) -> Result<Self, StateError> {
        let Some(bytes) = state.get(&keys::entity(key))? else {
            return Ok(Self::default());
        };
        let (version, body) = crate::state::split_version(&bytes)?;
        if version == stored::FIRST_FORMAT {
            return Self::load_first_format(key, body, state);
        }
        let stored = match version {
            stored::SECOND_FORMAT => stored::decode_second_format(body)?,
            stored::THIRD_FORMAT => stored::decode_third_format(body)?,
            stored::FOURTH_FORMAT => stored::decode_fourth_format(body)?,
            stored::FIFTH_FORMAT => stored::decode_fifth_format(body)?,
            stored::SIXTH_FORMAT => stored::decode_sixth_format(body)?,
            _ => Stored::decode(body)?,
        };
        let mut entity = Self { stored, dirty: version < FORMAT_VERSION, ..Self::default() };
        for (hour, chunks) in entity.stored.chunks.clone() {
            for number in 0..chunks {
                let Some(bytes) = state.get(&keys::chunk(key, hour, number))? else { continue };
                let ids = stored::decode_ids(crate::state::split_version(&bytes)?.1)?;
                entity.sealed.entry(hour).or_default().extend(ids);
            }
        }
        entity.sealed.values_mut().for_each(|ids| ids.sort_unstable());
        Ok(entity)
    }

    /// Format 1 kept the ids of every hour under a key of their own.
    fn load_first_format(key: &str, body: &[u8], state: &dyn StateView) -> Result<Self, StateError> {
        let (stored, hours) = stored::decode_first_format(body)?;
        let mut entity = Self { stored, dirty: true, ..Self::default() };
        for hour in hours {
            let bucket = keys::bucket(key, hour);
            let Some(bytes) = state.get(&bucket)? else { continue };
            let ids: Vec<u128> = crate::state::decode(&bytes)?;
            entity.changes.push(Change::delete(bucket));
            entity.enter_hour(key, hour);
            entity.stored.recent.extend(ids);
        }
        Ok(entity)
    }

    /// Whether the event took effect before.
    pub fn has_seen(&self, id: u128) -> bool {
        self.stored.recent.contains(&id) || self.sealed.values().any(|ids| ids.binary_search(&id).is_ok())
    }

    /// Ids that it remembers.
    pub fn ids(&self) -> usize {
        self.stored.recent.len() + self.sealed.values().map(Vec::len).sum::<usize>()
    }

    /// Whether there is anything to it.
    pub fn exists(&self) -> bool {
        self.stored.position > 0
    }

    /// Whether something changed since the last commit.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The conversation.
    pub fn conversation(&self) -> &Conversation {
        &self.stored.conversation
    }

    /// The order of a channel after what was emitted.
    pub fn channel(&self, channel: &str) -> ChannelOrder {
        let found = self.stored.channels.iter().find(|(name, _)| name == channel);
        found.map(|(_, order)| *order).unwrap_or_default()
    }

    /// What an event says; `None` where that is not to be compared with anything. It holds until another event is
    /// emitted.
    pub fn statement(&self, event: &EncodedEvent) -> Option<Statement> {
        let says = event.content_id().is_some() || event.declared_id().is_some();
        let compared = says || !self.stored.contents.is_empty();
        compared.then(|| Statement::of(event))
    }

    /// What an event that says this would be if it were emitted now, beside what was published before it. `taken_in` is
    /// when it was, in UTC milliseconds; contents that were taken in at most `window_ms` apart may be repetitions.
    pub fn novelty(&self, statement: &Statement, taken_in: i64, window_ms: i64) -> Novelty {
        let novelty = self.stored.contents.judge(statement, taken_in, window_ms);
        // One without unknown fields that its id names was not said, and is known by its id alone.
        let is_known =
            || statement.content.is_none() && statement.declared.is_some_and(|id| self.has_seen(id));
        if novelty == Novelty::New && window_ms > 0 && is_known() {
            return Novelty::PossibleRepeat;
        }
        novelty
    }

    /// Takes note of what an event says that is emitted.
    pub fn said(&mut self, statement: &Statement, taken_in: i64, window_ms: i64) {
        self.stored.contents.published(statement, taken_in, window_ms);
    }

    /// The position and the conversation that an event would get if it were emitted now.
    pub fn preview(&self, event: &EncodedEvent, callers: &Callers) -> (i64, Conversation) {
        let mut conversation = self.stored.conversation.clone();
        conversation.apply(event, callers);
        (self.stored.position + 1, conversation)
    }

    /// Takes an event into account as it is emitted, and gives it its position. `taken_in` is when it was, in UTC
    /// milliseconds.
    pub fn emit(
        &mut self,
        key: &str,
        event: &EncodedEvent,
        id: u128,
        taken_in: i64,
        order: ChannelOrder,
        callers: &Callers,
    ) -> i64 {
        self.stored.position += 1;
        self.stored.conversation.apply(event, callers);
        self.note(key, event, id, taken_in, order);
        self.stored.position
    }

    /// Takes note of an event that is not emitted, since it only repeats what was said last: its id is remembered, and
    /// its time counts for the order of its channel.
    pub fn note(&mut self, key: &str, event: &EncodedEvent, id: u128, taken_in: i64, order: ChannelOrder) {
        match self.stored.channels.iter_mut().find(|(name, _)| name == event.channel()) {
            Some((_, known)) => *known = order,
            None => {
                // Most have one; a vector left to itself makes room for four.
                self.stored.channels.reserve_exact(1);
                self.stored.channels.push((event.channel().to_owned(), order));
            }
        }
        self.enter_hour(key, taken_in.div_euclid(HOUR_MS));
        if self.stored.recent.len() >= CHUNK_IDS {
            self.seal(key);
        }
        self.stored.recent.push(id);
        self.dirty = true;
    }

    /// Forgets ids taken in before `horizon` (UTC milliseconds).
    pub fn forget_before(&mut self, key: &str, horizon: i64) {
        let first_kept = horizon.div_euclid(HOUR_MS);
        let expired = self.stored.chunks.iter().take_while(|(hour, _)| *hour < first_kept).count();
        for (hour, chunks) in self.stored.chunks.drain(..expired) {
            self.changes.extend((0..chunks).map(|number| Change::delete(keys::chunk(key, hour, number))));
            self.sealed.remove(&hour);
            self.dirty = true;
        }
        if self.stored.hour < first_kept && !self.stored.recent.is_empty() {
            self.stored.recent.clear();
            self.dirty = true;
        }
    }

    /// Makes sure that the entity is looked at again some time: sets a timer for `hour` unless it has one.
    pub fn set_timer(&mut self, key: &str, hour: i64) {
        if self.stored.timer_hour.is_none() {
            self.stored.timer_hour = Some(hour);
            self.changes.push(Change::put(keys::timer(hour, &keys::entity(key)), stored::marker()));
            self.dirty = true;
        }
    }

    /// Its timer is due: forgets what is too old, the entity itself perhaps, else sets another timer.
    pub fn expire(&mut self, key: &str, now: i64, retention: &Retention) {
        if !self.exists() {
            return;
        }
        self.stored.timer_hour = None;
        let last = (self.stored.hour + 1) * HOUR_MS;
        let ended = self.stored.conversation.has_ended();
        let kept_until = last + if ended { retention.ended_ms } else { retention.silent_ms };
        if kept_until <= now {
            self.forget_before(key, i64::MAX);
            self.stored = Stored::default();
            self.dirty = true;
            return;
        }
        self.forget_before(key, now - retention.ids_ms);
        let has_ids = !self.stored.recent.is_empty() || !self.stored.chunks.is_empty();
        let ids_until = last + retention.ids_ms;
        let next = if has_ids && ids_until > now { ids_until.min(kept_until) } else { kept_until };
        self.set_timer(key, next.div_euclid(HOUR_MS) + 1);
    }

    /// What changed since the last call, for state and changelog alike.
    ///
    /// # Errors
    /// [`StateError`] when a value does not encode.
    pub fn take_changes(&mut self, key: &str, changes: &mut Vec<Change>) -> Result<(), StateError> {
        if !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        changes.append(&mut self.changes);
        changes.push(if self.exists() {
            Change::put(keys::entity(key), self.stored.encode()?)
        } else {
            Change::delete(keys::entity(key))
        });
        Ok(())
    }

    /// Hours only go forward: a straggler's id counts for the hour it comes in, and is remembered the longer for it.
    fn enter_hour(&mut self, key: &str, hour: i64) {
        if hour > self.stored.hour {
            if !self.stored.recent.is_empty() {
                self.seal(key);
            }
            self.stored.hour = hour;
        }
    }

    fn seal(&mut self, key: &str) {
        let ids = std::mem::take(&mut self.stored.recent);
        let hour = self.stored.hour;
        let number = match self.stored.chunks.last_mut() {
            Some((last, chunks)) if *last == hour => {
                *chunks += 1;
                *chunks - 1
            }
            _ => {
                self.stored.chunks.push((hour, 1));
                0
            }
        };
        self.changes.push(Change::put(keys::chunk(key, hour, number), stored::encode_ids(&ids)));
        let sealed = self.sealed.entry(hour).or_default();
        sealed.extend(ids);
        // Stable, since that merges what is in order already.
        sealed.sort();
    }
}

/// An event's id as a number; one that is no UUID is hashed into one.
pub fn id_bits(event_id: &str) -> u128 {
    Uuid::parse_str(event_id)
        .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, event_id.as_bytes()))
        .as_u128()
}

#[cfg(test)]
mod tests;
