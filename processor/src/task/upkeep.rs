//! What a task does beside the stream: it forgets what is too old, and rewrites what older builds wrote. A little at a
//! time, and never in the way of an event.

use std::sync::Arc;

use trunkline_profiles::StoredProfile;

use super::{Context, Task};
use crate::entity::HOUR_MS;
use crate::state::{FORMAT_VERSION, StateError, StateView, decode, encode, keys, split_version};

/// Keys looked at per tick.
const STEP: usize = 64;

/// How far upkeep has come.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// The hour of partition time up to which everything due was looked at.
    hour: i64,
    /// Where to go on within what is due, when a step did not suffice.
    wakes: Option<Vec<u8>>,
    /// Where to go on rewriting entities of an older format; `None` when all are of this build's.
    rewrite: Option<Vec<u8>>,
}

impl Upkeep {
    pub(super) fn restored(state: &dyn StateView) -> Result<Self, StateError> {
        let rewrite = match state.get(keys::FORMAT)? {
            // A newer build's is refused here, before anything is processed.
            Some(value) => (split_version(&value)?.0 < FORMAT_VERSION).then(|| keys::entities().0),
            None => Some(keys::entities().0),
        };
        Ok(Self { hour: 0, wakes: None, rewrite })
    }
}

impl Task {
    /// One step of upkeep.
    pub(super) fn look_after_state(&mut self, ctx: &mut Context<'_>) -> Result<(), StateError> {
        self.rewrite(ctx)?;
        // No event yet, no time yet.
        let hour = self.clock.time().div_euclid(HOUR_MS);
        if self.clock.time() == 0 || (hour == self.upkeep.hour && self.upkeep.wakes.is_none()) {
            return Ok(());
        }
        let (first, end) = keys::wakes_until(hour);
        let from = self.upkeep.wakes.take().unwrap_or(first);
        let due = ctx.state.scan(&from, &end, STEP)?;
        self.upkeep.hour = hour;
        if due.len() == STEP {
            self.upkeep.wakes = due.last().map(|(key, _)| successor(key));
        }
        for (key, _) in due {
            if let Some((_, target)) = keys::target_of(&key) {
                if let Some(entity) = keys::entity_of(target) {
                    self.wake_entity(&entity.into(), ctx)?;
                } else if let Some(customer) = keys::customer_of(target) {
                    self.wake_profile(customer, ctx)?;
                }
            }
            self.changes.insert(key, None);
        }
        Ok(())
    }

    /// Keeps what is at hand of a customer in this partition's state.
    pub(super) fn keep_profile(&mut self, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let key = keys::profile(customer);
        let wake_hour = match self.current(&key, ctx.state)? {
            Some(kept) => decode::<StoredProfile>(&kept)?.timer_hour,
            None => {
                let hour = (ctx.now + self.settings.profile_keep_ms).div_euclid(HOUR_MS) + 1;
                self.changes.insert(keys::wake(hour, &key), Some(vec![FORMAT_VERSION]));
                hour
            }
        };
        if let Some(stored) = ctx.profiles.stored(customer, wake_hour) {
            self.changes.insert(key, Some(encode(&stored)?));
        }
        Ok(())
    }

    fn wake_entity(&mut self, key: &Arc<str>, ctx: &Context<'_>) -> Result<(), StateError> {
        let now = self.clock.time();
        if self.residents.get(key, ctx.state)?.entity.exists() {
            if let Some(resident) = self.residents.changing(key) {
                resident.entity.wake(key, now, &self.settings.retention);
            }
        } else {
            // There is nothing to it: it need not stay in memory.
            self.residents.forget(key);
        }
        Ok(())
    }

    fn wake_profile(&mut self, customer: &str, ctx: &Context<'_>) -> Result<(), StateError> {
        let key = keys::profile(customer);
        let Some(kept) = self.current(&key, ctx.state)? else { return Ok(()) };
        let mut stored: StoredProfile = decode(&kept)?;
        let due = stored.attempted_at() + self.settings.profile_keep_ms;
        if due <= self.clock.time() {
            self.changes.insert(key, None);
            return Ok(());
        }
        let hour = due.div_euclid(HOUR_MS) + 1;
        self.changes.insert(keys::wake(hour, &key), Some(vec![FORMAT_VERSION]));
        stored.timer_hour = hour;
        self.changes.insert(key, Some(encode(&stored)?));
        Ok(())
    }

    /// Entities of an older format are read as they come up, and written anew; this brings up the others.
    fn rewrite(&mut self, ctx: &Context<'_>) -> Result<(), StateError> {
        let Some(from) = self.upkeep.rewrite.take() else { return Ok(()) };
        let entries = ctx.state.scan(&from, &keys::entities().1, STEP)?;
        for (key, value) in &entries {
            if split_version(value)?.0 < FORMAT_VERSION
                && let Some(entity) = keys::entity_of(key)
            {
                let entity: Arc<str> = entity.into();
                self.residents.get(&entity, ctx.state)?;
                if let Some(resident) = self.residents.changing(&entity) {
                    let hour = (ctx.now + self.settings.retention.ids_ms).div_euclid(HOUR_MS) + 1;
                    resident.entity.arm(&entity, hour);
                }
            }
        }
        match entries.last() {
            Some((last, _)) if entries.len() == STEP => self.upkeep.rewrite = Some(successor(last)),
            _ => {
                self.changes.insert(keys::FORMAT.to_vec(), Some(vec![FORMAT_VERSION]));
            }
        }
        Ok(())
    }

    /// A value as it will be after the next commit.
    fn current(&self, key: &[u8], state: &dyn StateView) -> Result<Option<Vec<u8>>, StateError> {
        match self.changes.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => state.get(key),
        }
    }
}

/// The smallest key above this one.
fn successor(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}
