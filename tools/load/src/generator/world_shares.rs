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
    /// Share of the facts on EventBridge that an archive plays again, within a tenth of the day or 30 s.
    pub replays: f64,
    /// Share of the answered calls and messages for which another agent had been alerted, and did not answer.
    pub unanswered: f64,
    /// Share of the answered calls that a supervisor coaches, monitors or barges in on.
    pub observed: f64,
    /// Share of the answered calls whose agent asks another one while the customer is on hold.
    pub consults: f64,
    /// Share of the answered calls in which a second agent talks to the customer beside the first.
    pub conferences: f64,
    /// Share of the answered calls whose agent stays until the next one is there.
    pub attended_transfers: f64,
    /// Share of the answered calls whose agent leaves the customer to a queue.
    pub blind_transfers: f64,
    /// Share of the calls whose caller, after the menu, is promised a call and called back.
    pub callbacks: f64,
    /// Share of the calls that the platform links to no contact of its directory: only the number says who calls.
    pub unlinked: f64,
    /// Share of the answered exchanges by messages, and of the closed cases, that go on after their end.
    pub reopened: f64,
}

impl WorldShares {
    /// A world that never returns, coincides or repeats itself, where each conversation has one agent and one life.
    pub const NONE: Self = Self {
        returning: 0.0,
        muting: 0.0,
        equal_bodies: 0.0,
        equal_milliseconds: 0.0,
        repeats: 0.0,
        replays: 0.0,
        unanswered: 0.0,
        observed: 0.0,
        consults: 0.0,
        conferences: 0.0,
        attended_transfers: 0.0,
        blind_transfers: 0.0,
        callbacks: 0.0,
        unlinked: 0.0,
        reopened: 0.0,
    };
}

/// Enough for each behaviour to be seen some times in half a minute, and few enough for a day to be mostly ordinary.
impl Default for WorldShares {
    fn default() -> Self {
        Self {
            returning: 0.03,
            muting: 0.15,
            equal_bodies: 0.01,
            equal_milliseconds: 0.3,
            repeats: 0.02,
            replays: 0.02,
            unanswered: 0.08,
            observed: 0.06,
            consults: 0.08,
            conferences: 0.08,
            attended_transfers: 0.08,
            blind_transfers: 0.08,
            callbacks: 0.06,
            unlinked: 0.15,
            reopened: 0.08,
        }
    }
}
