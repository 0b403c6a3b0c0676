//! `[enrichment]`: where customer profiles come from.

use std::time::Duration;

/// How events get their customer's profile.
#[derive(Debug, Clone)]
pub struct Enrichment {
    /// Names of the targets asked, all at once; empty turns enrichment off.
    pub targets: Vec<String>,
    /// Longest time an event waits for its profile (default 250 ms).
    pub deadline: Duration,
    /// A profile younger than this is not fetched again (default 30 s).
    pub freshness: Duration,
    /// Profiles kept in memory (default 100,000).
    pub cache_entries: usize,
}
