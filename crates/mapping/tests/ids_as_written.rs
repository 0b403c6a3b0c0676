//! Ids are text as it is written: white space around one makes another id, and is escaped in keys where it must be.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{NOW, map};
use trunkline_config::SourceKind;
use trunkline_schemas::PlatformEvent;

/// One id to a reader, and as many as there are of them to a machine.
const WRITTEN: [&str; 6] = ["c1", "c1\n", "\tc1", "c1\u{a0}", "  c1 ", "c1\u{2009}"];

#[track_caller]
fn assert_apart(kind: SourceKind, payload: impl Fn(&str) -> Value) {
    let events: Vec<PlatformEvent> = WRITTEN.iter().map(|id| map(kind, &payload(id)).event).collect();
    let keys: BTreeSet<String> = events.iter().map(PlatformEvent::key).collect();
    let ids: BTreeSet<&str> = events.iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!((keys.len(), ids.len()), (WRITTEN.len(), WRITTEN.len()), "{keys:?}");
    assert!(!keys.iter().any(|key| key.contains(char::is_control)), "{keys:?}");
    let found: Vec<Option<&str>> = events.iter().map(|event| event.conversation_id.as_deref()).collect();
    assert_eq!(found, WRITTEN.map(Some));
}

#[test]
fn white_space_around_an_id_is_part_of_it() {
    let topic = "v2.detail.events.conversation.{id}.customer.start";
    assert_apart(SourceKind::GenesysEventBridge, |id| {
        json!({"id": "e-1", "detail-type": topic, "detail": {
            "topicName": topic, "eventBody": {"eventTime": NOW, "conversationId": id},
        }})
    });
    assert_apart(SourceKind::GenesysOpenMessaging, |id| {
        json!({"id": "m-1", "type": "Text", "text": "x", "direction": "Inbound", "conversationId": id,
            "channel": {"id": "i-1", "from": {"id": "ann"}, "to": {"id": "i-1"}}})
    });
    assert_apart(
        SourceKind::CxoneDigital,
        |id| json!({"eventType": "CaseCreated", "eventId": "e-1", "data": {"case": {"id": id}}}),
    );
}

#[test]
fn blank_is_nothing_and_words_have_no_white_space_around_them() {
    let message = json!({"id": " ", "type": "Text ", "text": " hi\n", "direction": "Inbound\n", "conversationId": "\n",
        "channel": {"id": "i-1", "messageId": "m-1", "from": {"id": "ann"}, "to": {"id": "i-1"}}});
    let event = map(SourceKind::GenesysOpenMessaging, &message).event;
    assert_eq!(
        (event.event_type.as_str(), event.direction.as_deref()),
        ("message.received", Some("inbound"))
    );
    assert_eq!((event.conversation_id, event.attributes["messageId"].as_str()), (None, "m-1"));
    assert_eq!(event.attributes["text"], " hi\n", "it is what the customer wrote");
}

#[test]
fn what_is_true_or_false_is_no_id() {
    let body = json!({"id": true, "conversationId": false, "user": {"id": true}});
    let payload = json!({"id": true, "detail-type": "v2.things.happened", "detail": {
        "topicName": "v2.things.happened", "eventBody": body,
    }});
    let event = map(SourceKind::GenesysEventBridge, &payload).event;
    assert_eq!((event.conversation_id, event.source.transport_id), (None, None));
    assert_eq!(event.entity_id, "v2.things.happened");
}
