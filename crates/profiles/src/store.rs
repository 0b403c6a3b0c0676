//! The profiles at hand.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use trunkline_schemas::{
    CustomerProfile, Enrichment, EnrichmentSource, EnrichmentStatus, ProfileView, Resolution, SourcePart,
    SourceStatus, SystemIdentity,
};
use trunkline_systems::ProfileField;

use crate::asked::{AskedSource, restrict};
use crate::freshness::{all_current, answered, verdict};
use crate::stored::{Entry, StoredProfile};
use crate::view::allowed;
use crate::{AtHand, flat, join};

/// After an attempt, a system that failed is left alone for this long; its breaker looks after longer pauses.
const RETRY_AFTER_MS: i64 = 1_000;

/// So many erasures are remembered, for state that is looked at later: of partitions that are being restored, or whose
/// transaction was aborted.
const MOST_ERASED: usize = 1_000;

/// How far the clocks of instances may be apart, in milliseconds: hosts kept by NTP are within a second.
const CLOCKS_APART_MS: i64 = 5_000;

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
    /// Customers who were erased, each with when (UTC milliseconds), the earliest first: what was kept of them before
    /// that is not recalled.
    erased: VecDeque<(String, i64)>,
}

/// A profile with what of it goes into events, which share it.
#[derive(Debug)]
struct Known {
    entry: Entry,
    view: Arc<ProfileView>,
    /// The profile's sources, in their order.
    sources: Vec<AskedSource>,
    /// Which customer each of them means.
    resolutions: Vec<Option<Resolution>>,
    /// Until when critical fields are young enough, each with the source that gives it; UTC milliseconds.
    critical_until: Vec<(ProfileField, Arc<str>, i64)>,
}

/// What became of a record that was published of a customer, by whichever instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TakenIn {
    /// Something of it was not known here.
    pub is_new: bool,
    /// It lacks something that is known here.
    pub lacks: bool,
}

// === impl Profiles ===

