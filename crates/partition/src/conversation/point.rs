//! When something happened, to the millisecond and, within it, by the order of arrival.

use serde::Deserialize;

/// A place in the order of a conversation's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Point {
    /// UTC milliseconds.
    pub(super) time: i64,
    /// How many other starts and ends of this millisecond came before it.
    pub(super) place: u32,
}

// === impl Point ===

impl Point {
    /// The first of its millisecond.
    pub(super) fn first_of(time: i64) -> Self {
        Self { time, place: 0 }
    }

    /// Behind all of its millisecond that are known already.
    pub(super) fn behind(self, known: impl Iterator<Item = Self>) -> Self {
        let last = known.filter(|other| other.time == self.time).map(|other| other.place).max();
        Self { place: last.map_or(0, |last| last.saturating_add(1)), ..self }
    }

    /// So much earlier.
    pub(super) fn before(self, milliseconds: i64) -> Self {
        Self { time: self.time.saturating_sub(milliseconds), ..self }
    }
}
