//! NICE CXone Digital: events, clients' requests, the answers and errors they get, and agent session events.
//!
//! The conversation is the [contact](super::cxone_contact). Events of a thread that has none yet are about the
//! thread.

use std::borrow::Cow;

use serde_json::Value;
use trunkline_schemas::event_type as types;

use super::cxone_contact::{Contact, Side, somebody};
use super::cxone_digital_events::Canonical;
use super::{Format, Identity, Mapped, Occurrence, cxone_agent_session, cxone_digital_events};
use crate::event_time::Times;
use crate::field::Fields;
use crate::transport::Unwrapped;
use crate::unknown::means_nothing;

/// NICE CXone Digital.
pub const FORMAT: Format = Format { platform: "cxone", shape, map };

/// What NICE and its clients write for nothing beside `UNKNOWN`; payloads made from its model have the name of the
/// type.
pub(super) const PLACEHOLDERS: [&str; 3] = ["String", "null", "undefined"];

fn shape(event: &Unwrapped<'_>) -> Option<&'static str> {
    let has = |name: &str| event.message.get(name).is_some_and(|value| !value.is_null());
    Some(if has("postback") {
        "postback"
    } else if has("error") {
        "error"
    } else if has("eventType") || has("type") {
        "event"
    } else if has("Type") {
        "agent-session"
    } else if has("authorization") {
        "authorization"
    } else if has("message") && (has("requestId") || has("connectionId")) {
        "gateway-error"
    } else {
        return None;
    })
}

fn map(unwrapped: &Unwrapped<'_>, shape: &str, configured_org: Option<&str>) -> Mapped {
    let payload = unwrapped.message;
    if shape == "agent-session" {
        return cxone_agent_session::map(unwrapped, configured_org);
    }
    let event = Fields::of(payload).with_written(unwrapped.written).with_placeholders(&PLACEHOLDERS);
    let mut mapped = Mapped {
        times: times(unwrapped, &["/createdAtWithMilliseconds", "/createdAt"]),
        correlation_id: event.first(&["traceId", "error.transactionId"]),
        transport_id: event.first(&["eventId", "requestId"]),
        ..Mapped::default()
    };
    let data = match shape {
        "postback" => map_postback(&mut mapped, &event, payload),
        "error" => map_error(&mut mapped, &event, payload),
        "gateway-error" => map_gateway_error(&mut mapped, &event, payload),
        "authorization" => map_authorization(&mut mapped, &event, payload),
        _ => map_event(&mut mapped, &event, payload),
    };
    map_common(&mut mapped, &event, &data, configured_org);
    mapped
}

/// The times at these places. A placeholder is no time that could not be read, but none.
pub(super) fn times(event: &Unwrapped<'_>, places: &[&str]) -> Times {
    let is_placeholder = |place: &&&str| {
        let text = event.message.pointer(place).and_then(Value::as_str);
        text.is_some_and(|text| means_nothing(text, &PLACEHOLDERS))
    };
    let named: Vec<&str> = places.iter().filter(|place| !is_placeholder(place)).copied().collect();
    event.times(&named)
}

/// By the platform's ids, where it gives them, and what is said. The trace is the platform's own way to it and no part
/// of the fact.
fn identity(topic: &str, ids: &[Option<String>], payload: &Value) -> Identity {
    let body = match payload {
        Value::Object(members) if members.contains_key("traceId") => {
            let told = members.iter().filter(|(name, _)| *name != "traceId");
            &Value::Object(told.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other,
    };
    Identity::of_ids(topic, ids, body, by_time(payload))
}

/// What names an occurrence that has no ids: its time, where the body holds one that is exact. Within a second a state
/// is left and returned to.
fn by_time(payload: &Value) -> Occurrence {
    let payload = Fields::of(payload);
    let exact = payload.time("createdAtWithMilliseconds").is_some()
        || payload.time("createdAt").is_some_and(|time| time % 1_000 != 0);
    Occurrence::in_body_or_unnamed(exact)
}

fn map_event<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    // A type of `String` is a type, if a strange one: it must not be lost.
    let name = ["eventType", "type"].iter().find_map(|name| payload.get(name)?.as_str()).unwrap_or_default();
    let Canonical { event_type, untold } = cxone_digital_events::canonical(name, event);
    mapped.event_type = event_type.unwrap_or(types::PLATFORM_EVENT);
    mapped.unknown_type = event_type.is_none();
    mapped.untold = untold;
    mapped.source_type = name.to_owned();
    mapped.identity = identity(name, &[event.text("eventId")], payload);
    mapped.attribute("eventObject", event.text("eventObject"));
    mapped.attribute("originEventType", event.text("data.originEvent.eventType"));
    event.under("data")
}

/// `eventId` is that of the request, so the answer's type is part of what it is.
fn map_postback<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    let name =
        event.free_text("postback.eventType").or_else(|| event.free_text("eventType")).unwrap_or_default();
    let event_type = cxone_digital_events::postback_type(&name);
    mapped.event_type = event_type.unwrap_or(types::PLATFORM_EVENT);
    mapped.unknown_type = event_type.is_none();
    let ids = [event.text("eventId")];
    mapped.identity = identity(&format!("postback.{name}"), &ids, payload);
    mapped.source_type = name;
    mapped.attribute("postbackStatus", event.text("status"));
    event.under("postback.data")
}

fn map_error<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    mapped.event_type = types::PLATFORM_ERROR;
    mapped.source_type = "error".to_owned();
    let ids = [event.text("eventId"), event.text("error.transactionId")];
    mapped.identity = identity("error", &ids, payload);
    mapped.attribute("errorCode", event.text("error.errorCode"));
    mapped.attribute("errorMessage", event.text("error.errorMessage"));
    event.under("inputData")
}

