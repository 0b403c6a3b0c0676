//! Timers of lanes: when each is to be looked at again.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Timers, by their time. Which clock that time is of is for the owner to say.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(i64, Arc<str>)>);

// === impl Timers ===

impl Timers {
    /// Sets a timer for a lane.
    pub(super) fn set(&mut self, at: i64, lane: Arc<str>) {
        self.0.insert((at, lane));
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<i64> {
        self.0.first().map(|(at, _)| *at)
    }

    /// A lane whose timer is due at `time`; the timer is gone then.
    pub(super) fn take_due(&mut self, time: i64) -> Option<Arc<str>> {
        if self.0.first()?.0 > time {
            return None;
        }
        self.0.pop_first().map(|(_, lane)| lane)
    }
}
