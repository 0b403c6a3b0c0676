//! What is too old is forgotten: a little at a time, and never in the way of an event.

use std::sync::Arc;

use super::{Context, Task};
use crate::entity::HOUR_MS;
use crate::state::{StateError, keys};

/// Timers looked at per tick.
const STEP: usize = 64;

/// How far expiry has come.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    /// The hour of partition time up to which every timer that was due was looked at.
    hour: i64,
    /// Where to go on within what is due, when a step did not suffice.
    next: Option<Vec<u8>>,
}

// === impl Task ===

impl Task {
    /// Looks at what the timers in state say is due.
    pub(super) fn expire_due(&mut self, ctx: &mut Context<'_>) -> Result<(), StateError> {
        // No event yet, no time yet.
        let hour = self.clock.time().div_euclid(HOUR_MS);
        if self.clock.time() == 0 || (hour == self.expiry.hour && self.expiry.next.is_none()) {
            return Ok(());
        }
        let (first, end) = keys::timers_until(hour);
        let from = self.expiry.next.take().unwrap_or(first);
        let due = ctx.state.scan(&from, &end, STEP)?;
        self.expiry.hour = hour;
        if due.len() == STEP {
            self.expiry.next = due.last().map(|(key, _)| keys::successor(key));
        }
        for (key, _) in due {
            if let Some((_, target)) = keys::target_of(&key) {
                if let Some(entity) = keys::entity_of(target) {
                    self.expire_entity(&entity.into(), ctx)?;
                } else if let Some(customer) = keys::customer_of(target) {
                    self.expire_profile(customer, ctx)?;
                }
            }
            self.changes.insert(key, None);
        }
        Ok(())
    }

    fn expire_entity(&mut self, key: &Arc<str>, ctx: &Context<'_>) -> Result<(), StateError> {
        let now = self.clock.time();
        if self.entities.get(key, ctx.state)?.entity.exists() {
            if let Some(cached) = self.entities.changing(key) {
                cached.entity.expire(key, now, &self.settings.retention);
            }
        } else {
            // There is nothing to it: it need not stay in memory.
            self.entities.forget(key);
        }
        Ok(())
    }
}
