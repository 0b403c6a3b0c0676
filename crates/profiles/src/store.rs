//! The profiles at hand.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use trunkline_schemas::{
    CustomerProfile, Enrichment, EnrichmentSource, EnrichmentStatus, ProfileView, SourcePart, SourceStatus,
    SystemIdentity,
};
use trunkline_systems::ProfileField;

use crate::asked::{AskedSource, named};
use crate::freshness::{all_current, verdict};
use crate::stored::{Entry, StoredProfile};
use crate::view::allowed;
use crate::{AtHand, flat, join};

/// After an attempt, a system that failed is left alone for this long; its breaker looks after longer pauses.
const RETRY_AFTER_MS: i64 = 1_000;

/// Profiles in memory, bounded. Those that went are in the state of the partitions that asked for them.
#[derive(Debug)]
pub struct Profiles {
    freshness_ms: i64,
    capacity: usize,
    fields: BTreeSet<ProfileField>,
    /// Of the fields, those that enter no event once their answer is too old.
    critical: BTreeSet<ProfileField>,
    /// Which sources are asked, in the order in which they are configured.
    asked: Vec<AskedSource>,
    entries: HashMap<String, Known, foldhash::fast::RandomState>,
}

/// A profile with what of it goes into events, which share it.
#[derive(Debug)]
struct Known {
    entry: Entry,
    view: Arc<ProfileView>,
    /// The profile's sources, in their order.
    sources: Vec<AskedSource>,
    /// Until when critical fields are young enough; UTC milliseconds.
    critical_until: Vec<(ProfileField, i64)>,
}

/// What a record that another instance published of a customer says beside what is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing is in memory of the customer, or the record says all that is known.
    Nothing,
    /// It lacks something that was known here before: it is older, or was written without it.
    Older,
    /// Only the two together say all: neither was published so.
    Both,
}

// === impl Profiles ===

impl Profiles {
    /// Keeps at most `capacity` profiles; one younger than `freshness_ms` needs no fetch. Of what is known
    /// only `fields` enter events.
    pub fn new(freshness_ms: i64, capacity: usize, fields: BTreeSet<ProfileField>) -> Self {
        let (capacity, asked, critical) = (capacity.max(1), Vec::new(), BTreeSet::new());
        Self { freshness_ms, capacity, fields, critical, asked, entries: HashMap::default() }
    }

    /// Knows which sources are asked, in the order in which they are configured.
    pub fn asking(self, asked: Vec<AskedSource>) -> Self {
        Self { asked, ..self }
    }

