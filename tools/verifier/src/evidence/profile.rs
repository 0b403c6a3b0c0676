//! What is known of customers: the records of `customer.profiles`, and what an event says of its own customer.

use std::collections::BTreeMap;

use super::Place;

/// The fields of a profile. What is unknown is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileFields {
    /// Who.
    pub customer_id: String,
    /// Salesforce's name of the account.
    pub account_name: Option<String>,
    /// Salesforce's loyalty tier.
    pub loyalty_tier: Option<String>,
    /// SAP's open balance, in ten-thousandths of the currency's unit.
    pub balance: Option<i128>,
    /// ISO 4217 code of the balance.
    pub currency: Option<String>,
    /// SAP's open balances by their currencies, in ten-thousandths of each one's unit.
    pub balances: BTreeMap<String, i128>,
    /// ServiceNow's open tickets.
    pub open_tickets: Option<i64>,
    /// The last ended conversation or CRM activity; UTC milliseconds.
    pub last_interaction: Option<i64>,
    /// What other sources tell, under `SOURCE.NAME`; of a part, under their names.
    pub values: BTreeMap<String, String>,
}

/// One record of `customer.profiles`; a tombstone has no fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProfileRecord {
    /// Where it is.
    pub place: Place,
    /// The record's key.
    pub key: String,
    /// What is known.
    pub fields: ProfileFields,
    /// What came of asking each source, by its configured name.
    pub sources: BTreeMap<String, ProfileSource>,
    /// What each source knows by itself, in the order in which they are asked for a field; empty in records of builds
    /// that did not say so.
    pub parts: Vec<ProfileSourcePart>,
    /// Whether one customer of each system was found: `EXACT`, `AMBIGUOUS` or `NONE`, by the target's name.
    pub resolutions: BTreeMap<String, String>,
    /// When it was put together; UTC milliseconds.
    pub last_updated: i64,
}

/// What came of asking one system about a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileSource {
    /// `OK`, `NOT_FOUND`, `TIMEOUT`, `UNAVAILABLE` or `ERROR`.
    pub status: String,
    /// When the data was fetched; UTC milliseconds.
    pub fetched_at: Option<i64>,
    /// How long it took; milliseconds.
    pub latency_ms: Option<i64>,
}

/// What one source knows of a customer by itself, as published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileSourcePart {
    /// Its configured name.
    pub source: String,
    /// The system behind it.
    pub system: String,
    /// As [`ProfileSource::status`].
    pub status: String,
    /// When it last answered; UTC milliseconds.
    pub fetched_at: Option<i64>,
    /// Up to which change it was known.
    pub change_offset: Option<i64>,
    /// As in [`ProfileFields`]; the customer is that of the profile.
    pub fields: ProfileFields,
}

/// How complete an event's profile is, as published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enrichment {
    /// `COMPLETE`, `PARTIAL`, `STALE`, `MISSING` or `SKIPPED`.
    pub status: String,
    /// By the source's configured name: what came of asking it, how old its data is, how long it took; milliseconds.
    pub sources: BTreeMap<String, EnrichmentSource>,
}

/// One system's part in an event's profile, as published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnrichmentSource {
    /// The system that it is about, whatever the configured name of the source.
    pub system: String,
    /// As [`ProfileSource::status`].
    pub status: String,
    /// Age of the data; milliseconds.
    pub age_ms: Option<i64>,
    /// How long the fetch took; milliseconds.
    pub latency_ms: Option<i64>,
    /// `EXACT`, `AMBIGUOUS` or `NONE`, where it was found out which of its customers is meant.
    pub resolution: Option<String>,
}
