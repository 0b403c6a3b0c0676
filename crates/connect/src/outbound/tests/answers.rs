//! Answers that do not come from the API, or are more than is read.

use super::*;
use crate::breaker::State;

const ONE_ATTEMPT: Retry =
    Retry { attempts: 1, base: Duration::ZERO, cap: Duration::ZERO, budget_ratio: 0.2 };

fn page(status: u16) -> Reply {
    Reply::text(status, "text/html; charset=utf-8", "<html><form action='/login'></form></html>")
}

/// The error of a call that is answered so, and how many attempts it took.
async fn answered(reply: Reply) -> (CallError, Outbound, Stub) {
    let stub = Stub::start(move |asked| match asked.path.as_str() {
        PATH => reply.clone(),
        _ => ok(),
    })
    .await;
    let (outbound, _) =
        connect(Target { retry: ONE_ATTEMPT, answer_limit_bytes: 100_000, ..target(&stub.url) });
    let error = call(&outbound, LONG).await.unwrap_err();
    (error, outbound, stub)
}

#[tokio::test]
async fn what_does_not_come_from_the_api_has_its_error_and_follows_no_login() {
    for (reply, part) in [
        (
            Reply::json(302, "").header("location", "https://login.example/?x=1"),
            "a redirect to login.example, which",
        ),
        (Reply::json(308, "").header("location", "/elsewhere"), "a redirect within the host, which"),
        (page(200), "answered 200 with a page of HTML"),
        (page(404), "answered 404 with a page of HTML"),
        (Reply::json(200, r#"{"result":["#), "with what is no JSON"),
        (Reply::json(407, "{}"), "set proxy_username and proxy_password"),
    ] {
        let (error, outbound, stub) = answered(reply).await;
        assert_eq!(
            (error.kind, error.trunkline_code()),
            (CallErrorKind::UnusableAnswer, "TL-4009"),
            "{error}"
        );
        assert!(error.message.contains(part), "{error}");
        assert!(error.is_transient(), "a write waits and is tried again");
        assert!(stub.asked("/elsewhere").is_empty());
        for _ in 0..4 {
            call(&outbound, LONG).await.unwrap_err();
        }
        assert_eq!(outbound.breakers(), [(CLASS, State::Open)], "{part}");
    }
}

#[tokio::test]
async fn a_page_with_a_status_of_its_own_keeps_its_meaning() {
    for (status, expected) in [(503, CallErrorKind::Unavailable), (401, CallErrorKind::Unauthorized)] {
        assert_eq!(answered(page(status)).await.0.kind, expected);
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused_once_and_keeps_nobody_else_waiting() {
    let long = format!(r#"{{"result":"{}"}}"#, "x".repeat(100_000));
    for reply in [Reply::json(200, &long), Reply::json(200, &long).in_chunks()] {
        let (error, outbound, stub) = answered(reply).await;
        assert_eq!((error.kind, error.status), (CallErrorKind::UnusableAnswer, Some(200)));
        assert!(error.sent, "what was asked for may have been done");
        assert!(
            error.message.contains("more than 100000 bytes") && error.message.contains("answer_limit_bytes")
        );
        for _ in 0..30 {
            call(&outbound, LONG).await.unwrap_err();
        }
        assert_eq!(stub.asked(PATH).len(), 31, "others are asked about all the same");
        assert_eq!(outbound.breakers(), [(CLASS, State::Closed)]);
    }
    let longest = format!(r#"{{"result":"{}"}}"#, "x".repeat(100_000 - r#"{"result":""}"#.len()));
    let stub = Stub::start(move |_| Reply::json(200, &longest)).await;
    let (outbound, _) = connect(Target { answer_limit_bytes: 100_000, ..target(&stub.url) });
    assert_eq!(call(&outbound, LONG).await.unwrap().body.len(), 100_000);
}

#[tokio::test]
async fn a_token_endpoint_that_leads_elsewhere_is_told_as_that() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::json(302, "").header("location", "https://sso.example/"),
        _ => ok(),
    })
    .await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    let error = call(&outbound, Duration::from_millis(400)).await.unwrap_err();
    assert!(error.message.contains("the token endpoint answered 302, a redirect to sso.example"), "{error}");
    assert_eq!(stub.order(), ["/token"]);
}
