//! Tokens that are refused, and what that does not count as.

use trunkline_systems::System;

use super::*;
use crate::limiter::{Feedback, Remaining};
use crate::throttle::Queue;

const REFUSED: &str = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;

/// Less than the shortest wait after a new token was refused.
const HASTY: Duration = Duration::from_millis(450);

fn refused() -> Reply {
    Reply::json(401, REFUSED)
}

/// A system that gives numbered tokens, and refuses those before this one.
async fn system_that_accepts_from(first_good: usize) -> Stub {
    Stub::start(move |asked| match asked.path.as_str() {
        "/token" => Reply::token(&format!("{TOKEN}-{}", asked.nth)),
        _ => {
            let number = asked.header("authorization").rsplit('-').next().unwrap();
            if number.parse::<usize>().unwrap() >= first_good { ok() } else { refused() }
        }
    })
    .await
}

#[tokio::test]
async fn a_token_revoked_in_the_middle_is_replaced_and_the_call_succeeds() {
    let stub = system_that_accepts_from(1).await;
    let (outbound, events) = connect(target_with_token(&stub.url));
    let mut published = events.subscribe();
    let response = call(&outbound, HASTY).await.unwrap();
    assert_eq!(response.attempts, 2);
    assert_eq!(stub.order(), ["/token", PATH, "/token", PATH]);
    let target = || "crm".to_owned();
    for expected in [
        Event::TokenIssued { target: target() },
        Event::TokenIssued { target: target() },
        Event::TokenRevoked { target: target() },
    ] {
        assert_eq!(published.recv().await.unwrap(), expected);
    }
    call(&outbound, HASTY).await.unwrap();
    assert!(published.try_recv().is_err(), "it is told once");
}

#[tokio::test]
async fn every_system_says_in_its_own_way_that_a_token_has_ended() {
    let html = "<html>login</html>";
    for (system, status, (name, value), body) in [
        (System::Salesforce, 401, ("x", ""), REFUSED),
        (System::Salesforce, 403, ("x", ""), r#"[{"message":"no","errorCode":"INVALID_SESSION_ID"}]"#),
        (System::Genesys, 401, ("x", ""), r#"{"code":"bad.credentials"}"#),
        (System::Genesys, 400, ("x", ""), r#"{"code":"credentials.expired"}"#),
        (System::ServiceNow, 401, ("x", ""), r#"{"error":{"message":"User Not Authenticated"}}"#),
        (System::Sap, 401, ("x", ""), html),
        (System::Sap, 403, ("x-csrf-token", "Required"), ""),
        (System::Cxone, 401, ("icstatusdescription", "token is expired"), ""),
    ] {
        let stub = Stub::start(move |asked| match (asked.path.as_str(), asked.nth) {
            ("/token", _) => Reply::token(TOKEN),
            (_, 0) => Reply::json(status, body).header(name, value),
            _ => ok(),
        })
        .await;
        let (outbound, _) = connect(Target { system, ..target_with_token(&stub.url) });
        assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 2, "{system} {status}");
        assert_eq!(stub.order(), ["/token", PATH, "/token", PATH], "{system} {status}");
    }
}

#[tokio::test]
async fn a_new_token_that_is_refused_as_well_is_waited_with_and_the_next_one_accepted() {
    let stub = system_that_accepts_from(2).await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 3);
    assert_eq!(stub.order(), ["/token", PATH, "/token", PATH, "/token", PATH]);
    let asked = stub.asked(PATH);
    assert!(
        asked[2].at - asked[1].at >= Duration::from_millis(500),
        "a new token that is refused needs time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_side_by_side_whose_token_is_revoked_fetch_one_and_go_on_once_each() {
    const CALLS: usize = 20;
    let stub = Stub::start(|asked| match (asked.path.as_str(), asked.header("authorization")) {
        ("/token", _) => Reply::token(&format!("{TOKEN}-{}", asked.nth)),
        // Long enough for all of them to be under way.
        (_, authorization) if authorization.ends_with("-0") => refused().after(Duration::from_millis(200)),
        _ => ok(),
    })
    .await;
    let (outbound, events) = connect(target_with_token(&stub.url));
    let mut published = events.subscribe();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let outbound = outbound.clone();
            tokio::spawn(async move { call(&outbound, LONG).await.unwrap().attempts })
        })
        .collect();
    for one in calls {
        assert_eq!(one.await.unwrap(), 2);
    }
    assert_eq!((stub.asked("/token").len(), stub.asked(PATH).len()), (2, CALLS * 2));
    let mut revoked = 0;
    while let Ok(event) = published.try_recv() {
        revoked += usize::from(matches!(event, Event::TokenRevoked { .. }));
    }
    assert_eq!(revoked, 1);
}

#[tokio::test]
async fn the_deadline_wins_over_the_wait_with_a_new_token() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::token(TOKEN),
        _ => Reply::json(
            401,
            &format!(r#"[{{"message":"bad token {TOKEN}","errorCode":"INVALID_SESSION_ID"}}]"#),
        ),
    })
    .await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    let deadline = Instant::now() + HASTY;
    let error = outbound.call(CLASS, &request(Repeat::Always), deadline).await.unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::TokensRefused { retry_after: Some(_) }), "{error:?}");
    assert_eq!((error.attempts, error.sent), (2, false));
    assert!(Instant::now() < deadline, "it slept for an attempt that could not be made");
    assert!(error.message.contains("bad token ***; the next attempt, in "), "{}", error.message);
    for printed in [format!("{error}"), format!("{error:?}"), format!("{outbound:?}")] {
        assert!(!printed.contains(TOKEN) && !printed.contains("s3cr3t"), "{printed}");
    }
}

