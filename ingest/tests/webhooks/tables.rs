//! Sources that a table reads: events with the source's numbers, changes of CRM records, and what is neither.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::json;
use trunkline_config::Source;

use super::support::{Ingest, Stored};

/// A telephony platform that numbers its events, and a relay of changes.
fn sources() -> BTreeMap<String, Source> {
    let text = r#"
        kafka.brokers = "localhost:9092"
        registry.url = "http://localhost:8081"
        [sources.ivr]
        kind = "custom"
        org = "acme"
        order = "sequenced"
        sequence = "/n"
        verify.method = "none"
        [sources.ivr.mapping]
        platform = "acme-ivr"
        identity = "/id"
        known = []
        fields.conversationId = "/call"
        types = [{ when = { "/event" = "up" }, type = "conversation.started" }]
        [sources.crm]
        kind = "salesforce-cdc"
        verify.method = "none"
    "#;
    trunkline_config::parse(text, "trunkline.toml").unwrap().sources
}

const CHANGE: &str =
    include_str!("../../../crates/mapping/tests/fixtures/salesforce-cdc/account_updated_by_us.json");

#[tokio::test]
async fn an_event_has_its_source_s_number_and_one_without_an_id_is_kept() {
    let ingest = Ingest::start_with(sources()).await;
    let up = json!({"id": "e-1", "n": 41, "call": "c", "event": "up"}).to_string();
    let answer = ingest.post("ivr", up.clone()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(ingest.post("ivr", up).await.json, answer.json, "the same fact");
    let without = ingest.post("ivr", json!({"n": 42, "call": "c", "event": "up"}).to_string()).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(without.message().contains("/id is required and absent"), "{without:?}");
    let [Stored::Event { event, .. }, _, Stored::Quarantined { .. }] = &ingest.stored()[..] else {
        panic!("{:?}", ingest.stored())
    };
    assert_eq!((event.sequence, event.key().as_str()), (Some(41), "acme-ivr/acme/c"));
    assert_eq!(event.source.channel, "custom/ivr");
}

#[tokio::test]
async fn a_change_of_two_records_is_two_records_before_it_is_answered() {
    let ingest = Ingest::start_with(sources()).await;
    let answer = ingest.post("crm", CHANGE).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert!(answer.json["eventId"].is_string(), "{answer:?}");
    let stored = ingest.stored();
    let [Stored::Changed { change, record }, Stored::Changed { change: other, .. }] = &stored[..] else {
        panic!("{stored:?}")
    };
    assert_eq!(record.topic, "test.crm.changes");
    assert_eq!(record.key.as_deref(), Some(change.key().as_bytes()));
    assert_eq!(record.timestamp, change.received_at);
    assert!(change.own_write && change.change_id != other.change_id);
    assert_eq!(ingest.post("crm", CHANGE).await.json, answer.json, "told again it is the same change");
}

#[tokio::test]
async fn a_batch_of_changes_answers_an_id_for_each_and_keeps_what_is_none() {
    let ingest = Ingest::start_with(sources()).await;
    let batch = format!("[{CHANGE}, {{\"payload\": {{\"Name\": \"A\"}}}}]");
    let answer = ingest.post("crm", batch).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.json["eventIds"].as_array().map(Vec::len), Some(1), "{answer:?}");
    assert_eq!(answer.json["quarantined"].as_array().map(Vec::len), Some(1), "{answer:?}");
}
