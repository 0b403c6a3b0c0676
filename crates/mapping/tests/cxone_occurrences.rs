//! CXone Digital: what is one fact and what is another where the platform names it, and where it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::{DEPTH, NOW, delivery, map, source};
use trunkline_config::SourceKind;
use trunkline_mapping::{ElementOutcome, map_delivery};

const KIND: SourceKind = SourceKind::CxoneDigital;

#[test]
fn the_trace_is_no_part_of_a_fact() {
    let event = |trace: &Value| {
        let payload = json!({"eventId": "e", "eventType": "CaseCreated", "traceId": trace, "data": {"case": {"id": 1}}});
        map(KIND, &payload).event
    };
    let first = event(&json!("t-1"));
    assert_eq!(first.correlation_id, "t-1");
    for trace in [json!("t-2"), json!(7), json!(null)] {
        assert_eq!(event(&trace).event_id, first.event_id, "{trace}");
    }
    let mut more =
        json!({"eventId": "e", "eventType": "CaseCreated", "traceId": "t-1", "data": {"case": {"id": 1}}});
    more["data"]["case"]["traceId"] = json!("t-9");
    assert_ne!(map(KIND, &more).event.event_id, first.event_id, "one field more is another fact");
}

/// Each of these deliveries by itself, in its order.
fn event_ids(payloads: &[Value]) -> Vec<(String, Option<String>)> {
    let source = source(KIND);
    let ids = payloads.iter().enumerate().map(|(position, payload)| {
        let text = payload.to_string();
        let at = NOW + i64::try_from(position).unwrap();
        match map_delivery(&delivery(&source, text.as_bytes(), at), DEPTH).unwrap().elements.remove(0) {
            ElementOutcome::Event(accepted) => (accepted.event.event_id, accepted.event.content_id),
            other => panic!("{payload}: {other:?}"),
        }
    });
    ids.collect()
}

#[test]
fn a_time_of_whole_seconds_names_no_occurrence() {
    let updated = |priority: i32, time: Value| json!({"eventType": "ContactUpdated", "createdAt": time, "data": {"contact": {"id": 1, "priority": priority}}});
    for whole in [json!("2026-03-02T08:15:30Z"), json!("2026-03-02T09:15:30+01:00"), json!(1_772_439_330)] {
        let ids = event_ids(&[1, 2, 1].map(|priority| updated(priority, whole.clone())));
        assert_ne!(ids[0].0, ids[2].0, "{whole}: a state that returns within a second is another fact");
        assert_eq!(ids[0].1, ids[2].1, "{whole}: which says the same");
        assert!(ids[0].1.is_some());
    }
    for exact in [json!("2026-03-02T08:15:30.458Z"), json!(1_772_439_330_458_i64)] {
        let ids = event_ids(&[1, 2, 1].map(|priority| updated(priority, exact.clone())));
        assert_eq!(ids[0], ids[2], "{exact}: the same fact again");
    }
}

#[test]
fn one_thread_has_one_key_however_it_is_named() {
    let focused = |thread: Value| {
        let payload =
            json!({"eventType": "ThreadFocused", "data": {"channel": {"id": "chat_1"}, "thread": thread}});
        map(KIND, &payload).event.entity_id
    };
    let id = focused(json!({"id": "chat_1_T"}));
    assert_eq!(focused(json!({"idOnExternalPlatform": "T"})), id);
    assert_eq!(focused(json!({"id": "chat_1_T", "idOnExternalPlatform": "T"})), id);
    assert_ne!(focused(json!({"idOnExternalPlatform": "U"})), id);
}
