//! The profiles that a partition keeps in its state: of the customers it asked for.

use std::collections::BTreeMap;

use trunkline_profiles::StoredProfile;

use super::{Context, Task};
use crate::entity::HOUR_MS;
use crate::state::{FORMAT_VERSION, StateError, StateView, keys, split_version};

// === impl Task ===

impl Task {
    /// Recalls what this partition keeps of a customer, where nothing is at hand.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn recall_profile(&mut self, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
        recall(&mut self.changes, customer, ctx)
    }

    /// Forgets what this partition keeps of a customer, who was erased.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn forget_profile(&mut self, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let key = keys::profile(customer);
        if self.current(&key, ctx.state)?.is_some() {
            self.changes.insert(key, None);
        }
        Ok(())
    }

    /// Keeps what is at hand of a customer by now, where this partition keeps a profile of that customer.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read or a value does not fit its format.
    pub fn keep_profile_again(&mut self, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
        if self.current(&keys::profile(customer), ctx.state)?.is_some() {
            self.keep_profile(customer, ctx)?;
        }
        Ok(())
    }

    /// Keeps what is at hand of a customer in this partition's state.
    pub(super) fn keep_profile(&mut self, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let key = keys::profile(customer);
        let timer_hour = match self.current(&key, ctx.state)? {
            Some(kept) => {
                let (_, body) = split_version(&kept)?;
                StoredProfile::timer_hour_of(body).map_err(StateError::Codec)?
            }
            None => {
                let hour = (ctx.now + self.settings.profile_keep_ms).div_euclid(HOUR_MS) + 1;
                self.set_profile_timer(hour, &key);
                hour
            }
        };
        if let Some(stored) = ctx.profiles.stored(customer, timer_hour) {
            self.changes.insert(key, Some(encoded(stored)?));
        }
        Ok(())
    }

    /// The timer of a kept profile is due: forgets it, or sets another timer where somebody asked for it since.
    pub(super) fn expire_profile(&mut self, customer: &str, ctx: &Context<'_>) -> Result<(), StateError> {
        let key = keys::profile(customer);
        let Some(kept) = self.current(&key, ctx.state)? else { return Ok(()) };
        let mut stored = decoded(&kept)?;
        let due = stored.attempted_at() + self.settings.profile_keep_ms;
        if due <= self.clock.time() {
            self.changes.insert(key, None);
            return Ok(());
        }
        stored.timer_hour = due.div_euclid(HOUR_MS) + 1;
        self.set_profile_timer(stored.timer_hour, &key);
        self.changes.insert(key, Some(encoded(stored)?));
        Ok(())
    }

    fn set_profile_timer(&mut self, hour: i64, key: &[u8]) {
        self.changes.insert(keys::timer(hour, key), Some(vec![FORMAT_VERSION]));
    }

    /// A value as it will be after the next commit.
    fn current(&self, key: &[u8], state: &dyn StateView) -> Result<Option<Vec<u8>>, StateError> {
        current(&self.changes, key, state)
    }
}

/// Changes of state, the latest of each key.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Recalls what a partition with these changes keeps of a customer, where nothing is at hand.
pub(super) fn recall(changes: &mut Changes, customer: &str, ctx: &mut Context<'_>) -> Result<(), StateError> {
    if ctx.profiles.has(customer) {
        return Ok(());
    }
    let key = keys::profile(customer);
    if let Some(kept) = current(changes, &key, ctx.state)?
        && !ctx.profiles.recall(decoded(&kept)?, ctx.now)
    {
        changes.insert(key, None);
    }
    Ok(())
}

fn current(changes: &Changes, key: &[u8], state: &dyn StateView) -> Result<Option<Vec<u8>>, StateError> {
    match changes.get(key) {
        Some(changed) => Ok(changed.clone()),
        None => state.get(key),
    }
}

/// Reads a kept profile back.
fn decoded(kept: &[u8]) -> Result<StoredProfile, StateError> {
    let (_, body) = split_version(kept)?;
    StoredProfile::decode(body).map_err(StateError::Codec)
}

fn encoded(stored: StoredProfile) -> Result<Vec<u8>, StateError> {
    stored.encode(vec![FORMAT_VERSION]).map_err(StateError::Codec)
}
