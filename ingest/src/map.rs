//! From the body of a verified request to envelopes and quarantined payloads: a pure function.

use axum::http::HeaderMap;
use serde_json::Value;
use trunkline_config::{Drift, Source};
use trunkline_schemas::error_codes;
use trunkline_schemas::event_id::event_id;
use trunkline_schemas::{EventTimeSource, PlatformEvent, QuarantinedPayload, SourceInfo};

use crate::adapter::{self, Loaded, Mapped};
use crate::payload::{self, Element, Unreadable};
use crate::schema::{Change, Difference};
use crate::transport_window::BodyHash;
use crate::{canonical, limits, quarantine, verify};

/// A platform's clock may be ahead of ours by less than this; a time further in the future is taken for none, since it
/// would mark everything that comes after it as late.
const AHEAD_MS: i64 = 24 * 3_600_000;

/// Stands for the tenant where neither payload nor configuration names one: better kept apart than refused.
const UNKNOWN_ORG: &str = "unknown";

/// What a body turned out to be.
#[derive(Debug)]
pub struct Outcome {
    /// True when the body was an array.
    pub batch: bool,
    /// One per element, in order.
    pub elements: Vec<ElementOutcome>,
}

/// What an element turned out to be.
#[derive(Debug)]
pub enum ElementOutcome {
    /// An event to publish.
    Event(Box<Accepted>),
    /// A payload to put aside.
    Quarantined(Box<PutAside>),
}

/// An event, and what was noticed on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The envelope.
    pub event: PlatformEvent,
    /// What the delivery claims, where the transport promises an id to belong to one body.
    pub delivery: Option<Delivery>,
    /// Differences from the schema that did not keep it from being mapped.
    pub drift: Vec<Difference>,
}

/// A delivery's claim on its transport id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The transport id together with what scopes it.
    pub id: String,
    /// Digest of the canonical body: the same content written differently is the same delivery.
    pub body: BodyHash,
}

/// A payload that became no event.
#[derive(Debug, Clone, PartialEq)]
pub struct PutAside {
    /// What is published on `quarantine`.
    pub payload: QuarantinedPayload,
    /// The platform's own event type, as far as it can be told.
    pub source_type: String,
    /// Schema version that was applied.
    pub schema_version: String,
    /// Differences from the schema.
    pub drift: Vec<Difference>,
}

/// Maps a body. The same arguments give the same outcome, event ids included.
///
/// `headers` are read for correlation ids and kept, without credentials, with what is quarantined; `now` is the time of
/// ingestion, UTC milliseconds.
///
/// # Errors
///
/// [`Unreadable`] when the body is nothing that could be looked at; nothing of it is worth keeping then.
pub fn map_payload(
    source: &Source,
    json_depth: usize,
    body: &[u8],
    headers: &HeaderMap,
    now: i64,
) -> Result<Outcome, Unreadable> {
    let payload = payload::read(body, json_depth)?;
    let elements =
        payload.elements.iter().map(|element| map_element(source, element, headers, now)).collect();
    Ok(Outcome { batch: payload.batch, elements })
}

fn map_element(source: &Source, element: &Element<'_>, headers: &HeaderMap, now: i64) -> ElementOutcome {
    let mut refused = None;
    for loaded in adapter::of_kind(source.kind) {
        let Some(shape) = (loaded.adapter.shape)(&element.value) else { continue };
        match loaded.schema.violation(shape, &element.value) {
            None => return accept(source, loaded, shape, element, headers, now),
            Some(difference) => {
                refused.get_or_insert((loaded, difference));
            }
        }
    }
    let (version, reason, drift) = match refused {
        Some((loaded, difference)) => (loaded.adapter.version, difference.to_string(), vec![difference]),
        None => ("", format!("nothing in it says what {} event it is", source.kind), Vec::new()),
    };
    put_aside(source, version, reason, drift, element, headers, now)
}

fn accept(
    source: &Source,
    loaded: &Loaded,
    shape: &'static str,
    element: &Element<'_>,
    headers: &HeaderMap,
    now: i64,
) -> ElementOutcome {
    let mapped = (loaded.adapter.map)(&element.value, shape, source.org.as_deref());
    let mut drift = loaded.schema.unknown_fields(shape, &element.value);
    if mapped.unknown_type {
        drift.push(Difference::new("", Change::UnknownEventType, Some(&mapped.source_type)));
    }
    if let Some(reason) = limits::broken(&mapped) {
        return put_aside(source, loaded.adapter.version, reason, drift, element, headers, now);
    }
    if source.drift == Drift::Quarantine
        && let Some(first) = drift.first()
    {
        let reason = format!("{first}, and this source quarantines drift");
        return put_aside(source, loaded.adapter.version, reason, drift, element, headers, now);
    }
    let delivery = mapped
        .transport_id
        .as_ref()
        .filter(|_| mapped.transport_id_is_unique)
        // Scoped by type: some platforms use one id for a request and for all that answers it.
        .map(|id| Delivery {
            id: format!("{}\n{id}", mapped.source_type),
            body: canonical::digest(&element.value),
        });
    let event = envelope(source, loaded, mapped, element, headers, now);
    ElementOutcome::Event(Box::new(Accepted { event, delivery, drift }))
}

fn envelope(
    source: &Source,
    loaded: &Loaded,
    mapped: Mapped,
    element: &Element<'_>,
    headers: &HeaderMap,
    now: i64,
) -> PlatformEvent {
    let platform = loaded.adapter.platform;
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
        mapped.correlation_id.or_else(|| correlation_header(headers)).unwrap_or_else(|| event_id.clone());
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
            channel: mapped.channel.to_owned(),
            transport_id: mapped.transport_id,
            adapter: format!("{}/{}", source.kind, loaded.adapter.version),
            schema_version: loaded.adapter.version.to_owned(),
            backfilled: false,
        },
        attributes: limits::bounded(mapped.attributes),
        data: element.text.to_owned(),
    }
}

fn put_aside(
    source: &Source,
    version: &str,
    reason: String,
    drift: Vec<Difference>,
    element: &Element<'_>,
    headers: &HeaderMap,
    now: i64,
) -> ElementOutcome {
    let payload_hash = canonical::sha256_hex(element.text.as_bytes());
    let payload = QuarantinedPayload {
        source: source.name.clone(),
        kind: source.kind.as_str().to_owned(),
        received_at: now,
        code: error_codes::NO_SCHEMA_MATCHES.code.to_owned(),
        reason,
        content_type: header(headers, "content-type"),
        headers: quarantine::kept_headers(headers, verify::proof_header(&source.verify)),
        payload: element.text.as_bytes().to_vec(),
        correlation_id: correlation_header(headers).unwrap_or_else(|| payload_hash.clone()),
        payload_hash,
    };
    ElementOutcome::Quarantined(Box::new(PutAside {
        payload,
        source_type: type_name(&element.value),
        schema_version: version.to_owned(),
        drift,
    }))
}

/// The type that a payload claims to be, where it claims one.
fn type_name(payload: &Value) -> String {
    ["detail-type", "eventType", "Type", "type"]
        .iter()
        .find_map(|name| payload.get(name)?.as_str())
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}

/// Genesys names every request it makes; other callers may use the common header.
fn correlation_header(headers: &HeaderMap) -> Option<String> {
    header(headers, "inin-correlation-id").or_else(|| header(headers, "x-correlation-id"))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty()).map(ToOwned::to_owned)
}
