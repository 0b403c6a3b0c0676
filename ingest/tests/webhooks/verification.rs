//! Requests that do not prove where they come from.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::timeout;

use crate::support::{Ingest, MAX_IN_FLIGHT, signed};

/// Far less than a body has to arrive, which is 10 s.
const AT_ONCE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn a_wrong_proof_in_the_headers_is_refused_although_the_body_never_arrives() {
    let metrics = trunkline_telemetry::metrics::install();
    let ingest = Ingest::start().await;
    for (source, header) in [
        ("token", "authorization: Bearer wrong"),
        ("token", "x-other: 1"),
        ("key", "x-api-key: wrong"),
        ("messages", "x-hub-signature-256: sha256=no base64"),
        ("messages", "x-other: 1"),
    ] {
        let answer = timeout(AT_ONCE, ingest.post_head_only(source, header)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{source} with {header} waits for the body"));
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "TL-2002"), "{header}");
        assert_eq!(answer.message(), "the request could not be verified", "which proof failed is not said");
    }
    assert_eq!(ingest.stored(), []);
    let counted = metrics.render();
    for (source, failure) in
        [("token", "mismatch"), ("token", "missing"), ("key", "mismatch"), ("messages", "malformed")]
    {
        let series =
            format!(r#"trunkline_ingest_unverified_total{{source="{source}",failure="{failure}"}} "#);
        assert!(counted.contains(&series), "{series} is not in\n{counted}");
    }
}

#[tokio::test]
async fn requests_that_prove_nothing_take_no_place_from_others() {
    let ingest = Ingest::start().await;
    ingest.hold();
    let waiting: Vec<_> =
        (0..MAX_IN_FLIGHT).map(|n| ingest.post_in_background("cloud", body(&format!("d-{n}")))).collect();
    ingest.wait_for_attempts(MAX_IN_FLIGHT).await;
    let answer = ingest.post_with("token", body("t"), &[("authorization", "Bearer wrong")]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let answer = ingest.post_with("token", body("t"), &[("authorization", "Bearer right")]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "a proven one waits for its turn");
    ingest.heal();
    for request in waiting {
        assert_eq!(request.await.unwrap().status, StatusCode::ACCEPTED);
    }
}

#[tokio::test]
async fn a_right_proof_is_accepted_by_every_method() {
    let ingest = Ingest::start().await;
    for (source, header, value) in [("token", "authorization", "Bearer right"), ("key", "x-api-key", "right")]
    {
        let answer = ingest.post_with(source, body(source), &[(header, value)]).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{source}: {answer:?}");
    }
    let message =
        include_str!("../../../crates/mapping/tests/fixtures/genesys-open-messaging/outbound_text.json");
    let signature = signed(message);
    let answer = ingest.post_with("messages", message, &[("x-hub-signature-256", &signature)]).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let other = message.replace("what", "WHAT");
    let answer = ingest.post_with("messages", other, &[("x-hub-signature-256", &signature)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "another body under the same signature");
}

fn body(id: &str) -> String {
    crate::customer_start(id).to_string()
}
