//! JSON Web Tokens: what proves something, and everything that does not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::keys::{Pair, RSA, p256, with};
use super::*;

const SECONDS: i64 = NOW / 1_000;

/// A source that takes tokens, by the keys in `key` and `key2`.
const SOURCE: &str = "method = \"jwt\"\nissuer = [\"https://issuer.example\", \"https://old.example\"]\n\
    audience = \"trunkline\"\nalgorithms = [\"RS256\", \"PS256\", \"ES256\"]\nclaims = { azp = \"genesys\" }\n\
    keys = [KEY, KEY2]";

fn claims(more: Value) -> Value {
    let claims = json!({
        "iss": "https://issuer.example",
        "aud": "trunkline",
        "exp": SECONDS + 60,
        "azp": "genesys",
    });
    with(&claims, more)
}

fn token(pair: &Pair, algorithm: Algorithm, kid: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, &pair.private).unwrap()
}

fn set(keys: &[(&Pair, &str)]) -> String {
    let keys: Vec<Value> = keys.iter().map(|(pair, kid)| with(&pair.jwk, json!({ "kid": kid }))).collect();
    json!({ "keys": keys }).to_string()
}

/// What a request with this token proves by its headers alone.
fn proof(verifier: &Verifier, token: &str) -> Result<Proof, Failure> {
    let headers = headers(&[("authorization", &format!("Bearer {token}"))]);
    let check = verifier.check(&shown(&headers))?;
    assert!(check.is_proven(), "a token needs no body");
    check.with_body(b"whatever")
}

#[test]
fn a_token_is_signed_by_a_known_key_with_an_allowed_algorithm() {
    use Failure::{Mismatch, UnknownKey};
    let (one, two, stranger) = (p256(), p256(), p256());
    let verifier = configured(SOURCE, [&set(&[(&one, "1"), (&RSA, "rsa")]), &set(&[(&two, "2")])]);
    let good = claims(json!({}));
    let es256 = |pair, kid| token(pair, Algorithm::ES256, kid, &good);
    let parts = es256(&one, Some("1"));
    let (signed, signature) = parts.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let other_claims = token(&stranger, Algorithm::ES256, Some("1"), &claims(json!({ "sub": "root" })));
    let other_claims = other_claims.split('.').nth(1).unwrap();
    for (what, token, expected) in [
        ("by its id", es256(&one, Some("1")), Ok(Proof::Jwt)),
        ("by the other set", es256(&two, Some("2")), Ok(Proof::Jwt)),
        ("without an id", es256(&two, None), Ok(Proof::Jwt)),
        ("RSA", token(&RSA, Algorithm::RS256, Some("rsa"), &good), Ok(Proof::Jwt)),
        ("PSS", token(&RSA, Algorithm::PS256, Some("rsa"), &good), Ok(Proof::Jwt)),
        ("an id of another key", es256(&one, Some("2")), Err(Mismatch)),
        ("an unknown id", es256(&stranger, Some("3")), Err(UnknownKey)),
        ("a stranger", es256(&stranger, None), Err(Mismatch)),
        ("a stranger under a known id", es256(&stranger, Some("1")), Err(Mismatch)),
        ("other claims", format!("{head}.{other_claims}.{signature}"), Err(Mismatch)),
        // Of the 86 characters of a signature by P-256.
        ("cut", parts[..parts.len() - 6].to_owned(), Err(Mismatch)),
        (
            "an algorithm that is not allowed",
            token(&RSA, Algorithm::RS512, Some("rsa"), &good),
            Err(Failure::Malformed),
        ),
        ("no signature", format!("{signed}."), Err(Mismatch)),
        ("no third part", signed.to_owned(), Err(Failure::Malformed)),
        ("a fourth part", format!("{parts}.x"), Err(Failure::Malformed)),
        ("nothing", String::new(), Err(Failure::Malformed)),
    ] {
        assert_eq!(proof(&verifier, &token), expected, "{what}");
    }
}

