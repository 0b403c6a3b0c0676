//! Secrets that change while calls are made.

use trunkline_config::{Client, Credentials, ExposeSecret, Proof, SecretHandle, TokenLogin};
use trunkline_systems::ClientAuthentication;

use super::*;

/// What Basic shows for the user `trunkline` with this password.
fn shown(password: &str) -> String {
    use base64::Engine;
    let pair = format!("trunkline:{password}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn with_password(base_url: &str, password: &SecretHandle) -> Target {
    let credentials = Credentials::Basic { username: "trunkline".to_owned(), password: password.clone() };
    Target { credentials, ..target(base_url) }
}

fn change(secret: &SecretHandle, value: &str) {
    assert_eq!(secret.replace(value.into(), Instant::now(), Duration::ZERO), Ok(true));
}

#[tokio::test]
async fn a_password_that_changes_while_a_call_is_under_way_costs_an_attempt_and_no_call() {
    let password = SecretHandle::from("old");
    let rotating = password.clone();
    let stub = Stub::start(move |asked| {
        // The system knows the new password only, and its first answer comes when we know it as well.
        if asked.nth == 0 {
            change(&rotating, "new");
        }
        if asked.header("authorization") == shown("new") { ok() } else { Reply::json(401, "{}") }
    })
    .await;
    let (outbound, events) = connect(with_password(&stub.url, &password));
    let mut published = events.subscribe();
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 2);
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 1);
    assert!(published.try_recv().is_err(), "there is nothing to tell");
}

#[tokio::test]
async fn a_password_that_is_held_because_it_was_refused_is_sent_again_when_it_has_changed() {
    let stub = Stub::start(|asked| {
        if asked.header("authorization") == shown("right") { ok() } else { Reply::json(401, "{}") }
    })
    .await;
    let password = SecretHandle::from("wrong");
    let (outbound, _) = connect(with_password(&stub.url, &password));
    for _ in 0..2 {
        assert_eq!(call(&outbound, LONG).await.unwrap_err().kind, CallErrorKind::Unauthorized);
    }
    assert_eq!(stub.asked(PATH).len(), 1, "a wrong password is left alone");
    change(&password, "right");
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 1);
}

#[tokio::test]
async fn a_client_secret_that_changes_is_shown_with_the_next_token_and_ends_a_wait() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" if asked.body.contains("client_secret=right") => Reply::token("t"),
        "/token" => Reply::json(401, r#"{"error":"invalid_client"}"#),
        _ => ok(),
    })
    .await;
    let secret = SecretHandle::from("wrong");
    let login = crate::testing::token_login(&format!("{}/token", stub.url));
    let client = Client {
        id: "trunkline".to_owned(),
        secret: secret.clone(),
        authentication: ClientAuthentication::Form,
    };
    let credentials = Credentials::Token(TokenLogin { proof: Proof::Client(client), ..login });
    let (outbound, _) = connect(Target { credentials, ..target_with_token(&stub.url) });
    let hasty = Duration::from_millis(300);
    assert!(call(&outbound, hasty).await.is_err());
    change(&secret, "right");
    // The refresh that is under way shows the new one with its next attempt, which is at most a second away.
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 1);
    change(&secret, "wrong again");
    assert_eq!(call(&outbound, LONG).await.unwrap().attempts, 1, "the token there is stays in use");
    assert_eq!(secret.current().expose_secret(), "wrong again");
}

#[tokio::test]
async fn what_an_attempt_showed_is_told_of_no_answer_that_echoes_it() {
    let password = SecretHandle::from("hunter2");
    let rotating = password.clone();
    let echo = Stub::start(move |asked| {
        let shown = asked.header("authorization");
        // The old one was sent, and is no longer what the source has.
        rotating.replace("hunter3".into(), Instant::now(), Duration::ZERO).unwrap();
        let said = format!("'{shown}', hunter2 and {TOKEN} may not do this");
        Reply::json(400, &format!(r#"{{"error":{{"message":"{said}","code":"{shown}"}}}}"#))
    })
    .await;
    let (outbound, _) = connect(with_password(&echo.url, &password));
    let error = call(&outbound, LONG).await.unwrap_err();
    let said = format!("{error:?} {error}");
    assert!(error.message.contains("'Basic ***', *** and"), "{said}");
    let pair = shown("hunter2");
    assert!(!said.contains("hunter2") && !said.contains(&pair["Basic ".len()..]), "{said}");

    let echo = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::json(200, &format!(r#"{{"access_token":"{TOKEN}","expires_in":900}}"#)),
        _ => {
            let shown = asked.header("authorization");
            Reply::json(400, &format!(r#"[{{"message":"{shown} is wrong","errorCode":"{shown}"}}]"#))
        }
    })
    .await;
    let (outbound, _) = connect(target_with_token(&echo.url));
    let error = call(&outbound, LONG).await.unwrap_err();
    assert!(error.message.contains("Bearer *** is wrong"), "{error}");
    assert_eq!(error.code.as_deref(), Some("Bearer ***"));
    assert!(!format!("{error:?} {error}").contains(TOKEN), "{error:?}");
}
