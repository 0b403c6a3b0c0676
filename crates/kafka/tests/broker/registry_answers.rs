//! What the registry's client sends, and what it makes of answers that a healthy registry does not give.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use trunkline_config::{Http, HttpProxy, Registry as Settings, RegistryAuth};
use trunkline_kafka::{Registry, RegistryError};

/// A server that gives these answers, one a connection, and keeps the requests.
struct Canned {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    async fn start(answers: Vec<(u16, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/apis/ccompat/v7", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut chunk = [0; 4096];
                    let length = stream.read(&mut chunk).await.unwrap();
                    request.extend_from_slice(&chunk[..length]);
                }
                kept.lock().unwrap().push(String::from_utf8(request).unwrap());
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, requests }
    }

    fn client(&self, auto_register: bool, auth: RegistryAuth) -> Registry {
        Registry::new(&Settings {
            url: self.url.clone(),
            auto_register,
            auth,
            tls: None,
            http: Http::default(),
        })
        .unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

#[tokio::test]
async fn credentials_go_with_every_request_of_both_kinds() {
    for (auth, header) in [
        (
            RegistryAuth::Basic { username: "me".into(), password: "hunter2".into() },
            "authorization: Basic bWU6aHVudGVyMg==",
        ),
        (RegistryAuth::Bearer("t0ken".into()), "authorization: Bearer t0ken"),
    ] {
        let server = Canned::start(vec![(200, r#"{"id":3}"#), (200, r#"{"schema":"\"int\""}"#)]).await;
        let registry = server.client(false, auth);
        assert_eq!(registry.look_up("a/b c-value", "\"int\"").await, Ok(Some(3)));
        assert_eq!(&*registry.schema(7).await.unwrap(), "\"int\"");
        let requests = server.requests();
        assert!(
            requests[0].starts_with("POST /apis/ccompat/v7/subjects/a%2Fb%20c-value "),
            "{}",
            requests[0]
        );
        assert!(requests[1].starts_with("GET /apis/ccompat/v7/schemas/ids/7"), "{}", requests[1]);
        assert!(requests.iter().all(|request| request.contains(header)), "{requests:?}");
    }
}

#[tokio::test]
async fn requests_of_both_kinds_go_through_the_proxy() {
    let server = Canned::start(vec![(200, r#"{"id":3}"#), (200, r#"{"schema":"\"int\""}"#)]).await;
    let url = "http://registry.example/apis/ccompat/v7".to_owned();
    let proxy = server.url.trim_end_matches("/apis/ccompat/v7").to_owned();
    let http = Http { proxy: Some(HttpProxy { url: proxy, login: None }), ..Http::default() };
    let settings = Settings { url, auto_register: false, auth: RegistryAuth::None, tls: None, http };
    let registry = Registry::new(&settings).unwrap();
    assert_eq!(registry.look_up("s", "\"int\"").await, Ok(Some(3)));
    assert_eq!(&*registry.schema(7).await.unwrap(), "\"int\"");
    for request in server.requests() {
        assert!(request.contains(" http://registry.example/apis/ccompat/v7/"), "{request}");
    }
}

#[tokio::test]
async fn ids_and_texts_are_asked_for_once() {
    let server = Canned::start(vec![(200, r#"{"id":3}"#), (200, r#"{"schema":"\"long\""}"#)]).await;
    let registry = server.client(false, RegistryAuth::None);
    for _ in 0..3 {
        assert_eq!(registry.register("s", "\"int\"").await, Ok(3));
        assert_eq!(&*registry.schema(3).await.unwrap(), "\"int\"");
        assert_eq!(&*registry.schema(4).await.unwrap(), "\"long\"");
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_registry_that_is_away_for_a_moment_is_asked_again() {
    let server = Canned::start(vec![
        (503, "starting"),
        (200, r#"{"id":3}"#),
        (503, "{}"),
        (500, r#"{"error_code":50001,"message":"store"}"#),
        (200, r#"{"schema":"\"int\""}"#),
    ])
    .await;
    let registry = server.client(false, RegistryAuth::None);
    assert_eq!(registry.register("s", "\"string\"").await, Ok(3));
    assert_eq!(&*registry.schema(9).await.unwrap(), "\"int\"");
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn only_the_registry_itself_can_say_that_there_is_no_such_schema() {
    let server = Canned::start(vec![
        (404, "default backend"),
        (404, r#"{"status":404,"error":"Not Found"}"#),
        (404, r#"{"error_code":40403,"message":"Schema not found"}"#),
    ])
    .await;
    let registry = server.client(false, RegistryAuth::None);
    assert!(matches!(registry.schema(9).await, Err(RegistryError::UnknownId { id: 9 })));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn answers_that_no_repetition_mends_are_errors_at_once() {
    let server = Canned::start(vec![
        (401, r#"{"error_code":40101,"message":"who are you"}"#),
        (200, "<html>"),
        (404, r#"{"error_code":40401,"message":"no subject"}"#),
        (404, r#"{"error_code":40401,"message":"no subject"}"#),
        (409, r#"{"error_code":409,"message":"reader lacks a default"}"#),
    ])
    .await;
    let registry = server.client(true, RegistryAuth::None);
    let error = registry.look_up("s", "\"int\"").await.unwrap_err();
    assert!(
        matches!(&error, RegistryError::Refused { reason, .. } if reason == "who are you (40101)"),
        "{error}"
    );
    let error = registry.look_up("s", "\"int\"").await.unwrap_err();
    assert!(matches!(error, RegistryError::Unexpected { .. }), "{error}");
    // Looked up (404), compatibility set in vain (404), registered (409).
    let error = registry.register("s", "\"int\"").await.unwrap_err();
    let RegistryError::Incompatible { subject, reason } = &error else { panic!("{error}") };
    assert_eq!((subject.as_str(), reason.as_str()), ("s", "reader lacks a default (409)"));
    assert_eq!(error.code(), "TL-5003");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_unreachable_and_says_why() {
    let url = "http://127.0.0.1:1/apis/ccompat/v7".to_owned();
    let settings =
        Settings { url, auto_register: true, auth: RegistryAuth::None, tls: None, http: Http::default() };
    let error = Registry::new(&settings).unwrap().schema(1).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Unreachable { reason } if reason.contains("refused")), "{error}");
    assert_eq!(error.code(), "TL-5002");
}

#[test]
fn certificates_that_cannot_be_used_are_told_and_not_repeated() {
    let tls = trunkline_config::Tls { ca: Some("hunter2".into()), identity: None };
    let url = "https://127.0.0.1:1".to_owned();
    let settings = Settings {
        url,
        auto_register: true,
        auth: RegistryAuth::None,
        tls: Some(tls),
        http: Http::default(),
    };
    let error = Registry::new(&settings).map(drop).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("holds no certificates in PEM") && !error.contains("hunter2"), "{error}");
}
