//! The HTTP side against a stand-in for Kafka: every answer, and what is stored before it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod admission;
mod authentic;
mod browsers;
mod floods;
mod forged;
mod https;
mod issuer;
mod rotation;
mod support;
mod tables;
mod verification;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};
use support::{Ingest, Stored, signed};
use trunkline_config::Drift;
use trunkline_schemas::codec;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn customer_start(id: &str) -> Value {
    let text = include_str!("../../../crates/mapping/tests/fixtures/genesys-eventbridge/customer_start.json");
    let mut payload: Value = serde_json::from_str(text).unwrap();
    payload["id"] = id.into();
    payload
}

#[tokio::test]
async fn a_payload_is_stored_before_it_is_accepted() {
    let ingest = Ingest::start().await;
    let body = customer_start("delivery-1").to_string();
    let headers = [("traceparent", PARENT), ("tracestate", "a=1")];
    let answer = ingest.post_with("cloud", body.clone(), &headers).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");

    let [Stored::Event { event, record }] = &ingest.stored()[..] else { panic!("{:?}", ingest.stored()) };
    assert_eq!(answer.json, json!({ "eventId": event.event_id }));
    assert_eq!(event.data, body);
    assert_eq!(record.topic, "test.events.normalized");
    assert_eq!(record.timestamp, Some(event.ingest_time));
    assert_eq!(record.key.as_deref(), Some(event.key().as_bytes()));
    let header = |name| record.headers.get(name);
    assert_eq!(header("ce_id"), Some(event.event_id.as_str()));
    assert_eq!(header("ce_type"), Some("conversation.started"));
    assert_eq!(header("content-type"), Some("application/avro"));
    assert_eq!((header("traceparent"), header("tracestate")), (Some(PARENT), Some("a=1")));
}

#[tokio::test]
async fn the_same_again_gets_the_same_answer_however_it_is_written() {
    let ingest = Ingest::start().await;
    let first = ingest.post("cloud", customer_start("delivery-1").to_string()).await;
    let again = ingest.post("cloud", customer_start("delivery-1").to_string()).await;
    assert_eq!((again.status, &again.json), (StatusCode::ACCEPTED, &first.json));
    let rewritten = serde_json::to_string_pretty(&customer_start("delivery-1")).unwrap();
    let again = ingest.post("cloud", rewritten).await;
    assert_eq!((again.status, &again.json), (StatusCode::ACCEPTED, &first.json));
    let mut replayed = customer_start("delivery-1");
    replayed["replay-name"] = "after-the-outage".into();
    replayed["time"] = "2026-03-03T08:15:30Z".into();
    let again = ingest.post("cloud", replayed.to_string()).await;
    assert_eq!((again.status, &again.json), (StatusCode::ACCEPTED, &first.json), "from an archive");
    assert_eq!(ingest.stored().len(), 4, "the processor decides what is a duplicate");
}

#[tokio::test]
async fn another_body_under_a_used_transport_id_is_kept_as_another_event() {
    let ingest = Ingest::start().await;
    let case = include_str!("../../../crates/mapping/tests/fixtures/cxone-digital/case_created.json");
    let mut other: Value = serde_json::from_str(case).unwrap();
    other["data"]["brandNew"] = json!(1);
    let first = ingest.post("digital", case).await;
    let second = ingest.post("digital", other.to_string()).await;
    assert_eq!((first.status, second.status), (StatusCode::ACCEPTED, StatusCode::ACCEPTED));
    assert_ne!(first.json["eventId"], second.json["eventId"]);
    let batch = ingest.post("digital", format!("[{case},{other}]")).await;
    assert_eq!(batch.json, json!({ "eventIds": [first.json["eventId"], second.json["eventId"]] }));
    let transport_ids: Vec<_> = ingest.events().into_iter().map(|event| event.source.transport_id).collect();
    assert!(transport_ids.iter().all(|id| id.is_some() && *id == transport_ids[0]), "{transport_ids:?}");
}

#[tokio::test]
async fn messages_share_an_id_with_their_receipts() {
    let ingest = Ingest::start().await;
    for payload in [
        include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/outbound_text.json"),
        include_str!(
            "../../../crates/mapping/tests/fixtures/genesys-open-messaging/outbound_notification.json"
        ),
        include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/receipt_delivered.json"),
        include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/receipt_failed.json"),
        include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/receipt_read.json"),
    ] {
        let answer =
            ingest.post_with("messages", payload, &[("x-hub-signature-256", &signed(payload))]).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{payload}");
    }
    let text =
        include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/outbound_text.json");
    for (written, instead) in [
        ("what", "WHAT"),
        ("08:15:30.001Z", "08:15:31.001Z"),
        ("11110000-0000-4000-8000-000000000001", "22220000-0000-4000-8000-000000000002"),
    ] {
        let other = text.replace(written, instead);
        let answer =
            ingest.post_with("messages", other.clone(), &[("x-hub-signature-256", &signed(&other))]).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "another {written}");
    }
    let ids: BTreeSet<_> = ingest.events().into_iter().map(|event| event.event_id).collect();
    assert_eq!(ids.len(), 8, "none is taken for another");
}

