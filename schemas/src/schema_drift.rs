//! A payload that differs from what its schema says.

use serde::{Deserialize, Serialize};

/// A difference between a platform's payloads and the schema we know, as published on `schema.drift`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaDrift {
    /// Configured name of the source.
    pub source: String,
    /// Its kind.
    pub kind: String,
    /// The schema version that was applied.
    pub schema_version: String,
    /// The platform's own event type.
    pub source_type: String,
    /// JSON Pointer of the field.
    pub path: String,
    /// `unknown_field`, `type_changed`, `missing_field`, `unknown_event_type` or `suspected_rename`.
    pub change: String,
    /// JSON type or name found.
    #[serde(default)]
    pub found: Option<String>,
    /// Lower-case hex SHA-256 of the first payload that showed it.
    pub sample_hash: String,
    /// When it was first seen; UTC milliseconds.
    pub first_seen: i64,
    /// How often since then.
    pub count: i64,
}
