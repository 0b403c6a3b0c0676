//! NICE CXone Digital: events, clients' requests, the answers and errors they get, and agent session events.
//!
//! The conversation is the case (the contact, in newer words), whose id appears as `case.id`, `contact.id`
//! and `message.contactNumber`. Events of a thread that has no case yet are about the thread.

use serde_json::Value;
use trunkline_schemas::event_type as types;

use super::{Format, Identity, Mapped, cxone_agent_session, cxone_digital_events};
use crate::canonical;
use crate::field::Fields;
use crate::transport::Unwrapped;

/// NICE CXone Digital.
pub const FORMAT: Format = Format { platform: "cxone", shape, map };

/// What NICE writes for "nothing" in payloads made from its model: the name of the type.
const PLACEHOLDER: &str = "String";

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

fn map(event: &Unwrapped<'_>, shape: &str, configured_org: Option<&str>) -> Mapped {
    let payload = event.message;
    if shape == "agent-session" {
        return cxone_agent_session::map(payload, configured_org);
    }
    let event = Fields::with_placeholder(payload, PLACEHOLDER);
    let mut mapped = Mapped {
        event_time: event.time("createdAtWithMilliseconds").or_else(|| event.time("createdAt")),
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

fn map_event<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    // A type of `String` is a type, if a strange one: it must not be lost.
    let name =
        payload.get("eventType").or_else(|| payload.get("type")).and_then(Value::as_str).unwrap_or_default();
    let event_type = cxone_digital_events::canonical_type(name, event);
    mapped.event_type = event_type.unwrap_or(types::PLATFORM_EVENT);
    mapped.unknown_type = event_type.is_none();
    mapped.source_type = name.to_owned();
    mapped.identity = identity(name, &[event.text("eventId")], payload);
    mapped.attribute("eventObject", event.text("eventObject"));
    mapped.attribute("originEventType", event.text("data.originEvent.eventType"));
    event.under("data")
}

/// `eventId` is that of the request, so the answer's type is part of what it is.
fn map_postback<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    let name = event.text("postback.eventType").unwrap_or_default();
    let event_type = cxone_digital_events::postback_type(&name);
    mapped.event_type = event_type.unwrap_or(types::PLATFORM_EVENT);
    mapped.unknown_type = event_type.is_none();
    mapped.identity = identity(format!("postback.{name}"), &[event.text("eventId")], payload);
    mapped.source_type = name;
    mapped.attribute("postbackStatus", event.text("status"));
    event.under("postback.data")
}

fn map_error<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    mapped.event_type = types::PLATFORM_ERROR;
    mapped.source_type = "error".to_owned();
    let transaction = event.text("error.transactionId");
    mapped.identity = identity("error", &[event.text("eventId"), transaction], payload);
    mapped.attribute("errorCode", event.text("error.errorCode"));
    mapped.attribute("errorMessage", event.text("error.errorMessage"));
    event.under("inputData")
}

fn map_gateway_error<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    mapped.event_type = types::PLATFORM_ERROR;
    mapped.source_type = "gateway-error".to_owned();
    let connection = event.text("connectionId");
    mapped.identity = identity("gateway-error", &[event.text("requestId"), connection.clone()], payload);
    mapped.attribute("errorMessage", event.text("message"));
    mapped.attribute("connectionId", connection);
    event.under("data")
}

fn map_authorization<'a>(mapped: &mut Mapped, event: &Fields<'a>, payload: &Value) -> Fields<'a> {
    mapped.event_type = types::CUSTOMER_AUTHORIZATION_REQUESTED;
    mapped.source_type = "AuthorizeCustomer".to_owned();
    mapped.identity = identity("authorization", &[event.text("eventId")], payload);
    mapped.attribute("sdkPlatform", event.text("sdkPlatform"));
    mapped.attribute("sdkVersion", event.text("sdkVersion"));
    event.under("data")
}

/// What is delivered again has the same ids and the same body. The same ids with another body (one field more,
/// another page of an answer) are kept as another fact, since one of the two would be lost otherwise.
fn identity(topic: impl Into<String>, ids: &[Option<String>], payload: &Value) -> Identity {
    Identity::of(topic, ids, &[Some(canonical::hash(payload))], payload)
}

