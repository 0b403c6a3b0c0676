//! Time passes, and lanes move as far as they go.

use std::sync::Arc;

use super::{Context, Task};
use crate::state::StateError;

// === impl Task ===

impl Task {
    /// Lets time pass, where all profiles fetched by now have been taken in.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn tick(&mut self, ctx: &mut Context<'_>) -> Result<(), StateError> {
        self.tick_after_answers(ctx.now, ctx)
    }

    /// Lets time pass, where all profiles have been taken in that were fetched before `answered_before` (UTC
    /// milliseconds, not after now). Here alone an event that waits for one is given up, so that no answer is passed
    /// over which came in time.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn tick_after_answers(
        &mut self,
        answered_before: i64,
        ctx: &mut Context<'_>,
    ) -> Result<(), StateError> {
        self.profiles_until = answered_before;
        while let Some(key) = self.waits.take_due(answered_before) {
            self.advance(&key, ctx)?;
        }
        self.migrate(ctx)?;
        self.expire_due(ctx)
    }

    /// Whether a hold is over at `now` (UTC milliseconds) if everything has been read that lay in the partition by
    /// then: the brokers should be asked for its end.
    pub fn awaits_the_end(&self, now: i64) -> bool {
        self.holds.next().is_some_and(|due| due <= self.clock.possible(now))
    }

    /// Everything has been read that lay in the partition when its end was asked for, at `asked_at` (UTC milliseconds,
    /// not after now): holds that were over by then are over.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn read_to_the_end(&mut self, asked_at: i64, ctx: &mut Context<'_>) -> Result<(), StateError> {
        self.clock.read_to_the_end(asked_at);
        self.release_due(ctx)
    }

    /// Whether events wait for the ends of holds, and for nothing else.
    pub fn waits_for_holds_alone(&self) -> bool {
        self.holds.next().is_some() && self.waits.next().is_none() && self.consulting.is_empty()
    }

    /// The first hold is over now, whatever time it is: no more may be held, so nothing more is read, and without
    /// anything that is read no time passes.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn cut_first_hold_short(&mut self, ctx: &mut Context<'_>) -> Result<(), StateError> {
        if let Some(due) = self.holds.next() {
            self.clock.go_to(due, ctx.now);
        }
        self.release_due(ctx)
    }

    /// Moves the lanes whose holds are over.
    pub(super) fn release_due(&mut self, ctx: &mut Context<'_>) -> Result<(), StateError> {
        while let Some(key) = self.holds.take_due(self.clock.holds()) {
            self.advance(&key, ctx)?;
        }
        Ok(())
    }

    /// Moves one lane as far as it goes. It is with its entity again when this returns, unless nothing is left of it.
    pub(super) fn advance(&mut self, key: &Arc<str>, ctx: &mut Context<'_>) -> Result<(), StateError> {
        let lane = self.entities.known(key).and_then(|cached| cached.lane.take());
        let Some(mut lane) = lane else { return Ok(()) };
        loop {
            lane.collect_ready(self.clock.holds());
            if self.drop_repeat(key, &mut lane) {
                continue;
            }
            let Some(resolved) = self.resolve_head(key, &mut lane, ctx)? else { break };
            self.emit_head(key, &mut lane, resolved, ctx)?;
        }
        if let Some(due) = lane.next_due() {
            self.holds.set(due, key.clone());
        }
        if !lane.is_empty()
            && let Some(cached) = self.entities.known(key)
        {
            cached.lane = Some(lane);
        }
        Ok(())
    }
}
