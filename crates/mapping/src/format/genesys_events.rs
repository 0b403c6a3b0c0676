//! Genesys Cloud events: `{topicName, eventBody, metadata, …}`, the same message by every transport.

use serde_json::Value;
use trunkline_schemas::event_type as types;

use super::genesys_topics::{self, About, Topic};
use super::{Format, Identity, Mapped};
use crate::canonical;
use crate::field::Fields;
use crate::transport::Unwrapped;

/// Genesys Cloud events. The transport names the type, a topic with `{id}` for ids.
pub const FORMAT: Format = Format { platform: "genesys", shape, map };

/// Fields of the event's body that become attributes under their own names.
const ATTRIBUTES: [&str; 33] = [
    "provider",
    "ani",
    "dnis",
    "addressTo",
    "addressFrom",
    "callbackUserName",
    "callbackScheduledTime",
    "subject",
    "messageType",
    "disconnectType",
    "sessionId",
    "externalContactId",
    "externalOrganizationId",
    "divisionId",
    "interactingDurationMs",
    "connectedDurationMs",
    "alertDurationMs",
    "wrapupCode",
    "wrapupNotes",
    "wrapupDurationMs",
    "acdOutcome",
    "answeredUserId",
    "usedRouting",
    "routingPriority",
    "flowId",
    "flowType",
    "flowVersion",
    "flowOutcomeId",
    "flowOutcomeValue",
    "exitReason",
    "transferType",
    "outboundCampaignId",
    "outboundContactId",
];

fn shape(event: &Unwrapped<'_>) -> Option<&'static str> {
    let topic = genesys_topics::canonical(event.type_name.as_deref()?);
    Some(match genesys_topics::lookup(&topic).map(|topic| topic.about) {
        Some(About::Conversation) => "conversation-event",
        Some(About::Audit) => "audit",
        _ => "other",
    })
}

fn map(event: &Unwrapped<'_>, _shape: &str, configured_org: Option<&str>) -> Mapped {
    let message = Fields::of(event.message);
    let body = message.under("eventBody");
    let body_value = message.value("eventBody").unwrap_or(&Value::Null);
    let source_type = event.type_name.as_deref().unwrap_or_default().trim();
    let topic = genesys_topics::canonical(source_type);
    let known = genesys_topics::lookup(&topic);

    let mut mapped = Mapped {
        event_type: known.map_or(types::PLATFORM_EVENT, |known| known.event_type),
        source_type: source_type.to_owned(),
        unknown_type: known.is_none(),
        org: event.org.clone().or_else(|| configured_org.map(ToOwned::to_owned)),
        participant_id: body.text("participantId"),
        agent_id: body.text("userId"),
        queue_id: body.text("queueId"),
        contact_id: contact(&body),
        customer_id: customer(&body),
        media_type: body.lower("mediaType"),
        direction: body.lower("direction"),
        event_time: body.time("eventTime").or_else(|| message.time("timestamp")).or(event.sent_at),
        correlation_id: message.text("metadata.CorrelationId"),
        transport_id: event.transport_id.clone(),
        ..Mapped::default()
    };
    name_entity(&mut mapped, known, &topic, &message, &body);
    mapped.identity = identity(known, topic, &body, body_value);
    if mapped.event_type.starts_with("flow.") {
        mapped.flow_session_id = body.text("sessionId");
    }
    add_attributes(&mut mapped, &body, known);
    mapped
}

fn name_entity(
    mapped: &mut Mapped,
    known: Option<Topic>,
    topic: &str,
    message: &Fields<'_>,
    body: &Fields<'_>,
) {
    let real_topic = message.text("topicName").unwrap_or_default();
    let id =
        |position: usize| genesys_topics::ids(topic, &real_topic).get(position).map(|id| (*id).to_owned());
    match known.map(|known| known.about) {
        Some(About::Conversation) => mapped.conversation_id = body.text("conversationId").or_else(|| id(0)),
        Some(About::Snapshot) => mapped.conversation_id = body.first(&["id", "conversationId"]),
        Some(About::Agent) => {
            mapped.agent_id = id(0).or_else(|| body.first(&["id", "userId"]));
            mapped.entity = mapped.agent_id.clone().map(|agent| ("agent", agent));
        }
        Some(About::Queue) => {
            mapped.queue_id = id(0).or_else(|| body.first(&["group.queueId", "queueId", "id"]));
            mapped.entity = mapped.queue_id.clone().map(|queue| ("queue", queue));
        }
        // The audited object, not the audit's own id: changes of one object stay in order.
        Some(About::Audit) => {
            mapped.entity =
                body.text("entity.id").or_else(|| id(1)).or_else(|| body.text("id")).map(|id| ("audit", id));
        }
        None => {
            mapped.conversation_id = body.first(&["conversationId", "conversation.id"]);
            let first = id(0).or_else(|| body.text("id"));
            mapped.entity = first.or_else(|| mapped.transport_id.clone()).map(|id| ("unknown", id));
        }
    }
}

/// Where a topic is known, its declared fields; else the body. What a transport wraps around it takes no
/// part.
fn identity(known: Option<Topic>, topic: String, body: &Fields<'_>, body_value: &Value) -> Identity {
    match known {
        Some(Topic { about: About::Conversation, identity, .. }) => {
            let mut optional = vec![body.text("participantId"), body.text("sessionId")];
            optional.extend(identity.iter().map(|name| match body.value(name) {
                Some(value @ Value::Object(_)) => Some(canonical::hash(value)),
                _ => body.text(name),
            }));
            Identity::of(topic, &[body.text("conversationId"), body.text("eventTime")], &optional, body_value)
        }
        Some(Topic { about: About::Audit, .. }) => Identity::of(topic, &[body.text("id")], &[], body_value),
        _ => Identity::of_body(topic, body_value),
    }
}

fn contact(body: &Fields<'_>) -> Option<String> {
    body.first(&["externalContactId", "conversationExternalContactIds.0"])
}

/// A participant attribute that names the customer is what the tenant's own flow found out; the external
/// contact is what the platform knows.
fn customer(body: &Fields<'_>) -> Option<String> {
    body.first(&["attributes.customerId", "attributes.customer_id"]).or_else(|| contact(body))
}

fn add_attributes(mapped: &mut Mapped, body: &Fields<'_>, known: Option<Topic>) {
    if let Some(Value::Object(attributes)) = body.value("attributes") {
        for (name, value) in attributes {
            mapped.attribute(name, value.as_str().map(ToOwned::to_owned));
        }
    }
    for name in ATTRIBUTES {
        mapped.attribute(name, body.text(name));
    }
    for name in ["callbackNumbers", "conversationExternalContactIds", "requestedRoutings"] {
        mapped.attribute(name, body.joined(name));
    }
    if known.is_some_and(|known| known.about == About::Audit) {
        for (name, path) in [
            ("auditId", "id"),
            ("action", "action"),
            ("serviceName", "serviceName"),
            ("auditedType", "entityType"),
            ("auditedName", "entity.name"),
        ] {
            mapped.attribute(name, body.text(path));
        }
    }
}
