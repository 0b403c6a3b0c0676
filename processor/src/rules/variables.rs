//! What expressions see: the fields of the published values, under their published names.
//! `trunkline_config::vocabulary` lists the same fields, and refuses others before anything starts.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use rust_decimal::prelude::ToPrimitive;
use trunkline_schemas::{EnrichedEvent, EventTimeSource, ProfileView, RoutingDecision};

/// `event`.
pub(super) fn event_value(event: &EnrichedEvent) -> Value {
    let attributes = event.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str().into()));
    let source = object([
        ("name", event.source.name.as_str().into()),
        ("kind", event.source.kind.as_str().into()),
        ("channel", event.source.channel.as_str().into()),
        ("transportId", optional(event.source.transport_id.as_deref())),
        ("adapter", event.source.adapter.as_str().into()),
        ("schemaVersion", event.source.schema_version.as_str().into()),
        ("backfilled", Value::Bool(event.source.backfilled)),
    ]);
    object([
        ("eventId", event.event_id.as_str().into()),
        ("eventType", event.event_type.as_str().into()),
        ("sourceType", event.source_type.as_str().into()),
        ("platform", event.platform.as_str().into()),
        ("orgId", event.org_id.as_str().into()),
        ("entityType", event.entity_type.as_str().into()),
        ("entityId", event.entity_id.as_str().into()),
        ("conversationId", optional(event.conversation_id.as_deref())),
        ("contactId", optional(event.contact_id.as_deref())),
        ("flowSessionId", optional(event.flow_session_id.as_deref())),
        ("participantId", optional(event.participant_id.as_deref())),
        ("agentId", optional(event.agent_id.as_deref())),
        ("queueId", optional(event.queue_id.as_deref())),
        ("customerId", optional(event.customer_id.as_deref())),
        ("mediaType", optional(event.media_type.as_deref())),
        ("direction", optional(event.direction.as_deref())),
        ("eventTime", Value::Int(event.event_time)),
        ("eventTimeSource", time_source(event.event_time_source).into()),
        ("ingestTime", Value::Int(event.ingest_time)),
        ("correlationId", event.correlation_id.as_str().into()),
        ("sequence", event.sequence.map_or(Value::Null, Value::Int)),
        ("source", source),
        ("attributes", object(attributes)),
        ("data", optional(event.data.as_deref())),
    ])
}

fn time_source(source: EventTimeSource) -> &'static str {
    match source {
        EventTimeSource::Unknown => "UNKNOWN",
        EventTimeSource::Platform => "PLATFORM",
        EventTimeSource::Ingest => "INGEST",
    }
}

/// `profile`, null where nothing is known.
pub(super) fn profile_value(profile: Option<&ProfileView>) -> Value {
    let Some(profile) = profile else { return Value::Null };
    object([
        ("customerId", profile.customer_id.as_str().into()),
        ("accountName", optional(profile.account_name.as_deref())),
        ("loyaltyTier", optional(profile.loyalty_tier.as_deref())),
        ("balance", profile.balance.and_then(|b| b.to_f64()).map_or(Value::Null, Value::Float)),
        ("currency", optional(profile.currency.as_deref())),
        ("openTickets", profile.open_tickets.map_or(Value::Null, |n| Value::Int(n.into()))),
        ("lastInteractionDate", profile.last_interaction_date.map_or(Value::Null, Value::Int)),
    ])
}

/// `conversation`.
pub(super) fn conversation_value(event: &EnrichedEvent) -> Value {
    let conversation = &event.conversation;
    let number = |n: Option<i64>| n.map_or(Value::Null, Value::Int);
    object([
        ("state", conversation.state.as_str().into()),
        ("startedAt", number(conversation.started_at)),
        ("queuedMs", number(conversation.queued_ms)),
        ("handledMs", number(conversation.handled_ms)),
        ("transfers", Value::Int(conversation.transfers.into())),
        ("events", Value::Int(conversation.events)),
    ])
}

/// `decision`.
pub(super) fn decision_value(decision: &RoutingDecision) -> Value {
    object([
        ("queue", decision.queue.as_str().into()),
        ("priority", decision.priority.map_or(Value::Null, |p| Value::Int(p.into()))),
        ("ruleId", decision.rule_id.as_str().into()),
    ])
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Into::into)
}

fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let map: HashMap<Key, Value> =
        entries.into_iter().map(|(key, value)| (Key::String(Arc::new(key.to_owned())), value)).collect();
    Value::Map(Map { map: Arc::new(map) })
}
