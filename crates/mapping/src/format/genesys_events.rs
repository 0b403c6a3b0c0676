//! Genesys Cloud events: `{topicName, eventBody, metadata, …}`, the same message by every transport.

use serde_json::Value;
use trunkline_schemas::event_type as types;

use super::genesys_own_time::{OwnTime, own_time};
use super::genesys_snapshot;
use super::genesys_topics::{self, About, Topic};
use super::{Format, Identity, Mapped, Occurrence};
use crate::event_time::Times;
use crate::field::Fields;
use crate::transport::Unwrapped;
use crate::unknown::is_unknown;

/// Genesys Cloud events. The transport names the type, a topic with `{id}` for ids.
pub const FORMAT: Format = Format { platform: "genesys", shape, map };

/// Fields of the event's body that become attributes under their own names.
const ATTRIBUTES: [&str; 37] = [
    "provider",
    "ani",
    "dnis",
    "addressTo",
    "addressFrom",
    "callbackScheduledTime",
    "sessionId",
    "externalContactId",
    "externalOrganizationId",
    "divisionId",
    "interactingDurationMs",
    "heldDurationMs",
    "alertingDurationMs",
    "contactingDurationMs",
    "dialingDurationMs",
    "callbackDurationMs",
    "connectedDurationMs",
    "voicemailDurationMs",
    "wrapupDurationMs",
    "wrapupCode",
    "answeredUserId",
    "routingPriority",
    "requestedLanguageId",
    "flowId",
    "flowVersion",
    "flowOutcomeId",
    "outboundCampaignId",
    "outboundContactId",
    "outboundContactListId",
    "messageType",
    "disconnectType",
    "acdOutcome",
    "usedRouting",
    "flowType",
    "flowOutcomeValue",
    "exitReason",
    "transferType",
];

/// The same, of what somebody wrote or named.
const FREE_TEXTS: [&str; 4] = ["callbackUserName", "subject", "utilizationLabel", "wrapupNotes"];

/// What the platform's model has beside `UNKNOWN` where a closed set of words has none for what happened.
const PLACEHOLDERS: [&str; 1] = ["OutdatedSdkVersion"];

