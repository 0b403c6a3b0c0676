//! Values of another type than the platform's model has: the event goes on without them, and drift says so.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{DEPTH, NOW, delivery, map, source};
use trunkline_config::{Drift, Source, SourceKind};
use trunkline_mapping::{Accepted, ElementOutcome, map_delivery};

fn user_end(body: Value) -> Value {
    let topic = "v2.detail.events.conversation.{id}.user.end";
    let mut whole =
        json!({"eventTime": NOW - 1, "conversationId": "c-1", "participantId": "p-1", "userId": "u-1"});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    json!({"id": "e-1", "detail-type": topic, "detail": {
        "topicName": "v2.detail.events.conversation.c-7.user.end", "eventBody": whole,
    }})
}

fn message(changes: Value) -> Value {
    let mut whole = json!({
        "id": "m-1", "type": "Text", "text": "hi", "direction": "Inbound",
        "channel": {"id": "i-1", "from": {"id": "ann"}, "to": {"id": "i-1"}, "time": "2026-03-02T08:15:30Z"},
    });
    whole.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    whole
}

fn case(changes: Value) -> Value {
    let mut whole = json!({"eventType": "CaseCreated", "eventId": "e-1", "createdAt": "2026-03-02T08:15:30Z",
        "data": {"case": {"id": "9"}}});
    whole.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    whole
}

/// The pointers of the values that are reported to be of another type.
fn wrong(accepted: &Accepted) -> Vec<&str> {
    let changed = accepted.drift.iter().filter(|drift| drift.change.as_str() == "type_changed");
    changed.map(|drift| drift.pointer.as_str()).collect()
}

