//! An event's profile against the records of `customer.profiles`.

use std::collections::{BTreeMap, HashMap};

use crate::configuration::EnrichmentRules;
use crate::evidence::profile::EnrichmentSource;
use crate::evidence::{Decision, Enriched, Evidence, ProfileFields, ProfileRecord, ProfileSource};
use crate::report::Verdict;

/// Everything that events' profiles are compared with.
pub(super) struct Views<'a> {
    records: HashMap<&'a str, Vec<&'a ProfileRecord>>,
    /// When an event was decided: then it also got its profile.
    decided: HashMap<&'a str, i64>,
    rules: Option<&'a EnrichmentRules>,
    /// Plugins are asked between the profile and the decision.
    plugins: bool,
}

/// How far the clocks of ingest and processor may be apart, in milliseconds: an event that names ages which
/// only fit a time before it was taken in, by more than this, states the ages of another time. Hosts kept by
/// NTP are within a second.
const CLOCKS_APART_MS: i64 = 1_000;

/// What an event and a record can differ in besides the fields of the profile.
const SOURCES: [&str; 5] = [
    "the status of a source",
    "the latency of a source",
    "which sources have an age",
    "the moment at which all stated ages are right",
    "which of its customers a source means",
];

const LAST_INTERACTION: &str = "lastInteractionDate";

// === impl Views ===

impl<'a> Views<'a> {
    pub(super) fn new(evidence: &'a Evidence, rules: Option<&'a EnrichmentRules>, plugins: bool) -> Self {
        let mut records: HashMap<&str, Vec<&ProfileRecord>> = HashMap::new();
        for record in &evidence.profiles {
            records.entry(&record.fields.customer_id).or_default().push(record);
        }
        let decided = |decision: &'a Decision| (decision.event_id.as_str(), decision.decided_at);
        Self { records, decided: evidence.decisions.iter().map(decided).collect(), rules, plugins }
    }

    /// Judges an event; `subject` is by what the customer is known whose profile it gets.
    pub(super) fn judge(&self, event: &Enriched, subject: Option<&str>, verdict: &mut Verdict) {
        let mut object = |kind, what: String| {
            verdict.object(kind, || format!("event {} at {}: {what}", event.fact.event_id, event.fact.place));
        };
        let status = event.enrichment.status.as_str();
        if event.profile.is_some() == matches!(status, "MISSING" | "SKIPPED") {
            object(
                "status",
                format!(
                    "has status {status} {} a profile",
                    if event.profile.is_some() { "and" } else { "without" }
                ),
            );
        }
        if let Some(wrong) = self.wrong_status(event, subject) {
            object("status", wrong);
        }
        if let Some(profile) = &event.profile
            && Some(profile.customer_id.as_str()) != subject
        {
            return object("stranger", "carries the profile of another customer than its own".to_owned());
        }
        let Some(profile) = &event.profile else { return };
        let known = self.records.get(subject.unwrap_or_default()).map_or([].as_slice(), Vec::as_slice);
        let differences: Vec<Vec<&str>> =
            known.iter().map(|record| self.differences(event, record)).collect();
        if !differences.iter().any(Vec::is_empty) && !is_unpublished(profile, known, &differences) {
            let nearest = known.iter().zip(&differences).min_by_key(|(_, differences)| differences.len());
            let nearest = nearest.map_or(String::new(), |(record, differences)| {
                format!("; the nearest, at {}, differs in {}", record.place, differences.join(", "))
            });
            object(
                "unfounded",
                format!(
                    "what it says of its customer, and how old that is, is in none of the {} records of customer.profiles \
                     about it{nearest}",
                    known.len()
                ),
            );
        }
    }