fn map_gateway_error<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    mapped.event_type = types::PLATFORM_ERROR;
    mapped.source_type = "gateway-error".to_owned();
    let connection = event.text("connectionId");
    let ids = [event.text("requestId"), connection.clone()];
    mapped.identity = identity("gateway-error", &ids, payload);
    mapped.attribute("errorMessage", event.text("message"));
    mapped.attribute("connectionId", connection);
    event.under("data")
}

fn map_authorization<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    mapped.event_type = types::CUSTOMER_AUTHORIZATION_REQUESTED;
    mapped.source_type = "AuthorizeCustomer".to_owned();
    let ids = [event.text("eventId")];
    mapped.identity = identity("authorization", &ids, payload);
    mapped.attribute("sdkPlatform", event.text("sdkPlatform"));
    mapped.attribute("sdkVersion", event.text("sdkVersion"));
    event.under("data")
}

fn map_common(mapped: &mut Mapped, event: &Fields<'_>, data: &Fields<'_>, configured_org: Option<&str>) {
    let contact = Contact::of(*data).about(cxone_digital_events::field_of(&mapped.source_type));
    // Many payloads name neither tenant nor brand; the configured tenant keeps all of a source under one key.
    mapped.org = configured_org
        .map(ToOwned::to_owned)
        .or_else(|| data.first(&["brand.tenantId", "brand.id"]))
        .or_else(|| event.first(&["brand.tenantId", "brand.id"]));
    mapped.conversation_id = contact.conversation();
    mapped.contact_id = contact.text("contactId");
    mapped.agent_id = agent(mapped, data, &contact);
    mapped.queue_id = queue(mapped.event_type, data, &contact);
    mapped.customer_id = customer(event, &contact);
    mapped.media_type = media(event, data);
    mapped.direction = match mapped.event_type {
        types::MESSAGE_RECEIVED => Some("inbound".to_owned()),
        types::MESSAGE_SENT => Some("outbound".to_owned()),
        _ => cxone_digital_events::message_direction(data)
            .or_else(|| contact.current("direction").map(|direction| direction.to_lowercase())),
    };
    mapped.entity = entity(mapped, event, data);
    mapped.tenant_attributes = contact.tenant_attributes();
    add_attributes(mapped, event, data, &contact);
}

fn add_attributes(mapped: &mut Mapped, event: &Fields<'_>, data: &Fields<'_>, contact: &Contact<'_>) {
    for (name, path) in [
        ("brandId", "brand.id"),
        ("tenantId", "brand.tenantId"),
        ("businessUnitId", "brand.businessUnitId"),
        ("channelId", "channel.id"),
        ("agentContactId", "agentContact.id"),
        ("routingQueueName", "routingQueue.name"),
        ("previousQueueId", "previousRoutingQueue.id"),
        ("messageId", "message.id"),
        ("messageType", "message.messageContent.type"),
        ("positionInQueue", "positionInQueue"),
    ] {
        mapped.attribute(name, data.text(path));
    }
    for (name, path) in [("brandId", "brand.id"), ("channelId", "channel.id")] {
        mapped.attribute(name, event.text(path));
    }
    mapped.attribute("caseStatus", contact.current("status"));
    let interaction = contact.current("interactionId").or_else(|| data.text("interaction.id"));
    mapped.attribute("interactionId", interaction);
    let customer_contact = contact.text("customerContactId").or_else(|| data.text("customerContact.id"));
    mapped.attribute("customerContactId", customer_contact);
    mapped.attribute("threadId", data.text("thread.id").or_else(|| contact.text("threadId")));
    let thread = data.text("thread.idOnExternalPlatform");
    let thread = thread.or_else(|| contact.text("threadIdOnExternalPlatform"));
    mapped.attribute("threadIdOnExternalPlatform", thread);
    mapped.attribute("previousAssigneeId", contact.previous_assignee());
    mapped.attribute("text", data.free_text("message.messageContent.text"));
    let (changed, [previous, current]) = contact.changes();
    mapped.attribute("changed", Some(changed.join(",")).filter(|names| !names.is_empty()));
    mapped.attribute("previousValue", previous);
    mapped.attribute("currentValue", current);
}

