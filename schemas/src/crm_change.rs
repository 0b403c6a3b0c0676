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
    /// Native id of the record; `*` where all records of the entity are meant.
    pub entity_id: String,
    /// The customer it belongs to; empty where the change does not name one.
    pub customer_id: String,
    /// `create`, `update`, `delete`, `undelete`, `gap`, `overflow`.
    pub change_type: String,
    /// Fields that changed; empty when the system does not say.
    pub changed_fields: Vec<String>,
    /// When the system committed it; UTC milliseconds. The time of receipt where the system does not say.
    pub changed_at: i64,
    /// Who caused it, as the system says.
    #[serde(default)]
    pub origin: Option<String>,
    /// True when it is the echo of a write-back of ours.
    pub own_write: bool,
    /// Correlates with what caused it.
    pub correlation_id: String,
    /// The tenant of the system.
    #[serde(default)]
    pub org_id: Option<String>,
    /// Configured name of the source that told it.
    #[serde(default)]
    pub source: Option<String>,
    /// The system's own word for the change, for instance `GAP_UPDATE`.
    #[serde(default)]
    pub source_type: Option<String>,
    /// What has to be read again, since the system could not tell it: `record`, or `all` records of the entity.
    #[serde(default)]
    pub reread: Option<String>,
    /// Fields that hold nothing any more. A field in neither list did not change, or is not told.
    #[serde(default)]
    pub nulled_fields: Vec<String>,
    /// When ingest received it; UTC milliseconds.
    #[serde(default)]
    pub received_at: Option<i64>,
    /// The system's own number of the change, as it wrote it: a later change of the same record has a greater one. Two
    /// changes of one record may have two keys, and then nothing else says which is the later.
    #[serde(default)]
    pub sequence: Option<String>,
}
