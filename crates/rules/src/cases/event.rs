//! The event of a case: what it says, over defaults that fit a call that came in.

use serde_json::{Map, Value, json};
use trunkline_config::{Case, Given, Scalar};
use trunkline_schemas::{EnrichedEvent, PlatformEvent};

/// When the events of cases happen that do not say when: 2026-01-01, 9:00 UTC.
const EVENT_TIME: i64 = 1_767_258_000_000;

/// Stands for the customer where a case does not name one.
const CUSTOMER: &str = "customer-1";

/// The event of a case, as the processor would have enriched it.
///
/// # Errors
/// When what the case says makes no event, for instance a balance that does not fit.
pub fn event_of(case: &Case) -> Result<EnrichedEvent, String> {
    let given = object(&case.event);
    let event_time = given.get("eventTime").cloned().unwrap_or_else(|| json!(EVENT_TIME));
    let conversation = given.get("conversationId").cloned().unwrap_or_else(|| json!("conversation-1"));
    let customer = case.profile.as_ref().map(|profile| {
        let named = object(profile).remove("customerId");
        named.or_else(|| given.get("customerId").cloned()).unwrap_or_else(|| json!(CUSTOMER))
    });
    let profile = match &case.profile {
        Some(profile) => over(json!({ "customerId": customer }), object(profile)),
        None => Value::Null,
    };
    let conversation_figures =
        over(json!({ "state": "started", "transfers": 0, "events": 1 }), object(&case.conversation));
    let source = json!({
        "name": "rules-test", "kind": "genesys-eventbridge", "channel": "rules-test", "adapter": "rules-test/1",
        "schemaVersion": "1", "backfilled": false,
    });
    let defaults = json!({
        "eventId": "00000000-0000-5000-8000-000000000001",
        "sourceType": "rules-test",
        "platform": "genesys",
        "orgId": "org",
        "entityType": "conversation",
        "entityId": conversation.as_str().unwrap_or("entity-1"),
        "conversationId": conversation,
        "participantId": "participant-1",
        "customerId": customer,
        "mediaType": "voice",
        "direction": "inbound",
        "eventTime": event_time,
        "eventTimeSource": "PLATFORM",
        "ingestTime": event_time,
        "correlationId": "correlation-1",
        "source": over(source, object(&case.source)),
        "attributes": case.attributes,
        "tenantAttributes": case.tenant_attributes,
        "data": "{}",
        "enrichment": { "status": if case.profile.is_some() { "COMPLETE" } else { "MISSING" }, "sources": [] },
        "ordering": {
            "position": conversation_figures["events"], "mode": "CAUSAL", "late": false, "gapBefore": false,
        },
        "profile": profile,
        "conversation": conversation_figures,
    });
    let event = over(defaults, given);
    serde_json::from_value(event).map_err(|error| format!("this makes no event: {error}"))
}

/// The same event as it arrived.
pub fn before_enrichment(event: &EnrichedEvent) -> PlatformEvent {
    let event = event.clone();
    PlatformEvent {
        event_id: event.event_id,
        event_type: event.event_type,
        source_type: event.source_type,
        platform: event.platform,
        org_id: event.org_id,
        entity_type: event.entity_type,
        entity_id: event.entity_id,
        conversation_id: event.conversation_id,
        contact_id: event.contact_id,
        flow_session_id: event.flow_session_id,
        participant_id: event.participant_id,
        agent_id: event.agent_id,
        queue_id: event.queue_id,
        customer_id: event.customer_id,
        media_type: event.media_type,
        direction: event.direction,
        event_time: event.event_time,
        event_time_source: event.event_time_source,
        ingest_time: event.ingest_time,
        sequence: event.sequence,
        correlation_id: event.correlation_id,
        source: event.source,
        attributes: event.attributes,
        tenant_attributes: event.tenant_attributes,
        attributes_cut: event.attributes_cut,
        redacted: event.redacted,
        content_id: event.content_id,
        data: event.data.unwrap_or_default(),
    }
}

/// Fields by name; a text without a character stands for null.
fn object(given: &Given) -> Map<String, Value> {
    let value = |scalar: &Scalar| match scalar {
        Scalar::Text(text) if text.is_empty() => Value::Null,
        Scalar::Text(text) | Scalar::Amount(text) => json!(text),
        Scalar::Integer(number) => json!(number),
        Scalar::Bool(truth) => json!(truth),
    };
    given.iter().map(|(name, scalar)| ((*name).to_owned(), value(scalar))).collect()
}

fn over(mut defaults: Value, given: Map<String, Value>) -> Value {
    if let Value::Object(fields) = &mut defaults {
        fields.extend(given);
    }
    defaults
}
