//! Customer 360: what all CRMs together know of one customer.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{SourcePart, SourceStatus, SystemIdentity};

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
    /// Open balance (SAP), beside its currency; never summed across currencies, `None` where there are several.
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
    /// Open balances by their currencies.
    #[serde(default, with = "crate::money::map")]
    pub balances: BTreeMap<String, Decimal>,
    /// What other sources tell, under `SOURCE.NAME`.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// What each source knows, by itself; empty in records of earlier builds.
    #[serde(default)]
    pub parts: Vec<SourcePart>,
}

/// What came of asking one system about a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileSource {
    /// The system behind the source, for instance `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// What came of it.
    pub status: SourceStatus,
    /// When the data was fetched; UTC milliseconds, null when it never was.
    #[serde(default)]
    pub fetched_at: Option<i64>,
    /// Milliseconds the fetch took.
    #[serde(default)]
    pub latency_ms: Option<i64>,
    /// Its configured name, where that is not the system's.
    #[serde(default)]
    pub source: Option<String>,
}
