//! Genesys Cloud Open Messaging: messages and receipts.
//!
//! `id` names a message within its integration and at its time, not a delivery: the same id with another
//! `channel.time` or from another integration is another message, and every receipt carries the id of the
//! message it is about. A message or receipt that is delivered again has the same body, to the byte. So a fact
//! is its id and its whole body: whatever differs is kept as another fact.
//!
//! What names no conversation is about the thread of an integration and a customer, so that all that the two write to
//! each other, receipts included, is one order.

use std::collections::BTreeSet;

use serde_json::Value;
use trunkline_schemas::{event_type as types, percent};

use super::{Format, Identity, Mapped, Occurrence};
use crate::field::Fields;
use crate::transport::Unwrapped;

/// Genesys Cloud Open Messaging.
pub const FORMAT: Format = Format { platform: "genesys", shape, map };

/// What is said in a message.
const CONTENTS: [&str; 4] = ["text", "content", "events", "buttonResponse"];

/// What is told of a message that was said before.
const RECEIPTS: [&str; 3] = ["status", "isFinalReceipt", "reasons"];

fn shape(event: &Unwrapped<'_>) -> Option<&'static str> {
    let message = Fields::of(event.message);
    if !message.has("channel") {
        return None;
    }
    let any = |names: &[&str]| names.iter().any(|name| message.value(name).is_some());
    match message.value("type").and_then(Value::as_str).map(str::trim) {
        Some("Receipt") => Some("receipt"),
        None if !any(&CONTENTS) && any(&RECEIPTS) => Some("receipt"),
        None if message.has("type") || message.has("direction") || any(&CONTENTS) => Some("message"),
        None => None,
        Some(_) => Some("message"),
    }
}

fn map(event: &Unwrapped<'_>, shape: &str, configured_org: Option<&str>) -> Mapped {
    let message = Fields::of(event.message).with_written(event.written);
    let parties = Parties::of(&message);
    let own = message.under(OWN);
    let mut mapped = Mapped {
        org: configured_org.map(ToOwned::to_owned),
        conversation_id: message.id("conversationId"),
        entity: parties.thread().map(|thread| ("messaging_thread".into(), thread)),
        // What the tenant's own script found out counts before what the channel knows.
        customer_id: own.first(&["customerId", "customer_id"]).or(parties.customer),
        media_type: Some("message".to_owned()),
        direction: message.lower("direction"),
        times: event.times(&["/channel/time"]),
        correlation_id: message.id("metadata.gum-correlationId"),
        ..Mapped::default()
    };
    mapped.tenant_attributes(&own);
    add_parts(&mut mapped, &message);
    if shape == "receipt" {
        map_receipt(&mut mapped, &message, event);
    } else {
        map_message(&mut mapped, &message, event);
    }
    mapped.attribute("integrationId", parties.integration);
    for (name, path) in [
        ("messageType", "type"),
        ("channelType", "channel.type"),
        ("channelPlatform", "channel.platform"),
        ("fromId", "channel.from.id"),
        ("fromIdType", "channel.from.idType"),
        ("toId", "channel.to.id"),
        ("toIdType", "channel.to.idType"),
        ("originatingEntity", "originatingEntity"),
        ("status", "status"),
        ("isFinalReceipt", "isFinalReceipt"),
    ] {
        mapped.attribute(name, message.text(path));
    }
    mapped
}

/// Where a channel holds what the tenant's own script or middleware says of the customer.
const OWN: &str = "channel.metadata.customAttributes";

/// Who writes to whom: a customer and an integration.
struct Parties {
    customer: Option<String>,
    integration: Option<String>,
}

// === impl Parties ===

impl Parties {
    /// The party that is the channel is the integration. Where the channel has no id, the direction tells.
    fn of(message: &Fields<'_>) -> Self {
        let [channel, from, to] =
            ["channel.id", "channel.from.id", "channel.to.id"].map(|path| message.id(path));
        let from_integration = match &channel {
            Some(_) if channel == from => true,
            Some(_) if channel == to => false,
            _ => message.lower("direction").as_deref() != Some("inbound"),
        };
        let (customer, integration) = if from_integration { (to, from) } else { (from, to) };
        Self { customer, integration: channel.or(integration) }
    }

    /// What all messages between the two are about, where no conversation is named.
    fn thread(&self) -> Option<String> {
        Some(format!("{}/{}", percent::encode(self.integration.as_ref()?), self.customer.as_ref()?))
    }
}

/// What names an occurrence that has no id: its time, where the body holds one that can be it.
fn by_time(event: &Unwrapped<'_>) -> Occurrence {
    Occurrence::in_body_or_unnamed(event.times(&["/channel/time"]).plausible(event.received_at).is_some())
}

fn map_message(mapped: &mut Mapped, message: &Fields<'_>, event: &Unwrapped<'_>) {
    let kind = message.word("type").unwrap_or_else(|| kind_of(message).to_owned());
    let direction = message.word("direction").unwrap_or_default();
    let id = message.first(&["id", "channel.messageId"]);
    mapped.event_type = match (kind.as_str(), direction.as_str()) {
        ("Text" | "Structured", "Inbound") => types::MESSAGE_RECEIVED,
        ("Text" | "Structured", "Outbound") => types::MESSAGE_SENT,
        ("Event", _) => type_of_events(message).unwrap_or(types::PLATFORM_EVENT),
        _ => types::PLATFORM_EVENT,
    };
    // What is not known of a message of events alone is named by itself.
    let named = kind == "Event" && !mapped.unknown_parts.is_empty();
    mapped.unknown_type = mapped.event_type == types::PLATFORM_EVENT && !named;
    mapped.source_type = [direction.as_str(), kind.as_str()]
        .into_iter()
        .filter(|s| !s.is_empty())
        .collect::<Vec<_>>()
        .join(".");
    if mapped.entity.is_none() {
        mapped.entity = id.clone().map(|id| ("message".into(), id));
    }
    mapped.transport_id = message.id("id");
    let ids = std::slice::from_ref(&id);
    mapped.identity = Identity::of_ids("openmessaging.message", ids, event.message, by_time(event));
    mapped.attribute("messageId", id);
}

/// The type of a message that leaves it out; nothing where nothing is said. Events beside something said are events of
/// a message.
fn kind_of(message: &Fields<'_>) -> &'static str {
    let has_content = message.value("buttonResponse").is_some() || message.items("content").next().is_some();
    let has_text = message.free_text("text").is_some();
    match (has_content, has_text, message.value("events").is_some()) {
        (true, _, _) => "Structured",
        (false, true, _) => "Text",
        (false, false, true) => "Event",
        (false, false, false) => "",
    }
}

/// What a message says, of all its parts: any of them may stand beside any other, whatever the type.
fn add_parts(mapped: &mut Mapped, message: &Fields<'_>) {
    mapped.attribute("text", message.free_text("text"));
    let content = || message.items("content");
    let joined = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join(","));
    mapped.attribute("contentType", joined(content().filter_map(|part| part.text("contentType")).collect()));
    let response = |part: &Fields<'_>| {
        part.free_text("buttonResponse.payload").or_else(|| part.free_text("buttonResponse.text"))
    };
    let responses = std::iter::once(*message).chain(content()).filter_map(|part| response(&part));
    mapped.attribute("buttonResponse", joined(responses.collect()));
    let events = message.items("events").map(|event| {
        let (name, value) = event_of(&event);
        value.map_or(name.clone(), |value| format!("{name}:{value}"))
    });
    mapped.attribute("events", joined(events.collect()));
    let name = |event: Fields<'_>| Some(event_of(&event).0).filter(|name| !name.is_empty());
    let names = message.items("events").map(|event| name(event).unwrap_or_else(|| "unnamed".to_owned()));
    let unknown: BTreeSet<String> = names.filter(|name| !EVENTS.contains(&name.as_str())).collect();
    mapped.unknown_parts = unknown.into_iter().take(UNKNOWN_PARTS).map(shortened).collect();
}