impl Profiles {
    /// Keeps at most `capacity` profiles; one younger than `freshness_ms` needs no fetch. Of what is known
    /// only `fields` enter events.
    pub fn new(freshness_ms: i64, capacity: usize, fields: BTreeSet<ProfileField>) -> Self {
        let (capacity, asked, critical) = (capacity.max(1), Vec::new(), BTreeSet::new());
        let (entries, erased) = (HashMap::default(), VecDeque::new());
        Self { freshness_ms, capacity, fields, critical, asked, entries, erased }
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

    /// Takes in at `now` (UTC milliseconds) what was kept of a customer; false where the customer was erased since.
    #[must_use]
    pub fn recall(&mut self, kept: StoredProfile, now: i64) -> bool {
        let Entry { mut profile, attempted_at } = kept.entry;
        let was_erased =
            |(customer, at): &(String, i64)| *customer == profile.customer_id && *at >= attempted_at;
        if self.erased.iter().any(was_erased) {
            return false;
        }
        restrict(&mut profile, &self.asked);
        not_later_than(&mut profile, now);
        let profile = join(&profile, &profile, &self.asked);
        self.insert(Entry { profile, attempted_at });
        true
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
        let parts = entry.profile.parts.iter().zip(&known.sources).zip(&known.resolutions);
        let sources: Vec<EnrichmentSource> = parts
            .map(|((part, source), resolution)| EnrichmentSource {
                system: source.system.clone(),
                status: part.status,
                age_ms: flat::said_at(part).map(|at| (now - at).max(0)),
                latency_ms: part.latency_ms,
                source: source.own_name(),
                resolution: *resolution,
            })
            .collect();
        let status = verdict(&sources, &known.sources);
        let fetch = !all_current(&sources, &known.sources) && now - entry.attempted_at >= RETRY_AFTER_MS;
        let profile = (status != EnrichmentStatus::Missing).then(|| self.view(known, now));
        AtHand { profile, enrichment: Enrichment { status, sources }, fetch }
    }

    /// What enters events now: of critical fields only what is young enough.
    fn view(&self, known: &Known, now: i64) -> Arc<ProfileView> {
        let old: Vec<_> = known.critical_until.iter().filter(|(_, _, until)| now > *until).collect();
        if old.is_empty() {
            return known.view.clone();
        }
        let mut fields = self.fields.clone();
        for (field, _, _) in old.iter().filter(|(field, _, _)| *field != ProfileField::Values) {
            fields.remove(field);
        }
        let mut view = allowed(&known.entry.profile, &fields);
        for (_, source, _) in old.iter().filter(|(field, _, _)| *field == ProfileField::Values) {
            view.values.retain(|name, _| !flat::is_of(name, source));
        }
        Arc::new(view)
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
                resolution: None,
            };
            at_hand.enrichment.sources = self.asked.iter().map(timed_out).collect();
        }
        at_hand
    }

    /// Takes in a fetched profile. What a source did not answer this time keeps its last answer. Returns the
    /// profile as it now stands.
    pub fn learn(&mut self, mut fetched: CustomerProfile, now: i64) -> CustomerProfile {
        let learned = match self.entries.get(&fetched.customer_id) {
            Some(known) => {
                let mut known = known.entry.profile.clone();
                restrict(&mut known, &self.asked);
                // An answer of a clock that was ahead does not outlive the one that is here now.
                not_later_than(&mut known, now - 1);
                keep_last_answers(&mut fetched.parts, &known.parts);
                join(&fetched, &known, &self.asked)
            }
            None => fetched,
        };
        self.insert(Entry { profile: learned.clone(), attempted_at: now });
        learned
    }

    /// Takes in at `now` (UTC milliseconds) a record of a customer as it was published, by whichever instance. Of a
    /// customer of whom nothing is in memory nothing is taken in, nor of sources that are not asked here, nor what was
    /// fetched later than now: the clock of its writer is wrong.
    ///
    /// A record that has such things lacks nothing: two instances that disagree about what is asked, or when, would
    /// tell each other for ever.
    pub fn take_in(&mut self, mut record: CustomerProfile, now: i64) -> TakenIn {
        let Some(known) = self.entries.get(&record.customer_id) else { return TakenIn::default() };
        if record.parts.is_empty() {
            record.parts = flat::parts_of(&record, record.last_updated);
        }
        let has_others = restrict(&mut record, &self.asked);
        let parts = record.parts.len();
        record.parts.retain(|part| part.fetched_at.max(Some(part.asked_at)) <= Some(now + CLOCKS_APART_MS));
        let is_ahead = record.parts.len() < parts;
        let entry = &known.entry;
        // What was found under other settings is of no use here.
        let ours =
            |theirs: &SystemIdentity| entry.profile.identities.iter().find(|o| o.target == theirs.target);
        let has_our_settings =
            |theirs: &SystemIdentity| ours(theirs).is_none_or(|ours| ours.settings == theirs.settings);
        let of_other_settings = !record.identities.iter().all(has_our_settings);
        record.identities.retain(has_our_settings);
        let record = join(&record, &record, &self.asked);
        let joined = join(&entry.profile, &record, &self.asked);
        let taken = TakenIn {
            is_new: differs(&joined, &entry.profile),
            lacks: !(has_others || is_ahead || of_other_settings) && differs(&joined, &record),
        };
        if taken.is_new {
            let attempted_at = entry.attempted_at;
            self.insert(Entry { profile: joined, attempted_at });
        }
        taken
    }

    /// Forgets a customer who was erased at `now` (UTC milliseconds), by the clock that attempts go by.
    pub fn forget(&mut self, customer: &str, now: i64) {
        self.entries.remove(customer);
        self.erased.retain(|(erased, _)| erased != customer);
        if self.erased.len() >= MOST_ERASED {
            self.erased.pop_front();
        }
        self.erased.push_back((customer.to_owned(), now));
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
        let critical = self.critical.iter();
        let critical_until =
            critical.flat_map(|field| until(*field, parts, &sources, self.freshness_ms)).collect();
        let identities = &entry.profile.identities;
        let of_part = |part: &SourcePart| identities.iter().find(|identity| identity.target == part.source);
        let resolutions =
            parts.iter().map(|part| of_part(part).map(|identity| identity.resolution)).collect();
        let known = |entry| Known { entry, view, sources, resolutions, critical_until };
        self.entries.insert(entry.profile.customer_id.clone(), known(entry));
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

/// Until when a field is young enough, where answers are so for `freshness_ms`: as long as the answer that it comes
/// from; of values, each source's. A source that may be asked more seldom makes nothing younger.
fn until(
    field: ProfileField,
    parts: &[SourcePart],
    sources: &[AskedSource],
    freshness_ms: i64,
) -> Vec<(ProfileField, Arc<str>, i64)> {
    let giving = flat::giving(parts, field);
    let gives = |part: &SourcePart| match giving {
        Some(giving) => giving.source == part.source,
        None => field == ProfileField::Values && !part.values.is_empty(),
    };
    let giving = parts.iter().zip(sources).filter(|(part, _)| gives(part));
    giving
        .map(|(part, source)| {
            let until = part.fetched_at.map_or(i64::MIN, |at| at.saturating_add(freshness_ms));
            (field, source.name.clone(), until)
        })
        .collect()
}

/// What a source did not answer keeps its last answer, with the time of then.
fn keep_last_answers(fetched: &mut [SourcePart], known: &[SourcePart]) {
    for part in fetched.iter_mut().filter(|part| !answered(part.status)) {
        if let Some(before) = known.iter().find(|before| before.source == part.source) {
            *part = SourcePart {
                status: part.status,
                asked_at: part.asked_at,
                latency_ms: part.latency_ms,
                ..before.clone()
            };
        }
    }
}

/// Nothing was fetched later than this: a clock was ahead.
fn not_later_than(profile: &mut CustomerProfile, latest: i64) {
    for part in &mut profile.parts {
        part.fetched_at = part.fetched_at.map(|at| at.min(latest));
        part.asked_at = part.asked_at.min(latest);
    }
}

/// Whether two profiles of one customer are not the same but for the time at which they were put together.
fn differs(one: &CustomerProfile, other: &CustomerProfile) -> bool {
    one.parts != other.parts
        || one.identities != other.identities
        || one.last_interaction_date != other.last_interaction_date
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut profiles = profiles();
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
    fn a_source_that_knows_several_is_lacking_and_says_so() {
        let identity = |resolution| SystemIdentity {
            system: "sap".to_owned(),
            target: "sap".to_owned(),
            resolution,
            found_by: None,
            record_id: None,
            number: None,
            candidates: None,
            resolved_at: Some(1),
            settings: None,
        };
        for (resolution, status) in [
            (Resolution::Ambiguous, EnrichmentStatus::Partial),
            (Resolution::None, EnrichmentStatus::Complete),
            (Resolution::Exact, EnrichmentStatus::Complete),
        ] {
            let mut profiles = profiles();
            let mut known = fetched(1_000, SourceStatus::NotFound, None);
            known.identities = vec![identity(resolution)];
            profiles.learn(known, 1_000);
            let at_hand = profiles.at_hand("C-1", 1_001);
            assert_eq!((at_hand.enrichment.status, at_hand.fetch), (status, false));
            let told: Vec<_> = at_hand.enrichment.sources.iter().map(|source| source.resolution).collect();
            assert_eq!(told, [None, Some(resolution)]);
            // It is answered, and asked anew no sooner than the others.
            assert_eq!(profiles.at_hand("C-1", 31_001).enrichment.status, EnrichmentStatus::Stale);
        }
    }

    #[test]
    fn where_nobody_answered_in_time_it_says_who_was_asked() {
        let mut profiles = profiles();
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
        let mut profiles = profiles().with_critical(critical);
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

    const NOTHING: TakenIn = TakenIn { is_new: false, lacks: false };

    fn profiles() -> Profiles {
        Profiles::new(30_000, 10, ProfileField::ALL.into()).asking(asked())
    }

    #[test]
    fn a_source_that_does_not_answer_keeps_its_last_answer() {
        let mut profiles = profiles();
        profiles.learn(fetched(1_000, SourceStatus::Ok, Some(5)), 1_000);
        profiles.interacted("C-1", 900);
        let mut silent = fetched(2_000, SourceStatus::Timeout, None);
        silent.parts[0].account_name = None;
        let known = profiles.learn(silent, 2_000);
        assert_eq!(known.account_name, None, "Salesforce answered, and knows no name any more");
        assert_eq!((known.balance, known.currency.as_deref()), (Some(5.into()), Some("EUR")));
        assert_eq!(known.last_interaction_date, Some(900));
        assert_eq!(known.source_systems, ["sap"]);
        let sources = known.sources.iter().map(|source| (source.fetched_at, source.status));
        let expected = [(Some(2_000), SourceStatus::Ok), (Some(1_000), SourceStatus::Timeout)];
        assert_eq!(sources.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn that_a_customer_was_not_known_is_no_data_when_nobody_answers_any_more() {
        let mut profiles = profiles();
        let mut nobody = fetched(1_000, SourceStatus::NotFound, None);
        (nobody.parts[0].status, nobody.parts[0].account_name) = (SourceStatus::NotFound, None);
        profiles.learn(nobody.clone(), 1_000);
        assert_eq!(profiles.at_hand("C-1", 1_001).enrichment.status, EnrichmentStatus::Missing);
        for part in &mut nobody.parts {
            (part.status, part.fetched_at, part.asked_at) = (SourceStatus::Timeout, None, 2_000);
        }
        profiles.learn(nobody, 2_000);
        let at_hand = profiles.at_hand("C-1", 2_001);
        assert_eq!((at_hand.enrichment.status, at_hand.profile), (EnrichmentStatus::Missing, None));
    }

    #[test]
    fn an_answer_of_a_clock_that_was_ahead_does_not_outlive_the_next_one() {
        let mut profiles = profiles();
        profiles.learn(fetched(300_000, SourceStatus::Ok, Some(5)), 300_000);
        let known = profiles.learn(fetched(1_000, SourceStatus::Ok, Some(6)), 1_000);
        assert_eq!((known.balance, known.parts[1].fetched_at), (Some(6.into()), Some(1_000)));
        // Nor is it taken in from another instance.
        let taken = profiles.take_in(fetched(300_000, SourceStatus::Ok, Some(5)), 2_000);
        assert_eq!(taken, NOTHING);
        assert_eq!(profiles.known("C-1").unwrap().balance, Some(6.into()));
    }

    #[test]
    fn what_another_instance_published_is_joined_with_what_is_known() {
        let mut profiles = profiles();
        let theirs = fetched(2_000, SourceStatus::Timeout, None);
        assert_eq!(
            profiles.take_in(theirs.clone(), 2_000),
            NOTHING,
            "nobody here wants to know of the customer"
        );
        assert!(!profiles.has("C-1"));

        let (older, both) = (TakenIn { lacks: true, ..NOTHING }, TakenIn { is_new: true, lacks: true });
        let ours = profiles.learn(fetched(1_000, SourceStatus::Ok, Some(5)), 1_000);
        assert_eq!(profiles.take_in(ours.clone(), 2_000), NOTHING, "our own record");
        // They never heard of SAP, and asked Salesforce later.
        assert_eq!(profiles.take_in(theirs.clone(), 2_000), both);
        let joined = profiles.known("C-1").unwrap().clone();
        assert_eq!((joined.balance, joined.parts[0].fetched_at), (Some(5.into()), Some(2_000)));
        assert_eq!(profiles.take_in(joined.clone(), 2_000), NOTHING, "what came of it, read back");
        assert_eq!(profiles.take_in(theirs, 2_000), older);
        assert_eq!(profiles.take_in(ours, 2_000), older);
        let mut newer = fetched(3_000, SourceStatus::Ok, Some(7));
        newer.last_interaction_date = Some(10);
        let told = profiles.take_in(newer, 3_000);
        assert_eq!(told, TakenIn { is_new: true, lacks: false }, "it says all there is");
        assert_eq!(profiles.known("C-1").unwrap().balance, Some(7.into()));
        assert_eq!(profiles.take_in(joined, 3_000), older);
    }

    #[test]
    fn what_is_told_of_a_source_that_is_not_asked_is_left_out_and_not_answered() {
        let mut profiles = profiles();
        profiles.learn(fetched(3_000, SourceStatus::Ok, Some(5)), 3_000);
        let mut theirs = fetched(2_000, SourceStatus::Ok, Some(5));
        theirs.parts.push(part("former", 2_000, SourceStatus::Ok));
        assert_eq!(profiles.take_in(theirs, 3_000), NOTHING);
        assert_eq!(profiles.known("C-1").unwrap().parts.len(), 2);
    }

    #[test]
    fn a_source_that_is_not_asked_any_more_is_not_recalled() {
        let mut before = profiles();
        let mut known = fetched(1_000, SourceStatus::Ok, Some(5));
        known.parts.push(part("former", 1_000, SourceStatus::Ok));
        before.asked.push(AskedSource { name: "former".into(), ..before.asked[0].clone() });
        before.learn(known, 1_000);
        let mut profiles = profiles();
        assert!(profiles.recall(before.stored("C-1", 1).unwrap(), 2_000));
        let own = profiles.interacted("C-1", 1_500).unwrap();
        assert_eq!(own.parts.len(), 2);
        assert_eq!(profiles.take_in(own, 2_000), NOTHING);
    }

    #[test]
    fn a_record_of_a_build_without_parts_is_read_as_parts() {
        let mut profiles = profiles();
        profiles.learn(fetched(1_000, SourceStatus::Ok, Some(7)), 1_000);
        let mut theirs = fetched(2_000, SourceStatus::Ok, Some(5));
        theirs.parts.clear();
        theirs.balances.clear();
        assert_eq!(profiles.take_in(theirs, 2_000), TakenIn { is_new: true, lacks: false });
        assert_eq!(profiles.known("C-1").unwrap().balance, Some(5.into()));
    }

    #[test]
    fn critical_values_are_those_of_each_source() {
        let mut profiles = profiles().with_critical([ProfileField::Values].into());
        let mut known = fetched(0, SourceStatus::Ok, None);
        known.parts[1].fetched_at = Some(10_000);
        for part in &mut known.parts {
            part.values = [("points".to_owned(), "1".to_owned())].into();
        }
        let known = flat::profile("C-1".to_owned(), known.parts, Vec::new(), None, 10_000);
        profiles.learn(known, 10_000);
        let names = |now| {
            let view = profiles.at_hand("C-1", now).profile.unwrap();
            view.values.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(30_000), ["salesforce.points", "sap.points"]);
        assert_eq!(names(30_001), ["sap.points"]);
    }

    #[test]
    fn what_was_kept_of_somebody_before_an_erasure_is_not_recalled() {
        let mut profiles = profiles();
        profiles.learn(fetched(1_000, SourceStatus::Ok, Some(5)), 1_000);
        let kept = profiles.stored("C-1", 1).unwrap();
        profiles.forget("C-1", 2_000);
        assert!(!profiles.has("C-1"));
        profiles.clear();
        assert!(!profiles.recall(kept, 3_000) && !profiles.has("C-1"));
        profiles.learn(fetched(2_500, SourceStatus::Ok, Some(6)), 2_500);
        let kept = profiles.stored("C-1", 1).unwrap();
        profiles.clear();
        assert!(profiles.recall(kept, 3_000) && profiles.has("C-1"));
        for number in 0..2 * MOST_ERASED {
            profiles.forget(&number.to_string(), 4_000);
        }
        assert_eq!(profiles.erased.len(), MOST_ERASED);
    }
}
