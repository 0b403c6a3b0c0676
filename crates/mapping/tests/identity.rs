//! What is one fact and what is another: occurrences, what they say, and the source's own numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::{DEPTH, NOW, delivery, fixtures, source};
use trunkline_config::{Drift, Source, SourceKind};
use trunkline_mapping::{Change, Delivery, ElementOutcome, map_delivery};
use trunkline_schemas::PlatformEvent;

fn map(kind: SourceKind, payload: &Value) -> PlatformEvent {
    support::map(kind, payload).event
}

/// What EventBridge delivers of a topic, under an id of its own.
fn told(id: &str, detail_type: &str, topic: &str, body: &Value) -> PlatformEvent {
    let payload = serde_json::json!({
        "id": id,
        "detail-type": detail_type,
        "source": "aws.partner/genesys.com/cloud/8f1c/bus",
        "detail": {"topicName": topic, "eventBody": body, "metadata": {"CorrelationId": format!("of-{id}")}},
    });
    map(SourceKind::GenesysEventBridge, &payload)
}

#[test]
fn a_state_that_returns_is_another_fact_that_says_the_same() {
    let agent = "278522be-1683-4877-8257-4164a177be89";
    let states = [
        ("station", json!({"associatedStation": {"id": "s1"}})),
        ("routingStatus", json!({"routingStatus": {"status": "IDLE"}})),
        (
            "conversations.calls",
            json!({"id": "c1", "participants": [{"id": "p", "calls": [{"muted": true}]}]}),
        ),
        ("something.new", json!({"on": true})),
    ];
    for (name, state) in states {
        let (detail_type, topic) = (format!("v2.users.{{id}}.{name}"), format!("v2.users.{agent}.{name}"));
        let first = told("e-1", &detail_type, &topic, &state);
        let again = told("e-2", &detail_type, &topic, &state);
        assert_ne!(first.event_id, again.event_id, "{name}: another occurrence");
        assert_eq!(first.content_id, again.content_id, "{name}: of the same");
        assert!(first.content_id.is_some());
        assert_eq!(first.attributes["topicName"], topic);
        assert_eq!(told("e-1", &detail_type, &topic, &state), first, "{name}: delivered again");
        let other = told("e-3", &detail_type, &topic, &json!({}));
        assert_ne!(other.content_id, first.content_id, "{name}");
    }
}

#[test]
fn a_state_with_a_time_of_its_own_is_the_same_fact_however_often_it_is_told() {
    let agent = "278522be-1683-4877-8257-4164a177be89";
    for (name, state) in [
        ("presence", json!({"modifiedDate": "2026-03-02T08:00:00Z", "message": ""})),
        ("outofoffice", json!({"active": true, "modifiedDate": "2026-03-02T08:00:00.000Z"})),
        ("callforwarding", json!({"enabled": false, "modifiedDate": "2026-03-02T08:00:00Z"})),
        ("routingStatus", json!({"routingStatus": {"status": "IDLE", "startTime": "2026-03-02T08:00:00Z"}})),
        ("something.new", json!({"eventTime": 1_772_439_329_124_i64})),
    ] {
        let (detail_type, topic) = (format!("v2.users.{{id}}.{name}"), format!("v2.users.{agent}.{name}"));
        let first = told("e-1", &detail_type, &topic, &state);
        assert_eq!(first.event_id, told("e-2", &detail_type, &topic, &state).event_id, "{name}");
        assert_eq!(first.content_id, None, "{name}");
        assert_eq!(first.attributes["topicName"], topic, "it comes between what is said there");
        let unreadable: Value =
            serde_json::from_str(&state.to_string().replace("2026-03-02T08", "then").replace("1772439", ""))
                .unwrap();
        assert!(
            told("e-1", &detail_type, &topic, &unreadable).content_id.is_some(),
            "{name}: no time at all"
        );
    }
}