#[tokio::test]
async fn a_revoked_token_that_is_not_replaced_in_time_fails_now_and_says_both() {
    let stub = Stub::start(|asked| match (asked.path.as_str(), asked.nth) {
        ("/token", 0) => Reply::token(TOKEN),
        ("/token", _) => Reply::json(503, "{}"),
        _ => refused(),
    })
    .await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    let deadline = Instant::now() + HASTY;
    let error = outbound.call(CLASS, &request(Repeat::Always), deadline).await.unwrap_err();
    assert_eq!((error.kind, error.status, error.attempts), (CallErrorKind::Unauthorized, Some(401), 1));
    assert!(Instant::now() < deadline, "it waited for a token that could not come");
    assert_eq!(error.message, "Session expired or invalid; the token endpoint answered 503");
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_again() {
    let stub = Stub::start(|_| Reply::json(401, "{}")).await;
    let (outbound, events) = connect(target(&stub.url));
    let mut published = events.subscribe();
    let error = call(&outbound, LONG).await.unwrap_err();
    assert_eq!((error.kind, stub.asked(PATH).len()), (CallErrorKind::Unauthorized, 1));
    let held = call(&outbound, LONG).await.unwrap_err();
    assert_eq!(
        (held.kind, stub.asked(PATH).len()),
        (CallErrorKind::Unauthorized, 1),
        "it was not sent again"
    );
    assert!(held.message.starts_with("its password was refused and is not sent again for "), "{held:?}");
    assert_eq!(published.try_recv().unwrap(), Event::PasswordRefused { target: "tickets".to_owned() });
    assert!(published.try_recv().is_err(), "it is told once");
}

#[tokio::test]
async fn a_call_that_has_time_for_five_tokens_ends_by_its_own_error() {
    let stub = system_that_accepts_from(usize::MAX).await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    let error = call(&outbound, LONG).await.unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::TokensRefused { .. }), "{error:?}");
    assert_eq!((error.attempts, error.status, error.trunkline_code()), (5, Some(401), "TL-4008"));
    let waits: Vec<_> = stub.asked(PATH).windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    let within = |wait: Duration, seconds: u64| {
        wait >= Duration::from_millis(500 * seconds) && wait <= Duration::from_millis(1_000 * seconds + 900)
    };
    assert!(waits[0] < Duration::from_millis(500), "the first one is replaced at once: {waits:?}");
    assert!(within(waits[1], 1) && within(waits[2], 2) && within(waits[3], 4), "{waits:?}");
}

/// A target whose breaker opens at the first failure, for a moment, and closes after one probe. No failure is tried
/// again.
fn with_quick_breaker(target: Target) -> Target {
    let open_for = Duration::from_millis(20);
    let breaker = Breaker { open_for, probes: 1, consecutive_failures: 1, ..Breaker::default() };
    Target { breaker, retry: Retry { budget_ratio: 0.0, ..Retry::default() }, ..target }
}

async fn open_the_breaker(outbound: &Outbound) {
    call(outbound, LONG).await.unwrap_err();
    assert_eq!(outbound.breakers(), [(CLASS, State::Open)]);
    if let Some(until) = outbound.held_until(CLASS) {
        tokio::time::sleep_until(until.into()).await;
    }
}

#[tokio::test]
async fn a_probe_whose_token_or_rate_is_refused_is_no_failed_probe() {
    for turned_away in [401, 429] {
        let stub = Stub::start(move |asked| match (asked.path.as_str(), asked.nth) {
            ("/token", _) => Reply::token(TOKEN),
            (_, 0) => Reply::json(503, "{}"),
            (_, 1) => Reply::json(turned_away, "{}").header("retry-after", "1"),
            _ => ok(),
        })
        .await;
        let (outbound, events) = connect(with_quick_breaker(target_with_token(&stub.url)));
        let mut published = events.subscribe();
        open_the_breaker(&outbound).await;
        assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 2, "{turned_away}");
        let mut states = Vec::new();
        while let Ok(event) = published.try_recv() {
            if let Event::Breaker { to, .. } = event {
                states.push(to);
            }
        }
        assert_eq!(states, [State::Open, State::HalfOpen, State::Closed], "{turned_away}");
    }
}

