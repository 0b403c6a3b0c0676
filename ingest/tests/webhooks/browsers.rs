//! Calls of web pages: what browsers ask before, and what they are told.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::json;

use super::support::Ingest;

type Answered = (StatusCode, Option<String>, Option<String>);

const DESK: &str = "https://desk.example.test";

async fn ingest() -> Ingest {
    let text = format!(
        r#"
        kafka.brokers = "localhost:9092"
        registry.url = "http://localhost:8081"
        [sources.desktop]
        kind = "desktop-sdk"
        org = "acme"
        cors_origins = ["{DESK}"]
        verify.method = "none"
        mapping.platform = "genesys"
        [sources.key]
        kind = "desktop-sdk"
        org = "acme"
        cors_origins = ["{DESK}"]
        verify = {{ method = "api_key", header = "X-Desk-Key", keys = ["file:key"] }}
        mapping.platform = "genesys"
        [sources.signed]
        kind = "desktop-sdk"
        org = "acme"
        cors_origins = ["{DESK}"]
        verify = {{ method = "standard_webhooks", secrets = ["file:webhook"] }}
        mapping.platform = "genesys"
        [sources.digital]
        kind = "cxone-digital"
        verify.method = "none"
    "#
    );
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in [("key", "right"), ("webhook", "whsec_aGk=")] {
        std::fs::write(folder.path().join(name), secret).unwrap();
    }
    let file = folder.path().join("trunkline.toml").display().to_string();
    Ingest::start_with(trunkline_config::parse(&text, &file).unwrap().sources).await
}

/// The status, the origin that is allowed and the value of another header, of what a browser asks before it calls.
async fn preflight(ingest: &Ingest, source: &str, origin: &str, other: &str) -> Answered {
    let headers = [("origin", origin), ("access-control-request-method", "POST")];
    let answer = ingest.options(source, &headers).await;
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    (status, header("access-control-allow-origin"), header(other))
}

#[tokio::test]
async fn a_page_of_a_configured_origin_may_call_its_source_and_no_other() {
    let ingest = ingest().await;
    let methods = "access-control-allow-methods";
    let (status, origin, methods) = preflight(&ingest, "desktop", DESK, methods).await;
    assert_eq!((status, origin.as_deref(), methods.as_deref()), (StatusCode::OK, Some(DESK), Some("POST")));
    let refused = StatusCode::METHOD_NOT_ALLOWED;
    for (source, origin, expected) in [
        ("desktop", "https://elsewhere.example.test", StatusCode::OK),
        ("desktop", "https://desk.example.test.evil", StatusCode::OK),
        ("desktop", "null", StatusCode::OK),
        ("digital", DESK, refused),
        ("unknown", DESK, refused),
        ("desktop/more", DESK, StatusCode::NOT_FOUND),
    ] {
        let (status, allowed, age) = preflight(&ingest, source, origin, "access-control-max-age").await;
        assert_eq!((status, allowed), (expected, None), "{source} {origin}");
        assert_eq!(age.is_some(), expected == StatusCode::OK, "{source} {origin}");
    }
}

#[tokio::test]
async fn a_page_may_send_the_proof_of_its_source() {
    let ingest = ingest().await;
    let every = ["authorization", "content-type", "traceparent", "x-correlation-id"];
    for (source, proof) in [
        ("desktop", &[][..]),
        ("key", &["x-desk-key"]),
        ("signed", &["webhook-id", "webhook-signature", "webhook-timestamp"]),
    ] {
        let (_, _, headers) = preflight(&ingest, source, DESK, "access-control-allow-headers").await;
        let headers = headers.unwrap();
        let headers: BTreeSet<&str> = headers.split(',').collect();
        assert_eq!(headers, every.iter().chain(proof).copied().collect(), "{source}");
    }
}

#[tokio::test]
async fn a_page_that_proves_nothing_is_answered_alike_and_may_read_when_to_come_again() {
    let ingest = ingest().await;
    let body = json!({"id": "d-1", "eventType": "desktop.session_started", "sessionId": "s", "agentId": "a"});
    let post = async |key: &str| {
        let url = format!("http://127.0.0.1:{}/v1/webhooks/key", ingest.port());
        let request = reqwest::Client::new().post(url).header("origin", DESK).body(body.to_string());
        let answer = request.header("x-desk-key", key).send().await.unwrap();
        let status = answer.status();
        let mut headers = answer.headers().clone();
        headers.remove("date");
        (status, headers, answer.text().await.unwrap())
    };
    let (wrong, near, empty) = (post("wrong").await, post("rightt").await, post("").await);
    assert_eq!(wrong.0, StatusCode::UNAUTHORIZED);
    assert_eq!((&wrong, &wrong), (&near, &empty));
    let (status, headers, _) = post("right").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    for headers in [headers, wrong.1] {
        assert_eq!(headers["access-control-expose-headers"], "retry-after");
        assert_eq!(headers["access-control-allow-origin"], DESK);
    }
}

#[tokio::test]
async fn a_page_is_told_what_became_of_its_event() {
    let ingest = ingest().await;
    let body = json!({"id": "d-1", "eventType": "desktop.session_started", "sessionId": "s", "agentId": "a"});
    let answer = ingest.post_with("desktop", body.to_string(), &[("origin", DESK)]).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.allowed_origin.as_deref(), Some(DESK));
    assert_eq!(ingest.events()[0].event_type, "desktop.session_started");
    let refused = ingest.post_with("desktop", "{}", &[("origin", DESK)]).await;
    assert_eq!(
        (refused.status, refused.allowed_origin.as_deref()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some(DESK))
    );
}
