use std::time::Duration;

use reqwest::Method;
use trunkline_config::{Breaker, Retry};

use super::*;
use crate::error::CallErrorKind;
use crate::event::Event;
use crate::retry::Repeat;
use crate::testing::stub::{Reply, Stub};
use crate::testing::{target, target_with_token};

mod answers;
mod rotation;
mod tokens;

const CLASS: &str = "query";
const PATH: &str = "/data";
const TOKEN: &str = "very-secret-token";

fn connect(target: Target) -> (Outbound, Events) {
    let events = Events::new();
    let rate = target.rate;
    (Outbound::new(target, rate, events.clone()).unwrap(), events)
}

fn request(repeat: Repeat) -> Request {
    Request {
        method: Method::GET,
        path: PATH.to_owned(),
        headers: Vec::new(),
        body: None,
        repeat,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    }
}

async fn call(outbound: &Outbound, within: Duration) -> Result<Response, CallError> {
    outbound.call(CLASS, &request(Repeat::Always), Instant::now() + within).await
}

fn ok() -> Reply {
    Reply::json(200, r#"{"result":[]}"#)
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_limit_is_waited_for_as_told_when_the_deadline_allows() {
    let stub = Stub::start(|asked| match asked.nth {
        0 => Reply::json(429, r#"{"error":{"message":"Rate limit exceeded"}}"#).header("retry-after", "1"),
        _ => ok(),
    })
    .await;
    let (outbound, _) = connect(target(&stub.url));
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 2);
    let asked = stub.asked(PATH);
    assert!(asked[1].at - asked[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_limit_beyond_the_deadline_fails_at_once_and_holds_the_next_calls_back() {
    let stub = Stub::start(|_| Reply::json(429, "{}").header("retry-after", "30")).await;
    let (outbound, _) = connect(target(&stub.url));
    let began = Instant::now();
    let first = call(&outbound, Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(first.retry_after(), Some(Duration::from_secs(30)));
    assert_eq!((first.status, first.sent), (Some(429), false));
    let second = call(&outbound, Duration::from_secs(20)).await.unwrap_err();
    assert!(matches!(second.kind, CallErrorKind::RateLimited { retry_after: Some(_) }));
    assert_eq!((second.attempts, stub.asked(PATH).len()), (0, 1));
    assert!(outbound.held_until(CLASS).is_some());
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_tried_again_and_then_a_timeout() {
    let stub = Stub::start(|_| ok().after(LONG)).await;
    let target = Target { timeout: Duration::from_millis(50), ..target(&stub.url) };
    let (outbound, _) = connect(target.clone());
    let error = call(&outbound, LONG).await.unwrap_err();
    assert_eq!((error.kind, error.attempts, error.sent), (CallErrorKind::Timeout, 4, true));
    assert_eq!(stub.asked(PATH).len(), 4);

    let (outbound, _) = connect(target);
    let deadline = Instant::now() + LONG;
    let error = outbound.call(CLASS, &request(Repeat::OnlyWithoutEffect), deadline).await.unwrap_err();
    assert_eq!((error.kind, error.attempts, error.sent), (CallErrorKind::Timeout, 1, true));
}

#[tokio::test]
async fn the_deadline_wins_over_the_timeout() {
    let stub = Stub::start(|_| ok().after(LONG)).await;
    let (outbound, _) = connect(target(&stub.url));
    let began = Instant::now();
    let error = call(&outbound, Duration::from_millis(100)).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (CallErrorKind::DeadlineExceeded, true));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_never_left_was_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (outbound, _) = connect(target(&nobody));
    let error = call(&outbound, LONG).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (CallErrorKind::Unavailable, false));
    assert!(!error.message.contains(PATH), "{}", error.message);
}

#[tokio::test]
async fn a_system_that_comes_back_is_probed_and_then_called_again() {
    let stub = Stub::start(|asked| if asked.nth < 5 { Reply::json(503, "{}") } else { ok() }).await;
    let open_for = Duration::from_millis(300);
    let target = Target {
        breaker: Breaker { open_for, probes: 2, ..Breaker::default() },
        retry: Retry { attempts: 1, ..Retry::default() },
        ..target(&stub.url)
    };
    let (outbound, events) = connect(target);
    let mut published = events.subscribe();
    for _ in 0..5 {
        assert_eq!(call(&outbound, LONG).await.unwrap_err().kind, CallErrorKind::Unavailable);
    }
    let opened = Instant::now();
    let refused = call(&outbound, LONG).await.unwrap_err();
    assert!(matches!(refused.kind, CallErrorKind::BreakerOpen { .. }), "{refused}");
    assert_eq!((refused.attempts, stub.asked(PATH).len()), (0, 5));
    assert_eq!(outbound.breakers(), [(CLASS, State::Open)]);

    tokio::time::sleep_until(outbound.held_until(CLASS).unwrap().into()).await;
    for _ in 0..3 {
        call(&outbound, LONG).await.unwrap();
    }
    assert!(stub.asked(PATH)[5].at >= opened + open_for - Duration::from_millis(50));
    let mut states = Vec::new();
    while let Ok(Event::Breaker { to, .. }) = published.try_recv() {
        states.push(to);
    }
    assert_eq!(states, [State::Open, State::HalfOpen, State::Closed]);
}

#[tokio::test]
async fn a_probe_that_is_given_up_lets_another_through() {
    let stub = Stub::start(|asked| match asked.nth {
        0..5 => Reply::json(503, "{}"),
        5 => ok().after(LONG),
        _ => ok(),
    })
    .await;
    let target = Target {
        breaker: Breaker { open_for: Duration::from_millis(20), probes: 1, ..Breaker::default() },
        retry: Retry { attempts: 1, ..Retry::default() },
        ..target(&stub.url)
    };
    let (outbound, _) = connect(target);
    for _ in 0..5 {
        call(&outbound, LONG).await.unwrap_err();
    }
    tokio::time::sleep_until(outbound.held_until(CLASS).unwrap().into()).await;
    let probe = tokio::spawn({
        let outbound = outbound.clone();
        async move { call(&outbound, LONG).await }
    });
    while stub.asked(PATH).len() < 6 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let beside = call(&outbound, LONG).await.unwrap_err();
    assert!(matches!(beside.kind, CallErrorKind::BreakerOpen { .. }));
    probe.abort();
    assert!(probe.await.is_err());
    call(&outbound, LONG).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_together_stay_within_the_quota() {
    let (calls, per) = (5, Duration::from_millis(200));
    let stub = Stub::start(|_| ok().after(Duration::from_millis(5))).await;
    let (outbound, _) = connect(Target { rate: Rate { calls, per }, ..target(&stub.url) });
    let callers: Vec<_> = (0..25)
        .map(|n| {
            let outbound = outbound.clone();
            let class = if n % 2 == 0 { "even" } else { "odd" };
            tokio::spawn(async move {
                outbound.call(class, &request(Repeat::Always), Instant::now() + LONG).await.unwrap();
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let asked = stub.asked(PATH);
    assert_eq!(asked.len(), 25);
    for window in asked.windows(calls as usize + 1) {
        let span = window[calls as usize].at - window[0].at;
        assert!(span >= per, "{calls} calls and one more within {span:?}");
    }
}

#[tokio::test]
async fn the_trace_is_passed_on_and_a_session_elsewhere_is_not_followed_without_tls() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::json(200, r#"{"access_token":"t","instance_url":"https://elsewhere.example"}"#),
        _ => ok(),
    })
    .await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    call(&outbound, LONG).await.unwrap();
    let asked = stub.asked(PATH);
    assert_eq!(asked[0].header("traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(asked[0].header("authorization"), "Bearer t");
}
