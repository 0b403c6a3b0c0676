//! `[enrichment]`: where customer profiles come from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trunkline_systems::{ProfileField, System};

use crate::expression::expression_of;
use crate::expression_kind::Gives;
use crate::identity::Identity;
use crate::known_targets::KnownTargets;
use crate::lookup_source::{Asked, LookupSource};
use crate::section::{Problem, Section, Value};
use crate::values::{duration, integer, list, one_of, reference};

/// How events get their customer's profile.
#[derive(Debug, Clone)]
pub struct Enrichment {
    /// Names of the targets asked, all at once.
    pub targets: Vec<String>,
    /// Further HTTP services that know something of customers, by name.
    pub sources: BTreeMap<String, LookupSource>,
    /// CEL over `event`, a bool: which events get a profile (default: all that name a customer).
    pub when: Option<String>,
    /// Longest time an event waits for its profile (default 250 ms).
    pub deadline: Duration,
    /// A profile younger than this is not fetched again (default 30 s).
    pub freshness: Duration,
    /// Profiles kept in memory (default 100,000).
    pub cache_entries: usize,
    /// What of a profile enters events (default: all of it). Whoever may read the events need not see
    /// balances.
    pub fields: BTreeSet<ProfileField>,
    /// Of these nothing enters an event that is older than `freshness` (default: none): unknown is better than old
    /// where money is at stake.
    pub critical_fields: BTreeSet<ProfileField>,
    /// How a customer whom an event names is found in each system.
    pub identity: Identity,
    /// How long a profile that was not asked for again is kept in state (default 24 h): stale beats nothing,
    /// but customer data should not lie around.
    pub keep: Duration,
}

/// What can be critical: what sources tell, and when is known.
const CRITICAL: [ProfileField; 5] = [
    ProfileField::AccountName,
    ProfileField::LoyaltyTier,
    ProfileField::Balance,
    ProfileField::OpenTickets,
    ProfileField::Values,
];

// === impl Enrichment ===

impl Enrichment {
    /// The sources that are asked for each profile.
    pub fn sources_of_profiles(&self) -> impl Iterator<Item = &LookupSource> {
        self.sources.values().filter(|source| source.asked == Asked::Always)
    }

    /// Whether events get profiles at all.
    pub fn is_on(&self) -> bool {
        !self.targets.is_empty() || self.sources_of_profiles().next().is_some()
    }

    /// Whether the processor asks this target: for profiles, for external contacts, or as a source.
    pub fn asks(&self, target: &str) -> bool {
        self.targets.iter().any(|name| name == target)
            || self.identity.contacts.as_deref() == Some(target)
            || self.sources.values().any(|source| source.target == target)
    }

    pub(crate) fn read(section: &Section<'_>, known: &KnownTargets<'_>) -> Self {
        let with_profiles = |value: &Value<'_>| {
            let name = reference("target", &known.names)(value)?;
            match known.targets.get(&name) {
                Some(target) if !target.system.has_profiles() => {
                    let systems = System::ALL.into_iter().filter(|system| system.has_profiles());
                    let systems = systems.map(System::as_str).collect::<Vec<_>>().join(", ");
                    Err(Problem::new(format!(
                        "names target '{name}', which has no customer profiles; {systems} have"
                    )))
                }
                _ => Ok(name),
            }
        };
        let targets = section.or("targets", list(0, with_profiles), Vec::new());
        let identity = section.table("identity", |section| Identity::read(section, known, &targets));
        let freshness = section.or("freshness", duration, Duration::from_secs(30));
        let sources = section.named_tables("sources", "enrichment source", |source| {
            if targets.iter().any(|target| target == source.name()) {
                source.refuse(
                    "",
                    "a target of [enrichment] has this name already; parts of profiles are told apart by it",
                );
            }
            LookupSource::read(source, known, &identity, freshness)
        });
        Self {
            targets,
            sources,
            identity,
            freshness,
            when: section.optional("when", expression_of(Gives::Bool, &["event"])),
            deadline: section.or("deadline", duration, Duration::from_millis(250)),
            cache_entries: section.or("cache_entries", integer(1..=100_000_000), 100_000),
            fields: section
                .or(
                    "fields",
                    list(0, one_of(ProfileField::ALL.map(|f| (f.as_str(), f)))),
                    ProfileField::ALL.into(),
                )
                .into_iter()
                .collect(),
            critical_fields: section
                .or(
                    "critical_fields",
                    list(0, one_of(CRITICAL.map(|field| (field.as_str(), field)))),
                    Vec::new(),
                )
                .into_iter()
                .collect(),
            keep: section.or("keep", duration, Duration::from_secs(24 * 60 * 60)),
        }
    }
}
