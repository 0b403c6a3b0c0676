//! The profiles at hand.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use trunkline_schemas::{
    CustomerProfile, Enrichment, EnrichmentSource, EnrichmentStatus, ProfileView, SourceStatus,
    SystemIdentity,
};
use trunkline_systems::ProfileField;

use crate::AtHand;
use crate::freshness::{all_current, verdict};
use crate::merge::keep_last_answers;
use crate::stored::{Entry, StoredProfile};
use crate::view::allowed;

/// After an attempt, a system that failed is left alone for this long; its breaker looks after longer pauses.
const RETRY_AFTER_MS: i64 = 1_000;

/// Profiles in memory, bounded. Those that went are in the state of the partitions that asked for them.
#[derive(Debug)]
pub struct Profiles {
    freshness_ms: i64,
    capacity: usize,
    fields: BTreeSet<ProfileField>,
    /// The names of the systems that are asked, in the order in which they are configured.
    systems: Vec<Arc<str>>,
    entries: HashMap<String, Known, foldhash::fast::RandomState>,
}

/// A profile with what of it goes into events, which share it.
#[derive(Debug)]
struct Known {
    entry: Entry,
    view: Arc<ProfileView>,
    /// The names of the profile's sources, in their order.
    systems: Vec<Arc<str>>,
}

// === impl Profiles ===

impl Profiles {
    /// Keeps at most `capacity` profiles; one younger than `freshness_ms` needs no fetch. Of what is known
    /// only `fields` enter events.
    pub fn new(freshness_ms: i64, capacity: usize, fields: BTreeSet<ProfileField>) -> Self {
        let (capacity, systems) = (capacity.max(1), Vec::new());
        Self { freshness_ms, capacity, fields, systems, entries: HashMap::default() }
    }

    /// Knows which systems are asked, by their names in the order in which they are configured.
    pub fn asking(self, systems: Vec<Arc<str>>) -> Self {
        Self { systems, ..self }
    }

    /// Forgets all of them: what was learned with a transaction that took no effect was not learned. What was
    /// committed is recalled from state.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Whether anything is in memory of a customer.
    pub fn has(&self, customer: &str) -> bool {
        self.entries.contains_key(customer)
    }

    /// Takes in what was kept of a customer.
    pub fn recall(&mut self, kept: StoredProfile) {
        self.insert(kept.entry);
    }

    /// What should be kept of a customer, to be looked at again at `timer_hour`.
    pub fn stored(&self, customer: &str, timer_hour: i64) -> Option<StoredProfile> {
        self.entries.get(customer).map(|known| StoredProfile { entry: known.entry.clone(), timer_hour })
    }

    /// Which customer of each system somebody is, as far as it was found out.
    pub fn identities(&self, customer: &str) -> &[SystemIdentity] {
        self.entries.get(customer).map_or(&[], |known| &known.entry.profile.identities)
    }

    /// What is known of a customer now.
    pub fn at_hand(&self, customer: &str, now: i64) -> AtHand {
        let Some(Known { entry, view, systems }) = self.entries.get(customer) else {
            return AtHand::missing();
        };
        let sources: Vec<EnrichmentSource> = entry
            .profile
            .sources
            .iter()
            .zip(systems)
            .map(|(source, system)| EnrichmentSource {
                system: system.clone(),
                status: source.status,
                age_ms: source.fetched_at.map(|at| (now - at).max(0)),
                latency_ms: source.latency_ms,
            })
            .collect();
        let status = verdict(&sources, self.freshness_ms);
        let fetch = !all_current(&sources, self.freshness_ms) && now - entry.attempted_at >= RETRY_AFTER_MS;
        let profile = (status != EnrichmentStatus::Missing).then(|| view.clone());
        AtHand { profile, enrichment: Enrichment { status, sources }, fetch }
    }

    /// What is known of a customer when the time to ask is over and no answer came: where that is nothing, which
    /// systems were waited for.
    pub fn unanswered(&self, customer: &str, now: i64) -> AtHand {
        let mut at_hand = self.at_hand(customer, now);
        if at_hand.enrichment.sources.is_empty() {
            let timed_out = |system: &Arc<str>| EnrichmentSource {
                system: system.clone(),
                status: SourceStatus::Timeout,
                age_ms: None,
                latency_ms: None,
            };
            at_hand.enrichment.sources = self.systems.iter().map(timed_out).collect();
        }
        at_hand
    }

    /// Takes in a fetched profile. What a system did not answer this time keeps its last answer. Returns the
    /// profile as it now stands.
    pub fn learn(&mut self, mut fetched: CustomerProfile, now: i64) -> CustomerProfile {
        if let Some(known) = self.entries.get(&fetched.customer_id) {
            keep_last_answers(&mut fetched, &known.entry.profile);
        }
        self.insert(Entry { profile: fetched.clone(), attempted_at: now });
        fetched
    }

