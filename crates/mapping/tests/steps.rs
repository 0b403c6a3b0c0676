//! Steps of a conversation and audits: what differs in anything is another fact, and what does not is the same one by
//! whatever transport.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{NOW, map};
use trunkline_config::SourceKind;
use trunkline_schemas::PlatformEvent;

/// What EventBridge delivers of a topic, under an id of its own.
fn told(id: &str, topic: &str, real: &str, body: &Value) -> PlatformEvent {
    let payload = json!({
        "id": id, "detail-type": topic, "source": "aws.partner/genesys.com/cloud/8f1c/bus",
        "detail": {"topicName": real, "eventBody": body, "metadata": {"CorrelationId": format!("of-{id}")}},
    });
    map(SourceKind::GenesysEventBridge, &payload).event
}

fn step(id: &str, name: &str, body: &Value) -> PlatformEvent {
    let topic = format!("v2.detail.events.conversation.{{id}}.{name}");
    told(id, &topic, &topic.replace("{id}", "c-1"), body)
}

#[test]
fn what_differs_in_any_part_of_a_step_is_another_fact() {
    for (name, field, one, other) in [
        ("wrapup", "wrapupNotes", json!("first"), json!("second")),
        ("flow.outcome", "flowOutcomeValue", json!("SUCCESS"), json!("FAILURE")),
        ("attributes", "communications", json!([{"id": "x"}]), json!([{"id": "y"}])),
        ("attributes", "attributes", json!({"a": "1"}), json!({"a": "2"})),
        ("contact", "externalOrganizationId", json!("o-1"), json!("o-2")),
        ("user.end", "interactingDurationMs", json!(7_000), json!(8_000)),
        ("acd.end", "answeredUserId", Value::Null, json!("u-1")),
        ("customer.start", "brandNew", json!({"a": [1]}), json!({"a": [2]})),
    ] {
        let body = |value: &Value| json!({"eventTime": NOW, "conversationId": "c-1", "sessionId": "s", field: value});
        let [first, second] = [&one, &other].map(|value| step("e-1", name, &body(value)));
        assert_ne!(first.event_id, second.event_id, "{name}: {field}");
        let anew = step("e-2", name, &body(&one));
        assert_eq!(anew.event_id, first.event_id, "{name}: published anew");
        assert_eq!((first.content_id, first.entity_id.as_str()), (None, "c-1"));
    }
}

#[test]
fn an_audit_is_its_id_and_all_that_it_says() {
    let (topic, real) = ("v2.audits.entitytype.{id}.entityid.{id}", "v2.audits.entitytype.Queue.entityid.q");
    let audit = |id: &str, body: Value| told(id, topic, real, &body).event_id;
    let update = json!({"id": "a-1", "action": "Update", "entity": {"id": "q"}});
    assert_eq!(audit("e-1", update.clone()), audit("e-2", update.clone()));
    for other in [
        json!({"id": "a-1", "action": "Delete", "entity": {"id": "q"}}),
        json!({"id": "a-2", "action": "Update", "entity": {"id": "q"}}),
        json!({"id": "a-1", "action": "Update", "entity": {"id": "q"}, "context": {"x": 1}}),
    ] {
        assert_ne!(audit("e-1", update.clone()), audit("e-1", other));
    }
}

#[test]
fn a_state_that_returns_under_a_time_that_is_none_is_another_fact() {
    for time in [
        json!(0),
        json!(1_795_250_000),
        json!("soon"),
        json!(true),
        json!({}),
        json!(null),
        json!("2026-03-02T08:15:30"),
        json!("9999-12-31T00:00:00Z"),
        json!(NOW + 2 * 86_400_000),
    ] {
        let states = ["A", "B", "A"].iter().enumerate().map(|(position, state)| {
            let body = json!({"eventTime": time, "conversationId": "c-1", "attributes": {"state": state}});
            step(&format!("e-{position}"), "attributes", &body)
        });
        let states: Vec<PlatformEvent> = states.collect();
        let ids: BTreeSet<&String> = states.iter().map(|event| &event.event_id).collect();
        assert_eq!(ids.len(), 3, "{time}");
        assert_eq!(states[0].content_id, states[2].content_id, "{time}: they say the same");
        assert!(states[0].content_id.is_some());
        let body = json!({"eventTime": time, "conversationId": "c-1", "attributes": {"state": "A"}});
        assert_eq!(step("e-0", "attributes", &body).event_id, states[0].event_id, "{time}: delivered again");
    }
    // A state's own time as well.
    let presence = |id: &str, time: &str| {
        let body = json!({"modifiedDate": time, "presenceDefinition": {"systemPresence": "AWAY"}});
        told(id, "v2.users.{id}.presence", "v2.users.u-1.presence", &body).event_id
    };
    assert_ne!(presence("e-1", "9999-12-31T00:00:00Z"), presence("e-2", "9999-12-31T00:00:00Z"));
    assert_eq!(presence("e-1", "2026-03-02T08:15:30Z"), presence("e-2", "2026-03-02T08:15:30Z"));
}

#[test]
fn a_message_without_id_and_with_a_time_that_is_none_is_named_by_its_delivery() {
    let message = |time: &str, received_at: i64| {
        let body = json!({
            "type": "Text", "text": "yes", "direction": "Inbound",
            "channel": {"id": "i-1", "from": {"id": "ann"}, "to": {"id": "i-1"}, "time": time},
        });
        let source = support::source(SourceKind::GenesysOpenMessaging);
        support::accepted(&source, body.to_string().as_bytes(), received_at).event.event_id
    };
    for time in ["9999-12-31T00:00:00Z", "noon"] {
        assert_ne!(message(time, NOW), message(time, NOW + 1), "{time}");
    }
    assert_eq!(message("2026-03-02T08:15:30Z", NOW), message("2026-03-02T08:15:30Z", NOW + 1));
}
