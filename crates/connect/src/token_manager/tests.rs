use std::time::Duration;

use trunkline_backoff::Backoff;
use trunkline_config::{Client, ExposeSecret, Introspection, Proof, TokenLogin};
use trunkline_systems::ClientAuthentication;

use super::*;
use crate::assertion;
use crate::testing;
use crate::testing::stub::{Reply, Stub};

mod lives;

const SHORT: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(4));

fn manager(stub: &Stub) -> (TokenManager, Events) {
    waiting_manager(stub, SHORT)
}

fn waiting_manager(stub: &Stub, waits: Backoff) -> (TokenManager, Events) {
    manager_of(&testing::token_login(&format!("{}/token", stub.url)), &stub.url, waits)
}

fn manager_of(login: &TokenLogin, base_url: &str, waits: Backoff) -> (TokenManager, Events) {
    let endpoint = TokenEndpoint::new(login, &testing::target(base_url)).unwrap();
    let events = Events::new();
    let introspect_after = login.introspection.as_ref().map(|introspection| introspection.cache);
    let terms = Terms { grace: login.grace, life: login.life, waits, introspect_after };
    (TokenManager::new("crm".to_owned(), endpoint, terms, events.clone()), events)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_at_the_start_and_at_expiry_are_one_request_each_time() {
    const CALLERS: usize = 1_000;
    let stub = Stub::start(|asked| {
        let life = if asked.nth == 0 { 1 } else { 3_600 };
        let body = format!(r#"{{"access_token":"t{}","expires_in":{life}}}"#, asked.nth);
        Reply::json(200, &body).after(Duration::from_millis(50))
    })
    .await;
    let (manager, _) = manager(&stub);
    for round in 0..2 {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let manager = manager.clone();
                tokio::spawn(async move { manager.token(soon()).await })
            })
            .collect();
        let mut expires = Instant::now();
        for caller in callers {
            let token = caller.await.unwrap().unwrap();
            assert_eq!(token.secret.expose_secret(), format!("t{round}"));
            expires = token.expires;
        }
        assert_eq!(stub.asked("/token").len(), round + 1);
        if round == 0 {
            tokio::time::sleep_until(expires.into()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_late_refusals_of_one_token_fetch_one_new_one() {
    let stub = Stub::start(|asked| Reply::token(&format!("t{}", asked.nth))).await;
    let (manager, events) = manager(&stub);
    let first = manager.token(soon()).await.unwrap();
    let mut published = events.subscribe();
    for _ in 0..100 {
        assert_eq!(manager.refused(&first), None, "the next one is on its way");
    }
    let second = manager.token(soon()).await.unwrap();
    assert_eq!(second.secret.expose_secret(), "t1");
    manager.refused(&first);
    for _ in 0..100 {
        manager.accepted(&second);
    }
    assert_eq!(published.recv().await.unwrap(), Event::TokenIssued { target: "crm".to_owned() });
    assert_eq!(published.recv().await.unwrap(), Event::TokenRevoked { target: "crm".to_owned() });
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
    let (manager, events) = manager(&stub);
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
        assert!(!printed.contains("s3cr3t"), "{printed}");
    }
}

#[tokio::test]
async fn a_caller_waits_no_longer_than_his_deadline_and_the_refresh_goes_on() {
    let stub = Stub::start(|_| Reply::token("t").after(Duration::from_millis(200))).await;
    let (manager, _) = manager(&stub);
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
    let (manager, _) = waiting_manager(&stub, waits);
    let hasty = Instant::now() + Duration::from_millis(900);
    let refused = manager.token(hasty).await.unwrap_err();
    assert!(Instant::now() < hasty, "it waited for what could not come");
    let NoToken::Unavailable(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.status, Some(503));
    assert_eq!(manager.token(soon()).await.unwrap().secret.expose_secret(), "t");
    assert_eq!(stub.asked("/token").len(), 2);
}

/// The same login with another proof and a scope.
fn login(stub: &Stub, proof: Proof, scope: Option<&str>) -> TokenLogin {
    let login = testing::token_login(&format!("{}/token", stub.url));
    TokenLogin { proof, scope: scope.map(str::to_owned), ..login }
}

fn client(authentication: ClientAuthentication) -> Client {
    Client { id: "trunkline".to_owned(), secret: "s3cr3t+%".into(), authentication }
}

#[tokio::test]
async fn a_client_shows_itself_in_the_header_or_in_the_form_and_asks_for_its_scope() {
    use ClientAuthentication::{Form, Header};
    let stub = Stub::start(|_| Reply::token("t")).await;
    // The Base64 is that of `trunkline:s3cr3t+%`.
    let basic = "Basic dHJ1bmtsaW5lOnMzY3IzdCsl";
    for (authentication, scope, header, body) in [
        (Header, None, basic, "grant_type=client_credentials"),
        (Header, Some("a:read b"), basic, "grant_type=client_credentials&scope=a%3Aread+b"),
        (Form, None, "", "grant_type=client_credentials&client_id=trunkline&client_secret=s3cr3t%2B%25"),
        (
            Form,
            Some("gen:api"),
            "",
            "grant_type=client_credentials&client_id=trunkline&client_secret=s3cr3t%2B%25&scope=gen%3Aapi",
        ),
    ] {
        let login = login(&stub, Proof::Client(client(authentication)), scope);
        manager_of(&login, &stub.url, SHORT).0.token(soon()).await.unwrap();
        let asked = stub.asked("/token").pop().unwrap();
        assert_eq!((asked.header("authorization"), asked.body.as_str()), (header, body));
    }
}

/// A token whose claims name the tenant `t-1`.
const TENANT_TOKEN: &str = "e30.eyJ0ZW5hbnRJZCI6InQtMSJ9.c2ln";

fn access_key(tenant_id: Option<&str>, discovers_api: bool) -> Proof {
    Proof::AccessKey {
        client: client(ClientAuthentication::EncodedHeader),
        id: "KEY".to_owned(),
        secret: "k3y".into(),
        tenant_id: tenant_id.map(str::to_owned),
        discovers_api,
    }
}

#[tokio::test]
async fn an_access_key_buys_a_token_whose_tenant_leads_to_its_api() {
    const DOCUMENT: &str = "/.well-known/cxone-configuration";
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::token(TENANT_TOKEN),
        _ => Reply::json(200, r#"{"api_endpoint":"http://127.0.0.1:9/"}"#),
    })
    .await;
    for (tenant_id, discovers_api, query, api_url) in [
        (None, true, Some("tenantId=t-1"), Some("http://127.0.0.1:9")),
        (Some("t-2"), true, Some("tenantId=t-2"), Some("http://127.0.0.1:9")),
        (None, false, None, None),
    ] {
        let known = stub.asked(DOCUMENT).len();
        let login = login(&stub, access_key(tenant_id, discovers_api), None);
        let token = manager_of(&login, &stub.url, SHORT).0.token(soon()).await.unwrap();
        assert_eq!(token.api_url.as_deref(), api_url);
        let asked = stub.asked("/token").pop().unwrap();
        assert_eq!(asked.body, "grant_type=password&username=KEY&password=k3y");
        // The Base64 is that of `trunkline:s3cr3t%2B%25`, as CXone documents it.
        assert_eq!(asked.header("authorization"), "Basic dHJ1bmtsaW5lOnMzY3IzdCUyQiUyNQ==");
        let asked = stub.asked(DOCUMENT).get(known).map(|asked| asked.query.clone());
        assert_eq!(asked.as_deref(), query);
    }
}

#[tokio::test]
async fn a_tenant_that_is_not_found_is_refused_and_says_so() {
    for (token, document, message) in [
        ("opaque", Reply::json(200, "{}"), "the token names no tenant"),
        (
            TENANT_TOKEN,
            Reply::json(404, "{}"),
            "a token was issued, but the tenant's configuration document answered 404",
        ),
        (
            TENANT_TOKEN,
            Reply::json(200, r#"{"api_endpoint":"ftp://x"}"#),
            "a token was issued, but the tenant's configuration document names no API",
        ),
    ] {
        let stub = Stub::start(move |asked| match asked.path.as_str() {
            "/token" => Reply::token(token),
            _ => document.clone(),
        })
        .await;
        let login = login(&stub, access_key(None, true), None);
        let refused = manager_of(&login, &stub.url, SHORT).0.token(soon()).await.unwrap_err();
        let NoToken::Unavailable(refusal) = &refused else { panic!("{refused:?}") };
        assert_eq!(refusal.message, message);
        assert!(refusal.told().ends_with("set base_url to the tenant's API; the login itself is right"));
    }
}

#[tokio::test]
async fn a_token_whose_api_is_not_found_is_kept_and_one_that_comes_later_goes_where_the_api_was() {
    const DOCUMENT: &str = "/.well-known/cxone-configuration";
    let stub = Stub::start(|asked| match (asked.path.as_str(), asked.nth) {
        ("/token", _) => Reply::token(TENANT_TOKEN),
        (_, 2) => Reply::json(200, r#"{"api_endpoint":"http://127.0.0.1:9"}"#),
        _ => Reply::json(503, "{}"),
    })
    .await;
    let (manager, events) = manager_of(&login(&stub, access_key(None, true), None), &stub.url, SHORT);
    let mut published = events.subscribe();
    let first = manager.token(soon()).await.unwrap();
    assert_eq!(first.api_url.as_deref(), Some("http://127.0.0.1:9"));
    assert_eq!((stub.asked("/token").len(), stub.asked(DOCUMENT).len()), (1, 3), "the token was kept");
    manager.refused(&first);
    let second = manager.token(soon()).await.unwrap();
    assert_eq!(second.api_url, first.api_url, "the document is away, and the API is where it was");
    assert_eq!((stub.asked("/token").len(), stub.asked(DOCUMENT).len()), (2, 4));
    assert!(std::iter::from_fn(|| published.try_recv().ok()).all(|event| event.code().is_none()));
}

#[tokio::test]
async fn an_issuer_on_this_machine_is_asked_without_tls_about_tokens_that_come_with_it() {
    let stub = Stub::start(|_| Reply::json(200, r#"{"active":true}"#)).await;
    let introspection =
        Introspection { url: format!("{}/introspect", stub.url), cache: Duration::from_secs(1) };
    let mut login = login(&stub, Proof::Client(client(ClientAuthentication::Form)), None);
    login.token_url = "https://login.example/token".to_owned();
    login.introspection = Some(introspection);
    let endpoint = TokenEndpoint::new(&login, &testing::target(&stub.url)).unwrap();
    assert_eq!(endpoint.is_active(&"t".into()).await, Ok(true));
}

#[tokio::test]
async fn callers_wait_a_second_at_most_for_what_an_issuer_says() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::token("t"),
        _ => Reply::json(200, r#"{"active":true}"#).after(Duration::from_secs(30)),
    })
    .await;
    let cache = Duration::from_millis(200);
    let manager = introspecting_manager(&stub, cache);
    let first = manager.token(soon()).await.unwrap();
    tokio::time::sleep_until((first.issued + cache).into()).await;
    let began = Instant::now();
    assert_eq!(manager.token(soon()).await.unwrap().generation, first.generation);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_issuer_that_calls_every_token_ended_is_told_once_and_kills_no_second_one() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::token(&format!("t{}", asked.nth)),
        _ => Reply::json(200, r#"{"active":false}"#),
    })
    .await;
    let cache = Duration::from_millis(50);
    let introspection = Introspection { url: format!("{}/introspect", stub.url), cache };
    let login = login(&stub, Proof::Client(client(ClientAuthentication::Form)), None);
    let login = TokenLogin { introspection: Some(introspection), ..login };
    let (manager, events) = manager_of(&login, &stub.url, SHORT);
    let mut published = events.subscribe();
    for _ in 0..4 {
        let token = manager.token(soon()).await.unwrap();
        manager.accepted(&token);
        tokio::time::sleep_until((token.issued.max(Instant::now()) + cache).into()).await;
    }
    assert_eq!((stub.asked("/token").len(), stub.asked("/introspect").len()), (2, 2));
    let told = std::iter::from_fn(|| published.try_recv().ok()).filter(|event| event.code().is_some());
    let target = || "crm".to_owned();
    let expected =
        [Event::IntrospectionUseless { target: target() }, Event::TokenRevoked { target: target() }];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn an_outage_of_the_token_endpoint_is_told_once_however_long_it_lasts() {
    let stub = Stub::start(|asked| match asked.nth {
        0 => Reply::token("t0"),
        1..=4 => Reply::json(503, "{}"),
        _ => Reply::token("t1"),
    })
    .await;
    let (manager, events) = manager(&stub);
    let mut published = events.subscribe();
    let first = manager.token(soon()).await.unwrap();
    manager.accepted(&first);
    manager.refused(&first);
    manager.token(soon()).await.unwrap_err();
    let mut told = Vec::new();
    while let Ok(event) = published.try_recv() {
        told.extend(event.code().map(|_| event));
    }
    let reason = "the token endpoint answered 503; it is asked again".to_owned();
    let outage = Event::TokenRefused { target: "crm".to_owned(), status: Some(503), code: None, reason };
    assert_eq!(told, [outage], "the refused token is part of it");
}

#[tokio::test]
async fn an_assertion_is_dated_by_the_issuers_clock_once_that_is_known() {
    for issuers_now in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 2095 08:49:37 GMT"] {
        let stub = Stub::start(move |asked| match asked.nth {
            0 => Reply::json(400, r#"{"error":"invalid_grant"}"#).header("date", issuers_now),
            _ => Reply::token("t"),
        })
        .await;
        let proof = Proof::Assertion {
            client_id: "app".to_owned(),
            username: "user".to_owned(),
            audience: "https://login".to_owned(),
            private_key: assertion::tests::key().0.into(),
        };
        manager_of(&login(&stub, proof, None), &stub.url, SHORT).0.token(soon()).await.unwrap();
        let ends: Vec<i64> = stub.asked("/token").iter().map(|asked| end_of_assertion(&asked.body)).collect();
        let theirs = chrono::DateTime::parse_from_rfc2822(issuers_now).unwrap().timestamp();
        assert!((ends[0] - crate::wire::unix_seconds() - 180).abs() < 60, "{ends:?}");
        assert!((ends[1] - theirs - 180).abs() < 60, "{ends:?}");
    }
}

/// The end of the assertion in a form, in Unix seconds.
fn end_of_assertion(form: &str) -> i64 {
    use base64::Engine;
    let assertion = form.split("assertion=").nth(1).unwrap();
    let claims =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap());
    serde_json::from_slice::<serde_json::Value>(&claims.unwrap()).unwrap()["exp"].as_i64().unwrap()
}

/// A manager that asks about tokens whenever this much time is over.
fn introspecting_manager(stub: &Stub, cache: Duration) -> TokenManager {
    let introspection = Introspection { url: format!("{}/introspect", stub.url), cache };
    let login = login(stub, Proof::Client(client(ClientAuthentication::Form)), None);
    manager_of(&TokenLogin { introspection: Some(introspection), ..login }, &stub.url, SHORT).0
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_callers_there_are_the_issuer_is_asked_once_about_a_token() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::token("t"),
        _ => Reply::json(200, r#"{"active":true}"#).after(Duration::from_millis(50)),
    })
    .await;
    let cache = Duration::from_secs(1);
    let manager = introspecting_manager(&stub, cache);
    let first = manager.token(soon()).await.unwrap();
    assert!(stub.asked("/introspect").is_empty(), "a new token needs no answer");
    tokio::time::sleep_until((first.issued + cache).into()).await;
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let manager = manager.clone();
            tokio::spawn(async move { manager.token(soon()).await.unwrap().generation })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), first.generation);
    }
    let asked = stub.asked("/introspect");
    let body = "token=t&token_type_hint=access_token&client_id=trunkline&client_secret=s3cr3t%2B%25";
    assert_eq!((asked.len(), asked[0].body.as_str()), (1, body));
}

#[tokio::test]
async fn a_token_that_has_ended_is_replaced_before_a_call_and_one_that_nobody_knows_of_is_used() {
    for (status, answer, expected) in [
        (200, r#"{"active":false}"#, "t1"),
        (200, r#"{"active":true}"#, "t0"),
        (200, "{}", "t0"),
        (503, "", "t0"),
        (401, r#"{"error":"invalid_client"}"#, "t0"),
    ] {
        let stub = Stub::start(move |asked| match asked.path.as_str() {
            "/token" => Reply::token(&format!("t{}", asked.nth)),
            _ => Reply::json(status, answer),
        })
        .await;
        let cache = Duration::from_millis(200);
        let manager = introspecting_manager(&stub, cache);
        let first = manager.token(soon()).await.unwrap();
        tokio::time::sleep_until((first.issued + cache).into()).await;
        let token = manager.token(soon()).await.unwrap();
        assert_eq!(token.secret.expose_secret(), expected, "{status} {answer}");
        // About a token that replaces one that was called ended, the issuer is asked at once.
        assert_eq!(
            stub.asked("/introspect").len(),
            if expected == "t1" { 2 } else { 1 },
            "{status} {answer}"
        );
    }
}
