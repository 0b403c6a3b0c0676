//! A command to change something in an outside system.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A command for the sink, as published on `writebacks.<system>`; the record's key is `resource`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteBack {
    /// UUIDv5 of event, rule and operation: a replay issues the same id. Also the idempotency key.
    pub command_id: String,
    /// Configured name of the target.
    pub target: String,
    /// The system behind it: `genesys`, `cxone`, `salesforce`, `sap`, `servicenow`.
    pub system: String,
    /// What to do, for instance `participant_attributes` or `upsert`.
    pub operation: String,
    /// The resource it changes, `system/org/type/id`: one writer at a time.
    pub resource: String,
    /// Where it goes: ids and object names that the operation needs (`conversationId`, `participantId`,
    /// `object`, `externalIdField`, `externalId` …).
    pub parameters: BTreeMap<String, String>,
    /// Fields to write, as text; the operation converts.
    pub fields: BTreeMap<String, String>,
    /// The event that led to it.
    pub event_id: String,
    /// As in the event.
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// As in the event.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// As in the event.
    #[serde(default)]
    pub flow_session_id: Option<String>,
    /// As in the event.
    #[serde(default)]
    pub customer_id: Option<String>,
    /// Correlates with the event.
    pub correlation_id: String,
    /// Rule that issued it.
    pub rule_id: String,
    /// Version of the rule set it was in.
    pub rule_set_version: String,
    /// True when the rule only observes: everything but the write.
    pub observe: bool,
    /// When it was issued; UTC milliseconds.
    pub issued_at: i64,
    /// When it is no longer worth doing; UTC milliseconds.
    #[serde(default)]
    pub expires_at: Option<i64>,
}