/// What the event is about where there is no conversation, from the nearest to the farthest.
fn entity(mapped: &Mapped, event: &Fields<'_>, data: &Fields<'_>) -> Option<(Cow<'static, str>, String)> {
    let agent = mapped.agent_id.clone().filter(|_| mapped.event_type == types::AGENT_STATE_CHANGED);
    let candidates = [
        ("agent", agent),
        ("thread", thread(event, data)),
        ("message", data.text("message.id")),
        ("visitor", event.first(&["visitor.id", "visitorId"])),
        ("customer", mapped.customer_id.clone()),
        ("request", event.first(&["requestId", "eventId"])),
        ("channel", data.text("channel.id")),
    ];
    candidates.into_iter().find_map(|(kind, id)| id.map(|id| (kind.into(), id)))
}

/// A thread's id, which the platform makes of its channel's and of what the channel calls it.
fn thread(event: &Fields<'_>, data: &Fields<'_>) -> Option<String> {
    data.text("thread.id").or_else(|| {
        let on_channel = data.text("thread.idOnExternalPlatform")?;
        Some(match data.text("channel.id").or_else(|| event.text("channel.id")) {
            Some(channel) => format!("{channel}_{on_channel}"),
            None => on_channel,
        })
    })
}

/// The agent whom the event is about or whose doing it is, else the one whom the contact is assigned to.
fn agent(mapped: &Mapped, data: &Fields<'_>, contact: &Contact<'_>) -> Option<String> {
    let author = || data.first(&["message.authorUser.id", "message.user.id"]);
    let found = match (mapped.source_type.as_str(), mapped.event_type) {
        // An assignment is about whom the contact is assigned to, or was, whoever has a part of it.
        (_, types::PARTICIPANT_CONNECTED) if contact.is_about("inboxAssignee") => return contact.assignee(),
        (_, types::PARTICIPANT_DISCONNECTED) if contact.is_about("inboxAssignee") => {
            return contact.previous_assignee();
        }
        _ if contact.is_about("inboxPreAssignee") => return contact.pre_assignee(),
        ("AgentContactEnded", _) => contact.agent_of_segment().or_else(|| contact.previous_assignee()),
        ("AgentContactStarted" | "AgentContactUpdated", _) => None,
        ("MessageSeenByEndUser" | "MessageDeliveredToEndUser", _) => None,
        (_, types::MESSAGE_RECEIPT) => data.text("user.id"),
        (_, types::MESSAGE_SENT | types::MESSAGE_UPDATED | types::CONVERSATION_MESSAGE_ADDED) => author(),
        (_, types::TYPING_STARTED | types::TYPING_ENDED | types::AGENT_STATE_CHANGED) => data.text("user.id"),
        _ => None,
    };
    somebody(found).or_else(|| contact.agent_of_segment()).or_else(|| contact.assignee())
}

/// The queue that a contact is in, or that it left.
fn queue(event_type: &str, data: &Fields<'_>, contact: &Contact<'_>) -> Option<String> {
    let left = ["previousRoutingQueue.id", "previousRoutingQueue"];
    let left = data.first(&left).or_else(|| contact.changed("routingQueue", Side::Previous));
    somebody(left.filter(|_| event_type == types::QUEUE_LEFT)).or_else(|| contact.queue())
}

fn customer(event: &Fields<'_>, contact: &Contact<'_>) -> Option<String> {
    contact.customer().or_else(|| {
        event.first(&["customerIdentity.idOnExternalPlatform", "consumerIdentity.idOnExternalPlatform"])
    })
}

/// The channel's own platform, or the medium by its ACD number.
fn media(event: &Fields<'_>, data: &Fields<'_>) -> Option<String> {
    let channel = data.under("channel");
    channel.lower("realExternalPlatformId").or_else(|| channel.lower("externalPlatformId")).or_else(|| {
        let number = channel.text("mediaType").or_else(|| event.text("channel.mediaType"))?;
        let medium = match number.as_str() {
            "1" => "email",
            "3" => "chat",
            "4" => "voice",
            "5" => "voicemail",
            "6" => "workitem",
            "7" => "sms",
            "8" => "social",
            "9" => "digital",
            _ => return None,
        };
        Some(medium.to_owned())
    })
}
