//! The envelope of an event: what its format read out of it, and what its delivery says about it.

use trunkline_schemas::event_id::{content_id, event_id};
use trunkline_schemas::{EventTimeSource, PlatformEvent, SourceInfo};

use crate::delivery::Delivery;
use crate::format::{Content, Identity, Mapped};
use crate::payload::Element;
use crate::reader::Reader;
use crate::{limits, number};

/// Stands for the tenant where neither payload nor configuration names one: better kept apart than refused.
const UNKNOWN_ORG: &str = "unknown";

/// The attribute that names the topic with its ids: of what an event says something, or between which contents it
/// comes.
const TOPIC_NAME: &str = "topicName";

/// The envelope around an element of a delivery; `sequence` is the source's own number of it.
pub fn envelope(
    reader: &Reader<'_>,
    mut mapped: Mapped,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
    sequence: Option<i64>,
) -> PlatformEvent {
    let (source, platform, now) = (delivery.source, reader.platform(), delivery.received_at);
    complete_identity(&mut mapped, delivery, element, sequence);
    let event_time = mapped.times.plausible(now);
    let org_id = mapped.org.take().unwrap_or_else(|| UNKNOWN_ORG.to_owned());
    let (event_id, content_id) = ids(platform, &org_id, &mut mapped.identity);
    let told_on = mapped.identity.told_on.take();
    mapped.attribute(TOPIC_NAME, told_on);
    let (entity_type, entity_id) = match (&mapped.conversation_id, mapped.entity) {
        (Some(conversation), _) => ("conversation".into(), conversation.clone()),
        (None, Some(entity)) => entity,
        // Nothing in it names anything: it is about itself, and what is said again stays the same entity.
        (None, None) => ("unknown".into(), content_id.clone().unwrap_or_else(|| event_id.clone())),
    };
    let correlation_id =
        mapped.correlation_id.or_else(|| delivery.correlation_id.clone()).unwrap_or_else(|| event_id.clone());
    let mut attributes_cut = false;
    PlatformEvent {
        event_id,
        event_type: mapped.event_type.to_owned(),
        source_type: mapped.source_type,
        platform: platform.to_owned(),
        org_id,
        entity_type: entity_type.into_owned(),
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
        sequence,
        correlation_id,
        source: SourceInfo {
            name: source.name.clone(),
            kind: source.kind.as_str().to_owned(),
            channel: mapped.channel.map_or_else(|| reader.channel().into_owned(), ToOwned::to_owned),
            transport_id: mapped.transport_id,
            adapter: format!("{}/{}", source.kind, reader.version()),
            schema_version: reader.version().to_owned(),
            backfilled: false,
        },
        attributes: limits::bounded(mapped.attributes, &mut attributes_cut),
        tenant_attributes: limits::bounded(mapped.tenant_attributes, &mut attributes_cut),
        attributes_cut,
        redacted: Vec::new(),
        content_id,
        data: element.text.to_owned(),
    }
}

/// What an element would be known by: its content, else its event. No source numbers it.
pub fn declared_id(
    reader: &Reader<'_>,
    mut mapped: Mapped,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
) -> String {
    complete_identity(&mut mapped, delivery, element, None);
    let org_id = mapped.org.as_deref().unwrap_or(UNKNOWN_ORG);
    let (event_id, content_id) = ids(reader.platform(), org_id, &mut mapped.identity);
    content_id.unwrap_or(event_id)
}

/// The ids of an event and of its content.
fn ids(platform: &str, org_id: &str, identity: &mut Identity) -> (String, Option<String>) {
    let fields: Vec<&str> = identity.fields.iter().map(String::as_str).collect();
    let event_id = event_id(platform, org_id, &identity.topic, &fields);
    let said = identity.content.take();
    (event_id, said.map(|Content { topic, body }| content_id(platform, org_id, &topic, &body)))
}

/// Names what the format alone could not: by the source's number, by ids that differ in their form only, and by the
/// delivery where nothing else does.
fn complete_identity(
    mapped: &mut Mapped,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
    sequence: Option<i64>,
) {
    if let Some(number) = sequence {
        mapped.identity.number(number);
    }
    if element.written.is_some() {
        tell_apart(mapped);
    }
    if mapped.identity.unnamed {
        mapped.identity.fields.extend(delivery.names(element));
    }
}

/// A hash of a body takes numbers that are equal for one, in whatever form they are written. As ids they are what is
/// written, and `1e3` is not `1000.0`: such ids are named beside the hash.
fn tell_apart(mapped: &mut Mapped) {
    let entity = mapped.entity.as_ref().map(|(_, id)| id);
    let ids = [
        ("conversation", mapped.conversation_id.as_ref()),
        ("entity", entity),
        ("contact", mapped.contact_id.as_ref()),
        ("flowSession", mapped.flow_session_id.as_ref()),
        ("participant", mapped.participant_id.as_ref()),
        ("agent", mapped.agent_id.as_ref()),
        ("queue", mapped.queue_id.as_ref()),
        ("customer", mapped.customer_id.as_ref()),
    ];
    for (name, id) in ids {
        // The id of a thread is made of two.
        let has_other_forms = |id: &&String| id.split('/').any(number::has_other_forms);
        let Some(id) = id.filter(has_other_forms) else { continue };
        if let Some(content) = &mut mapped.identity.content {
            content.body.push_str(&format!(" {name} {id}"));
        }
        mapped.identity.fields.extend([name.to_owned(), id.clone()]);
    }
}
