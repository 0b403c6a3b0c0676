//! Names of record headers, CloudEvents in binary mode, and W3C trace context.

mod list;
pub mod trace;

pub use list::Headers;
pub use trace::TraceParent;

use chrono::{DateTime, SecondsFormat};

use crate::{PlatformEvent, percent};

/// CloudEvents: version of the specification, always `1.0`.
pub const CE_SPECVERSION: &str = "ce_specversion";
/// CloudEvents: the event's id.
pub const CE_ID: &str = "ce_id";
/// CloudEvents: the canonical event type.
pub const CE_TYPE: &str = "ce_type";
/// CloudEvents: platform, tenant and configured source, as a URI path.
pub const CE_SOURCE: &str = "ce_source";
/// CloudEvents: what the event is about, `entityType/entityId`.
pub const CE_SUBJECT: &str = "ce_subject";
/// CloudEvents: when it happened, RFC 3339 in UTC.
pub const CE_TIME: &str = "ce_time";
/// Media type of the record's value.
pub const CONTENT_TYPE: &str = "content-type";
/// [`CONTENT_TYPE`] of Avro.
pub const AVRO: &str = "application/avro";
/// W3C trace context: trace and parent span.
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace context: the vendors' additions, passed on as they are.
pub const TRACESTATE: &str = "tracestate";
/// Dead letters: topic of the original record, with the deployment's prefix.
pub const DLQ_TOPIC: &str = "trunkline.dlq.topic";
/// Dead letters: partition of the original record, as decimal text.
pub const DLQ_PARTITION: &str = "trunkline.dlq.partition";
/// Dead letters: offset of the original record, as decimal text.
pub const DLQ_OFFSET: &str = "trunkline.dlq.offset";
/// Dead letters: stable error code, `TL-nnnn`.
pub const DLQ_CODE: &str = "trunkline.dlq.code";
/// Dead letters: what happened, without secrets or customer data.
pub const DLQ_MESSAGE: &str = "trunkline.dlq.message";
/// Dead letters: requests made to outside systems on behalf of the record, as decimal text.
pub const DLQ_ATTEMPTS: &str = "trunkline.dlq.attempts";
/// Dead letters: the original record's own time, UTC milliseconds as decimal text.
pub const DLQ_TIMESTAMP: &str = "trunkline.dlq.timestamp";
/// Dead letters: the instance that gave the record up.
pub const DLQ_INSTANCE: &str = "trunkline.dlq.instance";
/// Dead letters: when the record was given up, UTC milliseconds as decimal text.
pub const DLQ_TIME: &str = "trunkline.dlq.time";
/// Write-backs, results, errors and dead letters: the conversation concerned.
pub const CONVERSATION_ID: &str = "trunkline.conversationId";
/// Write-backs, results, errors and dead letters: the contact concerned.
pub const CONTACT_ID: &str = "trunkline.contactId";
/// Write-backs, results, errors and dead letters: the flow session concerned.
pub const FLOW_SESSION_ID: &str = "trunkline.flowSessionId";
/// Write-backs, results, errors and dead letters: correlates everything that one fact caused.
pub const CORRELATION_ID: &str = "trunkline.correlationId";
/// On `events.enriched`: milliseconds that the event was held for the sake of order, as decimal text.
pub const HELD_MS: &str = "trunkline.held-ms";

/// The CloudEvents headers of an event, binary mode of the Kafka binding.
pub fn cloud_event(event: &PlatformEvent) -> Headers {
    let source = ["", &event.platform, &event.org_id, &event.source.name].map(percent::encode).join("/");
    let subject = format!("{}/{}", event.entity_type, percent::printable(&event.entity_id));
    let mut headers: Headers = [
        (CE_SPECVERSION, "1.0"),
        (CE_ID, event.event_id.as_str()),
        (CE_TYPE, event.event_type.as_str()),
        (CE_SOURCE, source.as_str()),
        (CE_SUBJECT, subject.as_str()),
    ]
    .into_iter()
    .collect();
    // Years beyond 262143 have no RFC 3339 form; the time is in the value anyway.
    if let Some(time) = DateTime::from_timestamp_millis(event.event_time) {
        headers.push(CE_TIME, time.to_rfc3339_opts(SecondsFormat::Millis, true));
    }
    headers.push(CONTENT_TYPE, AVRO);
    headers
}

/// The headers that tie a write-back, result, error or dead letter to what it concerns. Control characters in the ids
/// are escaped ([`percent::printable`]).
pub fn correlation(
    conversation_id: Option<&str>,
    contact_id: Option<&str>,
    flow_session_id: Option<&str>,
    correlation_id: Option<&str>,
) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in [
        (CONVERSATION_ID, conversation_id),
        (CONTACT_ID, contact_id),
        (FLOW_SESSION_ID, flow_session_id),
        (CORRELATION_ID, correlation_id),
    ] {
        if let Some(value) = value {
            headers.push(name, percent::printable(value).as_bytes());
        }
    }
    headers
}
