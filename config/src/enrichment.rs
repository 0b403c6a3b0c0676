//! `[enrichment]`: where customer profiles come from.

use std::time::Duration;

use crate::System;
use crate::config::KnownTargets;
use crate::section::{Problem, Section, Value};
use crate::values::{duration, integer, list, reference};
use crate::vocabulary::PROFILE_SYSTEMS;

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

// === impl Enrichment ===

impl Enrichment {
    pub(crate) fn read(section: &Section<'_>, known: &KnownTargets<'_>) -> Self {
        let with_profiles = |value: &Value<'_>| {
            let name = reference("target", &known.names)(value)?;
            match known.targets.get(&name) {
                Some(target) if !PROFILE_SYSTEMS.contains(&target.system) => {
                    let systems = PROFILE_SYSTEMS.map(System::as_str).join(", ");
                    Err(Problem::new(format!(
                        "names target '{name}', which has no customer profiles; {systems} have"
                    )))
                }
                _ => Ok(name),
            }
        };
        Self {
            targets: section.or("targets", list(0, with_profiles), Vec::new()),
            deadline: section.or("deadline", duration, Duration::from_millis(250)),
            freshness: section.or("freshness", duration, Duration::from_secs(30)),
            cache_entries: section.or("cache_entries", integer(1..=100_000_000), 100_000),
        }
    }
}
