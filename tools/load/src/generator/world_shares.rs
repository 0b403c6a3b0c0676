//! How much of a day is as the world is, and not as a textbook has it.

/// How often the world behaves as [`Behaviour`](super::Behaviour) says. All from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorldShares {
    /// Share of all deliveries that tell of an agent or a queue member who leaves a state and returns to it: station,
    /// presence, routing status, membership of a queue.
    pub returning: f64,
    /// Share of the answered calls whose agent mutes for a while, told as the call as it is before, during and after.
    pub muting: f64,
    /// Share of all deliveries that have the very body of another one, about another agent or another queue.
    pub equal_bodies: f64,
    /// Share of the calls that begin, and of the conversations of Genesys that end, with a cause and its effect in the
    /// same millisecond.
    pub equal_milliseconds: f64,
    /// Share of the facts on EventBridge that are published anew, within a tenth of the day or 30 s.
    pub repeats: f64,
}

impl WorldShares {
    /// A world that never returns, coincides or repeats itself.
    pub const NONE: Self =
        Self { returning: 0.0, muting: 0.0, equal_bodies: 0.0, equal_milliseconds: 0.0, repeats: 0.0 };
}

/// Enough for each behaviour to be seen some times in half a minute, and few enough for a day to be mostly ordinary.
impl Default for WorldShares {
    fn default() -> Self {
        Self { returning: 0.03, muting: 0.15, equal_bodies: 0.01, equal_milliseconds: 0.3, repeats: 0.02 }
    }
}
