//! Leases of calls to a system whose limit the whole fleet shares.

use serde::{Deserialize, Serialize};

/// A request for, or a grant of, calls under one limit, as published on `quota`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaLease {
    /// The limit, `system/tenant/credential/class`; also the record's key.
    pub limit: String,
    /// Request or grant.
    pub kind: LeaseKind,
    /// Instance that asks or is granted.
    pub holder: String,
    /// `sink`, `enrich` or `callback`.
    pub role: String,
    /// Calls asked for or granted.
    pub calls: i32,
    /// When it was issued; UTC milliseconds.
    pub issued_at: i64,
    /// When a grant ends; UTC milliseconds.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

/// Request or grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LeaseKind {
    /// A symbol this build does not know.
    Unknown,
    /// A holder asks.
    Request,
    /// The owner of the limit grants.
    Grant,
}