#[test]
fn a_text_where_the_model_says_number_costs_no_step_of_a_conversation() {
    let accepted = map(
        SourceKind::GenesysEventBridge,
        &user_end(
            json!({"interactingDurationMs": "7000", "heldDurationMs": 500.0, "disconnectType": ["PEER"]}),
        ),
    );
    assert_eq!(
        wrong(&accepted),
        ["/detail/eventBody/disconnectType", "/detail/eventBody/interactingDurationMs"]
    );
    let event = accepted.event;
    assert_eq!((event.event_type.as_str(), event.event_time), ("participant.disconnected", NOW - 1));
    assert_eq!(event.attributes.get("interactingDurationMs"), None, "it reads as absent");
    assert_eq!(event.attributes["heldDurationMs"], "500.0");
    assert!(event.data.contains(r#""interactingDurationMs":"7000""#), "the payload is as it came");
}

#[test]
fn every_source_takes_what_is_wrong_beside_what_it_needs() {
    for (kind, payload, expected) in [
        (
            SourceKind::GenesysEventBridge,
            user_end(json!({"userId": true})),
            &["/detail/eventBody/userId"][..],
        ),
        (
            SourceKind::GenesysEventBridge,
            user_end(json!({"callbackNumbers": ["1", 2, ["3"]]})),
            &["/detail/eventBody/callbackNumbers/*"],
        ),
        (
            SourceKind::GenesysEventBridge,
            user_end(json!({"conversationId": {"id": "c-1"}})),
            &["/detail/eventBody/conversationId"],
        ),
        (SourceKind::GenesysOpenMessaging, message(json!({"text": {"a": 1}})), &["/text"]),
        (SourceKind::GenesysOpenMessaging, message(json!({"type": 7})), &["/type"]),
        (SourceKind::GenesysOpenMessaging, message(json!({"events": {}, "id": ["x"]})), &["/events", "/id"]),
        (SourceKind::CxoneDigital, case(json!({"traceId": ["t-1", "t-2"]})), &["/traceId"]),
        (
            SourceKind::CxoneDigital,
            case(json!({"data": {"case": [], "contact": {"id": "9"}}})),
            &["/data/case"],
        ),
        (SourceKind::CxoneDigital, case(json!({"error": [], "postback": 7})), &["/error", "/postback"]),
    ] {
        let accepted = map(kind, &payload);
        let mut found = wrong(&accepted);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expected, "{payload}");
        assert_ne!(accepted.event.entity_type, "unknown", "{payload}");
    }
    let topics = map(SourceKind::GenesysEventBridge, &user_end(json!({"conversationId": []}))).event;
    assert_eq!(topics.conversation_id.as_deref(), Some("c-7"), "the topic names it");
    let contact = map(SourceKind::CxoneDigital, &case(json!({"data": {"case": [], "contact": {"id": "9"}}})));
    assert_eq!(contact.event.conversation_id.as_deref(), Some("9"));
}

#[test]
fn what_is_left_out_tells_two_facts_apart() {
    let id = |kind, payload: &Value| map(kind, payload).event.event_id;
    for (kind, payloads) in [
        (
            SourceKind::GenesysEventBridge,
            ["7000", "8000", "9000"].map(|value| user_end(json!({"interactingDurationMs": value}))),
        ),
        (SourceKind::GenesysOpenMessaging, [1, 2, 3].map(|value| message(json!({"text": {"a": value}})))),
        (SourceKind::CxoneDigital, [1, 2, 3].map(|value| case(json!({"traceId": [value]})))),
    ] {
        let ids: BTreeSet<String> = payloads.iter().map(|payload| id(kind, payload)).collect();
        assert_eq!(ids.len(), payloads.len(), "{kind}");
        assert_eq!(id(kind, &payloads[0]), id(kind, &payloads[0].clone()));
    }
    // What EventBridge writes around an event is no part of it, of whatever type.
    let mut around = user_end(json!({}));
    let plain = id(SourceKind::GenesysEventBridge, &around);
    around["region"] = json!(["r"]);
    assert_eq!(id(SourceKind::GenesysEventBridge, &around), plain);
}

#[test]
fn a_time_in_parts_is_a_time() {
    for (time, expected) in [
        (json!({"seconds": 1_772_439_330, "nanos": 123_000_000}), 1_772_439_330_123),
        (
            json!({"date": "2026-03-02 09:15:30.000000", "timezone_type": 1, "timezone": "+01:00"}),
            1_772_439_330_000,
        ),
        (json!({"date": "2026-03-02 09:15:30.000000", "timezone": "Europe/Berlin"}), NOW),
        (json!([2026, 3, 2]), NOW),
    ] {
        let accepted = map(SourceKind::CxoneDigital, &case(json!({"createdAt": time})));
        assert_eq!(accepted.event.event_time, expected, "{time}");
        // NICE's own reader takes a time in parts as well; one that cannot be read is told.
        assert_eq!(accepted.drift.is_empty(), expected != NOW, "{time}: {:?}", accepted.drift);
    }
    let accepted =
        map(SourceKind::GenesysEventBridge, &user_end(json!({"eventTime": {"seconds": 1_772_439_330}})));
    assert_eq!(accepted.event.event_time, 1_772_439_330_000);
}

#[test]
fn what_an_event_cannot_be_without_quarantines_it_and_drift_may() {
    let outcome = |source: &Source, payload: &Value| {
        let text = payload.to_string();
        map_delivery(&delivery(source, text.as_bytes(), NOW), DEPTH).unwrap().elements.remove(0)
    };
    let mut no_body = user_end(json!({}));
    no_body["detail"]["eventBody"] = json!([{"conversationId": "c-1"}]);
    for (kind, payload, reason) in [
        (SourceKind::GenesysEventBridge, no_body, "/detail/eventBody is array and does not match the schema"),
        (
            SourceKind::GenesysOpenMessaging,
            message(json!({"channel": 7})),
            "/channel is number and does not match the schema",
        ),
        (
            SourceKind::GenesysOpenMessaging,
            json!({"channel": {"id": "i-1"}}),
            "nothing in it says what genesys-open-messaging event it is",
        ),
    ] {
        let ElementOutcome::Quarantined(quarantined) = outcome(&source(kind), &payload) else {
            panic!("{payload}")
        };
        assert_eq!(quarantined.payload.reason, reason);
    }
    let mut nowhere = user_end(json!({"conversationId": {"id": "c-1"}}));
    nowhere["detail"]["topicName"] = nowhere["detail-type"].clone();
    assert!(
        matches!(outcome(&source(SourceKind::GenesysEventBridge), &nowhere), ElementOutcome::Quarantined(_)),
        "nothing else names what it is about"
    );
    let strict = Source { drift: Drift::Quarantine, ..source(SourceKind::GenesysEventBridge) };
    let wrong = user_end(json!({"interactingDurationMs": "7000"}));
    assert!(matches!(outcome(&strict, &wrong), ElementOutcome::Quarantined(_)));
}
