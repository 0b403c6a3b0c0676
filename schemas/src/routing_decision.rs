//! Where a conversation should go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A routing decision, as published on `routing.decisions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoutingDecision {
    /// UUIDv5 of event and rule: a replay decides under the same id.
    pub decision_id: String,
    /// The event that led to it.
    pub event_id: String,
    /// Platform of the conversation.
    pub platform: String,
    /// Tenant of the conversation.
    pub org_id: String,
    /// The conversation.
    pub conversation_id: String,
    /// As in the event.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// As in the event.
    #[serde(default)]
    pub flow_session_id: Option<String>,
    /// The customer, where known.
    #[serde(default)]
    pub customer_id: Option<String>,
    /// The queue chosen.
    pub queue: String,
    /// Higher goes first.
    #[serde(default)]
    pub priority: Option<i32>,
    /// Skills asked for.
    pub skills: Vec<String>,
    /// Further outcomes of the rule.
    pub attributes: BTreeMap<String, String>,
    /// Id of the rule that decided.
    pub rule_id: String,
    /// Version of the rule set it was in.
    pub rule_set_version: String,
    /// Completeness of the profile at the time of the decision.
    pub enrichment_status: crate::EnrichmentStatus,
    /// When it was decided; UTC milliseconds.
    pub decided_at: i64,
    /// Correlates with the event.
    pub correlation_id: String,
}
