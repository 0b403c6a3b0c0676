//! The envelope of an event: what its format read out of it, and what its delivery says about it.

use trunkline_schemas::event_id::event_id;
use trunkline_schemas::{EventTimeSource, PlatformEvent, SourceInfo};

use crate::adapter::Adapter;
use crate::delivery::Delivery;
use crate::format::Mapped;
use crate::limits;

/// A platform's clock may be ahead of ours by less than this; a time further in the future is taken for none,
/// since it would mark everything that comes after it as late.
const AHEAD_MS: i64 = 24 * 3_600_000;

/// Stands for the tenant where neither payload nor configuration names one: better kept apart than refused.
const UNKNOWN_ORG: &str = "unknown";

/// The envelope around an element of a delivery, whose text is `data`.
pub fn envelope(adapter: &Adapter, mapped: Mapped, delivery: &Delivery<'_>, data: &str) -> PlatformEvent {
    let (source, platform, now) = (delivery.source, adapter.format.platform, delivery.received_at);
    let event_time = mapped.event_time.filter(|time| *time <= now.saturating_add(AHEAD_MS));
    let org_id = mapped.org.unwrap_or_else(|| UNKNOWN_ORG.to_owned());
    let identity: Vec<&str> = mapped.identity.fields.iter().map(String::as_str).collect();
    let event_id = event_id(platform, &org_id, &mapped.identity.topic, &identity);
    let (entity_type, entity_id) = match (&mapped.conversation_id, mapped.entity) {
        (Some(conversation), _) => ("conversation", conversation.clone()),
        (None, Some(entity)) => entity,
        // Nothing in it names anything: it is about itself, and the same fact stays the same entity.
        (None, None) => ("unknown", event_id.clone()),
    };
    let correlation_id =
        mapped.correlation_id.or_else(|| delivery.correlation_id.clone()).unwrap_or_else(|| event_id.clone());
    PlatformEvent {
        event_id,
        event_type: mapped.event_type.to_owned(),
        source_type: mapped.source_type,
        platform: platform.to_owned(),
        org_id,
        entity_type: entity_type.to_owned(),
        entity_id,
        conversation_id: mapped.conversation_id,
        contact_id: mapped.contact_id,
        flow_session_id: mapped.flow_session_id,
        participant_id: mapped.participant_id,
        agent_id: mapped.agent_id,
        queue_id: mapped.queue_id,
        customer_id: mapped.customer_id,
        media_type: mapped.media_type,
        direction: mapped.direction,
        event_time: event_time.unwrap_or(now),
        event_time_source: match event_time {
            Some(_) => EventTimeSource::Platform,
            None => EventTimeSource::Ingest,
        },
        ingest_time: now,
        sequence: None,
        correlation_id,
        source: SourceInfo {
            name: source.name.clone(),
            kind: source.kind.as_str().to_owned(),
            channel: mapped.channel.unwrap_or(adapter.channel).to_owned(),
            transport_id: mapped.transport_id,
            adapter: format!("{}/{}", source.kind, adapter.version),
            schema_version: adapter.version.to_owned(),
            backfilled: false,
        },
        attributes: limits::bounded(mapped.attributes),
        tenant_attributes: std::collections::BTreeMap::new(),
        attributes_cut: false,
        redacted: Vec::new(),
        content_id: None,
        data: data.to_owned(),
    }
}
