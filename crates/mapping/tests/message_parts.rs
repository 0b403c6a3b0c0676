//! Open Messaging: messages that have several parts, whichever of them the type names.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::map;
use trunkline_config::SourceKind;

/// A text of a customer.
fn message() -> Value {
    json!({
        "id": "m-1", "type": "Text", "text": "x", "direction": "Inbound",
        "channel": {"id": "i-1", "from": {"id": "ann"}, "to": {"id": "i-1"}, "time": "2026-03-02T08:15:30.123Z"},
    })
}

#[test]
fn nothing_of_a_message_of_several_parts_is_left_unread() {
    let events = json!([
        {"eventType": "Presence", "presence": {"type": "Disconnect"}}, {"eventType": "Typing", "typing": {"type": "Off"}},
    ]);
    let content = json!([
        {"contentType": "Attachment", "attachment": {"mediaType": "Image"}},
        {"contentType": "ButtonResponse", "buttonResponse": {"type": "QuickReply", "text": "Yes", "payload": "yes"}},
    ]);
    let reaction = json!([{"eventType": "Reaction"}, {"eventType": "Reaction"}, {"eventType": "Typing"}]);
    for (kind, parts, event_type, told, unknown) in [
        (Some("Text"), json!({"events": events}), "message.received", "Presence:Disconnect,Typing:Off", None),
        (
            Some("Structured"),
            json!({"events": reaction}),
            "message.received",
            "Reaction,Reaction,Typing",
            Some("Reaction"),
        ),
        (
            Some("Event"),
            json!({"events": events}),
            "presence.changed",
            "Presence:Disconnect,Typing:Off",
            None,
        ),
        (
            Some("Event"),
            json!({"events": [{"eventType": "Reaction"}]}),
            "platform.event",
            "Reaction",
            Some("Reaction"),
        ),
        (
            Some("Receipt"),
            json!({"events": events, "status": "Read"}),
            "message.receipt",
            "Presence:Disconnect,Typing:Off",
            None,
        ),
        (
            Some("Newest"),
            json!({"events": events}),
            "platform.event",
            "Presence:Disconnect,Typing:Off",
            Some("Inbound.Newest"),
        ),
        (None, json!({"events": events}), "message.received", "Presence:Disconnect,Typing:Off", None),
    ] {
        let mut payload = message();
        payload["type"] = json!(kind);
        payload["content"] = content.clone();
        let whole = payload.as_object_mut().unwrap();
        whole.retain(|_, value| !value.is_null());
        whole.extend(parts.as_object().unwrap().clone());
        let accepted = map(SourceKind::GenesysOpenMessaging, &payload);
        let (event, drift) = (&accepted.event, &accepted.drift);
        assert_eq!(
            (event.event_type.as_str(), event.attributes["events"].as_str()),
            (event_type, told),
            "{payload}"
        );
        for (name, expected) in
            [("text", "x"), ("contentType", "Attachment,ButtonResponse"), ("buttonResponse", "yes")]
        {
            assert_eq!(event.attributes[name], expected, "{payload}");
        }
        let found: Vec<Option<&str>> = drift.iter().map(|drift| drift.found.as_deref()).collect();
        assert_eq!(found, unknown.map(Some).into_iter().collect::<Vec<_>>(), "{payload}");
    }
}

#[test]
fn a_receipt_that_leaves_its_type_out_is_one_by_what_it_tells() {
    for (told, event_type, unknown) in [
        (json!({"status": "Delivered"}), "message.receipt", None),
        (json!({"status": "Delivered", "isFinalReceipt": true}), "message.receipt", None),
        (json!({"isFinalReceipt": false}), "message.receipt", None),
        (json!({"reasons": [{"code": "RateLimited"}]}), "message.receipt", None),
        (json!({"status": "Delivered", "type": null, "text": null}), "message.receipt", None),
        (json!({"status": "Delivered", "type": "Receipt", "text": "x"}), "message.receipt", None),
        (json!({"type": "Receipt"}), "message.receipt", None),
        // What says something is a message, whatever became of it.
        (json!({"status": "Sent", "text": "x"}), "message.sent", None),
        (json!({"status": "Sent", "content": [{"contentType": "Attachment"}]}), "message.sent", None),
        (json!({"status": "Sent", "events": [{"eventType": "Typing"}]}), "typing.started", None),
        // What says nothing is no message.
        (json!({}), "platform.event", Some("Outbound")),
        (json!({"metadata": {"a": 1}}), "platform.event", Some("Outbound")),
        (json!({"text": "", "content": []}), "platform.event", Some("Outbound")),
    ] {
        let mut payload = message();
        let whole = payload.as_object_mut().unwrap();
        whole.remove("type");
        whole.remove("text");
        whole.insert("direction".into(), json!("Outbound"));
        whole.extend(told.as_object().unwrap().clone());
        let accepted = map(SourceKind::GenesysOpenMessaging, &payload);
        assert_eq!(accepted.event.event_type, event_type, "{payload}");
        let found: Vec<Option<&str>> = accepted.drift.iter().map(|drift| drift.found.as_deref()).collect();
        assert_eq!(found, unknown.map(Some).into_iter().collect::<Vec<_>>(), "{payload}");
        assert_eq!(accepted.event.attributes["messageId"], "m-1");
    }
}

#[test]
fn what_a_tenant_says_of_the_customer_stands_with_the_channel() {
    for (own, customer, told) in [
        (json!({"customerId": "55", "provider": "e", "n": 7}), "55", &["customerId", "n", "provider"][..]),
        (json!({"customer_id": 56}), "56", &["customer_id"]),
        (json!({"customerId": "UNKNOWN"}), "ann", &["customerId"]),
        (json!({"tier": "gold"}), "ann", &["tier"]),
        (json!(["customerId"]), "ann", &[]),
    ] {
        let mut payload = message();
        payload["channel"]["metadata"] = json!({"customAttributes": own, "other": {"customerId": "57"}});
        let accepted = map(SourceKind::GenesysOpenMessaging, &payload);
        let event = accepted.event;
        assert_eq!(event.customer_id.as_deref(), Some(customer), "{payload}");
        let names: Vec<&str> = event.tenant_attributes.keys().map(String::as_str).collect();
        assert_eq!(names, told, "{payload}");
        assert!(!event.attributes.contains_key("provider"), "it is none of the platform's");
        assert_eq!((event.key().as_str(), accepted.drift), ("genesys/configured-org/i-1/ann", vec![]));
    }
}