/// RFC 8725, sections 2.1 and 3.1: a token that is not signed, or signed with the public key as a secret.
#[test]
fn neither_no_signature_nor_a_public_key_as_a_secret_is_a_proof() {
    let set = set(&[(&RSA, "rsa")]);
    let verifier = configured(SOURCE, [&set, &RSA.pem]);
    let good = claims(json!({}));
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let head = URL_SAFE_NO_PAD.encode(json!({ "alg": name, "kid": "rsa" }).to_string());
        let body = URL_SAFE_NO_PAD.encode(good.to_string());
        for token in [format!("{head}.{body}."), format!("{head}.{body}")] {
            assert_eq!(proof(&verifier, &token), Err(Failure::Malformed), "{name}");
        }
    }
    let n = RSA.jwk["n"].as_str().unwrap();
    for secret in [set.as_bytes(), RSA.pem.as_bytes(), n.as_bytes(), b""] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("rsa".to_owned());
        let token = jsonwebtoken::encode(&header, &good, &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(proof(&verifier, &token), Err(Failure::Malformed));
    }
}

#[test]
fn a_token_is_for_us_from_our_issuer_and_good_now() {
    use Failure::{Claims, Malformed, Stale};
    let pair = p256();
    let verifier = configured(SOURCE, [&set(&[(&pair, "1")]), &pair.pem]);
    let without = |name: &str| {
        let mut claims = claims(json!({}));
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    for (claims, expected) in [
        (claims(json!({ "iss": "https://old.example" })), Ok(Proof::Jwt)),
        (claims(json!({ "iss": "https://issuer.example/" })), Err(Claims)),
        (claims(json!({ "iss": 7 })), Err(Claims)),
        (without("iss"), Err(Claims)),
        (claims(json!({ "aud": ["other", "trunkline"] })), Ok(Proof::Jwt)),
        (claims(json!({ "aud": ["other"] })), Err(Claims)),
        (claims(json!({ "aud": [] })), Err(Claims)),
        (without("aud"), Err(Claims)),
        (claims(json!({ "azp": ["x", "genesys"] })), Ok(Proof::Jwt)),
        (claims(json!({ "azp": "other" })), Err(Claims)),
        (without("azp"), Err(Claims)),
        (claims(json!({ "exp": SECONDS - 59 })), Ok(Proof::Jwt)),
        (claims(json!({ "exp": SECONDS - 60 })), Err(Stale)),
        (claims(json!({ "exp": "soon" })), Err(Claims)),
        (without("exp"), Err(Claims)),
        (claims(json!({ "nbf": SECONDS + 60 })), Ok(Proof::Jwt)),
        (claims(json!({ "nbf": SECONDS + 61 })), Err(Stale)),
        (claims(json!({ "nbf": "later" })), Err(Malformed)),
    ] {
        let token = token(&pair, Algorithm::ES256, Some("1"), &claims);
        assert_eq!(proof(&verifier, &token), expected, "{claims}");
    }
}

#[test]
fn what_has_to_be_understood_is_refused_and_a_key_in_the_token_is_not_asked() {
    let (pair, stranger) = (p256(), p256());
    let verifier = configured(SOURCE, [&set(&[(&pair, "1")]), &set(&[(&pair, "1")])]);
    let mut critical = Header::new(Algorithm::ES256);
    critical.crit = Some(vec!["b64".to_owned()]);
    let critical = jsonwebtoken::encode(&critical, &claims(json!({})), &pair.private).unwrap();
    assert_eq!(proof(&verifier, &critical), Err(Failure::Malformed), "RFC 7515, section 4.1.11");
    let mut own = Header::new(Algorithm::ES256);
    own.jwk = Some(serde_json::from_value(stranger.jwk.clone()).unwrap());
    own.jku = Some("https://stranger.example/jwks.json".to_owned());
    let own = jsonwebtoken::encode(&own, &claims(json!({})), &stranger.private).unwrap();
    assert_eq!(proof(&verifier, &own), Err(Failure::Mismatch));
}

#[test]
fn a_token_stands_in_its_header_once() {
    let pair = p256();
    let good = token(&pair, Algorithm::ES256, None, &claims(json!({})));
    let bearer = format!("Bearer {good}");
    let verifier = configured(SOURCE, [&pair.pem, &pair.pem]);
    let check = |entries: &[(&'static str, &str)]| verify(&verifier, &headers(entries), "");
    assert_eq!(check(&[("authorization", &bearer)]), Ok(Proof::Jwt));
    assert_eq!(check(&[("authorization", &good)]), Err(Failure::Malformed));
    assert_eq!(check(&[("x-token", &good)]), Err(Failure::Missing));
    assert_eq!(check(&[("authorization", &bearer), ("authorization", &bearer)]), Err(Failure::Repeated));
    let own_header = SOURCE.replace("keys =", "header = \"X-Token\"\nkeys =");
    let verifier = configured(&own_header, [&pair.pem, &pair.pem]);
    assert_eq!(verify(&verifier, &headers(&[("x-token", &good)]), ""), Ok(Proof::Jwt));
    assert_eq!(verify(&verifier, &headers(&[("authorization", &bearer)]), ""), Err(Failure::Missing));
}

#[test]
fn a_key_that_is_replaced_is_accepted_for_its_grace() {
    let (old, new) = (p256(), p256());
    let secret = SecretHandle::from(old.pem.as_str());
    let held = super::super::held_keys::HeldKeys::new(std::slice::from_ref(&secret));
    let start = Instant::now();
    let signs = |pair: &Pair, now| {
        let written = jsonwebtoken::crypto::sign(b"m", &pair.private, Algorithm::ES256).unwrap();
        let sets = held.sets(now);
        sets.iter()
            .flat_map(|set| set.suiting(Algorithm::ES256, None))
            .any(|key| jsonwebtoken::crypto::verify(&written, b"m", key, Algorithm::ES256).unwrap())
    };
    assert_eq!((signs(&old, start), signs(&new, start)), (true, false));
    let grace = Duration::from_secs(300);
    secret.replace(new.pem.as_str().into(), start, grace).unwrap();
    assert_eq!((signs(&old, start), signs(&new, start)), (true, true));
    assert_eq!((signs(&old, start + grace), signs(&new, start + grace)), (false, true));
}

#[test]
fn a_text_that_holds_no_key_takes_the_place_of_none() {
    let (first, old, new) = (p256(), p256(), p256());
    let secret = SecretHandle::from(first.pem.as_str());
    let held = super::super::held_keys::HeldKeys::new(std::slice::from_ref(&secret));
    let start = Instant::now();
    let signs = |pair: &Pair, now| {
        let written = jsonwebtoken::crypto::sign(b"m", &pair.private, Algorithm::ES256).unwrap();
        let written = URL_SAFE_NO_PAD.decode(written).unwrap();
        held.sets(now)
            .iter()
            .flat_map(|set| set.suiting(Algorithm::ES256, None))
            .any(|key| key_set::is_by(key, Algorithm::ES256, b"m", &written))
    };
    // Nobody asks in between.
    secret.replace(old.pem.as_str().into(), start, Duration::ZERO).unwrap();
    let bad = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    secret.replace(bad.into(), start, Duration::ZERO).unwrap();
    let later = start + Duration::from_secs(3_600);
    secret.forget(later);
    assert_eq!((signs(&old, later), signs(&first, later)), (true, false), "the last one that could be read");
    secret.replace(new.pem.as_str().into(), later, Duration::ZERO).unwrap();
    secret.forget(later);
    assert_eq!((signs(&new, later), signs(&old, later)), (true, false), "until another can be");
}