    /// Takes note of a customer's last interaction. Returns the profile when that changed it.
    pub fn interacted(&mut self, customer: &str, at: i64) -> Option<CustomerProfile> {
        let Known { entry, view, .. } = self.entries.get_mut(customer)?;
        if entry.profile.last_interaction_date.is_some_and(|known| known >= at) {
            return None;
        }
        entry.profile.last_interaction_date = Some(at);
        *view = Arc::new(allowed(&entry.profile, &self.fields));
        Some(entry.profile.clone())
    }

    fn insert(&mut self, entry: Entry) {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&entry.profile.customer_id) {
            // Half of the entries go, the least recently fetched: a sweep now and then instead of a list to
            // maintain.
            let mut times: Vec<i64> = self.entries.values().map(|known| known.entry.attempted_at).collect();
            let middle = times.len() / 2;
            let (_, median, _) = times.select_nth_unstable(middle);
            let median = *median;
            self.entries.retain(|_, known| known.entry.attempted_at > median);
        }
        let view = Arc::new(allowed(&entry.profile, &self.fields));
        let systems = entry.profile.sources.iter().map(|source| source.system.as_str().into()).collect();
        self.entries.insert(entry.profile.customer_id.clone(), Known { entry, view, systems });
    }
}

#[cfg(test)]
mod tests {
    use trunkline_schemas::ProfileSource;

    use super::*;
    use crate::freshness::answered;

    fn fetched(at: i64, sap: SourceStatus, balance: Option<i64>) -> CustomerProfile {
        let source = |system: &str, status| ProfileSource {
            system: system.to_owned(),
            status,
            fetched_at: answered(status).then_some(at),
            latency_ms: Some(5),
        };
        CustomerProfile {
            customer_id: "C-1".to_owned(),
            account_name: Some("Acme".to_owned()),
            loyalty_tier: None,
            balance: balance.map(Into::into),
            currency: balance.map(|_| "EUR".to_owned()),
            open_tickets: None,
            last_interaction_date: None,
            source_systems: Vec::new(),
            sources: vec![source("salesforce", SourceStatus::Ok), source("sap", sap)],
            last_updated: at,
            identities: Vec::new(),
        }
    }

    #[test]
    fn verdicts() {
        let mut profiles = Profiles::new(30_000, 10, ProfileField::ALL.into());
        let missing = profiles.at_hand("C-1", 0);
        assert!(missing.fetch && missing.enrichment.status == EnrichmentStatus::Missing);

        profiles.learn(fetched(0, SourceStatus::Timeout, None), 0);
        let partial = profiles.at_hand("C-1", 10);
        assert_eq!(partial.enrichment.status, EnrichmentStatus::Partial);
        assert!(!partial.fetch, "a system that just failed is left alone");
        assert!(profiles.at_hand("C-1", 1_000).fetch);

        profiles.learn(fetched(2_000, SourceStatus::Ok, Some(5)), 2_000);
        let complete = profiles.at_hand("C-1", 2_010);
        assert_eq!(complete.enrichment.status, EnrichmentStatus::Complete);
        assert!(!complete.fetch);

        // SAP is down: its last answer stays, and says how old it is.
        profiles.learn(fetched(40_000, SourceStatus::Timeout, None), 40_000);
        let stale = profiles.at_hand("C-1", 40_000);
        assert_eq!(stale.enrichment.status, EnrichmentStatus::Stale);
        assert_eq!(stale.profile.unwrap().balance, Some(5.into()));
        assert_eq!(stale.enrichment.sources[1].age_ms, Some(38_000));
    }

    #[test]
    fn where_nobody_answered_in_time_it_says_who_was_asked() {
        let systems = vec!["salesforce".into(), "sap".into()];
        let mut profiles = Profiles::new(30_000, 10, ProfileField::ALL.into()).asking(systems);
        let unanswered = profiles.unanswered("C-1", 0);
        assert_eq!((unanswered.enrichment.status, &unanswered.profile), (EnrichmentStatus::Missing, &None));
        let sources = unanswered.enrichment.sources.iter();
        let said: Vec<_> = sources.map(|s| (&*s.system, s.status, s.age_ms, s.latency_ms)).collect();
        let timeout = SourceStatus::Timeout;
        assert_eq!(said, [("salesforce", timeout, None, None), ("sap", timeout, None, None)]);

        // What was answered earlier is as it was told then, only older.
        profiles.learn(fetched(0, SourceStatus::Ok, Some(5)), 0);
        let stale = profiles.unanswered("C-1", 31_000);
        assert_eq!(stale, profiles.at_hand("C-1", 31_000));
        assert_eq!(stale.enrichment.status, EnrichmentStatus::Stale);
    }

    #[test]
    fn memory_is_bounded() {
        let mut profiles = Profiles::new(30_000, 10, ProfileField::ALL.into());
        for n in 0..100 {
            let mut profile = fetched(n, SourceStatus::Ok, None);
            profile.customer_id = format!("C-{n}");
            profiles.learn(profile, n);
            assert!(profiles.entries.len() <= 10);
        }
        assert!(profiles.entries.contains_key("C-99"));
    }
}