#[tokio::test]
async fn a_probe_that_had_no_time_left_after_waiting_for_its_token_is_no_failed_probe() {
    let stub = Stub::start(|asked| match (asked.path.as_str(), asked.nth) {
        ("/token", 0) => Reply::token(TOKEN),
        ("/token", _) => Reply::token(TOKEN).after(Duration::from_millis(300)),
        (_, 0) => Reply::json(503, "{}"),
        (_, 1) => refused(),
        (_, 2) => ok().after(LONG),
        _ => ok(),
    })
    .await;
    let (outbound, _) = connect(with_quick_breaker(target_with_token(&stub.url)));
    open_the_breaker(&outbound).await;
    call(&outbound, HASTY).await.unwrap_err();
    assert_eq!(outbound.breakers(), [(CLASS, State::HalfOpen)]);
}

#[tokio::test]
async fn a_system_that_refuses_every_new_token_is_sent_one_a_second_at_first_and_callers_know_at_once() {
    let stub = system_that_accepts_from(usize::MAX).await;
    let (outbound, events) = connect(target_with_token(&stub.url));
    let mut published = events.subscribe();
    let began = Instant::now();
    let mut last = None;
    for _ in 0..30 {
        let asked = Instant::now();
        last = Some(outbound.call(CLASS, &request(Repeat::Always), asked + HASTY).await.unwrap_err());
        assert!(asked.elapsed() < HASTY, "it waited for a token that could not come");
    }
    // At the earliest half a second after the second one.
    let expected = 2 + began.elapsed().as_millis() as usize / 500;
    assert!(stub.asked("/token").len() <= expected, "{:?}: {:?}", began.elapsed(), stub.order());
    let last = last.unwrap();
    assert!(matches!(last.kind, CallErrorKind::TokensRefused { retry_after: Some(_) }), "{last:?}");
    assert_eq!((last.attempts, last.sent, last.trunkline_code()), (0, false, "TL-4008"));
    assert!(last.is_transient() && last.retry_after().is_some());
    assert!(last.message.starts_with("the system refuses every new token; the next one is"), "{last}");
    assert!(outbound.held_until(CLASS).is_some(), "whoever can wait knows until when");
    let mut reported = Vec::new();
    while let Ok(event) = published.try_recv() {
        reported.extend(event.code().map(|_| event));
    }
    let target = || "crm".to_owned();
    let expected = [Event::NewTokenRefused { target: target() }];
    assert_eq!(reported, expected, "once, with the token that they replace, and not for each call");
}

#[tokio::test]
async fn tokens_that_are_accepted_again_are_replaced_at_once_when_they_end() {
    // The first two are refused, the third ends after one call.
    let stub = Stub::start(|asked| match (asked.path.as_str(), asked.nth) {
        ("/token", _) => Reply::token(&format!("{TOKEN}-{}", asked.nth)),
        (_, 0 | 1 | 3) => refused(),
        _ => ok(),
    })
    .await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 3);
    assert_eq!(call(&outbound, HASTY).await.unwrap().attempts, 2);
    assert_eq!(stub.asked("/token").len(), 4);
}

#[tokio::test]
async fn a_probe_of_a_used_up_limit_that_meets_a_refused_token_costs_no_other_wait() {
    let stub = Stub::start(|asked| match (asked.path.as_str(), asked.nth) {
        ("/token", _) => Reply::token(TOKEN),
        // Salesforce names a limit here, too: it is nobody's.
        (_, 0) => refused().header("sforce-limit-info", "api-usage=100000/100000"),
        _ => ok().header("sforce-limit-info", "api-usage=99000/100000"),
    })
    .await;
    let (outbound, _) = connect(target_with_token(&stub.url));
    let used_up = Remaining { calls: 0, lasts: Duration::from_millis(150), rolling: true };
    let mut slot = outbound.0.throttle.enter(&Queue::default(), CLASS, Instant::now() + LONG).await.unwrap();
    slot.spend();
    slot.answered(Feedback { remaining: Some(used_up), ..Feedback::default() });
    let held = outbound.held_until(CLASS).unwrap();
    assert!(held > Instant::now());
    // Less than the minute for which Salesforce's limit is left alone.
    assert_eq!(call(&outbound, Duration::from_secs(30)).await.unwrap().attempts, 2);
    assert!(stub.asked(PATH)[0].at >= held - Duration::from_millis(50));
    assert_eq!(outbound.held_until(CLASS), None);
}
