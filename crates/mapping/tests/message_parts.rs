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
