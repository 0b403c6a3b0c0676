//! Genesys Cloud Open Messaging: messages and receipts.
//!
//! `id` names a message within its integration and at its time, not a delivery: the same id with another
//! `channel.time` or from another integration is another message, and every receipt carries the id of the
//! message it is about. A message or receipt that is delivered again has the same body, to the byte. So a fact
//! is its id and its whole body: whatever differs is kept as another fact.
//!
//! What names no conversation is about the thread of an integration and a customer, so that all that the two write to
//! each other, receipts included, is one order.

use serde_json::Value;
use trunkline_schemas::{event_type as types, percent};

use super::{Format, Identity, Mapped, Occurrence};
use crate::event_time::Times;
use crate::field::Fields;
use crate::transport::Unwrapped;

/// Genesys Cloud Open Messaging.
pub const FORMAT: Format = Format { platform: "genesys", shape, map };

/// What a message has, one of them at least, when its type is left out.
const CONTENTS: [&str; 5] = ["text", "content", "events", "buttonResponse", "direction"];

fn shape(event: &Unwrapped<'_>) -> Option<&'static str> {
    event.message.get("channel")?;
    match event.message.get("type") {
        Some(kind) => Some(if kind.as_str() == Some("Receipt") { "receipt" } else { "message" }),
        None => CONTENTS.iter().any(|name| event.message.get(name).is_some()).then_some("message"),
    }
}

fn map(event: &Unwrapped<'_>, shape: &str, configured_org: Option<&str>) -> Mapped {
    let payload = event.message;
    let message = Fields::of(payload).with_written(event.written);
    let parties = Parties::of(&message);
    let mut mapped = Mapped {
        org: configured_org.map(ToOwned::to_owned),
        conversation_id: message.text("conversationId"),
        entity: parties.thread().map(|thread| ("messaging_thread", thread)),
        customer_id: parties.customer,
        media_type: Some("message".to_owned()),
        direction: message.lower("direction").filter(|direction| direction != "unknown"),
        times: Times::read(payload, event.at, &["/channel/time"]),
        correlation_id: message.text("metadata.gum-correlationId"),
        ..Mapped::default()
    };
    if shape == "receipt" {
        map_receipt(&mut mapped, &message, payload);
    } else {
        map_message(&mut mapped, &message, payload);
    }
    mapped.attribute("integrationId", parties.integration);
    for (name, path) in [
        ("messageType", "type"),
        ("text", "text"),
        ("channelType", "channel.type"),
        ("channelPlatform", "channel.platform"),
        ("fromId", "channel.from.id"),
        ("fromIdType", "channel.from.idType"),
        ("toId", "channel.to.id"),
        ("toIdType", "channel.to.idType"),
        ("originatingEntity", "originatingEntity"),
        ("contentType", "content.0.contentType"),
        ("status", "status"),
        ("isFinalReceipt", "isFinalReceipt"),
    ] {
        mapped.attribute(name, message.text(path));
    }
    mapped
}

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
            ["channel.id", "channel.from.id", "channel.to.id"].map(|path| message.text(path));
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

/// What names an occurrence that has no id: its time, where the body holds one.
fn by_time(message: &Fields<'_>) -> Occurrence {
    let timed = message.time("channel.time").is_some();
    if timed { Occurrence::InBody } else { Occurrence::Told(Vec::new()) }
}

fn map_message(mapped: &mut Mapped, message: &Fields<'_>, payload: &Value) {
    let kind = message.text("type").unwrap_or_else(|| kind_of(message).to_owned());
    let direction = message.text("direction").unwrap_or_default();
    let id = message.first(&["id", "channel.messageId"]);
    mapped.event_type = match (kind.as_str(), direction.as_str()) {
        ("Text" | "Structured", "Inbound") => types::MESSAGE_RECEIVED,
        ("Text" | "Structured", "Outbound") => types::MESSAGE_SENT,
        ("Event", _) => map_events(mapped, message),
        _ => types::PLATFORM_EVENT,
    };
    mapped.unknown_type |= mapped.event_type == types::PLATFORM_EVENT;
    mapped.source_type = [direction.as_str(), kind.as_str()]
        .into_iter()
        .filter(|s| !s.is_empty())
        .collect::<Vec<_>>()
        .join(".");
    if mapped.entity.is_none() {
        mapped.entity = id.clone().map(|id| ("message", id));
    }
    mapped.transport_id = message.text("id");
    let ids = std::slice::from_ref(&id);
    mapped.identity = Identity::of_ids("openmessaging.message", ids, payload, by_time(message));
    mapped.attribute("messageId", id);
    mapped.attribute("buttonResponse", message.first(&["buttonResponse.payload", "buttonResponse.text"]));
}

/// The type of a message that leaves it out.
fn kind_of(message: &Fields<'_>) -> &'static str {
    if message.value("events").is_some() {
        "Event"
    } else if message.value("buttonResponse").or_else(|| message.value("content")).is_some() {
        "Structured"
    } else {
        "Text"
    }
}

/// Reads all events of a message: what they are becomes one attribute, and the first that is of the highest rank is
/// the type. One that nobody knows is reported, whatever stands beside it.
fn map_events(mapped: &mut Mapped, message: &Fields<'_>) -> &'static str {
    let events = message.value("events").and_then(Value::as_array).into_iter().flatten().map(Fields::of);
    let mut told = Vec::new();
    let (mut presence, mut typing) = (None, None);
    for event in events {
        let name = event.text("eventType").unwrap_or_default();
        let value = VALUES.iter().find(|(of, _)| *of == name).and_then(|(_, path)| event.text(path));
        match (name.as_str(), value.as_deref()) {
            ("Presence", _) => presence = Some(types::PRESENCE_CHANGED),
            // The last one says what is true now.
            ("Typing", Some("Off")) => typing = Some(types::TYPING_ENDED),
            ("Typing", _) => typing = Some(types::TYPING_STARTED),
            _ => mapped.unknown_type = true,
        }
        told.push(value.map_or(name.clone(), |value| format!("{name}:{value}")));
    }
    mapped.attribute("events", (!told.is_empty()).then(|| told.join(",")));
    presence.or(typing).unwrap_or(types::PLATFORM_EVENT)
}

/// Where each kind of event has its value.
const VALUES: [(&str, &str); 4] = [
    ("Typing", "typing.type"),
    ("Presence", "presence.type"),
    ("CoBrowse", "coBrowse.type"),
    ("Video", "video.type"),
];

fn map_receipt(mapped: &mut Mapped, receipt: &Fields<'_>, payload: &Value) {
    let status = receipt.text("status");
    let id = receipt.text("id");
    mapped.event_type = types::MESSAGE_RECEIPT;
    mapped.source_type = format!("Receipt.{}", status.as_deref().unwrap_or_default());
    if mapped.entity.is_none() {
        mapped.entity = id.clone().map(|id| ("message", id));
    }
    let ids = std::slice::from_ref(&id);
    mapped.identity = Identity::of_ids("openmessaging.receipt", ids, payload, by_time(receipt));
    mapped.attribute("messageId", id);
    mapped.attribute("channelMessageId", receipt.text("channel.messageId"));
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
