//! What is logged of lookups that fail: a warning now and then, since a system that is down fails thousands
//! of them. Which customers they were about is nobody's business in a log.

use std::collections::BTreeMap;

use trunkline_schemas::{CustomerProfile, SourceStatus};

/// Milliseconds between two warnings about one system.
const WARN_EVERY_MS: i64 = 60_000;

/// Failures by system.
#[derive(Debug, Default)]
pub(crate) struct FailedLookups(BTreeMap<String, Failures>);

#[derive(Debug)]
struct Failures {
    /// UTC milliseconds.
    warned_at: i64,
    since: u64,
}

/// A warning that is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Warning<'a> {
    pub(crate) system: &'a str,
    pub(crate) status: SourceStatus,
    /// Failures since the last warning for which no warning was given.
    pub(crate) left_out: u64,
}

// === impl FailedLookups ===

impl FailedLookups {
    /// Takes note of a fetched profile at `now` (UTC milliseconds), and returns the warnings that are due.
    pub(crate) fn note<'a>(&mut self, profile: &'a CustomerProfile, now: i64) -> Vec<Warning<'a>> {
        let failed = |status| !matches!(status, SourceStatus::Ok | SourceStatus::NotFound);
        let sources = profile.sources.iter().filter(|source| failed(source.status));
        sources
            .filter_map(|source| {
                let left_out = self.failed(&source.system, now)?;
                Some(Warning { system: &source.system, status: source.status, left_out })
            })
            .collect()
    }

    /// Counts a failure. Where a warning is due, returns how many failures had none since the last one.
    fn failed(&mut self, system: &str, now: i64) -> Option<u64> {
        match self.0.get_mut(system) {
            Some(known) if now - known.warned_at < WARN_EVERY_MS => {
                known.since += 1;
                None
            }
            Some(known) => {
                known.warned_at = now;
                Some(std::mem::take(&mut known.since))
            }
            None => {
                self.0.insert(system.to_owned(), Failures { warned_at: now, since: 0 });
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trunkline_schemas::ProfileSource;

    use super::*;

    fn fetched(sources: &[(&str, SourceStatus)]) -> CustomerProfile {
        let source = |(system, status): &(&str, SourceStatus)| ProfileSource {
            system: (*system).to_owned(),
            status: *status,
            fetched_at: None,
            latency_ms: None,
            source: None,
        };
        CustomerProfile {
            customer_id: "C-1".to_owned(),
            account_name: None,
            loyalty_tier: None,
            balance: None,
            currency: None,
            open_tickets: None,
            last_interaction_date: None,
            source_systems: Vec::new(),
            sources: sources.iter().map(source).collect(),
            last_updated: 0,
            identities: Vec::new(),
            balances: BTreeMap::new(),
            values: BTreeMap::new(),
            parts: Vec::new(),
        }
    }

    #[test]
    fn a_system_that_is_down_is_warned_of_once_a_minute_with_how_many_were_left_out() {
        let mut failed = FailedLookups::default();
        let down = fetched(&[("sap", SourceStatus::Timeout), ("salesforce", SourceStatus::Ok)]);
        let warning = |left_out| Warning { system: "sap", status: SourceStatus::Timeout, left_out };
        assert_eq!(failed.note(&down, 1_000), [warning(0)]);
        for now in [1_001, 30_000, 1_000 + WARN_EVERY_MS - 1] {
            assert_eq!(failed.note(&down, now), []);
        }
        assert_eq!(failed.note(&down, 1_000 + WARN_EVERY_MS), [warning(3)]);
        assert_eq!(failed.note(&down, 1_001 + WARN_EVERY_MS), []);
    }

    #[test]
    fn each_system_has_its_own_rate_and_an_unknown_customer_is_no_failure() {
        let mut failed = FailedLookups::default();
        assert_eq!(failed.note(&fetched(&[("sap", SourceStatus::Error)]), 0).len(), 1);
        let both = fetched(&[("sap", SourceStatus::Error), ("servicenow", SourceStatus::Unavailable)]);
        let systems: Vec<&str> = failed.note(&both, 1).iter().map(|warning| warning.system).collect();
        assert_eq!(systems, ["servicenow"]);
        assert_eq!(failed.note(&fetched(&[("salesforce", SourceStatus::NotFound)]), 2), []);
    }
}
