//! The envelope: one fact that a platform reported.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One fact reported by a platform, as published on `events.normalized`.
///
/// Times are UTC milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformEvent {
    /// UUIDv5 of the fact, see [`crate::event_id`]; the same fact has the same id whichever way it came.
    pub event_id: String,
    /// Canonical name, for instance `conversation.started`.
    pub event_type: String,
    /// The platform's own name for it, for instance `v2.detail.events.conversation.{id}.customer.start`.
    pub source_type: String,
    /// `genesys`, `cxone`, `salesforce`, `sap` or `servicenow`.
    pub platform: String,
    /// The tenant: Genesys organisation id, CXone tenant or brand id, or the configured one.
    pub org_id: String,
    /// What the event is about: `conversation`, `agent`, `queue`, `message`, `audit`, `visitor`, `unknown` …
    pub entity_type: String,
    /// Native id of that entity; never empty.
    pub entity_id: String,
    /// Native id of the conversation, where there is one.
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// Native id of the contact (CXone ACD contact, Genesys external contact).
    #[serde(default)]
    pub contact_id: Option<String>,
    /// Session of an Architect or Studio flow.
    #[serde(default)]
    pub flow_session_id: Option<String>,
    /// Participant of the conversation.
    #[serde(default)]
    pub participant_id: Option<String>,
    /// Agent (user) concerned.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// Queue or skill concerned.
    #[serde(default)]
    pub queue_id: Option<String>,
    /// The customer, as the CRMs know them or as the platform names them.
    #[serde(default)]
    pub customer_id: Option<String>,
    /// Lower-case medium: `voice`, `chat`, `message`, `email`, `callback` …
    #[serde(default)]
    pub media_type: Option<String>,
    /// `inbound` or `outbound`.
    #[serde(default)]
    pub direction: Option<String>,
    /// When it happened.
    pub event_time: i64,
    /// Who said when.
    pub event_time_source: EventTimeSource,
    /// When ingest took it in; also the record's timestamp.
    pub ingest_time: i64,
    /// The source's own sequence number, where it numbers its events.
    #[serde(default)]
    pub sequence: Option<i64>,
    /// Correlates everything that one request or fact caused.
    pub correlation_id: String,
    /// How it reached us.
    pub source: SourceInfo,
    /// Flat extras that rules use (ani, dnis, wrapup code, message text …).
    pub attributes: BTreeMap<String, String>,
    /// Attributes that the tenant set: participant attributes of Genesys Cloud, custom fields of CXone.
    #[serde(default)]
    pub tenant_attributes: BTreeMap<String, String>,
    /// True when an attribute, of the platform or the tenant, was left out or shortened to fit the limits.
    #[serde(default)]
    pub attributes_cut: bool,
    /// What redaction changed in `data`: a JSON Pointer and what was done there (`drop`, `mask` or `hash`).
    #[serde(default)]
    pub redacted: Vec<String>,
    /// UUIDv5 of what is said about the entity, the same each time it is said; `None` where the event's id names
    /// that already.
    #[serde(default)]
    pub content_id: Option<String>,
    /// The platform's payload, verbatim text, whole (after redaction).
    pub data: String,
}

/// How an event reached Trunkline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceInfo {
    /// Configured name of the source.
    pub name: String,
    /// Its kind, for instance `genesys-eventbridge`.
    pub kind: String,
    /// The stream within the source that has an order of its own.
    pub channel: String,
    /// The transport's own id of the delivery, where it has one.
    #[serde(default)]
    pub transport_id: Option<String>,
    /// Adapter that mapped it, with its version, for instance `genesys-eventbridge/1`.
    pub adapter: String,
    /// Version of the platform's payload schema that matched.
    pub schema_version: String,
    /// True for what a back-fill fetched: it may repeat a pushed fact.
    pub backfilled: bool,
}

/// Who an event's time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventTimeSource {
    /// A symbol this build does not know.
    Unknown,
    /// The platform said so.
    Platform,
    /// The platform gave none; the time of ingestion is used.
    Ingest,
}