#[tokio::test]
async fn what_is_not_verified_or_over_the_limits_leaves_no_trace() {
    let ingest = Ingest::start().await;
    let deep = "[".repeat(10_000);
    let deep_object = r#"{"a":"#.repeat(10_000);
    for (source, body, status, code) in [
        ("cloud", deep.as_bytes(), 400, "TL-2009"),
        ("cloud", deep_object.as_bytes(), 400, "TL-2009"),
        ("nowhere", &b"{}"[..], 404, "TL-2004"),
        ("%ff", b"{}", 404, "TL-2004"),
        ("", b"{}", 404, "TL-2004"),
        ("messages", b"{}", 401, "TL-2002"),
        ("messages", b"not even JSON", 401, "TL-2002"),
    ] {
        let answer = ingest.post(source, body.to_vec()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{shown} to {source:?}");
        assert!(answer.message().len() > 10, "{answer:?}");
    }
    let batch = format!("[{}0]", "0,".repeat(1_000));
    assert_eq!(ingest.post("cloud", batch).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ingest.stored(), []);
}

#[tokio::test]
async fn a_body_of_50_megabytes_is_refused_with_an_answer() {
    let ingest = Ingest::start().await;
    let huge = vec![b' '; 50_000_000];
    let answer = ingest.post("nowhere", huge.clone()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "TL-2004"));
    let answer = ingest.post("cloud", huge.clone()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::PAYLOAD_TOO_LARGE, "TL-2003"));
    let answer = ingest.post_chunked("cloud", huge).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::PAYLOAD_TOO_LARGE, "TL-2003"),
        "without a length"
    );
    assert_eq!(ingest.post("cloud", customer_start("after").to_string()).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_signature_is_checked_over_the_raw_bytes() {
    let ingest = Ingest::start().await;
    let body =
        include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/outbound_text.json");
    let compact = serde_json::from_str::<Value>(body).unwrap().to_string();
    let post = |body: &str, signature: String| {
        let (ingest, body) = (&ingest, body.to_owned());
        async move { ingest.post_with("messages", body, &[("x-hub-signature-256", &signature)]).await.status }
    };
    assert_eq!(post(body, signed(body)).await, StatusCode::ACCEPTED);
    assert_eq!(post(&compact, signed(body)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(post(body, signed(body).to_uppercase()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(post(body, String::new()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_no_schema_matches_is_quarantined_first() {
    let ingest = Ingest::start().await;
    let mut payload = customer_start("delivery-1");
    payload["detail"]["eventBody"] = json!(["moved"]);
    let body = format!(" {payload}\n");
    let headers =
        [("authorization", "Bearer s3cret"), ("content-type", "application/json"), ("x-request", "r-1")];
    let answer = ingest.post_with("cloud", body.clone(), &headers).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNPROCESSABLE_ENTITY, "TL-2005"));
    assert!(answer.message().contains("/detail/eventBody is array"), "{answer:?}");

    let [Stored::Quarantined { payload, record }] = &ingest.stored()[..] else {
        panic!("{:?}", ingest.stored())
    };
    assert_eq!(payload.payload, body.as_bytes(), "to the byte");
    assert!(answer.message().contains(&payload.payload_hash));
    assert_eq!(record.key.as_deref(), Some(payload.payload_hash.as_bytes()));
    assert_eq!(
        (payload.code.as_str(), payload.content_type.as_deref()),
        ("TL-2005", Some("application/json"))
    );
    assert_eq!(payload.headers.get("x-request").map(String::as_str), Some("r-1"));
    assert!(!format!("{payload:?} {record:?}").contains("s3cret"));

    ingest.report_drift().await;
    let Some(Stored::Drift(drift)) = ingest.stored().pop() else { panic!("no drift") };
    assert_eq!((drift.change.as_str(), drift.path.as_str()), ("type_changed", "/detail/eventBody"));
}

#[tokio::test]
async fn json_that_is_no_payload_at_all_is_quarantined() {
    let ingest = Ingest::start().await;
    for (number, body) in
        ["42", "null", "\"text\"", "{}", r#"{"detail-type":5}"#, r#"{"detail-type":"v2.x"}"#]
            .iter()
            .enumerate()
    {
        let answer = ingest.post("cloud", *body).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNPROCESSABLE_ENTITY, "TL-2005"), "{body}");
        assert_eq!(ingest.stored().len(), number + 1);
    }
}

#[tokio::test]
async fn quarantine_that_fails_is_no_422() {
    let ingest = Ingest::start().await;
    ingest.fail_with("brokers are away");
    let answer = ingest.post("cloud", "{}").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "TL-2006"));
}

#[tokio::test]
async fn unknown_fields_pass_or_quarantine_as_the_source_says() {
    let ingest = Ingest::start().await;
    let mut payload = customer_start("delivery-1");
    payload["brandNew"] = json!(1);
    assert_eq!(ingest.post("cloud", payload.to_string()).await.status, StatusCode::ACCEPTED);
    assert_eq!(ingest.post("cloud", payload.to_string()).await.status, StatusCode::ACCEPTED);
    ingest.report_drift().await;
    let stored = ingest.stored();
    let [Stored::Event { .. }, Stored::Event { .. }, Stored::Drift(drift)] = &stored[..] else {
        panic!("{stored:?}")
    };
    assert_eq!((drift.change.as_str(), drift.path.as_str(), drift.count), ("unknown_field", "/brandNew", 2));
    assert_eq!(drift.source, "cloud");

    assert_eq!(ingest.source_drift("strict"), Drift::Quarantine);
    let answer = ingest.post("strict", payload.to_string()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.message().contains("/brandNew"), "{answer:?}");
}

#[tokio::test]
async fn a_batch_answers_for_each_of_its_elements() {
    let ingest = Ingest::start().await;
    let (mut first, mut second) = (customer_start("b-1"), customer_start("b-2"));
    first["detail"]["eventBody"]["eventTime"] = 1.into();
    second["detail"]["eventBody"]["eventTime"] = 2.into();
    let answer = ingest.post("cloud", format!("[{first}, {second}]")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let ids: Vec<_> = ingest.events().into_iter().map(|event| event.event_id).collect();
    assert_eq!(answer.json, json!({ "eventIds": ids }));
    assert_eq!(ingest.events()[0].data, first.to_string());

    let mixed = ingest.post("cloud", format!("[{first}, 7]")).await;
    assert_eq!(mixed.status, StatusCode::ACCEPTED);
    assert_eq!(mixed.json["eventIds"], json!([ids[0]]));
    assert_eq!(mixed.json["quarantined"].as_array().map(Vec::len), Some(1), "{mixed:?}");
    assert_eq!(ingest.post("cloud", "[7, 8]").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ingest.post("cloud", "[]").await.json, json!({ "eventIds": [] }));
}

#[tokio::test]
async fn when_it_cannot_be_stored_it_can_be_sent_again() {
    let ingest = Ingest::start().await;
    ingest.fail_with("brokers are away");
    let answer = ingest.post("cloud", customer_start("delivery-1").to_string()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "TL-2006"));
    assert_eq!(answer.retry_after.as_deref(), Some("5"));
    assert!(!answer.message().contains("brokers"), "nothing about the inside: {answer:?}");
    assert!(!ingest.ready());

    ingest.heal();
    let mut corrected = customer_start("delivery-1");
    corrected["detail"]["eventBody"]["ani"] = "tel:+15550111".into();
    let answer = ingest.post("cloud", corrected.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert!(ingest.ready());
}

#[tokio::test]
async fn too_many_at_once_are_asked_to_come_again() {
    let ingest = Ingest::start().await;
    ingest.hold();
    let waiting: Vec<_> = (0..support::MAX_IN_FLIGHT)
        .map(|n| ingest.post_in_background("cloud", customer_start(&format!("d-{n}")).to_string()))
        .collect();
    ingest.wait_for_attempts(support::MAX_IN_FLIGHT).await;
    let answer = ingest.post("cloud", customer_start("one-more").to_string()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "TL-2006"));
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    ingest.heal();
    for request in waiting {
        assert_eq!(request.await.unwrap().status, StatusCode::ACCEPTED);
    }
    assert_eq!(
        ingest.post("cloud", customer_start("one-more").to_string()).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn other_methods_and_paths_are_refused_in_the_same_form() {
    let ingest = Ingest::start().await;
    let answer = ingest.get("/v1/webhooks/cloud").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::METHOD_NOT_ALLOWED, "TL-2004"));
    let answer = ingest.get("/").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "TL-2004"));
}

#[tokio::test]
async fn schema_ids_of_the_registry_are_on_every_record() {
    let ingest = Ingest::start().await;
    ingest.post("cloud", customer_start("delivery-1").to_string()).await;
    let Some(Stored::Event { record, .. }) = ingest.stored().pop() else { panic!("nothing stored") };
    let value = record.value.unwrap();
    assert_eq!(codec::schema_id(&value).unwrap(), support::EVENT_SCHEMA_ID);
}
