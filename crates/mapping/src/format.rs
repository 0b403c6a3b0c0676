//! Formats: from a platform's event, freed of its transport, to the fields of the envelope. Pure functions,
//! one file a format.

mod cxone_agent_session;
pub mod cxone_digital;
mod cxone_digital_events;
pub mod genesys_events;
pub mod genesys_open_messaging;
pub mod genesys_topics;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::canonical;
use crate::transport::Unwrapped;

/// How a platform writes its events, whichever transport brings them.
pub struct Format {
    /// The platform, as in `PlatformEvent::platform`.
    pub platform: &'static str,
    /// Which of the schema's shapes an event is meant to have; `None` when it is nothing this format knows.
    pub shape: fn(&Unwrapped<'_>) -> Option<&'static str>,
    /// Maps an event that has that shape. `configured_org` is the source's tenant in the configuration.
    pub map: fn(event: &Unwrapped<'_>, shape: &str, configured_org: Option<&str>) -> Mapped,
}

/// What a format reads out of an event; the rest of the envelope is the same for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// Canonical type, see `trunkline_schemas::event_type`.
    pub event_type: &'static str,
    /// The platform's own name of the type.
    pub source_type: String,
    /// True when the platform's type is none this format knows: accepted all the same, and reported as drift.
    pub unknown_type: bool,
    /// The tenant.
    pub org: Option<String>,
    /// What the event is about, where it is no conversation: type and native id.
    pub entity: Option<(&'static str, String)>,
    /// As in `PlatformEvent`.
    pub conversation_id: Option<String>,
    /// As in `PlatformEvent`.
    pub contact_id: Option<String>,
    /// As in `PlatformEvent`.
    pub flow_session_id: Option<String>,
    /// As in `PlatformEvent`.
    pub participant_id: Option<String>,
    /// As in `PlatformEvent`.
    pub agent_id: Option<String>,
    /// As in `PlatformEvent`.
    pub queue_id: Option<String>,
    /// As in `PlatformEvent`.
    pub customer_id: Option<String>,
    /// As in `PlatformEvent`.
    pub media_type: Option<String>,
    /// As in `PlatformEvent`.
    pub direction: Option<String>,
    /// When it happened, UTC milliseconds; `None` when the platform does not say.
    pub event_time: Option<i64>,
    /// The platform's correlation id.
    pub correlation_id: Option<String>,
    /// The stream within the source that has an order of its own, where it is another than the adapter's.
    pub channel: Option<&'static str>,
    /// The transport's own id of this delivery.
    pub transport_id: Option<String>,
    /// What makes it the same fact.
    pub identity: Identity,
    /// Flat extras for rules.
    pub attributes: BTreeMap<String, String>,
}

/// What makes two payloads the same fact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Canonical topic: the platform's name of the type, the same on every way the fact may come.
    pub topic: String,
    /// The identity fields that the format declares for the type, in order.
    pub fields: Vec<String>,
}

// === impl Identity ===

impl Identity {
    /// Declared fields, where the ones that must be there are; else the canonical body.
    pub fn of(
        topic: impl Into<String>,
        required: &[Option<String>],
        optional: &[Option<String>],
        body: &Value,
    ) -> Self {
        if required.iter().any(Option::is_none) {
            return Self::of_body(topic, body);
        }
        let fields = required.iter().chain(optional).map(|field| field.clone().unwrap_or_default()).collect();
        Self { topic: topic.into(), fields }
    }

    /// The canonical body: where the platform gives no identity, equal content is the same fact.
    pub fn of_body(topic: impl Into<String>, body: &Value) -> Self {
        Self { topic: topic.into(), fields: vec!["body".to_owned(), canonical::hash(body)] }
    }
}

// === impl Mapped ===

impl Mapped {
    /// Adds an extra, where there is one.
    fn attribute(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.attributes.insert(name.to_owned(), value);
        }
    }
}
