//! One profile from what the systems answered, now and earlier. Which system a field comes from is in the
//! catalogue.

use trunkline_schemas::{CustomerProfile, SourceStatus};
use trunkline_systems::{ProfileField, System};

use crate::freshness::answered;
use crate::{ProfileData, ProfilePart};

/// Puts the parts together at `now_ms` (UTC milliseconds). A field comes from the system that owns it; where
/// several parts are of that system, from the first that knows it. Balance and currency come from the same
/// part.
pub fn merge(customer_id: &str, parts: &[ProfilePart], now_ms: i64) -> CustomerProfile {
    let corrected;
    let parts = if nobody_knows_the_customer(parts) {
        corrected = parts.iter().map(ProfilePart::not_found).collect::<Vec<_>>();
        &corrected
    } else {
        parts
    };
    let of = |field| parts.iter().filter(move |part| part.system.owns(field)).map(|part| &part.data);
    // In two currencies there is no one balance.
    let money = of(ProfileField::Balance)
        .find(|data| !data.balances.is_empty())
        .and_then(|data| data.balances.first_key_value().filter(|_| data.balances.len() == 1));
    CustomerProfile {
        customer_id: customer_id.to_owned(),
        account_name: of(ProfileField::AccountName).find_map(|data| data.account_name.clone()),
        loyalty_tier: of(ProfileField::LoyaltyTier).find_map(|data| data.loyalty_tier.clone()),
        balance: money.map(|(_, amount)| *amount),
        currency: money.map(|(currency, _)| currency.clone()),
        open_tickets: of(ProfileField::OpenTickets).find_map(|data| data.open_tickets),
        last_interaction_date: of(ProfileField::LastInteractionDate)
            .filter_map(|data| data.last_interaction)
            .max(),
        source_systems: parts
            .iter()
            .filter(|part| part.data != ProfileData::default())
            .map(|part| part.system.as_str().to_owned())
            .collect(),
        sources: parts.iter().map(ProfilePart::source).collect(),
        last_updated: now_ms,
        identities: parts.iter().filter_map(|part| part.identity.clone()).collect(),
    }
}

/// Fills what `fetched` lacks, system by system, from the answers of an earlier fetch.
pub(crate) fn keep_last_answers(fetched: &mut CustomerProfile, known: &CustomerProfile) {
    let unanswered = (0..fetched.sources.len()).filter(|index| !answered(fetched.sources[*index].status));
    for index in unanswered.collect::<Vec<_>>() {
        let source = &mut fetched.sources[index];
        let Some(before) = known.sources.iter().find(|s| s.system == source.system && s.fetched_at.is_some())
        else {
            continue;
        };
        source.fetched_at = before.fetched_at;
        if known.source_systems.contains(&before.system) && !fetched.source_systems.contains(&before.system) {
            fetched.source_systems.push(before.system.clone());
        }
        let owner = System::from_name(&before.system);
        for field in owner.into_iter().flat_map(|system| system.capabilities().profile_fields) {
            take_over(*field, fetched, known);
        }
    }
    keep_identities(fetched, known);
    // Events tell of interactions as well as systems do.
    take_over(ProfileField::LastInteractionDate, fetched, known);
}

/// Of a target that was not asked who the customer is, or did not answer, what was found out before still holds.
fn keep_identities(fetched: &mut CustomerProfile, known: &CustomerProfile) {
    for before in &known.identities {
        if !fetched.identities.iter().any(|identity| identity.target == before.target) {
            fetched.identities.push(before.clone());
        }
    }
}

/// Takes a field over from an earlier profile; of the last interactions the latest counts.
fn take_over(field: ProfileField, into: &mut CustomerProfile, from: &CustomerProfile) {
    match field {
        ProfileField::AccountName => into.account_name.clone_from(&from.account_name),
        ProfileField::LoyaltyTier => into.loyalty_tier.clone_from(&from.loyalty_tier),
        ProfileField::Balance => {
            into.balance = from.balance;
            into.currency.clone_from(&from.currency);
        }
        ProfileField::OpenTickets => into.open_tickets = from.open_tickets,
        ProfileField::LastInteractionDate => {
            into.last_interaction_date = into.last_interaction_date.max(from.last_interaction_date);
        }
    }
}