fn map_common(mapped: &mut Mapped, event: &Fields<'_>, data: &Fields<'_>, configured_org: Option<&str>) {
    // Many payloads name neither tenant nor brand; the configured tenant keeps all of a source under one key.
    mapped.org = configured_org
        .map(ToOwned::to_owned)
        .or_else(|| data.first(&["brand.tenantId", "brand.id"]))
        .or_else(|| event.first(&["brand.tenantId", "brand.id"]));
    mapped.conversation_id = data.first(&[
        "case.id",
        "contact.caseId",
        "contact.id",
        "message.contactNumber",
        "messages.0.contactNumber",
    ]);
    mapped.contact_id = data.first(&["case.contactId", "agentContact.id"]);
    mapped.agent_id = agent(mapped, data);
    mapped.queue_id = data.first(&["routingQueue.id", "case.routingQueueId", "contact.routingQueueId"]);
    mapped.customer_id = customer(event, data);
    mapped.media_type = media(event, data);
    mapped.direction = match mapped.event_type {
        types::MESSAGE_RECEIVED => Some("inbound".to_owned()),
        types::MESSAGE_SENT => Some("outbound".to_owned()),
        _ => data.lower("case.direction"),
    };
    mapped.entity = entity(event, data);
    for (name, path) in [
        ("brandId", "brand.id"),
        ("tenantId", "brand.tenantId"),
        ("businessUnitId", "brand.businessUnitId"),
        ("channelId", "channel.id"),
        ("threadId", "thread.id"),
        ("caseStatus", "case.status"),
        ("interactionId", "case.interactionId"),
        ("customerContactId", "case.customerContactId"),
        ("routingQueueName", "routingQueue.name"),
        ("previousAssigneeId", "previousInboxAssignee.id"),
        ("messageId", "message.id"),
        ("messageType", "message.messageContent.type"),
        ("text", "message.messageContent.text"),
        ("positionInQueue", "positionInQueue"),
    ] {
        mapped.attribute(name, data.text(path));
    }
    for (name, path) in [("brandId", "brand.id"), ("channelId", "channel.id")] {
        mapped.attribute(name, event.text(path));
    }
    mapped.attribute(
        "threadIdOnExternalPlatform",
        data.first(&["thread.idOnExternalPlatform", "case.threadIdOnExternalPlatform"]),
    );
}

/// What the event is about where there is no case, from the nearest to the farthest.
fn entity(event: &Fields<'_>, data: &Fields<'_>) -> Option<(&'static str, String)> {
    let candidates = [
        ("thread", data.first(&["thread.id", "thread.idOnExternalPlatform"])),
        ("message", data.text("message.id")),
        ("visitor", event.first(&["visitor.id", "visitorId"])),
        ("customer", customer(event, data)),
        ("request", event.first(&["requestId", "eventId"])),
        ("channel", data.text("channel.id")),
    ];
    candidates.into_iter().find_map(|(kind, id)| id.map(|id| (kind, id)))
}

/// The agent whose doing the event is, else the one the case is assigned to.
fn agent(mapped: &Mapped, data: &Fields<'_>) -> Option<String> {
    let assigned = ["inboxAssignee.id", "case.inboxAssignee", "contact.inboxAssignee"];
    let found = match mapped.event_type {
        types::MESSAGE_SENT => data.first(&["message.authorUser.id", "message.user.id"]),
        types::PARTICIPANT_DISCONNECTED => data.text("previousInboxAssignee.id"),
        types::TYPING_STARTED | types::TYPING_ENDED => data.text("user.id"),
        _ => None,
    };
    // The platform writes 0 where nobody is assigned.
    found.or_else(|| data.first(&assigned)).filter(|id| id != "0")
}

/// A custom field that names the customer is the company's own number for it; else the id the channel knows
/// it by.
fn customer(event: &Fields<'_>, data: &Fields<'_>) -> Option<String> {
    ["case.endUser.customFields", "case.customFields", "contact.customFields", "customer.customFields"]
        .iter()
        .find_map(|path| custom_field(data, path))
        .or_else(|| {
            data.first(&[
                "case.authorEndUserIdentity.idOnExternalPlatform",
                "message.authorEndUserIdentity.idOnExternalPlatform",
                "case.endUser.identities.0.idOnExternalPlatform",
                "consumerIdentity.idOnExternalPlatform",
                "customerIdentity.idOnExternalPlatform",
                "contact.customer.customerIdent",
                "messages.0.authorEndUserIdentity.idOnExternalPlatform",
            ])
        })
        .or_else(|| {
            event.first(&["customerIdentity.idOnExternalPlatform", "consumerIdentity.idOnExternalPlatform"])
        })
}

fn custom_field(data: &Fields<'_>, path: &str) -> Option<String> {
    data.value(path)?.as_array()?.iter().find_map(|field| {
        let field = Fields::of(field);
        let named =
            field.lower("ident").is_some_and(|ident| matches!(ident.as_str(), "customerid" | "customer_id"));
        named.then(|| field.text("value")).flatten()
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
