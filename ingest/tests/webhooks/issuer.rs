//! Tokens whose keys an issuer has at a URL, and what becomes of them while keys change, or the issuer is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trunkline_config::{Jwt, PublicKeys, SignatureAlgorithm, Verify};

use crate::customer_start;
use crate::support::{Answer, Ingest, NOW, sources};

/// An issuer with one key at a time.
struct Issuer {
    /// The set that it answers with; `None`: it is away.
    set: Arc<Mutex<Option<Value>>>,
    asked: Arc<AtomicUsize>,
    url: String,
}

struct Key(KeyPair, String);

// === impl Key ===

impl Key {
    fn new(id: &str) -> Self {
        Self(KeyPair::generate().unwrap(), id.to_owned())
    }

    fn set(&self) -> Value {
        let point = self.0.public_key_raw();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = (part(&point[1..33]), part(&point[33..]));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": self.1, "x": x, "y": y }] })
    }

    fn token(&self) -> String {
        self.token_named(&self.1)
    }

    fn token_named(&self, id: &str) -> String {
        let claims = json!({ "iss": "issuer", "aud": "trunkline", "exp": NOW / 1_000 + 60 });
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(id.to_owned());
        let key = EncodingKey::from_ec_der(self.0.serialized_der());
        format!("Bearer {}", jsonwebtoken::encode(&header, &claims, &key).unwrap())
    }
}

// === impl Issuer ===

impl Issuer {
    async fn start(set: Option<Value>) -> Self {
        let (set, asked) = (Arc::new(Mutex::new(set)), Arc::<AtomicUsize>::default());
        let answer = {
            let (set, asked) = (set.clone(), asked.clone());
            move || {
                asked.fetch_add(1, Ordering::SeqCst);
                let set = set.lock().clone();
                async move {
                    set.map_or((StatusCode::BAD_GATEWAY, String::new()), |set| {
                        (StatusCode::OK, set.to_string())
                    })
                }
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let router = axum::Router::new().route("/jwks.json", get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { set, asked, url }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// An ingest whose source `token` takes tokens of this issuer.
    async fn ingest(&self) -> Ingest {
        let mut sources = sources();
        sources.get_mut("token").unwrap().verify = Verify::Jwt(Jwt {
            header: "Authorization".to_owned(),
            issuers: vec!["issuer".to_owned()],
            audiences: vec!["trunkline".to_owned()],
            algorithms: vec![SignatureAlgorithm::Es256],
            clock_skew: Duration::ZERO,
            claims: Default::default(),
            keys: PublicKeys::At { url: self.url.clone(), refresh: Duration::from_secs(86_400) },
        });
        let ingest = Ingest::start_with(sources).await;
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.asked() == 0 {
            assert!(Instant::now() < deadline, "nobody asks the issuer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        ingest
    }
}

async fn post(ingest: &Ingest, authorization: &str) -> Answer {
    ingest.post_with("token", customer_start("c").to_string(), &[("authorization", authorization)]).await
}

#[tokio::test]
async fn a_new_key_is_known_with_the_first_token_that_names_it_and_forged_names_ask_once() {
    let (old, new, stranger) = (Key::new("old"), Key::new("new"), Key::new("x"));
    let issuer = Issuer::start(Some(old.set())).await;
    let ingest = issuer.ingest().await;
    assert_eq!(post(&ingest, &old.token()).await.status, StatusCode::ACCEPTED);
    assert_eq!(issuer.asked(), 1, "the key is remembered");
    *issuer.set.lock() = Some(new.set());
    assert_eq!(post(&ingest, &new.token()).await.status, StatusCode::ACCEPTED, "it was asked for");
    assert_eq!(issuer.asked(), 2);
    for number in 0..50 {
        let forged = post(&ingest, &stranger.token_named(&format!("forged-{number}"))).await;
        // The issuer may have the key since: nobody asks so soon.
        assert_eq!((forged.status, forged.code()), (StatusCode::SERVICE_UNAVAILABLE, "TL-2006"));
        assert!(forged.retry_after.is_some());
    }
    assert_eq!(issuer.asked(), 2, "not for each of them");
    let answer = post(&ingest, &old.token()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "a key that the issuer had no more lately");
    let answer = post(&ingest, &stranger.token_named("new")).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::UNAUTHORIZED, "TL-2002"),
        "by a key that is known"
    );
}

#[tokio::test]
async fn forged_names_at_the_same_time_ask_once() {
    let (key, stranger) = (Key::new("1"), Key::new("x"));
    let issuer = Issuer::start(Some(key.set())).await;
    let ingest = issuer.ingest().await;
    assert_eq!(post(&ingest, &key.token()).await.status, StatusCode::ACCEPTED);
    let tokens: Vec<String> =
        (0..20).map(|number| stranger.token_named(&format!("forged-{number}"))).collect();
    let answers = futures_util::future::join_all(tokens.iter().map(|token| post(&ingest, token))).await;
    let refused = |answer: &Answer| answer.status == StatusCode::UNAUTHORIZED;
    let to_come_again = |answer: &Answer| answer.status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(answers.iter().any(refused), "of those who came before it, the issuer has no key: {answers:?}");
    assert!(answers.iter().all(|answer| refused(answer) || to_come_again(answer)), "{answers:?}");
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn while_no_key_is_known_a_request_is_to_come_again_and_known_keys_outlive_their_issuer() {
    let key = Key::new("1");
    let issuer = Issuer::start(None).await;
    let ingest = issuer.ingest().await;
    let answer = post(&ingest, &key.token()).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "TL-2006"));
    assert!(answer.retry_after.is_some());
    let none = ingest.post("token", customer_start("c").to_string()).await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED, "without a token there is nothing to wait for");
    *issuer.set.lock() = Some(key.set());
    let deadline = Instant::now() + Duration::from_secs(30);
    while post(&ingest, &key.token()).await.status != StatusCode::ACCEPTED {
        assert!(Instant::now() < deadline, "the keys are not fetched again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    *issuer.set.lock() = None;
    assert_eq!(post(&ingest, &key.token()).await.status, StatusCode::ACCEPTED, "the last keys stay");
}
