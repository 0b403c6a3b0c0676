//! `[enrichment]`, as far as it decides what events say of their customers.

use std::collections::{BTreeMap, BTreeSet};

use phonenumber::country::Id;
use serde::Deserialize;

use super::{Error, Target, milliseconds, or};

/// What events get of their customer's profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrichmentRules {
    /// Configured names of the sources asked, each with how old its data may be without being called stale;
    /// milliseconds.
    pub sources: BTreeMap<String, i64>,
    /// How old data of critical fields may be; milliseconds.
    pub freshness_ms: i64,
    /// Whether a condition chooses the events that get one.
    pub conditional: bool,
    /// The targets that know customers by the numbers that events name; `None` for all.
    pub numbers: Option<BTreeSet<String>>,
    /// Under which external source of the directory the contacts have a target's numbers.
    pub directory_sources: BTreeMap<String, String>,
    /// By what customers are searched: `number`, `phone`, `email`.
    pub by: BTreeSet<String>,
    /// The country of phone numbers that are written without their country's code.
    pub region: Option<String>,
    /// What of a profile enters events, by published name.
    pub fields: BTreeSet<String>,
    /// Of these nothing that is older enters events, by published name.
    pub critical_fields: BTreeSet<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Enrichment {
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    sources: BTreeMap<String, LookupSource>,
    when: Option<String>,
    freshness: Option<String>,
    fields: Option<Vec<String>>,
    #[serde(default)]
    critical_fields: Vec<String>,
    deadline: Option<String>,
    #[serde(default)]
    identity: Identity,
}

#[derive(Default, Deserialize)]
struct Identity {
    #[serde(default)]
    sources: BTreeMap<String, String>,
    numbers: Option<BTreeSet<String>>,
    by: Option<BTreeSet<String>>,
    region: Option<String>,
}

/// An HTTP service beside the targets.
#[derive(Deserialize)]
struct LookupSource {
    asked: Option<String>,
    cache: Option<String>,
}

const FRESHNESS_MS: i64 = 30_000;

/// The parts of a profile that can enter events; a currency goes with its balance.
const PROFILE_FIELDS: [&str; 7] =
    ["accountName", "loyaltyTier", "balance", "openTickets", "lastInteractionDate", "numbers", "values"];

// === impl EnrichmentRules ===

impl EnrichmentRules {
    /// The country of phone numbers that are written without one, as numbers are read.
    pub fn country(&self) -> Option<Id> {
        self.region.as_ref()?.parse().ok()
    }
}

// === impl Enrichment ===

impl Enrichment {
    pub(super) fn read(self, targets: &BTreeMap<String, Target>) -> Result<Option<EnrichmentRules>, Error> {
        let freshness_ms = or("enrichment.freshness", self.freshness, FRESHNESS_MS)?;
        let names = self.targets.into_iter().filter(|name| targets.contains_key(name));
        let mut sources: BTreeMap<String, i64> = names.map(|name| (name, freshness_ms)).collect();
        for (name, source) in self.sources {
            if source.asked.as_deref() != Some("by_plugins") {
                let cache_ms = or("enrichment.sources.cache", source.cache, freshness_ms)?;
                sources.insert(name, cache_ms.max(freshness_ms));
            }
        }
        let is_off = self.deadline.as_deref().is_some_and(|deadline| milliseconds(deadline) == Some(0));
        if sources.is_empty() || is_off {
            return Ok(None);
        }
        Ok(Some(EnrichmentRules {
            sources,
            freshness_ms,
            numbers: self.identity.numbers,
            directory_sources: self.identity.sources,
            by: self.identity.by.unwrap_or_else(|| ["number", "phone", "email"].map(str::to_owned).into()),
            region: self.identity.region,
            conditional: self.when.is_some(),
            fields: self
                .fields
                .unwrap_or_else(|| PROFILE_FIELDS.map(str::to_owned).into())
                .into_iter()
                .collect(),
            critical_fields: self.critical_fields.into_iter().collect(),
        }))
    }
}
