//! Tokens whose keys have to be fetched, while an issuer changes them.

use std::task::Poll;
use std::time::Duration;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use super::*;
use crate::verify::KeySet;
use crate::verify::tests::keys::{Pair, p256, with};

/// UTC milliseconds, of every request.
const NOW: i64 = 1_772_439_600_000;

const TOKENS: &str = r#"
    method = "jwt"
    issuer = "issuer"
    audience = "trunkline"
    keys_url = "https://issuer.example/jwks.json"
"#;

/// A source that takes tokens by the keys at a URL, of which none are fetched.
fn intake() -> SourceIntake {
    proved_by(TOKENS)
}

/// A source with this `verify`.
fn proved_by(verify: &str) -> SourceIntake {
    let text = r#"
        kafka.brokers = "localhost:9092"
        registry.url = "http://localhost:8081"
        [sources.partner]
        kind = "cxone-digital"
        [sources.partner.verify]
    "#;
    let text = format!("{text}{verify}");
    SourceIntake::new(&trunkline_config::parse(&text, "trunkline.toml").unwrap().sources["partner"])
}

/// What an issuer with this key answers.
fn set(pair: &Pair, id: &str) -> Option<KeySet> {
    parsed(&[&with(&pair.jwk, json!({ "kid": id }))])
}

fn parsed(keys: &[&Value]) -> Option<KeySet> {
    Some(KeySet::parse(&json!({ "keys": keys }).to_string()).unwrap())
}

/// The headers of a request with a token.
fn headers(pair: &Pair, id: &str) -> HeaderMap {
    token(pair, Some(id))
}

fn token(pair: &Pair, id: Option<&str>) -> HeaderMap {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = id.map(str::to_owned);
    let claims = json!({ "iss": "issuer", "aud": "trunkline", "exp": NOW / 1_000 + 60 });
    let token = jsonwebtoken::encode(&header, &claims, &pair.private).unwrap();
    HeaderMap::from_iter([("authorization".parse().unwrap(), format!("Bearer {token}").parse().unwrap())])
}

async fn check(intake: &SourceIntake, headers: &HeaderMap, now: Instant) -> Result<(), Failure> {
    intake.check(&Shown { headers, certificate: None, now, utc_ms: NOW }).await.map(drop)
}

