//! Customer 360: what each system knows of a customer, and all of it together.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use trunkline_schemas::{CustomerProfile, ProfileSource, SourceStatus};

/// What one system knows of a customer. Unknown is `None`, never zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileData {
    /// Name of the account.
    pub account_name: Option<String>,
    /// Loyalty tier, for instance `GOLD`.
    pub loyalty_tier: Option<String>,
    /// Open balance, in `currency`.
    pub balance: Option<Decimal>,
    /// ISO 4217 code of the balance.
    pub currency: Option<String>,
    /// Open tickets.
    pub open_tickets: Option<i32>,
    /// Last activity, UTC milliseconds.
    pub last_interaction: Option<i64>,
}

/// What came of asking one system about a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfilePart {
    /// `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// What came of it.
    pub status: SourceStatus,
    /// When the data was fetched, UTC milliseconds; `None` when there is none.
    pub fetched_at: Option<i64>,
    /// Milliseconds it took.
    pub latency_ms: i64,
    /// What it knows; empty unless it answered.
    pub data: ProfileData,
}

/// Puts the parts together at `now_ms` (UTC milliseconds). For each field the first part that knows it wins;
/// balance and currency come from the same part; of the last interactions the latest counts.
pub fn merge(customer_id: &str, parts: &[ProfilePart], now_ms: i64) -> CustomerProfile {
    let corrected;
    let parts = if is_unheard_of(parts) {
        corrected = parts.iter().map(ProfilePart::not_found).collect::<Vec<_>>();
        &corrected
    } else {
        parts
    };
    let known = || parts.iter().map(|part| &part.data);
    let money = known().find(|data| data.balance.is_some());
    CustomerProfile {
        customer_id: customer_id.to_owned(),
        account_name: known().find_map(|data| data.account_name.clone()),
        loyalty_tier: known().find_map(|data| data.loyalty_tier.clone()),
        balance: money.and_then(|data| data.balance),
        currency: money.and_then(|data| data.currency.clone()),
        open_tickets: known().find_map(|data| data.open_tickets),
        last_interaction_date: known().filter_map(|data| data.last_interaction).max(),
        source_systems: parts
            .iter()
            .filter(|part| part.data != ProfileData::default())
            .map(|part| part.system.clone())
            .collect(),
        sources: parts.iter().map(ProfilePart::source).collect(),
        last_updated: now_ms,
    }
}

/// True when nobody knows the customer: a count of no tickets is also what a stranger gets, so beside systems that do
/// not know the customer it is no knowledge (unknown is null, never 0).
fn is_unheard_of(parts: &[ProfilePart]) -> bool {
    let no_tickets = ProfileData { open_tickets: Some(0), ..ProfileData::default() };
    parts.iter().any(|part| part.status == SourceStatus::NotFound)
        && parts.iter().all(|part| part.status == SourceStatus::NotFound || part.data == no_tickets)
}

// === impl ProfilePart ===

impl ProfilePart {
    fn not_found(&self) -> Self {
        Self { status: SourceStatus::NotFound, data: ProfileData::default(), ..self.clone() }
    }

    fn source(&self) -> ProfileSource {
        ProfileSource {
            system: self.system.clone(),
            status: self.status,
            fetched_at: self.fetched_at,
            latency_ms: Some(self.latency_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(system: &str, status: SourceStatus, data: ProfileData) -> ProfilePart {
        let fetched_at = (status == SourceStatus::Ok).then_some(1_000);
        ProfilePart { system: system.to_owned(), status, fetched_at, latency_ms: 7, data }
    }

    #[test]
    fn no_tickets_of_a_stranger_are_no_knowledge() {
        let none = ProfileData { open_tickets: Some(0), ..ProfileData::default() };
        let servicenow = part("servicenow", SourceStatus::Ok, none);
        let absent = |system| part(system, SourceStatus::NotFound, ProfileData::default());
        let stranger = merge("C-9", &[absent("salesforce"), absent("sap"), servicenow.clone()], 0);
        assert_eq!(stranger.open_tickets, None);
        assert!(stranger.source_systems.is_empty());
        assert!(stranger.sources.iter().all(|source| source.status == SourceStatus::NotFound));

        let named = ProfileData { account_name: Some("Acme".to_owned()), ..ProfileData::default() };
        let known =
            merge("C-9", &[part("salesforce", SourceStatus::Ok, named), absent("sap"), servicenow], 0);
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
            balance: Some(Decimal::new(12_550, 2)),
            currency: Some("EUR".to_owned()),
            ..ProfileData::default()
        };
        let servicenow = ProfileData { open_tickets: Some(0), ..ProfileData::default() };
        let profile = merge(
            "C-000001",
            &[
                part("salesforce", SourceStatus::Ok, salesforce),
                part("sap", SourceStatus::Ok, sap),
                part("servicenow", SourceStatus::Ok, servicenow),
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
            part("salesforce", SourceStatus::Timeout, ProfileData::default()),
            part("sap", SourceStatus::NotFound, ProfileData::default()),
        ];
        let profile = merge("C-1", &parts, 0);
        assert_eq!((profile.account_name, profile.balance, profile.open_tickets), (None, None, None));
        assert!(profile.source_systems.is_empty());
        let statuses: Vec<SourceStatus> = profile.sources.iter().map(|source| source.status).collect();
        assert_eq!(statuses, [SourceStatus::Timeout, SourceStatus::NotFound]);
        assert_eq!(profile.sources[0].fetched_at, None);
    }
}
