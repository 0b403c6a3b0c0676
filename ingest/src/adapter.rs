//! Adapters: from one platform's payload to the envelope's fields. Pure functions, one file per kind of source.

mod cxone_agent_session;
mod cxone_digital;
mod cxone_digital_events;
mod genesys_eventbridge;
mod genesys_open_messaging;
mod genesys_topics;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;
use trunkline_config::SourceKind;

use crate::canonical;
use crate::schema::Schema;

/// One version of one kind's payloads: its schema, and how to map what matches it.
pub struct Adapter {
    /// The kind of source it serves.
    pub kind: SourceKind,
    /// The platform, as in `PlatformEvent::platform`.
    pub platform: &'static str,
    /// Version of the payload schema, and of the adapter with it.
    pub version: &'static str,
    /// The JSON Schema's text.
    schema_text: &'static str,
    /// Which of the schema's shapes a payload is meant to have; `None` when it is nothing this version knows.
    pub shape: fn(&Value) -> Option<&'static str>,
    /// Maps a payload that has that shape. `configured_org` is the source's tenant in the configuration.
    pub map: fn(payload: &Value, shape: &str, configured_org: Option<&str>) -> Mapped,
}

/// What an adapter reads out of a payload; the rest of the envelope is the same for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// Canonical type, see `trunkline_schemas::event_type`.
    pub event_type: &'static str,
    /// The platform's own name of the type.
    pub source_type: String,
    /// True when the platform's type is none this adapter knows: accepted all the same, and reported as drift.
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
    /// The stream within the source that has an order of its own.
    pub channel: &'static str,
    /// The transport's own id of this delivery.
    pub transport_id: Option<String>,
    /// True when the transport promises that id to belong to one body.
    pub transport_id_is_unique: bool,
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
    /// The identity fields that the adapter declares for the type, in order.
    pub fields: Vec<String>,
}

/// An adapter with its schema compiled.
pub struct Loaded {
    /// The adapter.
    pub adapter: &'static Adapter,
    /// Its schema.
    pub schema: Schema,
}

/// All adapters, the newest version of a kind first.
static ADAPTERS: [Adapter; 3] =
    [genesys_eventbridge::ADAPTER, genesys_open_messaging::ADAPTER, cxone_digital::ADAPTER];

/// The schemas are part of this program, and a test compiles them all: failing here is a broken build, not an event.
static LOADED: LazyLock<Vec<Loaded>> = LazyLock::new(|| {
    ADAPTERS
        .iter()
        .map(|adapter| match Schema::compile(adapter.schema_text) {
            Ok(schema) => Loaded { adapter, schema },
            Err(error) => panic!("{} version {}: {error}", adapter.kind, adapter.version),
        })
        .collect()
});

/// The adapters of a kind, the newest version first.
pub fn of_kind(kind: SourceKind) -> impl Iterator<Item = &'static Loaded> {
    LOADED.iter().filter(move |loaded| loaded.adapter.kind == kind)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_compiles() {
        for loaded in LOADED.iter() {
            assert!(loaded.schema.shapes().count() > 1, "{} {}", loaded.adapter.kind, loaded.adapter.version);
        }
    }

    #[test]
    fn every_kind_has_an_adapter() {
        for kind in
            [SourceKind::GenesysEventBridge, SourceKind::GenesysOpenMessaging, SourceKind::CxoneDigital]
        {
            assert!(of_kind(kind).count() > 0, "{kind}");
        }
    }
}