    /// Whether the status does not follow from what the sources say.
    fn wrong_status(&self, event: &Enriched, subject: Option<&str>) -> Option<String> {
        let status = event.enrichment.status.as_str();
        let sources = &event.enrichment.sources;
        if status == "SKIPPED" {
            let wanted = subject.is_some() && self.rules.is_some_and(|rules| !rules.conditional);
            return wanted.then(|| "was not enriched, though it is known whose event it is".to_owned());
        }
        if let Some(rules) = self.rules {
            let others = sources.keys().any(|name| !rules.sources.contains_key(name));
            let lacking = rules.sources.keys().any(|name| !sources.contains_key(name));
            if others || lacking && !sources.is_empty() && !self.asked_no_others(event, subject) {
                return Some("its sources are not the systems that are asked".to_owned());
            }
            let follows = follows(sources, |name| rules.sources.get(name).copied().unwrap_or(i64::MAX));
            return (follows != status).then(|| format!("has status {status}, its sources say {follows}"));
        }
        // Without the configuration the freshness is not known, and stale cannot be told from fresh.
        let follows = follows(sources, |_| i64::MAX);
        let consistent = follows == status || status == "STALE" && matches!(follows, "COMPLETE" | "PARTIAL");
        (!consistent).then(|| format!("has status {status}, its sources say {follows}"))
    }

    /// Whether no other systems were asked than those that an event names: nothing led to what the others know its
    /// customer by. Then the records do not tell of them either, or there is no profile to be in a record.
    fn asked_no_others(&self, event: &Enriched, subject: Option<&str>) -> bool {
        let customer = subject.unwrap_or_default();
        let stated = &event.enrichment.sources;
        event.profile.is_none()
            || self
                .records
                .get(customer)
                .is_some_and(|records| records.iter().any(|record| record.sources.keys().eq(stated.keys())))
    }

    /// In what an event's profile is not this record's, read at one moment that the ages agree on; names, no values.
    fn differences(&self, event: &Enriched, record: &ProfileRecord) -> Vec<&'static str> {
        let stated = &event.enrichment.sources;
        let same = |same: fn(&EnrichmentSource, &ProfileSource) -> bool| {
            stated.len() == record.sources.len()
                && stated.iter().all(|(system, source)| {
                    record.sources.get(system).is_some_and(|known| same(source, known))
                })
        };
        let allowed = self.allowed(event, record);
        let profile = event.profile.as_ref().unwrap_or(&allowed);
        let checks = [
            (SOURCES[0], same(|source, known| source.status == known.status)),
            (SOURCES[1], same(|source, known| source.latency_ms == known.latency_ms)),
            (SOURCES[2], same(|source, known| source.age_ms.is_some() == known.fetched_at.is_some())),
            (SOURCES[3], self.is_of_one_moment(event, record)),
            (
                SOURCES[4],
                stated
                    .iter()
                    .all(|(name, source)| source.resolution.as_ref() == record.resolutions.get(name)),
            ),
            ("accountName", profile.account_name == allowed.account_name),
            ("loyaltyTier", profile.loyalty_tier == allowed.loyalty_tier),
            ("balance", (profile.balance, &profile.currency) == (allowed.balance, &allowed.currency)),
            ("balances", profile.balances == allowed.balances),
            ("values", self.are_critical_values() || profile.values == allowed.values),
            ("openTickets", profile.open_tickets == allowed.open_tickets),
            (LAST_INTERACTION, profile.last_interaction == allowed.last_interaction),
        ];
        checks.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect()
    }

    /// Fetched then and so old makes now: the same now for every source, not before the event itself came,
    /// and the moment at which it was decided where it was.
    fn is_of_one_moment(&self, event: &Enriched, record: &ProfileRecord) -> bool {
        let fact = &event.fact;
        let decided = self.decided.get(fact.event_id.as_str()).copied();
        let (mut low, mut high) = match decided {
            Some(at) if self.plugins => (fact.ingest_time - CLOCKS_APART_MS, at),
            Some(at) => (at, at),
            None => (fact.ingest_time - CLOCKS_APART_MS, i64::MAX),
        };
        for (system, source) in &event.enrichment.sources {
            let fetched = record.sources.get(system).and_then(|known| known.fetched_at);
            let (Some(fetched), Some(age)) = (fetched, source.age_ms) else { continue };
            if age > 0 {
                low = low.max(fetched + age);
            }
            // Ages do not go below 0: fetched at the same moment, or by a clock a little ahead.
            high = high.min(if age > 0 { fetched + age } else { fetched });
        }
        low <= high
    }

    /// Whether some of the values may be left out for their age.
    fn are_critical_values(&self) -> bool {
        self.rules.is_some_and(|rules| rules.critical_fields.contains("values"))
    }

    /// What of a profile enters events.
    fn allowed(&self, event: &Enriched, record: &ProfileRecord) -> ProfileFields {
        let Some(rules) = self.rules else { return record.fields.clone() };
        let is_old = |name: &str| {
            let part = record.parts.iter().find(|part| knows(&part.fields, name));
            let source = part.and_then(|part| event.enrichment.sources.get(&part.source));
            source.and_then(|source| source.age_ms).is_some_and(|age| age > rules.freshness_ms)
        };
        let has = |name: &str| {
            rules.fields.contains(name) && !(rules.critical_fields.contains(name) && is_old(name))
        };
        let mut allowed = record.fields.clone();
        allowed.account_name = allowed.account_name.filter(|_| has("accountName"));
        allowed.loyalty_tier = allowed.loyalty_tier.filter(|_| has("loyaltyTier"));
        allowed.balance = allowed.balance.filter(|_| has("balance"));
        allowed.currency = allowed.currency.filter(|_| has("balance"));
        allowed.balances.retain(|_, _| has("balance"));
        allowed.values.retain(|_, _| has("values"));
        allowed.open_tickets = allowed.open_tickets.filter(|_| has("openTickets"));
        allowed.last_interaction = allowed.last_interaction.filter(|_| has("lastInteractionDate"));
        allowed
    }
}

