//! A payload that could not become an event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A payload that was received and could not be mapped, as published on `quarantine`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuarantinedPayload {
    /// Lower-case hex SHA-256 of the payload; also the record's key.
    pub payload_hash: String,
    /// Configured name of the source.
    pub source: String,
    /// Its kind.
    pub kind: String,
    /// When it came; UTC milliseconds.
    pub received_at: i64,
    /// Stable error code, `TL-nnnn`.
    pub code: String,
    /// Why it is in quarantine, with the field concerned.
    pub reason: String,
    /// Content type as sent.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Request headers, without credentials and signatures.
    pub headers: BTreeMap<String, String>,
    /// The bytes, as received.
    #[serde(with = "crate::codec::bytes")]
    pub payload: Vec<u8>,
    /// Correlates with the answer given to the caller.
    pub correlation_id: String,
}
