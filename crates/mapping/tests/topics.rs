//! Topics that no version knows, and what they are about.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::map;
use trunkline_config::SourceKind;
use trunkline_mapping::Accepted;

fn told(id: &str, detail_type: &str, topic: &str, body: Value) -> Accepted {
    let payload = json!({
        "id": id, "detail-type": detail_type, "source": "aws.partner/genesys.com/cloud/org-1/bus",
        "detail": {"topicName": topic, "eventBody": body, "metadata": {}},
    });
    map(SourceKind::GenesysEventBridge, &payload)
}

#[test]
fn an_unknown_topic_without_ids_is_one_order() {
    for topic in ["v2.operations.events", "v2.quality.evaluations", "v2.architect.dependencytracking.build"] {
        let events =
            ["e-1", "e-2", "e-3"].map(|id| told(id, topic, topic, json!({"level": "critical"})).event);
        let keys: BTreeSet<String> = events.iter().map(|event| event.key()).collect();
        assert_eq!(keys, BTreeSet::from([format!("genesys/org-1/{topic}")]));
        let ids: BTreeSet<&String> = events.iter().map(|event| &event.event_id).collect();
        assert_eq!(ids.len(), 3, "{topic}: each may be another occurrence");
        assert!(events[0].content_id.is_some() && events[0].content_id == events[2].content_id);
        let other = told("e-1", topic, topic, json!({"level": "low"})).event;
        assert!(other.content_id != events[0].content_id && other.key() == events[0].key());
    }
}

#[test]
fn short_ids_in_an_unknown_type_make_no_other_type() {
    for (types, body_name, expected) in [
        (["v2.workitems.wi-1.changed", "v2.workitems.wi-2.changed"], "id", "v2.workitems.{id}.changed"),
        (["v2.things.4711.changed", "v2.things.u_99.changed"], "x", "v2.things.{id}.changed"),
        (["v2.things.red.changed", "v2.things.blue.changed"], "thingId", "v2.things.{id}.changed"),
        (["v2.things.red.changed", "v2.things.blue.changed"], "thing", "v2.things.{id}.changed"),
    ] {
        let events = types.map(|topic| {
            let id = topic.split('.').nth(2).unwrap();
            let value = if body_name == "thing" { json!({"id": id}) } else { json!(id) };
            (id, told("e-1", topic, topic, json!({body_name: value})))
        });
        for (id, accepted) in &events {
            assert_eq!(accepted.event.source_type, expected);
            assert_eq!(accepted.event.entity_id, *id, "{expected}");
        }
        assert_eq!(events[0].1.drift, events[1].1.drift, "one kind of drift");
    }
    let word = told("e-1", "v2.things.red.changed", "v2.things.red.changed", json!({"id": "blue"})).event;
    assert_eq!(word.source_type, "v2.things.red.changed");
}

#[test]
fn a_state_that_is_the_whole_body_is_told() {
    for (topic, body, name, expected) in [
        (
            "v2.users.{id}.routingStatus",
            json!({"userId": "u-1", "status": "IDLE", "startTime": "2026-03-02T08:15:30Z"}),
            "routingStatus",
            "IDLE",
        ),
        (
            "v2.users.{id}.routingStatus",
            json!({"routingStatus": {"status": "IDLE"}}),
            "routingStatus",
            "IDLE",
        ),
        (
            "v2.users.{id}.routingStatus",
            json!({"status": "active", "routingStatus": {"status": "INTERACTING"}}),
            "routingStatus",
            "INTERACTING",
        ),
        ("v2.users.{id}.outofoffice", json!({"active": true}), "outOfOffice", "true"),
        ("v2.users.{id}.activity", json!({"outOfOffice": {"active": false}}), "outOfOffice", "false"),
    ] {
        let event = told("e-1", topic, &topic.replace("{id}", "u-1"), body.clone()).event;
        assert_eq!(event.attributes[name], expected, "{body}");
    }
    let other = told("e-1", "v2.users.{id}.station", "v2.users.u-1.station", json!({"status": "x"})).event;
    assert!(!other.attributes.contains_key("routingStatus"));
}
