//! The fields of a profile, from its parts.

use std::collections::BTreeMap;

use trunkline_schemas::{CustomerProfile, ProfileSource, SourcePart, SystemIdentity};
use trunkline_systems::{ProfileField, System};

use crate::freshness::answered;

/// Between the name of a source and the name of its value.
const OF: char = '.';

/// A profile of these parts, in the order in which they are asked for a field: the first one that knows it gives it.
/// `interaction` is the last one that events tell of; `now` when it is put together (both UTC milliseconds).
pub(crate) fn profile(
    customer_id: String,
    parts: Vec<SourcePart>,
    identities: Vec<SystemIdentity>,
    interaction: Option<i64>,
    now: i64,
) -> CustomerProfile {
    let balances =
        giving(&parts, ProfileField::Balance).map(|part| part.balances.clone()).unwrap_or_default();
    // In two currencies there is no one balance.
    let single = balances.first_key_value().filter(|_| balances.len() == 1);
    let qualified = |part: &SourcePart| {
        let source = part.source.clone();
        part.values.clone().into_iter().map(move |(name, value)| (format!("{source}{OF}{name}"), value))
    };
    let mut systems: Vec<String> = Vec::new();
    for part in parts.iter().filter(|part| says_anything(part)) {
        if !systems.contains(&part.system) {
            systems.push(part.system.clone());
        }
    }
    CustomerProfile {
        customer_id,
        account_name: parts.iter().find_map(|part| part.account_name.clone()),
        loyalty_tier: parts.iter().find_map(|part| part.loyalty_tier.clone()),
        balance: single.map(|(_, amount)| *amount),
        currency: single.map(|(currency, _)| currency.clone()),
        open_tickets: parts.iter().find_map(|part| part.open_tickets),
        last_interaction_date: parts
            .iter()
            .filter_map(|part| part.last_interaction_date)
            .chain(interaction)
            .max(),
        source_systems: systems,
        sources: parts.iter().map(source).collect(),
        last_updated: now,
        identities,
        balances,
        values: parts.iter().flat_map(qualified).collect(),
        parts,
    }
}

/// Whether a value, by its name in the profile, is of this source.
pub(crate) fn is_of(name: &str, source: &str) -> bool {
    name.strip_prefix(source).is_some_and(|name| name.starts_with(OF))
}

/// The part that gives a field; `None` where none does, or several do.
pub(crate) fn giving(parts: &[SourcePart], field: ProfileField) -> Option<&SourcePart> {
    parts.iter().find(|part| match field {
        ProfileField::AccountName => part.account_name.is_some(),
        ProfileField::LoyaltyTier => part.loyalty_tier.is_some(),
        ProfileField::Balance => !part.balances.is_empty(),
        ProfileField::OpenTickets => part.open_tickets.is_some(),
        // They are put together from several.
        ProfileField::LastInteractionDate | ProfileField::Numbers | ProfileField::Values => false,
    })
}

/// The configured name of a source, where it is not the system's.
pub(crate) fn own_name(part: &SourcePart) -> Option<&str> {
    Some(part.source.as_str()).filter(|source| *source != part.system)
}

/// The parts of a profile as builds without parts wrote it: each field was of one system. `asked_at` is when the
/// systems were asked (UTC milliseconds).
pub(crate) fn parts_of(profile: &CustomerProfile, asked_at: i64) -> Vec<SourcePart> {
    let part = |source: &ProfileSource| {
        let owns = |field| System::from_name(&source.system).is_some_and(|system| system.owns(field));
        let balance = profile.currency.clone().zip(profile.balance).filter(|_| owns(ProfileField::Balance));
        SourcePart {
            source: source.system.clone(),
            system: source.system.clone(),
            status: source.status,
            asked_at,
            latency_ms: source.latency_ms,
            fetched_at: source.fetched_at,
            change_offset: None,
            account_name: profile.account_name.clone().filter(|_| owns(ProfileField::AccountName)),
            loyalty_tier: profile.loyalty_tier.clone().filter(|_| owns(ProfileField::LoyaltyTier)),
            balances: balance.into_iter().collect(),
            open_tickets: profile.open_tickets.filter(|_| owns(ProfileField::OpenTickets)),
            last_interaction_date: None,
            values: BTreeMap::new(),
        }
    };
    profile.sources.iter().map(part).collect()
}

/// When what a part says was fetched; of nothing that was not asked for anew it is not said.
pub(crate) fn said_at(part: &SourcePart) -> Option<i64> {
    part.fetched_at.filter(|_| answered(part.status) || says_anything(part))
}

/// Whether a part has any knowledge of the customer.
pub(crate) fn says_anything(part: &SourcePart) -> bool {
    part.account_name.is_some()
        || part.loyalty_tier.is_some()
        || !part.balances.is_empty()
        || part.open_tickets.is_some()
        || part.last_interaction_date.is_some()
        || !part.values.is_empty()
}

fn source(part: &SourcePart) -> ProfileSource {
    ProfileSource {
        system: part.system.clone(),
        status: part.status,
        fetched_at: said_at(part),
        latency_ms: part.latency_ms,
        source: own_name(part).map(str::to_owned),
    }
}
