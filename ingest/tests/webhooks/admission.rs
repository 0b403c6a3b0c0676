//! Who may call, and how often.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use tokio::io::AsyncReadExt as _;
use trunkline_config::{Admission, Networks};

use crate::customer_start;
use crate::support::{Answer, Ingest, MAX_IN_FLIGHT, sources};

fn networks(written: &[&str]) -> Networks {
    written.iter().map(|network| network.parse().unwrap()).collect()
}

async fn ingest(admission: Admission, proxies: &[&str]) -> Ingest {
    let mut sources: BTreeMap<_, _> = sources();
    for name in ["token", "messages"] {
        sources.get_mut(name).unwrap().admission = admission.clone();
    }
    Ingest::start_behind(sources, networks(proxies)).await
}

async fn post(ingest: &Ingest, id: &str, proof: &str, forwarded_for: &str) -> Answer {
    let headers = [("authorization", proof), ("x-forwarded-for", forwarded_for)];
    ingest.post_with("token", customer_start(id).to_string(), &headers).await
}

#[tokio::test]
async fn a_source_takes_requests_from_its_networks_alone() {
    let admission = Admission { allow_from: Some(networks(&["198.51.100.0/24"])), ..Admission::default() };
    // Nobody is trusted: what callers say of themselves counts for nothing.
    let ingest_alone = ingest(admission.clone(), &[]).await;
    let refused = post(&ingest_alone, "a", "Bearer right", "198.51.100.9").await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "TL-2008"));
    assert!(!refused.message().contains("198.51.100"), "{refused:?}");

    let behind_proxy = ingest(admission, &["127.0.0.0/8"]).await;
    for (forwarded_for, proof, expected) in [
        ("198.51.100.9", "Bearer right", StatusCode::ACCEPTED),
        ("198.51.100.9", "Bearer wrong", StatusCode::UNAUTHORIZED),
        ("192.0.2.1", "Bearer right", StatusCode::FORBIDDEN),
        ("198.51.100.9, 192.0.2.1", "Bearer right", StatusCode::FORBIDDEN),
        ("", "Bearer right", StatusCode::FORBIDDEN),
    ] {
        let answer = post(&behind_proxy, "b", proof, forwarded_for).await;
        assert_eq!(answer.status, expected, "{forwarded_for} {proof}");
    }
    assert_eq!(ingest_alone.events().len() + behind_proxy.events().len(), 1);
    // Other sources are not concerned.
    assert_eq!(behind_proxy.post("messages", "{}").await.status, StatusCode::FORBIDDEN);
    let other = behind_proxy.post("cloud", customer_start("c").to_string()).await;
    assert_eq!(other.status, StatusCode::ACCEPTED, "{other:?}");
}

#[tokio::test]
async fn a_caller_who_sends_too_much_is_told_when_to_come_again_and_others_are_served() {
    let admission = Admission { per_second_per_caller: Some(1), ..Admission::default() };
    let ingest = ingest(admission, &["127.0.0.0/8"]).await;
    // Without a proof too: guessing one costs the rate.
    assert_eq!(post(&ingest, "a", "Bearer wrong", "198.51.100.9").await.status, StatusCode::UNAUTHORIZED);
    let refused = post(&ingest, "a", "Bearer right", "198.51.100.9").await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "TL-2011"));
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    assert_eq!(post(&ingest, "b", "Bearer right", "198.51.100.10").await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn requests_that_prove_nothing_take_nothing_from_the_rate_of_those_that_do() {
    let ingest = ingest(Admission { per_second: Some(1), ..Admission::default() }, &[]).await;
    for _ in 0..5 {
        assert_eq!(post(&ingest, "a", "Bearer wrong", "").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(post(&ingest, "a", "Bearer right", "").await.status, StatusCode::ACCEPTED);
    let refused = post(&ingest, "b", "Bearer right", "").await;
    assert_eq!((refused.status, refused.retry_after.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("1")));
    // Where the body is the proof, it is the same.
    let body = "{}";
    for (signature, expected) in [
        (crate::support::signed("other"), StatusCode::UNAUTHORIZED),
        (crate::support::signed(body), StatusCode::UNPROCESSABLE_ENTITY),
        (crate::support::signed(body), StatusCode::TOO_MANY_REQUESTS),
    ] {
        let answer = ingest.post_with("messages", body, &[("x-hub-signature-256", &signature)]).await;
        assert_eq!(answer.status, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn proven_requests_whose_bodies_never_end_are_not_beyond_the_rate() {
    let ingest = ingest(Admission { per_second: Some(1), ..Admission::default() }, &[]).await;
    let beginning = b"POST /v1/webhooks/token HTTP/1.1\r\nhost: x\r\nauthorization: Bearer right\r\n\
        content-length: 1000\r\nexpect: 100-continue\r\n\r\n";
    let mut first = ingest.connect(beginning).await;
    // That its body is being waited for is said once it has its turn.
    let mut told = [0; 12];
    first.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100");
    let refused = ingest.post_head_only("token", "authorization: Bearer right").await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "TL-2011"));
}

#[tokio::test]
async fn a_request_that_cannot_be_stored_takes_nothing_from_the_rate() {
    let ingest = ingest(Admission { per_second: Some(1), ..Admission::default() }, &[]).await;
    ingest.fail_with("brokers are away");
    for name in ["a", "b", "c"] {
        let away = post(&ingest, name, "Bearer right", "").await;
        assert_eq!((away.status, away.code()), (StatusCode::SERVICE_UNAVAILABLE, "TL-2006"), "{name}");
    }
}

#[tokio::test]
async fn a_request_for_which_there_is_no_place_takes_nothing_from_the_rate() {
    let ingest = ingest(Admission { per_second: Some(1), ..Admission::default() }, &[]).await;
    ingest.hold();
    let waiting: Vec<_> = (0..MAX_IN_FLIGHT)
        .map(|n| ingest.post_in_background("cloud", customer_start(&format!("d-{n}")).to_string()))
        .collect();
    ingest.wait_for_attempts(MAX_IN_FLIGHT).await;
    let full = post(&ingest, "a", "Bearer right", "").await;
    assert_eq!((full.status, full.code()), (StatusCode::SERVICE_UNAVAILABLE, "TL-2006"));
    ingest.heal();
    for request in waiting {
        assert_eq!(request.await.unwrap().status, StatusCode::ACCEPTED);
    }
    assert_eq!(post(&ingest, "a", "Bearer right", "").await.status, StatusCode::ACCEPTED, "it comes again");
}
