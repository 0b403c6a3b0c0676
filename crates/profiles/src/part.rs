//! What one source knows of a customer, and what came of asking it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use trunkline_schemas::{SourcePart, SourceStatus, SystemIdentity};
use trunkline_systems::System;

use crate::freshness::answered;

/// What one source knows of a customer. Unknown is `None`, never zero.
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

/// What came of asking one source about a customer.
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
    /// That the source does not know the customer, whatever it said.
    pub(crate) fn not_found(&self) -> Self {
        Self { status: SourceStatus::NotFound, data: ProfileData::default(), ..self.clone() }
    }

    /// As it is published; the source was asked about the customer until `now` (UTC milliseconds).
    pub(crate) fn published(&self, now: i64) -> SourcePart {
        let data = self.data.clone();
        SourcePart {
            source: self.source.clone(),
            system: self.system.as_str().to_owned(),
            status: self.status,
            // One that answers from what it keeps was asked then.
            asked_at: self.fetched_at.filter(|_| answered(self.status)).unwrap_or(now),
            latency_ms: Some(self.latency_ms),
            fetched_at: self.fetched_at,
            change_offset: None,
            account_name: data.account_name,
            loyalty_tier: data.loyalty_tier,
            balances: data.balances,
            open_tickets: data.open_tickets,
            last_interaction_date: data.last_interaction,
            values: data.values,
        }
    }
}
