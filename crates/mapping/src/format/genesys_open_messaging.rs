//! Genesys Cloud Open Messaging: messages and receipts.
//!
//! `id` names a message within its integration and at its time, not a delivery: the same id with another
//! `channel.time` or from another integration is another message, and every receipt carries the id of the
//! message it is about. A message or receipt that is delivered again has the same body, to the byte. So a fact
//! is its id and its whole body: whatever differs is kept as another fact.

use serde_json::Value;
use trunkline_schemas::event_type as types;

use super::{Format, Identity, Mapped};
use crate::canonical;
use crate::field::Fields;
use crate::transport::Unwrapped;

/// Genesys Cloud Open Messaging.
pub const FORMAT: Format = Format { platform: "genesys", shape, map };

fn shape(event: &Unwrapped<'_>) -> Option<&'static str> {
    event.message.get("channel")?;
    Some(if event.message.get("type")?.as_str() == Some("Receipt") { "receipt" } else { "message" })
}

fn map(event: &Unwrapped<'_>, shape: &str, configured_org: Option<&str>) -> Mapped {
    let payload = event.message;
    let message = Fields::of(payload);
    let outbound = message.lower("direction").as_deref() != Some("inbound");
    let (customer, integration) =
        if outbound { ("channel.to", "channel.from") } else { ("channel.from", "channel.to") };
    let mut mapped = Mapped {
        org: configured_org.map(ToOwned::to_owned),
        conversation_id: message.text("conversationId"),
        customer_id: message.under(customer).text("id"),
        media_type: Some("message".to_owned()),
        direction: message.lower("direction"),
        event_time: message.time("channel.time"),
        correlation_id: message.text("metadata.gum-correlationId"),
        ..Mapped::default()
    };
    let integration_id = message.text("channel.id").or_else(|| message.under(integration).text("id"));
    if shape == "receipt" {
        map_receipt(&mut mapped, &message, payload);
    } else {
        map_message(&mut mapped, &message, payload);
    }
    mapped.attribute("integrationId", integration_id);
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

fn map_message(mapped: &mut Mapped, message: &Fields<'_>, payload: &Value) {
    let kind = message.text("type").unwrap_or_default();
    let direction = message.text("direction").unwrap_or_default();
    let id = message.first(&["id", "channel.messageId"]);
    mapped.event_type = match (kind.as_str(), direction.as_str()) {
        ("Text" | "Structured", "Inbound") => types::MESSAGE_RECEIVED,
        ("Text" | "Structured", "Outbound") => types::MESSAGE_SENT,
        ("Event", _) if message.text("events.0.eventType").as_deref() == Some("Typing") => {
            types::TYPING_STARTED
        }
        _ => types::PLATFORM_EVENT,
    };
    mapped.unknown_type = mapped.event_type == types::PLATFORM_EVENT;
    mapped.source_type = [direction.as_str(), kind.as_str()]
        .into_iter()
        .filter(|s| !s.is_empty())
        .collect::<Vec<_>>()
        .join(".");
    mapped.entity = id.clone().map(|id| ("message", id));
    mapped.transport_id = message.text("id");
    mapped.identity = identity("openmessaging.message", &id, payload);
    mapped.attribute("messageId", id);
}

fn map_receipt(mapped: &mut Mapped, receipt: &Fields<'_>, payload: &Value) {
    let status = receipt.text("status");
    let id = receipt.text("id");
    mapped.event_type = types::MESSAGE_RECEIPT;
    mapped.source_type = format!("Receipt.{}", status.as_deref().unwrap_or_default());
    mapped.entity = id.clone().map(|id| ("message", id));
    mapped.identity = identity("openmessaging.receipt", &id, payload);
    mapped.attribute("messageId", id);
    mapped.attribute("channelMessageId", receipt.text("channel.messageId"));
    mapped.attribute("reasons", reasons(receipt));
}

fn identity(topic: &str, id: &Option<String>, payload: &Value) -> Identity {
    Identity::of(topic, std::slice::from_ref(id), &[Some(canonical::hash(payload))], payload)
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
