//! Requests that prove nothing, for each way to prove something: all of them are answered alike.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::KeyPair;
use serde_json::json;
use sha2::Sha256;

use crate::customer_start;
use crate::support::{Ingest, NOW};

const SECONDS: i64 = NOW / 1_000;

const SOURCES: &str = r#"
[kafka]
brokers = "127.0.0.1:9092"
[registry]
url = "http://127.0.0.1:8081"
[ingest.tls]
certificate = "own.pem"
key = "own.key"
client_ca = "own.pem"

[sources.hmac.verify]
method = "hmac"
prefix = "v0="
separator = ","
signed = "{timestamp}.{body}"
timestamp_header = "X-Time"
secrets = ["file:secret"]

[sources.standard-webhooks.verify]
method = "standard_webhooks"
secrets = ["file:secret64"]

[sources.standard-webhooks-v1a.verify]
method = "standard_webhooks"
public_keys = ["file:ed25519"]

[sources.public-key.verify]
method = "public_key"
algorithm = "ES256"
signed = "{timestamp}.{body}"
timestamp_header = "X-Time"
keys = ["public.pem"]

[sources.jwt.verify]
method = "jwt"
issuer = "issuer"
audience = "trunkline"
keys = ["public.pem"]

[sources.bearer.verify]
method = "bearer"
tokens = ["file:secret"]

[sources.basic.verify]
method = "basic"
username = "genesys"
password = "file:secret"

[sources.api-key.verify]
method = "api_key"
keys = ["file:secret"]

[sources.certificate.verify]
method = "certificate"
subjects = [{ dns = "hooks.genesys.example" }]
"#;

/// Those whose proof is in headers, and in the body where it is signed.
const BY_HEADERS: [&str; 8] =
    ["hmac", "standard-webhooks", "standard-webhooks-v1a", "public-key", "jwt", "bearer", "basic", "api-key"];

const SECRET: &str = "right";

/// Whoever may send, or somebody else.
struct Sender {
    secret: &'static str,
    ed25519: Ed25519KeyPair,
    p256: KeyPair,
}