/// Whether a source knows a field, by its published name.
fn knows(fields: &ProfileFields, name: &str) -> bool {
    match name {
        "accountName" => fields.account_name.is_some(),
        "loyaltyTier" => fields.loyalty_tier.is_some(),
        "balance" => !fields.balances.is_empty(),
        "openTickets" => fields.open_tickets.is_some(),
        _ => false,
    }
}

/// Whether nothing is in a profile that a system answered. Such a profile is published only with a last
/// interaction: until then events name none, or one that was published with earlier answers. A record of the
/// same sources has no answers either.
fn is_unpublished(
    profile: &ProfileFields,
    known: &[&ProfileRecord],
    differences: &[Vec<&'static str>],
) -> bool {
    let last_interaction = profile.last_interaction;
    let customer_id = profile.customer_id.clone();
    *profile == ProfileFields { customer_id, last_interaction, ..ProfileFields::default() }
        && (last_interaction.is_none()
            || known.iter().any(|record| record.fields.last_interaction == last_interaction))
        && differences.iter().all(|differences| {
            *differences == [LAST_INTERACTION] || differences.iter().any(|name| SOURCES.contains(name))
        })
}

/// The status that follows from the sources: without any data it is missing; with any that is too old it is
/// stale; complete when every system answered about one customer at most, else partial.
fn follows(sources: &BTreeMap<String, EnrichmentSource>, freshness_ms: impl Fn(&str) -> i64) -> &'static str {
    let has_data = |source: &&EnrichmentSource| source.age_ms.is_some() && source.status != "NOT_FOUND";
    if !sources.values().any(|source| has_data(&source)) {
        return "MISSING";
    }
    let old =
        |name: &str, source: &EnrichmentSource| source.age_ms.is_some_and(|age| age > freshness_ms(name));
    if sources.iter().any(|(name, source)| has_data(&source) && old(name, source)) {
        return "STALE";
    }
    // One that knows several whom the event may mean has answered nothing about its customer.
    let answered = |source: &EnrichmentSource| {
        matches!(source.status.as_str(), "OK" | "NOT_FOUND")
            && source.resolution.as_deref() != Some("AMBIGUOUS")
    };
    if sources.values().all(answered) { "COMPLETE" } else { "PARTIAL" }
}