#[test]
fn equal_bodies_of_two_queues_are_two_facts() {
    let queues = ["32aa07aa-db1b-4987-abd0-9483601ec29d", "97b9dcb3-c182-4d1f-8123-76a4b5cf1f5a"];
    for name in ["users", "conversations", "observations.of.something"] {
        let detail_type = format!("v2.routing.queues.{{id}}.{name}");
        let [one, other] = queues.map(|queue| {
            let topic = format!("v2.routing.queues.{queue}.{name}");
            told("e-1", &detail_type, &topic, &json!({"id": "u1", "joined": true}))
        });
        assert_ne!(one.event_id, other.event_id, "{name}");
        assert_ne!(one.content_id, other.content_id, "{name}");
    }
    // With a time of its own as well.
    let [one, other] = queues.map(|user| {
        let body = json!({"modifiedDate": "2026-03-02T08:00:00Z"});
        told("e-1", "v2.users.{id}.presence", &format!("v2.users.{user}.presence"), &body)
    });
    assert_ne!(one.event_id, other.event_id);
}

#[test]
fn a_sources_own_number_is_read_where_the_configuration_says_and_missed_where_it_is_not() {
    let numbered = |body: &Value, drift: Drift| {
        let source = Source {
            sequence: Some("/detail/number".into()),
            drift,
            ..source(SourceKind::GenesysEventBridge)
        };
        let text = body.to_string();
        map_delivery(&delivery(&source, text.as_bytes(), NOW), DEPTH).unwrap().elements.remove(0)
    };
    let mut body: Value = serde_json::from_slice(
        &std::fs::read(fixtures(SourceKind::GenesysEventBridge).join("customer_end.json")).unwrap(),
    )
    .unwrap();
    for (number, expected) in
        [(json!(7), Some(7)), (json!("8"), Some(8)), (json!("x"), None), (Value::Null, None)]
    {
        body["detail"]["number"] = number;
        let ElementOutcome::Event(accepted) = numbered(&body, Drift::Pass) else { panic!("{body}") };
        assert_eq!(accepted.event.sequence, expected);
        let missed = accepted
            .drift
            .iter()
            .any(|drift| drift.pointer == "/detail/number" && drift.change != Change::UnknownField);
        assert_eq!(missed, expected.is_none(), "{:?}", accepted.drift);
    }
    assert!(matches!(numbered(&body, Drift::Quarantine), ElementOutcome::Quarantined(_)));
}

#[test]
fn what_nothing_names_is_named_by_its_delivery() {
    let state = r#"{"Type": "AgentState", "AgentId": "12214", "CurrentState": "Available"}"#;
    let source = source(SourceKind::CxoneDigital);
    let ids = |headers: &[(&str, &str)], received_at: i64, body: &str| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let delivery =
            Delivery { headers: headers.collect(), ..delivery(&source, body.as_bytes(), received_at) };
        let elements = map_delivery(&delivery, DEPTH).unwrap().elements.into_iter();
        let ids = elements.map(|element| match element {
            ElementOutcome::Event(accepted) => (accepted.event.event_id, accepted.event.content_id.unwrap()),
            other => panic!("no event: {other:?}"),
        });
        ids.collect::<Vec<_>>()
    };
    let first = &ids(&[], NOW, state)[0];
    let later = &ids(&[], NOW + 1, state)[0];
    assert!(first.0 != later.0 && first.1 == later.1, "another occurrence that says the same");
    let batch = ids(&[], NOW, &format!("[{state}, {state}]"));
    assert!(batch[0].0 != batch[1].0 && batch[0].1 == batch[1].1, "two elements are two occurrences");
    for name in ["webhook-id", "x-nexus-delivery-id"] {
        let named = |id: &str, received_at: i64| ids(&[(name, id)], received_at, state).remove(0).0;
        assert_eq!(named("d-1", NOW), named("d-1", NOW + 86_400_000), "{name}: delivered again");
        assert_ne!(named("d-1", NOW), named("d-2", NOW), "{name}");
        assert_eq!(named(" ", NOW), first.0, "{name}: an empty id names nothing");
    }
    let another = &ids(&[("x-request-id", "r-1")], NOW, state)[0];
    assert_eq!(another, first, "proxies give each request such an id, or all of them one");
}