#[tokio::test]
async fn a_genuine_token_among_many_forged_ones_is_to_come_again() {
    let (intake, old, new, stranger) = (intake(), p256(), p256(), p256());
    let keys = intake.verifier.fetched_keys().unwrap();
    let first = keys.begin();
    keys.ended(first, set(&old, "old"));
    let now = Instant::now();
    let forged = headers(&stranger, "forged");
    let mut waiting: Vec<_> = (0..64).map(|_| Box::pin(check(&intake, &forged, now))).collect();
    for one in &mut waiting {
        let polled = std::future::poll_fn(|context| Poll::Ready(one.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "all places are taken while keys are fetched");
    }
    let genuine = headers(&new, "new");
    assert_eq!(check(&intake, &genuine, now).await, Err(Failure::NoKeys), "there is no place to wait at");
    let fetch = keys.begin();
    keys.ended(fetch, set(&new, "new"));
    for one in waiting {
        assert_eq!(one.await, Err(Failure::UnknownKey), "the issuer was asked since, and has no such key");
    }
    assert_eq!(check(&intake, &genuine, now).await, Ok(()));
}

#[tokio::test]
async fn a_key_that_is_new_since_the_last_fetch_is_to_come_again_until_it_is_asked_for() {
    let (intake, old, new, newer) = (intake(), p256(), p256(), p256());
    let keys = intake.verifier.fetched_keys().unwrap();
    let start = Instant::now();
    let first = keys.begin();
    keys.ended(first, set(&old, "old"));
    let fetch = |set| async {
        keys.wanted().await;
        let number = keys.begin();
        keys.ended(number, set);
    };
    let (by_new, by_newer) = (headers(&new, "new"), headers(&newer, "newer"));
    let (found, ()) = tokio::join!(check(&intake, &by_new, start), fetch(set(&new, "new")));
    assert_eq!(found, Ok(()));
    assert_eq!(check(&intake, &by_newer, start).await, Err(Failure::NoKeys), "asked for a moment ago");
    let later = start + Duration::from_secs(30);
    let (found, ()) = tokio::join!(check(&intake, &by_newer, later), fetch(set(&newer, "newer")));
    assert_eq!(found, Ok(()));
}

#[tokio::test]
async fn a_fetch_that_had_begun_before_a_token_came_says_nothing_of_its_key() {
    let (intake, old, new) = (intake(), p256(), p256());
    let keys = intake.verifier.fetched_keys().unwrap();
    let first = keys.begin();
    keys.ended(first, set(&old, "old"));
    let periodic = keys.begin();
    let fetching = async {
        keys.ended(periodic, set(&old, "old"));
        keys.wanted().await;
        let behind = keys.begin();
        keys.ended(behind, set(&new, "new"));
    };
    let by_new = headers(&new, "new");
    let (found, ()) = tokio::join!(check(&intake, &by_new, Instant::now()), fetching);
    assert_eq!(found, Ok(()));
}

#[tokio::test]
async fn a_named_key_is_asked_for_where_a_set_has_keys_without_names_as_well() {
    let (intake, unnamed, new, stranger) = (intake(), p256(), p256(), p256());
    let keys = intake.verifier.fetched_keys().unwrap();
    let first = keys.begin();
    keys.ended(first, parsed(&[&unnamed.jwk]));
    let now = Instant::now();
    assert_eq!(check(&intake, &headers(&unnamed, "any"), now).await, Ok(()), "it may be the one without");
    let fetching = async {
        keys.wanted().await;
        let number = keys.begin();
        keys.ended(number, parsed(&[&unnamed.jwk, &with(&new.jwk, json!({ "kid": "new" }))]));
    };
    let by_new = headers(&new, "new");
    let (found, ()) = tokio::join!(check(&intake, &by_new, now), fetching);
    assert_eq!(found, Ok(()));
    assert_eq!(check(&intake, &headers(&stranger, "new"), now).await, Err(Failure::Mismatch));
}

#[tokio::test]
async fn while_keys_may_be_old_what_none_of_them_made_is_to_come_again() {
    let (old, new) = (p256(), p256());
    let url = "algorithm = \"ES256\"\nkeys_url = \"https://issuer.example/jwks.json\"";
    let tokens = intake();
    let signatures = proved_by(&format!("method = \"public_key\"\n{url}"));
    let signed = |pair: &Pair| {
        let signature = jsonwebtoken::crypto::sign(b"{}", &pair.private, Algorithm::ES256).unwrap();
        let signature = STANDARD.encode(URL_SAFE_NO_PAD.decode(signature).unwrap());
        HeaderMap::from_iter([("x-signature".parse().unwrap(), signature.parse().unwrap())])
    };
    let now = Instant::now();
    for (intake, by_old, by_new) in
        [(&tokens, token(&old, None), token(&new, None)), (&signatures, signed(&old), signed(&new))]
    {
        let keys = intake.verifier.fetched_keys().unwrap();
        // Keys were asked for a moment ago, so that nothing is waited for.
        let first = keys.begin();
        keys.ended(first, parsed(&[&old.jwk]));
        let asking = async {
            keys.wanted().await;
            let number = keys.begin();
            keys.ended(number, None);
        };
        tokio::join!(keys.ask(now), asking);
        let proof = async |headers| {
            let shown = Shown { headers, certificate: None, now, utc_ms: NOW };
            intake.check(&shown).await.and_then(|check| check.with_body(b"{}")).map(drop)
        };
        for (fetched, expected) in [
            (parsed(&[&old.jwk]), [Ok(()), Err(Failure::Mismatch)]),
            (None, [Ok(()), Err(Failure::NoKeys)]),
            (parsed(&[&new.jwk]), [Err(Failure::Mismatch), Ok(())]),
        ] {
            let fetch = keys.begin();
            keys.ended(fetch, fetched);
            assert_eq!([proof(&by_old).await, proof(&by_new).await], expected);
        }
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_while_no_keys_are_known() {
    let intake = intake();
    let now = Instant::now();
    let of = |token: &str| {
        let value = format!("Bearer {token}").parse().unwrap();
        HeaderMap::from_iter([("authorization".parse().unwrap(), value)])
    };
    let with_head = |head: Value| of(&format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(head.to_string())));
    for headers in [
        of("x"),
        of("a.b.c"),
        with_head(json!({ "alg": "none" })),
        with_head(json!({ "alg": "HS256" })),
        with_head(json!({ "alg": "ES256", "crit": ["b64"] })),
    ] {
        assert_eq!(check(&intake, &headers, now).await, Err(Failure::Malformed), "{headers:?}");
    }
}