    /// Of these fields nothing enters an event that is older than its source's answers may be: unknown is better than
    /// old.
    pub fn with_critical(self, critical: BTreeSet<ProfileField>) -> Self {
        Self { critical, ..self }
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

    /// What is known of a customer, to be published.
    pub fn known(&self, customer: &str) -> Option<&CustomerProfile> {
        self.entries.get(customer).map(|known| &known.entry.profile)
    }

    /// Takes in what was kept of a customer.
    pub fn recall(&mut self, kept: StoredProfile) {
        let Entry { mut profile, attempted_at } = kept.entry;
        named(&mut profile.parts, &self.asked);
        let profile = join(&profile, &profile, &self.asked);
        self.insert(Entry { profile, attempted_at });
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
        let Some(known) = self.entries.get(customer) else {
            return AtHand::missing();
        };
        let entry = &known.entry;
        let sources: Vec<(EnrichmentSource, i64)> = entry
            .profile
            .parts
            .iter()
            .zip(&known.sources)
            .map(|(part, source)| {
                let asked = EnrichmentSource {
                    system: source.system.clone(),
                    status: part.status,
                    age_ms: part.fetched_at.map(|at| (now - at).max(0)),
                    latency_ms: part.latency_ms,
                    source: source.own_name(),
                };
                (asked, source.freshness_ms)
            })
            .collect();
        let status = verdict(&sources);
        let fetch = !all_current(&sources) && now - entry.attempted_at >= RETRY_AFTER_MS;
        let profile = (status != EnrichmentStatus::Missing).then(|| self.view(known, now));
        let sources = sources.into_iter().map(|(source, _)| source).collect();
        AtHand { profile, enrichment: Enrichment { status, sources }, fetch }
    }

    /// What enters events now: of critical fields only what is young enough.
    fn view(&self, known: &Known, now: i64) -> Arc<ProfileView> {
        let old = known.critical_until.iter().filter(|(_, until)| now > *until);
        let old: BTreeSet<ProfileField> = old.map(|(field, _)| *field).collect();
        if old.is_empty() {
            return known.view.clone();
        }
        Arc::new(allowed(&known.entry.profile, &(&self.fields - &old)))
    }

    /// What is known of a customer when the time to ask is over and no answer came: where that is nothing, which
    /// sources were waited for.
    pub fn unanswered(&self, customer: &str, now: i64) -> AtHand {
        let mut at_hand = self.at_hand(customer, now);
        if at_hand.enrichment.sources.is_empty() {
            let timed_out = |source: &AskedSource| EnrichmentSource {
                system: source.system.clone(),
                status: SourceStatus::Timeout,
                age_ms: None,
                latency_ms: None,
                source: source.own_name(),
            };
            at_hand.enrichment.sources = self.asked.iter().map(timed_out).collect();
        }
        at_hand
    }

    /// Takes in a fetched profile. What a source did not answer this time keeps its last answer. Returns the
    /// profile as it now stands.
    pub fn learn(&mut self, fetched: CustomerProfile, now: i64) -> CustomerProfile {
        let learned = match self.entries.get(&fetched.customer_id) {
            Some(known) => {
                let mut known = known.entry.profile.clone();
                let is_asked = |part: &SourcePart| fetched.parts.iter().any(|f| f.source == part.source);
                known.parts.retain(is_asked);
                join(&fetched, &known, &self.asked)
            }
            None => fetched,
        };
        self.insert(Entry { profile: learned.clone(), attempted_at: now });
        learned
    }

    /// Takes in a record of a customer as it was published, by whichever instance. Of a customer of whom nothing is in
    /// memory nothing is taken in, nor of sources that are not asked here.
    pub fn take_in(&mut self, mut record: CustomerProfile) -> Told {
        let Some(known) = self.entries.get(&record.customer_id) else { return Told::Nothing };
        let asked = |part: &SourcePart| self.asked.iter().any(|source| *source.name == *part.source);
        record.parts.retain(asked);
        let record = join(&record, &record, &self.asked);
        let entry = &known.entry;
        let joined = join(&entry.profile, &record, &self.asked);
        let is_new_here = says_more(&joined, &entry.profile);
        let attempted_at = entry.attempted_at;
        let told = match (is_new_here, says_more(&joined, &record)) {
            (true, true) => Told::Both,
            (false, true) => Told::Older,
            (_, false) => Told::Nothing,
        };
        if is_new_here {
            self.insert(Entry { profile: joined, attempted_at });
        }
        told
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
        let parts = &entry.profile.parts;
        let sources: Vec<AskedSource> = parts.iter().map(|part| self.asked_source(part)).collect();
        let critical_until = self.critical.iter().filter_map(|field| until(*field, parts, &sources));
        let critical_until = critical_until.collect();
        self.entries
            .insert(entry.profile.customer_id.clone(), Known { entry, view, sources, critical_until });
    }

    /// The source of a part, as it is configured; of one that is not asked any more, as the part has it.
    fn asked_source(&self, part: &SourcePart) -> AskedSource {
        let configured = self.asked.iter().find(|source| *source.name == *part.source);
        configured.cloned().unwrap_or_else(|| AskedSource {
            name: part.source.as_str().into(),
            system: part.system.as_str().into(),
            freshness_ms: self.freshness_ms,
        })
    }
}

/// Until when a field is young enough, where it is known: as long as the answer that it comes from, or the oldest of
/// those that it comes from.
fn until(field: ProfileField, parts: &[SourcePart], sources: &[AskedSource]) -> Option<(ProfileField, i64)> {
    let giving = flat::giving(parts, field);
    let contributes = |part: &SourcePart| match giving {
        Some(giving) => giving.source == part.source,
        None => field == ProfileField::Values && !part.values.is_empty(),
    };
    let contributing = parts.iter().zip(sources).filter(|(part, _)| contributes(part));
    let until = contributing.map(|(part, source)| {
        part.fetched_at.map_or(i64::MIN, |fetched_at| fetched_at.saturating_add(source.freshness_ms))
    });
    until.min().map(|until| (field, until))
}

/// Whether a profile says something that another one of the same customer does not: a later answer, who the customer
/// is in some system, a later interaction. What came of an attempt that was not answered is not worth a record.
fn says_more(profile: &CustomerProfile, other: &CustomerProfile) -> bool {
    let answer = |part: &SourcePart| (part.change_offset, part.fetched_at);
    let has_answer = |part: &SourcePart| {
        other.parts.iter().any(|o| o.source == part.source && answer(o) >= answer(part))
            || part.fetched_at.is_none()
    };
    let has_identity = |identity: &SystemIdentity| {
        other.identities.iter().any(|o| o.target == identity.target && o.resolved_at >= identity.resolved_at)
    };
    profile.last_interaction_date > other.last_interaction_date
        || !profile.parts.iter().all(has_answer)
        || !profile.identities.iter().all(has_identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::freshness::answered;

    fn part(source: &str, at: i64, status: SourceStatus) -> SourcePart {
        SourcePart {
            source: source.to_owned(),
            system: source.to_owned(),
            status,
            asked_at: at,
            latency_ms: Some(5),
            fetched_at: answered(status).then_some(at),
            change_offset: None,
            account_name: (source == "salesforce").then(|| "Acme".to_owned()),
            loyalty_tier: None,
            balances: Default::default(),
            open_tickets: None,
            last_interaction_date: None,
            values: Default::default(),
        }
    }

    fn fetched(at: i64, sap: SourceStatus, balance: Option<i64>) -> CustomerProfile {
        let balances = balance.map(|balance| ("EUR".to_owned(), balance.into()));
        let sap = SourcePart { balances: balances.into_iter().collect(), ..part("sap", at, sap) };
        let parts = vec![part("salesforce", at, SourceStatus::Ok), sap];
        flat::profile("C-1".to_owned(), parts, Vec::new(), None, at)
    }

    fn asked() -> Vec<AskedSource> {
        let source =
            |name: &str| AskedSource { name: name.into(), system: name.into(), freshness_ms: 30_000 };
        vec![source("salesforce"), source("sap")]
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
        let mut profiles = Profiles::new(30_000, 10, ProfileField::ALL.into()).asking(asked());
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

    #[test]
    fn a_critical_field_that_is_old_enters_no_event() {
        let critical = [ProfileField::Balance].into();
        let profiles = Profiles::new(30_000, 10, ProfileField::ALL.into());
        let mut profiles = profiles.asking(asked()).with_critical(critical);
        profiles.learn(fetched(0, SourceStatus::Ok, Some(5)), 0);
        let balance = |profiles: &Profiles, now| {
            let view = profiles.at_hand("C-1", now).profile.unwrap();
            assert_eq!(view.account_name.as_deref(), Some("Acme"));
            (view.balance, view.currency.clone(), view.balances.len())
        };
        assert_eq!(balance(&profiles, 30_000), (Some(5.into()), Some("EUR".to_owned()), 1));
        assert_eq!(balance(&profiles, 30_001), (None, None, 0));
        // SAP does not answer: that Salesforce does makes its balance no younger.
        profiles.learn(fetched(40_000, SourceStatus::Timeout, None), 40_000);
        assert_eq!(balance(&profiles, 40_001), (None, None, 0));
        profiles.learn(fetched(41_000, SourceStatus::Ok, Some(6)), 41_000);
        assert_eq!(balance(&profiles, 41_001).0, Some(6.into()));
    }

    #[test]
    fn what_another_instance_published_is_joined_with_what_is_known() {
        let mut profiles = Profiles::new(30_000, 10, ProfileField::ALL.into()).asking(asked());
        let theirs = fetched(2_000, SourceStatus::Timeout, None);
        assert_eq!(
            profiles.take_in(theirs.clone()),
            Told::Nothing,
            "nobody here wants to know of the customer"
        );
        assert!(!profiles.has("C-1"));

        let ours = profiles.learn(fetched(1_000, SourceStatus::Ok, Some(5)), 1_000);
        assert_eq!(profiles.take_in(ours.clone()), Told::Nothing, "our own record");
        // They never heard of SAP, and asked Salesforce later.
        assert_eq!(profiles.take_in(theirs.clone()), Told::Both);
        let joined = profiles.known("C-1").unwrap().clone();
        assert_eq!((joined.balance, joined.parts[0].fetched_at), (Some(5.into()), Some(2_000)));
        assert_eq!(profiles.take_in(joined.clone()), Told::Nothing, "what came of it, read back");
        assert_eq!(profiles.take_in(theirs), Told::Older);
        assert_eq!(profiles.take_in(ours), Told::Older);
        let mut newer = fetched(3_000, SourceStatus::Ok, Some(7));
        newer.last_interaction_date = Some(10);
        assert_eq!(profiles.take_in(newer), Told::Nothing, "it says all there is");
        assert_eq!(profiles.known("C-1").unwrap().balance, Some(7.into()));
        assert_eq!(profiles.take_in(joined), Told::Older);
    }

    #[test]
    fn what_is_told_of_a_source_that_is_not_asked_is_left_out() {
        let mut profiles = Profiles::new(30_000, 10, ProfileField::ALL.into()).asking(asked());
        profiles.learn(fetched(1_000, SourceStatus::Ok, Some(5)), 1_000);
        let mut theirs = fetched(2_000, SourceStatus::Ok, Some(5));
        theirs.parts.push(part("former", 2_000, SourceStatus::Ok));
        assert_eq!(profiles.take_in(theirs), Told::Nothing);
        assert_eq!(profiles.known("C-1").unwrap().parts.len(), 2);
    }
}