/// A name that is the sender's choice, at most as long as a type may be.
fn shortened(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(NAME_BYTES));
    name
}

/// The name and the value of an event in a message.
fn event_of(event: &Fields<'_>) -> (String, Option<String>) {
    let name = event.free_text("eventType").unwrap_or_default();
    let value = VALUES.iter().find(|(of, _)| *of == name).and_then(|(_, path)| event.text(path));
    (name, value)
}

/// The type of a message of events, by the one of the highest rank.
fn type_of_events(message: &Fields<'_>) -> Option<&'static str> {
    let (mut presence, mut typing) = (None, None);
    for event in message.items("events") {
        let (name, value) = event_of(&event);
        match (name.as_str(), value.as_deref()) {
            ("Presence", _) => presence = Some(types::PRESENCE_CHANGED),
            // The last one says what is true now.
            ("Typing", Some("Off")) => typing = Some(types::TYPING_ENDED),
            ("Typing", _) => typing = Some(types::TYPING_STARTED),
            _ => {}
        }
    }
    presence.or(typing)
}

/// The kinds of events that have a type of their own.
const EVENTS: [&str; 2] = ["Presence", "Typing"];

/// Most kinds of unknown events that are reported of a message; what is beyond them shows once these are dealt with.
const UNKNOWN_PARTS: usize = 16;

/// Longest name of an unknown event that is reported, in bytes.
const NAME_BYTES: usize = 200;

/// Where each kind of event has its value.
const VALUES: [(&str, &str); 4] = [
    ("Typing", "typing.type"),
    ("Presence", "presence.type"),
    ("CoBrowse", "coBrowse.type"),
    ("Video", "video.type"),
];

fn map_receipt(mapped: &mut Mapped, receipt: &Fields<'_>, event: &Unwrapped<'_>) {
    let status = receipt.word("status").map(|status| format!(".{status}"));
    let id = receipt.id("id");
    mapped.event_type = types::MESSAGE_RECEIPT;
    mapped.source_type = format!("Receipt{}", status.unwrap_or_default());
    if mapped.entity.is_none() {
        mapped.entity = id.clone().map(|id| ("message".into(), id));
    }
    let ids = std::slice::from_ref(&id);
    mapped.identity = Identity::of_ids("openmessaging.receipt", ids, event.message, by_time(event));
    mapped.attribute("messageId", id);
    mapped.attribute("channelMessageId", receipt.id("channel.messageId"));
    mapped.attribute("reasons", reasons(receipt));
}

/// `code: message` of each reason, for a person to read.
fn reasons(receipt: &Fields<'_>) -> Option<String> {
    let reasons: Vec<String> = receipt
        .value("reasons")?
        .as_array()?
        .iter()
        .filter_map(|reason| {
            let reason = Fields::of(reason);
            let code = reason.text("code")?;
            Some(reason.text("message").map_or(code.clone(), |message| format!("{code}: {message}")))
        })
        .collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
