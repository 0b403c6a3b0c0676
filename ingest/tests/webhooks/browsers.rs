//! Calls of web pages: what browsers ask before, and what they are told.

use axum::http::StatusCode;
use serde_json::json;

use super::support::Ingest;

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
        [sources.digital]
        kind = "cxone-digital"
        verify.method = "none"
    "#
    );
    Ingest::start_with(trunkline_config::parse(&text, "trunkline.toml").unwrap().sources).await
}

/// The status, the origin that is allowed and the methods, of what a browser asks before it calls.
async fn preflight(
    ingest: &Ingest,
    source: &str,
    origin: &str,
) -> (StatusCode, Option<String>, Option<String>) {
    let headers = [("origin", origin), ("access-control-request-method", "POST")];
    let answer = ingest.options(source, &headers).await;
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    (status, header("access-control-allow-origin"), header("access-control-allow-methods"))
}

#[tokio::test]
async fn a_page_of_a_configured_origin_may_call_its_source_and_no_other() {
    let ingest = ingest().await;
    let (status, origin, methods) = preflight(&ingest, "desktop", DESK).await;
    assert_eq!((status, origin.as_deref(), methods.as_deref()), (StatusCode::OK, Some(DESK), Some("POST")));
    for (source, origin) in [
        ("desktop", "https://elsewhere.example.test"),
        ("desktop", "https://desk.example.test.evil"),
        ("desktop", "null"),
        ("digital", DESK),
        ("unknown", DESK),
    ] {
        assert_eq!(preflight(&ingest, source, origin).await.1, None, "{source} {origin}");
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