type Headers = Vec<(&'static str, String)>;

// === impl Sender ===

impl Sender {
    fn new(secret: &'static str, seed: u8) -> Self {
        let ed25519 = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self { secret, ed25519, p256: KeyPair::generate().unwrap() }
    }

    fn hmac(&self, signed: &str) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    fn p256(&self, signed: &str) -> Vec<u8> {
        let key = EncodingKey::from_ec_der(self.p256.serialized_der());
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::ES256).unwrap();
        URL_SAFE_NO_PAD.decode(signature).unwrap()
    }

    fn token(&self, ends: i64) -> String {
        let claims = json!({ "iss": "issuer", "aud": "trunkline", "exp": ends });
        let key = EncodingKey::from_ec_der(self.p256.serialized_der());
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key).unwrap()
    }

    /// The headers of a request to a source, sent at a time in seconds; what carries the proof comes first. `encode`
    /// writes what is signed.
    fn headers(&self, source: &str, body: &str, time: i64, encode: fn(&[u8]) -> String) -> Headers {
        let standard = |signature: String| {
            vec![
                ("webhook-signature", signature),
                ("webhook-id", "m".into()),
                ("webhook-timestamp", time.to_string()),
            ]
        };
        let with_time = |header, value| vec![(header, value), ("x-time", time.to_string())];
        match source {
            "hmac" => {
                let signature = encode(&self.hmac(&format!("{time}.{body}")));
                with_time("x-hub-signature-256", format!("v0={signature}"))
            }
            "standard-webhooks" => {
                standard(format!("v1,{}", encode(&self.hmac(&format!("m.{time}.{body}")))))
            }
            "standard-webhooks-v1a" => {
                let signature = self.ed25519.sign(format!("m.{time}.{body}").as_bytes());
                standard(format!("v1a,{}", encode(signature.as_ref())))
            }
            "public-key" => with_time("x-signature", encode(&self.p256(&format!("{time}.{body}")))),
            "jwt" => vec![("authorization", format!("Bearer {}", self.token(time + 60)))],
            "bearer" => vec![("authorization", format!("Bearer {}", self.secret))],
            "basic" => {
                let user = encode(format!("genesys:{}", self.secret).as_bytes());
                vec![("authorization", format!("Basic {user}"))]
            }
            "api-key" => vec![("x-api-key", self.secret.to_owned())],
            other => panic!("{other} has no headers"),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    // With a digit too few it is neither base64 nor hexadecimal digits, whatever its length is.
    hex::encode(bytes)[1..].to_owned()
}

/// Everything that an answer says but for the time: status, headers, body.
async fn answer(ingest: &Ingest, source: &str, body: &str, headers: &Headers) -> (StatusCode, String) {
    let url = format!("http://127.0.0.1:{}/v1/webhooks/{source}", ingest.port());
    let mut request = reqwest::Client::new().post(url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let mut told: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    told.sort();
    (status, format!("{status} {told:?} {}", answer.text().await.unwrap()))
}

async fn start(right: &Sender) -> Ingest {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    for (name, content) in [
        ("own.pem", own.cert.pem()),
        ("own.key", own.signing_key.serialize_pem()),
        ("secret", SECRET.to_owned()),
        ("secret64", format!("whsec_{}", STANDARD.encode(SECRET))),
        ("ed25519", format!("whpk_{}", STANDARD.encode(right.ed25519.public_key()))),
        ("public.pem", right.p256.public_key_pem()),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let text = SOURCES.to_owned() + &kinds();
    let file = folder.path().join("trunkline.toml").display().to_string();
    Ingest::start_with(trunkline_config::parse(&text, &file).unwrap().sources).await
}

/// The kind of each source, which is the same.
fn kinds() -> String {
    let names = SOURCES.lines().filter_map(|line| line.strip_prefix("[sources.")?.strip_suffix(".verify]"));
    names.map(|name| format!("[sources.{name}]\nkind = \"genesys-eventbridge\"\n")).collect()
}

/// What proves nothing although it is near to what does, by what is wrong with it.
fn forged(source: &str, body: &str, right: &Sender, wrong: &Sender) -> Vec<(&'static str, Headers)> {
    let genuine = right.headers(source, body, SECONDS, base64);
    let (name, value) = genuine[0].clone();
    let with = |value: String| -> Headers {
        std::iter::once((name, value)).chain(genuine[1..].iter().cloned()).collect()
    };
    let doubled = [genuine.clone(), vec![genuine[0].clone()]].concat();
    let mut forged = vec![
        ("missing", genuine[1..].to_vec()),
        ("empty", with(String::new())),
        ("doubled", doubled),
        ("truncated", with(value[..value.len() - 2].to_owned())),
        ("longer", with(format!("{value}AA"))),
        ("by another key", wrong.headers(source, body, SECONDS, base64)),
    ];
    if !matches!(source, "jwt" | "bearer" | "api-key") {
        forged.push(("in another encoding", right.headers(source, body, SECONDS, hexadecimal)));
    }
    if !matches!(source, "bearer" | "basic" | "api-key") {
        forged.push(("expired", right.headers(source, body, SECONDS - 301, base64)));
    }
    if !matches!(source, "jwt" | "bearer" | "basic" | "api-key") {
        forged.push(("of another body", right.headers(source, "{}", SECONDS, base64)));
        forged.push(("from the future", right.headers(source, body, SECONDS + 301, base64)));
        let replayed = right.headers(source, body, SECONDS - 301, base64);
        let replayed = std::iter::once(replayed[0].clone()).chain(genuine[1..].iter().cloned()).collect();
        forged.push(("replayed under a new time", replayed));
    }
    forged
}

#[tokio::test]
async fn every_proof_that_is_none_is_answered_alike() {
    let (right, wrong) = (Sender::new(SECRET, 1), Sender::new("wrong", 2));
    let ingest = start(&right).await;
    let body = customer_start("c").to_string();
    let (status, expected) = answer(&ingest, "certificate", &body, &Vec::new()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(expected.contains("the request could not be verified"), "{expected}");
    for source in BY_HEADERS {
        for (what, headers) in forged(source, &body, &right, &wrong) {
            let (_, told) = answer(&ingest, source, &body, &headers).await;
            assert_eq!(told, expected, "{source}: {what}");
        }
        assert_eq!(ingest.stored(), [], "{source}");
    }
    for source in BY_HEADERS {
        let genuine = right.headers(source, &body, SECONDS, base64);
        let (status, told) = answer(&ingest, source, &body, &genuine).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{source}: {told}");
    }
}
