//! Customer 360: what all CRMs together know of one customer.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::SystemIdentity;

/// A customer as the CRMs know them, as published on `customer.profiles`. Unknown is null, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerProfile {
    /// Who.
    pub customer_id: String,
    /// Name of the account (Salesforce).
    #[serde(default)]
    pub account_name: Option<String>,
    /// Loyalty tier (Salesforce), for instance `GOLD`.
    #[serde(default)]
    pub loyalty_tier: Option<String>,
    /// Open balance (SAP), beside its currency; never summed across currencies.
    #[serde(default, with = "crate::money::option")]
    pub balance: Option<Decimal>,
    /// ISO 4217 code of the balance.
    #[serde(default)]
    pub currency: Option<String>,
    /// Open tickets (ServiceNow).
    #[serde(default)]
    pub open_tickets: Option<i32>,
    /// The last ended conversation or CRM activity, the later; UTC milliseconds.
    #[serde(default)]
    pub last_interaction_date: Option<i64>,
    /// Systems that contributed.
    pub source_systems: Vec<String>,
    /// What came of asking each system.
    pub sources: Vec<ProfileSource>,
    /// When this profile was put together; UTC milliseconds.
    pub last_updated: i64,
    /// Which customer of each system this is, as far as it was found out.
    #[serde(default)]
    pub identities: Vec<SystemIdentity>,
}

/// What came of asking one system about a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileSource {
    /// `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// What came of it.
    pub status: SourceStatus,
    /// When the data was fetched; UTC milliseconds, null when it never was.
    #[serde(default)]
    pub fetched_at: Option<i64>,
    /// Milliseconds the fetch took.
    #[serde(default)]
    pub latency_ms: Option<i64>,
}

/// What came of asking one system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SourceStatus {
    /// A symbol this build does not know.
    Unknown,
    /// It answered.
    Ok,
    /// It answered that it does not know the customer.
    NotFound,
    /// It did not answer in time.
    Timeout,
    /// Its breaker is open or its quota is used up: it was not asked.
    Unavailable,
    /// It answered with an error.
    Error,
}