/// True when nobody knows the customer: a count of no tickets is also what a stranger gets, so beside systems
/// that do not know the customer it is no knowledge (unknown is null, never 0).
fn nobody_knows_the_customer(parts: &[ProfilePart]) -> bool {
    let no_tickets = ProfileData { open_tickets: Some(0), ..ProfileData::default() };
    parts.iter().any(|part| part.status == SourceStatus::NotFound)
        && parts.iter().all(|part| part.status == SourceStatus::NotFound || part.data == no_tickets)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn part(system: System, status: SourceStatus, data: ProfileData) -> ProfilePart {
        let fetched_at = answered(status).then_some(1_000);
        ProfilePart {
            source: system.as_str().to_owned(),
            system,
            status,
            fetched_at,
            latency_ms: 7,
            data,
            identity: None,
        }
    }

    fn named(name: &str) -> ProfileData {
        ProfileData { account_name: Some(name.to_owned()), ..ProfileData::default() }
    }

    #[test]
    fn a_field_comes_from_the_system_that_owns_it() {
        let parts = [
            part(System::Sap, SourceStatus::Ok, named("from SAP")),
            part(System::Salesforce, SourceStatus::Ok, ProfileData::default()),
            part(System::Salesforce, SourceStatus::Ok, named("from the second Salesforce")),
        ];
        assert_eq!(merge("C-1", &parts, 0).account_name.as_deref(), Some("from the second Salesforce"));
    }

    #[test]
    fn a_system_that_does_not_answer_keeps_its_last_answer() {
        let balance = ProfileData {
            balances: [("EUR".to_owned(), Decimal::new(500, 2))].into(),
            ..ProfileData::default()
        };
        let before = [
            part(System::Salesforce, SourceStatus::Ok, named("Ada")),
            part(System::Sap, SourceStatus::Ok, balance),
            part(System::ServiceNow, SourceStatus::NotFound, ProfileData::default()),
        ];
        let mut known = merge("C-1", &before, 1_000);
        known.last_interaction_date = Some(900);
        let now = [
            part(System::Salesforce, SourceStatus::Ok, ProfileData::default()),
            part(System::Sap, SourceStatus::Timeout, ProfileData::default()),
            part(System::ServiceNow, SourceStatus::Error, ProfileData::default()),
        ];
        let mut fetched = merge("C-1", &now, 2_000);
        keep_last_answers(&mut fetched, &known);
        assert_eq!(fetched.account_name, None, "Salesforce answered, and knows no name any more");
        assert_eq!((fetched.balance, fetched.currency.as_deref()), (Some(Decimal::new(500, 2)), Some("EUR")));
        assert_eq!(fetched.last_interaction_date, Some(900));
        assert_eq!(fetched.source_systems, ["sap"]);
        let ages: Vec<_> = fetched.sources.iter().map(|source| source.fetched_at).collect();
        assert_eq!(ages, [Some(1_000); 3]);
        assert_eq!(fetched.sources[1].status, SourceStatus::Timeout);
    }

    #[test]
    fn no_tickets_of_a_stranger_are_no_knowledge() {
        let none = ProfileData { open_tickets: Some(0), ..ProfileData::default() };
        let servicenow = part(System::ServiceNow, SourceStatus::Ok, none);
        let absent = |system| part(system, SourceStatus::NotFound, ProfileData::default());
        let stranger =
            merge("C-9", &[absent(System::Salesforce), absent(System::Sap), servicenow.clone()], 0);
        assert_eq!(stranger.open_tickets, None);
        assert!(stranger.source_systems.is_empty());
        assert!(stranger.sources.iter().all(|source| source.status == SourceStatus::NotFound));

        let named = ProfileData { account_name: Some("Acme".to_owned()), ..ProfileData::default() };
        let known = merge(
            "C-9",
            &[part(System::Salesforce, SourceStatus::Ok, named), absent(System::Sap), servicenow],
            0,
        );
        assert_eq!(known.open_tickets, Some(0));
    }

    #[test]
    fn each_system_gives_its_fields() {
        let salesforce = ProfileData {
            account_name: Some("Ada".to_owned()),
            loyalty_tier: Some("GOLD".to_owned()),
            last_interaction: Some(5),
            ..ProfileData::default()
        };
        let sap = ProfileData {
            balances: [("EUR".to_owned(), Decimal::new(12_550, 2))].into(),
            ..ProfileData::default()
        };
        let servicenow = ProfileData { open_tickets: Some(0), ..ProfileData::default() };
        let profile = merge(
            "C-000001",
            &[
                part(System::Salesforce, SourceStatus::Ok, salesforce),
                part(System::Sap, SourceStatus::Ok, sap),
                part(System::ServiceNow, SourceStatus::Ok, servicenow),
            ],
            2_000,
        );
        assert_eq!(profile.account_name.as_deref(), Some("Ada"));
        assert_eq!(
            (profile.balance, profile.currency.as_deref()),
            (Some(Decimal::new(12_550, 2)), Some("EUR"))
        );
        assert_eq!(profile.open_tickets, Some(0));
        assert_eq!(profile.last_interaction_date, Some(5));
        assert_eq!(profile.source_systems, ["salesforce", "sap", "servicenow"]);
        assert_eq!(profile.last_updated, 2_000);
    }

    #[test]
    fn what_nobody_knows_stays_unknown() {
        let parts = [
            part(System::Salesforce, SourceStatus::Timeout, ProfileData::default()),
            part(System::Sap, SourceStatus::NotFound, ProfileData::default()),
        ];
        let profile = merge("C-1", &parts, 0);
        assert_eq!((profile.account_name, profile.balance, profile.open_tickets), (None, None, None));
        assert!(profile.source_systems.is_empty());
        let statuses: Vec<SourceStatus> = profile.sources.iter().map(|source| source.status).collect();
        assert_eq!(statuses, [SourceStatus::Timeout, SourceStatus::NotFound]);
        assert_eq!(profile.sources[0].fetched_at, None);
    }
}
