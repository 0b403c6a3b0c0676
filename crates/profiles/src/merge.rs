//! One profile from what the sources answered just now.

use trunkline_schemas::{CustomerProfile, SourceStatus};

use crate::{ProfileData, ProfilePart, flat, freshness};

/// Puts the parts together at `now_ms` (UTC milliseconds). A field comes from the first part that knows it; balances
/// come from one part.
pub fn merge(customer_id: &str, parts: &[ProfilePart], now_ms: i64) -> CustomerProfile {
    let is_stranger = nobody_knows_the_customer(parts);
    let published = |part: &ProfilePart| match is_stranger && part.data == no_tickets() {
        true => part.not_found().published(now_ms),
        false => part.published(now_ms),
    };
    let published = parts.iter().map(published).collect();
    let identities = parts.iter().filter_map(|part| part.identity.clone()).collect();
    flat::profile(customer_id.to_owned(), published, identities, None, now_ms)
}

/// True when nobody who answered knows the customer: a count of no tickets is also what a stranger gets, so beside
/// systems that do not know the customer it is no knowledge (unknown is null, never 0).
fn nobody_knows_the_customer(parts: &[ProfilePart]) -> bool {
    let says_nothing =
        |part: &ProfilePart| part.status == SourceStatus::NotFound || part.data == no_tickets();
    let mut answered = parts.iter().filter(|part| freshness::answered(part.status));
    parts.iter().any(|part| part.status == SourceStatus::NotFound) && answered.all(says_nothing)
}

fn no_tickets() -> ProfileData {
    ProfileData { open_tickets: Some(0), ..ProfileData::default() }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use trunkline_systems::System;

    use super::*;
    use crate::freshness::answered;

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
    fn a_field_comes_from_the_first_source_that_knows_it() {
        let parts = [
            part(System::Salesforce, SourceStatus::Ok, ProfileData::default()),
            part(System::Sap, SourceStatus::Ok, named("from SAP")),
            part(System::ServiceNow, SourceStatus::Ok, named("from ServiceNow")),
        ];
        assert_eq!(merge("C-1", &parts, 0).account_name.as_deref(), Some("from SAP"));
    }

    #[test]
    fn balances_in_two_currencies_are_no_one_balance() {
        let euros = ("EUR".to_owned(), Decimal::new(500, 2));
        let dollars = ("USD".to_owned(), Decimal::new(700, 2));
        let both = ProfileData { balances: [euros, dollars].into(), ..ProfileData::default() };
        let profile = merge("C-1", &[part(System::Sap, SourceStatus::Ok, both.clone())], 0);
        assert_eq!((profile.balance, profile.currency), (None, None));
        assert_eq!(profile.balances, both.balances);
        assert_eq!(profile.source_systems, ["sap"]);
    }

    #[test]
    fn values_have_the_name_of_their_source() {
        let points = ("points".to_owned(), "1200".to_owned());
        let told = ProfileData { values: [points].into(), ..ProfileData::default() };
        let loyalty =
            ProfilePart { source: "loyalty".to_owned(), ..part(System::Sap, SourceStatus::Ok, told) };
        let profile = merge("C-1", &[loyalty], 0);
        assert_eq!(profile.values, [("loyalty.points".to_owned(), "1200".to_owned())].into());
        assert_eq!(profile.sources[0].source.as_deref(), Some("loyalty"));
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

        let silent = part(System::Salesforce, SourceStatus::Timeout, ProfileData::default());
        let perhaps = merge("C-9", &[silent, absent(System::Sap), servicenow.clone()], 0);
        assert_eq!(perhaps.open_tickets, None, "whether Salesforce knows anybody is not known");
        let statuses: Vec<_> = perhaps.sources.iter().map(|source| source.status).collect();
        assert_eq!(statuses, [SourceStatus::Timeout, SourceStatus::NotFound, SourceStatus::NotFound]);

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
