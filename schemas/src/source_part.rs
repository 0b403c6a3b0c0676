//! What one source knows of a customer.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::SourceStatus;

/// What one source knows of a customer, as part of a customer's profile. Unknown is null,
/// never zero.
///
/// Records of one customer are merged part by part: of one source the part with the greater `change_offset`, then the
/// later `fetched_at` counts, whoever wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourcePart {
    /// Its configured name: of a target, or of a source of `[enrichment.sources]`.
    pub source: String,
    /// The system behind it, for instance `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// What came of asking it the last time.
    pub status: SourceStatus,
    /// When it was asked the last time; UTC milliseconds.
    pub asked_at: i64,
    /// Milliseconds that took; null when it was not asked.
    #[serde(default)]
    pub latency_ms: Option<i64>,
    /// When the source last answered, with what stands here; UTC milliseconds, null when it never did.
    #[serde(default)]
    pub fetched_at: Option<i64>,
    /// Up to which offset of `crm.changes` the source's changes were known when it was asked; null where they are not
    /// followed.
    #[serde(default)]
    pub change_offset: Option<i64>,
    /// As in the profile.
    #[serde(default)]
    pub account_name: Option<String>,
    /// As in the profile.
    #[serde(default)]
    pub loyalty_tier: Option<String>,
    /// As in the profile.
    #[serde(default, with = "crate::money::map")]
    pub balances: BTreeMap<String, Decimal>,
    /// As in the profile.
    #[serde(default)]
    pub open_tickets: Option<i32>,
    /// The last activity that the source knows of; UTC milliseconds.
    #[serde(default)]
    pub last_interaction_date: Option<i64>,
    /// What else it tells, under the names of its configuration.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}
