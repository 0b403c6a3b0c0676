//! What one system knows of a customer, and what came of asking it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use trunkline_schemas::{ProfileSource, SourceStatus, SystemIdentity};
use trunkline_systems::System;

/// What one system knows of a customer. Unknown is `None`, never zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProfileData {
    /// Name of the account.
    pub account_name: Option<String>,
    /// Loyalty tier, for instance `GOLD`.
    pub loyalty_tier: Option<String>,
    /// Open balances, by their currencies (ISO 4217); never summed across them. Empty where none is known.
    pub balances: BTreeMap<String, Decimal>,
    /// Open tickets.
    pub open_tickets: Option<i32>,
    /// Last activity, UTC milliseconds.
    pub last_interaction: Option<i64>,
    /// Whatever else it tells, under names of the configuration's own.
    pub values: BTreeMap<String, String>,
}

/// What came of asking one system about a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfilePart {
    /// Its configured name: there may be two of one system.
    pub source: String,
    /// Which system.
    pub system: System,
    /// What came of it.
    pub status: SourceStatus,
    /// When the data was fetched, UTC milliseconds; `None` when there is none.
    pub fetched_at: Option<i64>,
    /// Milliseconds it took.
    pub latency_ms: i64,
    /// What it knows; empty unless it answered.
    pub data: ProfileData,
    /// Which of its customers that is; `None` where it was not found out this time.
    pub identity: Option<SystemIdentity>,
}

// === impl ProfilePart ===

impl ProfilePart {
    pub(crate) fn not_found(&self) -> Self {
        Self { status: SourceStatus::NotFound, data: ProfileData::default(), ..self.clone() }
    }

    pub(crate) fn source(&self) -> ProfileSource {
        ProfileSource {
            system: self.system.as_str().to_owned(),
            status: self.status,
            fetched_at: self.fetched_at,
            latency_ms: Some(self.latency_ms),
        }
    }
}
