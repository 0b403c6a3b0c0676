//! A change that a CRM reported of one of its records.

use serde::{Deserialize, Serialize};

/// A change in a CRM, as published on `crm.changes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrmChange {
    /// UUIDv5 of the change.
    pub change_id: String,
    /// `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// Object or table, for instance `Account`.
    pub entity: String,
    /// Native id of the record.
    pub entity_id: String,
    /// The customer it belongs to.
    pub customer_id: String,
    /// `create`, `update`, `delete`, `undelete`, `gap`.
    pub change_type: String,
    /// Fields that changed; empty when the system does not say.
    pub changed_fields: Vec<String>,
    /// When the system committed it; UTC milliseconds.
    pub changed_at: i64,
    /// Who caused it, as the system says.
    #[serde(default)]
    pub origin: Option<String>,
    /// True when it is the echo of a write-back of ours.
    pub own_write: bool,
    /// Correlates with what caused it.
    pub correlation_id: String,
}
