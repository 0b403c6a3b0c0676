//! A transport's id that comes again with something else: what differs is another fact, and what does not is the
//! same one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{NOW, fixtures, source};
use trunkline_config::SourceKind::{self, CxoneDigital, GenesysEventBridge, GenesysOpenMessaging};
use trunkline_mapping::Accepted;
use trunkline_schemas::PlatformEvent;

fn fixture(kind: SourceKind, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixtures(kind).join(name)).unwrap()).unwrap()
}

fn accepted(kind: SourceKind, text: &str) -> Accepted {
    support::accepted(&source(kind), text.as_bytes(), NOW)
}

/// The payload, and one for each change of it.
fn with(payload: &Value, changes: &[(&str, Value)]) -> Vec<Value> {
    let changed = changes.iter().map(|(pointer, value)| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut changed = payload.clone();
        changed.pointer_mut(parent).unwrap()[name] = value.clone();
        changed
    });
    std::iter::once(payload.clone()).chain(changed).collect()
}

#[track_caller]
fn assert_facts(kind: SourceKind, payloads: &[Value], facts: usize) {
    let events: Vec<PlatformEvent> =
        payloads.iter().map(|payload| accepted(kind, &payload.to_string()).event).collect();
    let transport_ids: BTreeSet<_> = events.iter().map(|event| &event.source.transport_id).collect();
    assert_eq!(transport_ids.len(), 1, "this is about one id");
    let ids: BTreeSet<_> = events.iter().map(|event| &event.event_id).collect();
    assert_eq!(ids.len(), facts, "{events:#?}");
    for (payload, event) in payloads.iter().zip(&events) {
        let rewritten = serde_json::to_string_pretty(payload).unwrap();
        assert_eq!(accepted(kind, &rewritten).event.event_id, event.event_id, "delivered again: {payload}");
    }
}

#[test]
fn an_open_messaging_id_is_used_again_by_other_messages() {
    let message = fixture(GenesysOpenMessaging, "outbound_text.json");
    let others = with(
        &message,
        &[
            ("/channel/time", json!("2026-03-02T08:15:31.001Z")),
            ("/channel/id", json!("22220000-0000-4000-8000-000000000002")),
            ("/direction", json!("Inbound")),
            ("/type", json!("Structured")),
            ("/text", json!("Grüße, what else can I do?")),
            ("/brandNew", json!(1)),
        ],
    );
    assert_facts(GenesysOpenMessaging, &others, others.len());
}

#[test]
fn a_message_may_have_several_receipts_of_one_status_and_time() {
    let receipt = fixture(GenesysOpenMessaging, "receipt_failed.json");
    let others = with(
        &receipt,
        &[
            ("/channel/time", json!("2026-03-02T08:15:31.001Z")),
            ("/channel/id", json!("22220000-0000-4000-8000-000000000002")),
            ("/status", json!("Delivered")),
            ("/reasons", json!([])),
            ("/isFinalReceipt", json!(false)),
        ],
    );
    assert_facts(GenesysOpenMessaging, &others, others.len());
}

#[test]
fn an_id_of_cxone_is_used_again_by_another_body() {
    for (name, pointer) in [
        ("typing_started.json", "/data/brandNew"),
        ("case_status_closed.json", "/data/case/status"),
        ("message_created_inbound.json", "/data/message/messageContent/text"),
        ("postback_thread_recovered.json", "/postback/data/brandNew"),
        ("error_reply.json", "/error/errorMessage"),
        ("gateway_error.json", "/message"),
        ("authorize_request.json", "/brandNew"),
    ] {
        let others = with(&fixture(CxoneDigital, name), &[(pointer, json!("another"))]);
        assert_facts(CxoneDigital, &others, 2);
    }
}

#[test]
fn what_eventbridge_writes_around_an_event_is_no_part_of_it() {
    let payload = fixture(GenesysEventBridge, "customer_end.json");
    let replayed = with(
        &payload,
        &[
            ("/replay-name", json!("after-the-outage")),
            ("/time", json!("2026-03-03T08:15:30Z")),
            ("/resources", json!(["arn:aws:events:eu-central-1:111122223333:archive/a"])),
            ("/region", json!("eu-west-1")),
        ],
    );
    assert_facts(GenesysEventBridge, &replayed, 1);
    let drift = |payload: &Value| accepted(GenesysEventBridge, &payload.to_string()).drift;
    for replayed in &replayed {
        assert_eq!(drift(replayed), drift(&payload), "a replay is no drift");
    }
    let other = with(&payload, &[("/detail/eventBody/eventTime", json!(1_772_439_329_124_i64))]);
    assert_facts(GenesysEventBridge, &other, 2);
}
