//! The load generator against a stand-in for ingest.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, watch};
use trunkline_load::generator::{Day, DaySettings, Delivery, Kind};
use trunkline_load::now_ms;
use trunkline_load::sign::Secrets;
use trunkline_load::{LoadSettings, Progress, ledger, play};

/// What the stand-in has seen: source and body of every request, in order.
#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<(String, Bytes)>>,
    refuse_first: AtomicUsize,
    delay: Duration,
}

/// Accepts as ingest would, after refusing the first few for now.
async fn webhook(
    State(seen): State<Arc<Seen>>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    assert!(headers.contains_key("content-type"));
    tokio::time::sleep(seen.delay).await;
    seen.requests.lock().await.push((source, body.clone()));
    let refused =
        seen.refuse_first.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    let mut headers = HeaderMap::new();
    if refused.is_ok() {
        headers.insert("retry-after", "0".parse().unwrap());
        return (StatusCode::SERVICE_UNAVAILABLE, headers, String::new());
    }
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(_) => (
            StatusCode::ACCEPTED,
            headers,
            json!({"eventId": hex::encode(Sha256::digest(&body))}).to_string(),
        ),
        Err(_) => (StatusCode::BAD_REQUEST, headers, String::new()),
    }
}

async fn stand_in(seen: Arc<Seen>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/webhooks/{source}", post(webhook)).with_state(seen);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn deliveries(start_ms: i64) -> Vec<Delivery> {
    Day::new(DaySettings::new(17, 300.0, Duration::from_secs(3), start_ms)).collect()
}

fn quick(url: &str) -> LoadSettings {
    LoadSettings { retry_wait: Duration::from_millis(5), ..LoadSettings::new(url, Secrets::random()) }
}

#[tokio::test]
async fn every_delivery_ends_as_one_line_of_the_ledger() {
    let seen = Arc::new(Seen { refuse_first: AtomicUsize::new(20), ..Seen::default() });
    let url = stand_in(seen.clone()).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.jsonl");
    let start_ms = now_ms() as i64;
    let planned = deliveries(start_ms);
    let progress = Arc::new(Progress::default());
    let settings = LoadSettings {
        ledger: Some(path.clone()),
        source_names: [("cxone-digital".to_owned(), "my-cxone".to_owned())].into(),
        ..quick(&url)
    };
    let (_keep, stop) = watch::channel(false);
    let counts = play(planned.clone().into_iter(), start_ms, settings, progress.clone(), stop).await.unwrap();

    assert_eq!(counts, progress.counts());
    assert_eq!((counts.scheduled, counts.in_flight, counts.gave_up), (planned.len() as u64, 0, 0));
    assert_eq!((counts.retries, counts.attempts), (20, planned.len() as u64 + 20));
    assert_eq!(counts.accepted + counts.rejected, counts.scheduled);
    // The stand-in neither verifies nor validates, so exactly those deliveries went another way than expected.
    let unexpected = planned.iter().filter(|delivery| [401, 422].contains(&delivery.expected_status)).count();
    assert_eq!(counts.unexpected, unexpected as u64);

    let lines: HashMap<u64, ledger::Line> =
        ledger::read(&path).unwrap().into_iter().map(|line| (line.delivery_id, line)).collect();
    assert_eq!(lines.len(), planned.len());
    for delivery in &planned {
        let line = &lines[&delivery.id];
        let sha256 = hex::encode(Sha256::digest(&delivery.body));
        assert_eq!(
            (&line.body_sha256, line.kind, &line.conversation_id, &line.fact, line.behaviour),
            (&sha256, delivery.kind, &delivery.conversation_id, &delivery.fact, delivery.behaviour)
        );
        assert_eq!(line.event_ids, if line.status == 202 { vec![sha256] } else { vec![] });
        assert!(line.scheduled_at <= line.posted_at + 1.0 && line.posted_at <= line.answered_at);
    }
    assert!(planned.iter().any(|delivery| delivery.kind == Kind::Duplicate));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""behaviour":"equal-milliseconds""#) && text.contains(r#""behaviour":null"#));
    let requests = seen.requests.lock().await;
    assert_eq!(requests.len() as u64, counts.attempts);
    assert!(requests.iter().any(|(source, _)| source == "my-cxone"));
    assert!(requests.iter().all(|(source, _)| source != "cxone-digital"));
}

/// One delivery at a time and 20 ms each: what is due meanwhile waits, and its latency says so.
#[tokio::test]
async fn latency_counts_from_the_scheduled_time() {
    let url = stand_in(Arc::new(Seen { delay: Duration::from_millis(20), ..Seen::default() })).await;
    let start_ms = now_ms() as i64;
    let mut at_once: Vec<Delivery> = deliveries(start_ms)
        .into_iter()
        .filter(|delivery| delivery.expected_status == 202)
        .take(10)
        .collect();
    for delivery in &mut at_once {
        delivery.at = Duration::ZERO;
    }
    let progress = Arc::new(Progress::default());
    let (_keep, stop) = watch::channel(false);
    let settings = LoadSettings { concurrency: 1, ..quick(&url) };
    play(at_once.into_iter(), start_ms, settings, progress.clone(), stop).await.unwrap();
    assert!(progress.latencies().max >= 200.0, "{:?}", progress.latencies());
}

#[tokio::test]
async fn what_stays_refused_is_given_up_and_a_stop_ends_the_day() {
    let start_ms = now_ms() as i64;
    let mut due: Vec<Delivery> = deliveries(start_ms).into_iter().take(4).collect();
    for delivery in &mut due[..3] {
        delivery.at = Duration::ZERO;
    }
    due[3].at = Duration::from_secs(3600);
    let progress = Arc::new(Progress::default());
    let (stop, stopped) = watch::channel(false);
    // Nobody listens on port 1.
    let settings = LoadSettings { retries: 2, ..quick("http://127.0.0.1:1") };
    let played = tokio::spawn(play(due.into_iter(), start_ms, settings, progress.clone(), stopped));
    while progress.counts().gave_up < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send_replace(true);
    let counts = played.await.unwrap().unwrap();
    assert_eq!((counts.scheduled, counts.attempts, counts.gave_up), (3, 9, 3));
}
