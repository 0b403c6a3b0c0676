//! A profile as its owner keeps it in state: what was fetched, when, and the timer by which it is looked at
//! again.

use serde::{Deserialize, Serialize};
use trunkline_schemas::CustomerProfile;

/// A profile, and when the systems were last asked for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) profile: CustomerProfile,
    /// UTC milliseconds.
    pub(crate) attempted_at: i64,
}

/// A profile as read from state, or to be written there again.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredProfile {
    pub(crate) entry: Entry,
    /// The hour (since the epoch) at which it is looked at again.
    pub timer_hour: i64,
}

/// A profile to be written to state: the same bytes as a [`StoredProfile`], without a copy of the profile.
#[derive(Debug, Serialize)]
pub struct StoredProfileRef<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) timer_hour: i64,
}

// === impl StoredProfile ===

impl StoredProfile {
    /// When the systems were last asked; UTC milliseconds.
    pub fn attempted_at(&self) -> i64 {
        self.entry.attempted_at
    }
}
