//! Whoever has no key, or sends slowly, or too much, keeps nobody else out.

use axum::http::StatusCode;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::customer_start;
use crate::support::{Ingest, MAX_CONNECTIONS, MAX_IN_FLIGHT, signed};

/// A signature of which only the body says that it is none: it has the length of one.
const FORGED: &str = "x-hub-signature-256: sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n";

/// More connections than there are places for.
const FLOOD: usize = 3 * MAX_CONNECTIONS;

async fn flood(ingest: &Ingest, beginning: &[u8]) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..FLOOD {
        connections.push(ingest.connect(beginning).await);
    }
    connections
}

async fn is_served(ingest: &Ingest, what: &str) {
    for n in 0..MAX_IN_FLIGHT * 2 {
        let answer = ingest.post("token", "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        let event = customer_start(&format!("{what}-{n}")).to_string();
        let answer = ingest.post_with("token", event, &[("authorization", "Bearer right")]).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{what}: {answer:?}");
        let body = json!({"id": format!("m-{n}"), "channel": {"from": {"id": "c"}, "to": {"id": "i"}, "time": "2026-03-02T08:15:30.458Z"}, "type": "Text", "direction": "Inbound", "text": "hello"}).to_string();
        let answer =
            ingest.post_with("messages", body.clone(), &[("x-hub-signature-256", &signed(&body))]).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{what}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_say_nothing_or_never_end_their_heads_keep_nobody_out() {
    let ingest = Ingest::start().await;
    for beginning in [&b""[..], b"POST /v1/webhooks/cloud HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let connections = flood(&ingest, beginning).await;
        is_served(&ingest, "heads").await;
        // All of them end, the last ones by the time that a head has.
        for mut connection in connections {
            let mut answer = Vec::new();
            // A reset is an end as well.
            let _ = connection.read_to_end(&mut answer).await;
            assert!(answer.is_empty(), "nothing to answer to");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_slow_take_no_place_and_are_given_up_for_others() {
    let ingest = Ingest::start().await;
    for (source, proof) in [("cloud", ""), ("messages", FORGED)] {
        let beginning = format!(
            "POST /v1/webhooks/{source} HTTP/1.1\r\nhost: x\r\n{proof}content-length: 2000000\r\n\r\n{{"
        );
        let _connections = flood(&ingest, beginning.as_bytes()).await;
        is_served(&ingest, source).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_nothing_proves_leave_room_for_those_that_are_proven() {
    let ingest = Ingest::start().await;
    let head =
        format!("POST /v1/webhooks/messages HTTP/1.1\r\nhost: x\r\n{FORGED}content-length: 2000000\r\n\r\n");
    let mut beginning = head.as_bytes().to_vec();
    beginning.resize(beginning.len() + 1_900_000, b' ');
    let mut connections = Vec::new();
    for _ in 0..30 {
        connections.push(ingest.connect(&beginning).await);
    }
    is_served(&ingest, "room").await;
}

#[tokio::test]
async fn heads_are_bounded() {
    let ingest = Ingest::start().await;
    for (headers, expected) in [
        (format!("x-correlation-id: {}\r\n", "c".repeat(350_000)), "431"),
        ((0..1_000).map(|n| format!("x-{n}: 1\r\n")).collect(), "431"),
    ] {
        let request =
            format!("POST /v1/webhooks/cloud HTTP/1.1\r\nhost: x\r\n{headers}content-length: 2\r\n\r\n{{}}");
        let mut connection = ingest.connect(request.as_bytes()).await;
        let mut answer = Vec::new();
        // What was not read resets the connection behind the answer.
        let _ = connection.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{answer}");
    }
    let long = "c".repeat(30_000);
    let batch = json!([customer_start("d-1"), customer_start("d-2")]).to_string();
    let answer = ingest.post_with("cloud", batch, &[("x-correlation-id", &long)]).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert!(ingest.events().iter().all(|event| event.correlation_id.len() <= 1_024));
}

#[tokio::test]
async fn forms_by_which_requests_are_smuggled_end_their_connection() {
    let ingest = Ingest::start().await;
    let next = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";
    for (what, headers) in [
        ("two lengths", "content-length: 2\r\ncontent-length: 30\r\n"),
        ("a length and a coding", "content-length: 30\r\ntransfer-encoding: chunked\r\n"),
        ("a coding and a length", "transfer-encoding: chunked\r\ncontent-length: 30\r\n"),
        ("a coding that is not the last", "transfer-encoding: chunked, identity\r\n"),
        ("a length that is none", "content-length: +2\r\n"),
        ("a space before the colon", "content-length : 2\r\n"),
    ] {
        let request = format!("POST /v1/webhooks/cloud HTTP/1.1\r\nhost: x\r\n{headers}\r\n0\r\n\r\n{next}");
        let mut connection = ingest.connect(request.as_bytes()).await;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: only the first is answered: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    let mut connection = ingest.connect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"\0"), "HTTP/2 is not spoken without TLS");
}

#[tokio::test]
async fn while_nothing_is_stored_callers_are_told_at_once() {
    let ingest = Ingest::start().await;
    ingest.fail_with("brokers are away");
    assert_eq!(ingest.post("cloud", customer_start("first").to_string()).await.code(), "TL-2006");
    let tried = ingest.attempts();
    for n in 0..200 {
        let answer = ingest.post("cloud", customer_start(&format!("d-{n}")).to_string()).await;
        assert_eq!(
            (answer.status, answer.retry_after.as_deref()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("5"))
        );
    }
    assert!(ingest.attempts() < tried + 100, "one in a second finds out: {}", ingest.attempts());
    // Whoever proves nothing does not learn it.
    assert_eq!(ingest.post("token", "{}").await.status, StatusCode::UNAUTHORIZED);
    ingest.heal();
    while ingest.post("cloud", customer_start("later").to_string()).await.status != StatusCode::ACCEPTED {}
    assert!(ingest.ready());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_served_where_connections_without_a_proof_take_all_places() {
    let ingest = Ingest::start().await;
    let refused = flood(&ingest, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let posts = (0..MAX_CONNECTIONS / 2).map(|n| {
        let event = customer_start(&format!("burst-{n}")).to_string();
        let ingest = &ingest;
        async move { ingest.post_with("token", event, &[("authorization", "Bearer right")]).await.status }
    });
    for status in futures_util::future::join_all(posts).await {
        // Places in flight are few here; what matters is that there is an answer.
        assert!([StatusCode::ACCEPTED, StatusCode::SERVICE_UNAVAILABLE].contains(&status), "{status}");
    }
    drop(refused);
}
