use std::time::Duration;

use trunkline_config::ExposeSecret;
use trunkline_systems::System;

use super::*;
use crate::testing::stub::{Reply, Stub};
use crate::wire;

const SHORT: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(4));
const SECRET: &str = "s3cr3t-of-the-client";

fn manager(stub: &Stub, system: System) -> (TokenManager, Events) {
    waiting_manager(stub, system, SHORT)
}

fn waiting_manager(stub: &Stub, system: System, waits: Backoff) -> (TokenManager, Events) {
    let endpoint = TokenEndpoint {
        authentication: system.capabilities().client_authentication,
        client: wire::client(&stub.url).unwrap(),
        url: format!("{}/token", stub.url),
        client_id: "trunkline".to_owned(),
        client_secret: SECRET.into(),
        timeout: Duration::from_secs(5),
    };
    let events = Events::new();
    (TokenManager::new("crm".to_owned(), endpoint, waits, events.clone()), events)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_callers_wait_one_request_is_made() {
    let stub = Stub::start(|_| Reply::token("t").after(Duration::from_millis(50))).await;
    let (manager, _) = manager(&stub, System::Genesys);
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let manager = manager.clone();
            tokio::spawn(async move { manager.token(soon()).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().secret.expose_secret(), "t");
    }
    assert_eq!(stub.asked("/token").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_late_refusals_of_one_token_fetch_one_new_one() {
    let stub = Stub::start(|asked| Reply::token(&format!("t{}", asked.nth))).await;
    let (manager, events) = manager(&stub, System::Genesys);
    let first = manager.token(soon()).await.unwrap();
    let mut published = events.subscribe();
    for _ in 0..100 {
        assert_eq!(manager.refused(&first), Duration::ZERO);
    }
    let second = manager.token(soon()).await.unwrap();
    assert_eq!(second.secret.expose_secret(), "t1");
    manager.refused(&first);
    assert_eq!(published.recv().await.unwrap(), Event::TokenRevoked { target: "crm".to_owned() });
    assert_eq!(published.recv().await.unwrap(), Event::TokenIssued { target: "crm".to_owned() });
    assert!(published.try_recv().is_err(), "a late refusal threw the new token away");
    assert_eq!(manager.token(soon()).await.unwrap().generation, second.generation);
    assert_eq!(stub.asked("/token").len(), 2);
}

#[tokio::test]
async fn a_refusal_is_final_after_four_attempts_and_tells_no_secret() {
    let stub = Stub::start(|asked| {
        let echo = format!(r#"{{"error":"invalid_client","error_description":"{}"}}"#, asked.body);
        Reply::json(401, &echo)
    })
    .await;
    let (manager, events) = manager(&stub, System::ServiceNow);
    let mut published = events.subscribe();
    let refused = manager.token(soon()).await.unwrap_err();
    assert_eq!(stub.asked("/token").len(), 4);
    let NoToken::Unavailable(refusal) = &refused else { panic!("{refused:?}") };
    assert_eq!((refusal.status, refusal.code.as_deref()), (Some(401), Some("invalid_client")));
    // Left alone for a while: the next caller fails at once.
    assert!(manager.token(soon()).await.is_err());
    assert_eq!(stub.asked("/token").len(), 4);
    let event = published.recv().await.unwrap();
    assert!(matches!(event, Event::TokenRefused { .. }));
    for printed in [format!("{refused:?}"), format!("{event}"), format!("{event:?}"), format!("{manager:?}")]
    {
        assert!(!printed.contains(SECRET), "{printed}");
    }
}

#[tokio::test]
async fn a_caller_waits_no_longer_than_his_deadline_and_the_refresh_goes_on() {
    let stub = Stub::start(|_| Reply::token("t").after(Duration::from_millis(200))).await;
    let (manager, _) = manager(&stub, System::Genesys);
    let hasty = Instant::now() + Duration::from_millis(20);
    assert_eq!(manager.token(hasty).await.unwrap_err(), NoToken::DeadlineExceeded);
    assert_eq!(manager.token(soon()).await.unwrap().secret.expose_secret(), "t");
    assert_eq!(stub.asked("/token").len(), 1);
}

#[tokio::test]
async fn a_caller_whose_deadline_is_before_the_next_attempt_fails_now_and_the_refresh_goes_on() {
    let stub = Stub::start(|asked| match asked.nth {
        0 => Reply::json(503, "{}"),
        _ => Reply::token("t"),
    })
    .await;
    let waits = Backoff::new(Duration::from_secs(2), Duration::from_secs(2));
    let (manager, _) = waiting_manager(&stub, System::Genesys, waits);
    let hasty = Instant::now() + Duration::from_millis(900);
    let refused = manager.token(hasty).await.unwrap_err();
    assert!(Instant::now() < hasty, "it waited for what could not come");
    let NoToken::Unavailable(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.status, Some(503));
    assert_eq!(manager.token(soon()).await.unwrap().secret.expose_secret(), "t");
    assert_eq!(stub.asked("/token").len(), 2);
}

#[tokio::test]
async fn each_system_is_asked_in_its_own_way() {
    let stub = Stub::start(|_| Reply::token("t")).await;
    manager(&stub, System::Genesys).0.token(soon()).await.unwrap();
    manager(&stub, System::ServiceNow).0.token(soon()).await.unwrap();
    let asked = stub.asked("/token");
    assert_eq!(asked[0].body, "grant_type=client_credentials");
    assert!(asked[0].header("authorization").starts_with("Basic "));
    assert!(asked[1].body.contains("client_id=trunkline"));
    assert_eq!(asked[1].header("authorization"), "");
}
