//! Events for tests, of this crate and of those around it.

use std::collections::BTreeMap;

use trunkline_schemas::{EncodedEvent, EventTimeSource, PlatformEvent, SourceInfo};
use uuid::Uuid;

/// An event of a conversation, with an id made of what is given.
pub fn event(conversation: &str, event_type: &str, event_time: i64) -> PlatformEvent {
    let identity = format!("{conversation} {event_type} {event_time}");
    PlatformEvent {
        event_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes()).to_string(),
        event_type: event_type.to_owned(),
        source_type: "test".to_owned(),
        platform: "genesys".to_owned(),
        org_id: "org".to_owned(),
        entity_type: "conversation".to_owned(),
        entity_id: conversation.to_owned(),
        conversation_id: Some(conversation.to_owned()),
        contact_id: None,
        flow_session_id: None,
        participant_id: Some("participant".to_owned()),
        agent_id: None,
        queue_id: None,
        customer_id: None,
        media_type: Some("voice".to_owned()),
        direction: Some("inbound".to_owned()),
        event_time,
        event_time_source: EventTimeSource::Platform,
        ingest_time: event_time,
        sequence: None,
        correlation_id: "correlation".to_owned(),
        source: SourceInfo {
            name: "test".to_owned(),
            kind: "genesys-eventbridge".to_owned(),
            channel: "test".to_owned(),
            transport_id: None,
            adapter: "test/1".to_owned(),
            schema_version: "1".to_owned(),
            backfilled: false,
        },
        attributes: BTreeMap::new(),
        tenant_attributes: BTreeMap::new(),
        attributes_cut: false,
        redacted: Vec::new(),
        content_id: None,
        data: "{}".to_owned(),
    }
}

/// The same in its bytes.
pub fn encoded(event: &PlatformEvent) -> EncodedEvent {
    EncodedEvent::encode(event).unwrap()
}
