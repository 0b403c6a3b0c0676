//! A fetched profile keeps the last answers of the systems that did not answer this time.

use trunkline_schemas::CustomerProfile;

use crate::freshness::answered;

/// Fills what `fetched` lacks, system by system, from the answers of an earlier fetch.
pub(crate) fn keep_last_answers(fetched: &mut CustomerProfile, known: &CustomerProfile) {
    for source in &mut fetched.sources {
        if answered(source.status) {
            continue;
        }
        let Some(before) = known.sources.iter().find(|s| s.system == source.system && s.fetched_at.is_some())
        else {
            continue;
        };
        source.fetched_at = before.fetched_at;
        match source.system.as_str() {
            "salesforce" => {
                fetched.account_name.clone_from(&known.account_name);
                fetched.loyalty_tier.clone_from(&known.loyalty_tier);
            }
            "sap" => {
                fetched.balance = known.balance;
                fetched.currency.clone_from(&known.currency);
            }
            "servicenow" => fetched.open_tickets = known.open_tickets,
            _ => {}
        }
        if known.source_systems.contains(&source.system) && !fetched.source_systems.contains(&source.system) {
            fetched.source_systems.push(source.system.clone());
        }
    }
    fetched.last_interaction_date = fetched.last_interaction_date.max(known.last_interaction_date);
}