fn shape(event: &Unwrapped<'_>) -> Option<&'static str> {
    event.type_name.as_deref()?;
    let known = genesys_topics::lookup(&canonical_topic(event));
    Some(match known.map(|known| (known.about, known.pattern)) {
        Some((About::Conversation, pattern)) => pattern.strip_prefix(genesys_topics::DETAIL)?,
        Some((About::Audit, _)) => "audit",
        _ => "other",
    })
}

fn canonical_topic(event: &Unwrapped<'_>) -> String {
    let body = Fields::of(event.message).with_written(event.written).under("eventBody");
    genesys_topics::of_event(type_name(event), &published_on(event), || ids_of_body(&body))
}

/// The type as the transport names it.
fn type_name<'a>(event: &'a Unwrapped<'_>) -> &'a str {
    event.type_name.as_deref().unwrap_or_default().trim()
}

/// The topic with its ids in it, that the message names.
fn published_on(event: &Unwrapped<'_>) -> String {
    Fields::of(event.message).word("topicName").unwrap_or_default()
}

/// The ids in a body: `id`, whatever ends in `Id`, and the `id` of an object in it.
fn ids_of_body(body: &Fields<'_>) -> Vec<String> {
    let id = |(name, field): (&str, Fields<'_>)| match name == "id" || name.ends_with("Id") {
        true => field.id(""),
        false => field.id("id"),
    };
    body.members("").filter_map(id).collect()
}

fn map(event: &Unwrapped<'_>, _shape: &str, configured_org: Option<&str>) -> Mapped {
    let message = Fields::of(event.message).with_written(event.written).with_placeholders(&PLACEHOLDERS);
    let body = message.under("eventBody");
    let body_value = message.value("eventBody").unwrap_or(&Value::Null);
    let topic = canonical_topic(event);
    let known = genesys_topics::lookup(&topic);

    let mut mapped = Mapped {
        event_type: known.map_or(types::PLATFORM_EVENT, |known| known.event_type),
        source_type: topic.clone(),
        unknown_type: known.is_none(),
        org: event.org.clone().or_else(|| configured_org.map(ToOwned::to_owned)),
        participant_id: body.id("participantId"),
        agent_id: body.id("userId"),
        queue_id: body.id("queueId"),
        contact_id: contact(&body),
        customer_id: customer(&body),
        media_type: body.lower("mediaType"),
        direction: body.lower("direction"),
        times: times(event, &topic),
        correlation_id: message.id("metadata.CorrelationId"),
        transport_id: event.transport_id.clone(),
        ..Mapped::default()
    };
    name_entity(&mut mapped, known, &topic, &ids(event, &topic), &body);
    if mapped.entity.is_none() && known.is_none() {
        // All that is told on a topic is one order.
        mapped.entity =
            Some(real_topic(event)).filter(|topic| !topic.is_empty()).map(|id| ("unknown".into(), id));
    }
    mapped.identity = identity(event, known, topic, &body, body_value);
    if mapped.event_type.starts_with("flow.") {
        mapped.flow_session_id = body.id("sessionId");
    }
    if message.word("metadata.type").as_deref() == Some("typing-indicator") {
        mapped.event_type = types::TYPING_STARTED;
    }
    add_attributes(&mut mapped, &body, known);
    mapped
}

/// The ids in the topic: of the type, where it has them in it, else of the topic that the event was published on.
fn ids(event: &Unwrapped<'_>, topic: &str) -> Vec<String> {
    let ids = |real: &str| genesys_topics::ids(topic, real).into_iter().map(ToOwned::to_owned).collect();
    let own: Vec<String> = ids(type_name(event));
    if own.is_empty() { ids(&published_on(event)) } else { own }
}

/// The topic with the ids in it, to the character; the type where the message names none.
fn real_topic(event: &Unwrapped<'_>) -> String {
    Fields::of(event.message).text("topicName").unwrap_or_else(|| type_name(event).to_owned())
}

/// The time of what happened, then the one at which the platform published it, then the transport's.
fn times(event: &Unwrapped<'_>, topic: &str) -> Times {
    own_times(event, own_time(topic)).or(event.times(&["/timestamp"])).or(event.sent_at.clone())
}

/// The times that the body holds.
fn own_times(event: &Unwrapped<'_>, own: OwnTime) -> Times {
    let pointers: Vec<String> =
        own.fields.iter().map(|field| format!("/eventBody/{}", field.replace('.', "/"))).collect();
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    let told = event.times(&pointers);
    if own.of_parts { told.latest_first() } else { told }
}

/// Whether the body holds the time of the whole of what it tells, and one that can be it: what is no time of the event
/// tells no two of them apart.
fn is_timed(event: &Unwrapped<'_>, topic: &str) -> bool {
    let own = own_time(topic);
    !own.of_parts && own_times(event, own).plausible(event.received_at).is_some()
}

fn name_entity(mapped: &mut Mapped, known: Option<Topic>, topic: &str, ids: &[String], body: &Fields<'_>) {
    let id = |position: usize| ids.get(position).filter(|id| !is_unknown(id)).cloned();
    let about = known.map(|known| known.about).or_else(|| genesys_topics::about_unknown(topic));
    match about {
        Some(About::Conversation) => mapped.conversation_id = body.id("conversationId").or_else(|| id(0)),
        Some(About::Snapshot) => genesys_snapshot::map(mapped, topic, id(0), body),
        Some(About::InConversation) => {
            mapped.conversation_id = body.first(&["conversationId", "conversation.id"]).or_else(|| id(0));
            mapped.participant_id = body.first(&["participantId", "member.id", "sender.id"]);
            if topic.starts_with("v2.conversations.chats.") {
                mapped.media_type = Some("chat".to_owned());
            }
        }
        Some(About::Agent) => {
            mapped.agent_id = id(0).or_else(|| body.first(&["id", "userId", "user.id"]));
            mapped.conversation_id = body.first(&["conversationId", "conversation.id"]);
            mapped.entity = mapped.agent_id.clone().map(|agent| ("agent".into(), agent));
        }
        Some(About::Queue) => {
            mapped.queue_id = id(0).or_else(|| body.first(&["group.queueId", "queueId", "id"]));
            mapped.agent_id = body.first(&["user.id", "userId"]);
            // A member of a queue has the id of the user (SDK model QueueUserEventTopicQueueMember).
            if topic == "v2.routing.queues.{id}.users" {
                mapped.agent_id = mapped.agent_id.take().or_else(|| body.id("id"));
            }
            mapped.conversation_id = body.first(&["conversationId", "conversation.id"]);
            mapped.entity = mapped.queue_id.clone().map(|queue| ("queue".into(), queue));
            mapped.media_type = mapped.media_type.take().or_else(|| body.lower("group.mediaType"));
        }
        // The audited object, not the audit's own id: changes of one object stay in order.
        Some(About::Audit) => {
            mapped.entity = body
                .id("entity.id")
                .or_else(|| id(1))
                .or_else(|| body.id("id"))
                .map(|id| ("audit".into(), id));
        }
        None => {
            mapped.conversation_id = body.first(&["conversationId", "conversation.id"]);
            mapped.entity = id(0).or_else(|| body.id("id")).map(|id| ("unknown".into(), id));
        }
    }
}

/// A step of a conversation is named by the conversation, its time and all that it says, an audit by its id and all
/// that it says; anything else by the topic's ids, the body, and what tells one occurrence from another.
///
/// The body is the same by every transport. Two steps of one millisecond may differ in any part of it (a note, a
/// value, a communication), and losing one is worse than repeating it.
fn identity(
    event: &Unwrapped<'_>,
    known: Option<Topic>,
    topic: String,
    body: &Fields<'_>,
    body_value: &Value,
) -> Identity {
    let id = match known.map(|known| known.about) {
        Some(About::Conversation) if is_timed(event, &topic) => body.id("conversationId"),
        Some(About::Audit) => body.id("id"),
        _ => None,
    };
    if id.is_some() {
        return Identity::of_ids(topic, &[id], body_value, Occurrence::InBody);
    }
    let occurrence = occurrence(event, &topic);
    Identity::of_state(topic, real_topic(event), body_value, occurrence)
}

/// What tells one occurrence of a state from another.
fn occurrence(event: &Unwrapped<'_>, topic: &str) -> Occurrence {
    if is_timed(event, topic) {
        return Occurrence::InBody;
    }
    let message = Fields::of(event.message);
    let named = |name: &str, value: Option<String>| value.map(|value| [name.to_owned(), value]);
    let names = match &event.transport_id {
        Some(id) => vec![named("transport", Some(id.clone()))],
        // Of what comes without an envelope, a socket's message or a bare webhook.
        None => vec![
            named("correlation", message.id("metadata.CorrelationId")),
            named("timestamp", message.text("timestamp")),
        ],
    };
    Occurrence::Told(names.into_iter().flatten().flatten().collect())
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
    mapped.tenant_attributes(&body.under("attributes"));
    for name in ATTRIBUTES {
        mapped.attribute(name, body.text(name));
    }
    for name in FREE_TEXTS {
        mapped.attribute(name, body.free_text(name));
    }
    for name in ["callbackNumbers", "conversationExternalContactIds", "requestedRoutings"] {
        mapped.attribute(name, body.joined(name));
    }
    match known.map(|known| known.about) {
        Some(About::Audit) => {
            for (name, path) in [
                ("auditId", "id"),
                ("action", "action"),
                ("serviceName", "serviceName"),
                ("auditedType", "entityType"),
            ] {
                mapped.attribute(name, body.text(path));
            }
            mapped.attribute("auditedName", body.free_text("entity.name"));
        }
        Some(About::Agent) => {
            for (name, path) in [
                ("systemPresence", "presenceDefinition.systemPresence"),
                ("systemPresence", "presence.presenceDefinition.systemPresence"),
                ("routingStatus", "routingStatus.status"),
                ("outOfOffice", "outOfOffice.active"),
                ("stationId", "associatedStation.id"),
            ] {
                mapped.attribute(name, body.text(path));
            }
            // Where the whole body is the state, its fields stand at the top.
            let flat = match mapped.source_type.as_str() {
                "v2.users.{id}.routingStatus" => Some(("routingStatus", "status")),
                "v2.users.{id}.outofoffice" => Some(("outOfOffice", "active")),
                _ => None,
            };
            if let Some((name, path)) = flat.filter(|(name, _)| !mapped.attributes.contains_key(*name)) {
                mapped.attribute(name, body.text(path));
            }
        }
        Some(About::Queue) => mapped.attribute("joined", body.text("joined")),
        Some(About::InConversation) => {
            for (name, path) in [
                ("communicationId", "communicationId"),
                ("transcriptionStatus", "status.status"),
                ("memberState", "member.state"),
            ] {
                mapped.attribute(name, body.text(path));
            }
        }
        _ => {}
    }
}
