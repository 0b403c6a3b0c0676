//! Proofs of every method, good and bad.

use std::time::{Duration, Instant};

use trunkline_config::{
    HmacAlgorithm, KeyEncoding, SecretHandle, Signature, SignatureEncoding, SignedBy, SignedPart,
};

use super::*;

mod jwt;
pub(crate) mod keys;
mod signatures;

/// 2021-02-25T15:02:10Z, when the example of Standard Webhooks was signed.
const NOW: i64 = 1_614_265_330_000;

/// An Open Messaging delivery signed with the key `DEADBEEF`; the signature was calculated with Python's
/// `hmac`.
const BODY: &str =
    r#"{"id":"m-1","channel":{"platform":"Open","type":"Private"},"type":"Text","text":"Grüße"}"#;
const BASE64: &str = "sha256=Zh7QbER4HjpQQe1BYtdklCCD2sxDwcoAmK25L3amk4o=";
const HEX: &str = "sha256=661ed06c44781e3a5041ed4162d764942083dacc43c1ca0098adb92f76a6938a";

/// Signatures of the body `b` by the keys `old` and `new`, calculated in the same way.
const OLD_SIGNATURE: &str = "d1680f44842ed4ec8bddb162dd1d1f5cff37c48a84c155cdddd9de6cc81c6506";
const NEW_SIGNATURE: &str = "d4bd0966c2bdf72b73cb6caef9ed41562304b2fe70f552d7672c4d909360bd78";

/// A signature in `X-Hub-Signature-256` over the body alone.
fn hub(encoding: SignatureEncoding, prefix: &str, secrets: Vec<SecretHandle>) -> Verifier {
    let by = SignedBy::Hmac { algorithm: HmacAlgorithm::Sha256, encoding: KeyEncoding::Text, secrets };
    Verifier::new(&Verify::Signature(Signature {
        header: "X-Hub-Signature-256".into(),
        prefix: prefix.into(),
        separator: None,
        encoding,
        signed: vec![SignedPart::Body],
        id_header: None,
        time: None,
        by,
    }))
}

fn hmac(encoding: SignatureEncoding, secrets: &[&str]) -> Verifier {
    hub(encoding, "sha256=", secrets.iter().map(|secret| SecretHandle::from(*secret)).collect())
}

fn headers(entries: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in entries {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn shown(headers: &HeaderMap) -> Shown<'_> {
    shown_at(headers, NOW)
}

fn shown_at(headers: &HeaderMap, utc_ms: i64) -> Shown<'_> {
    Shown { headers, certificate: None, now: Instant::now(), utc_ms }
}

/// Both steps.
fn verify(verifier: &Verifier, headers: &HeaderMap, body: &str) -> Result<Proof, Failure> {
    verifier.check(&shown(headers))?.with_body(body.as_bytes())
}

/// A source's verifier as `trunkline.toml` has it; `KEY` and `KEY2` stand for references to these keys.
fn configured(verify: &str, keys: [&str; 2]) -> Verifier {
    Verifier::new(&configuration(verify, keys))
}

/// What a source asks for, in the same way.
fn configuration(verify: &str, keys: [&str; 2]) -> Verify {
    let folder = tempfile::tempdir().unwrap();
    for (name, key) in ["key", "key2"].iter().zip(keys) {
        std::fs::write(folder.path().join(name), key).unwrap();
    }
    let verify = verify.replace("KEY2", "\"file:key2\"").replace("KEY", "\"file:key\"");
    let text = format!(
        "[kafka]\nbrokers = \"127.0.0.1:9092\"\n[registry]\nurl = \"http://127.0.0.1:8081\"\n\
         [sources.test]\nkind = \"cxone-digital\"\n[sources.test.verify]\n{verify}"
    );
    let path = folder.path().join("trunkline.toml");
    let config = trunkline_config::parse(&text, &path.display().to_string()).unwrap();
    config.sources["test"].verify.clone()
}

fn verify_at(
    verifier: &Verifier,
    entries: &[(&'static str, &str)],
    body: &str,
    utc_ms: i64,
) -> Result<Proof, Failure> {
    verifier.check(&shown_at(&headers(entries), utc_ms))?.with_body(body.as_bytes())
}

#[test]
fn signatures_over_the_raw_body() {
    use Failure::{Malformed, Mismatch};
    use SignatureEncoding::{Base64, Hex};
    let near_miss = BASE64.replacen("sha256=", "sha256=A", 1);
    let spaced = BODY.replace(':', ": ");
    for (encoding, secrets, signature, body, expected) in [
        (Base64, vec!["DEADBEEF"], BASE64, BODY, Ok(Proof::Hmac)),
        (Base64, vec!["next", "DEADBEEF"], BASE64, BODY, Ok(Proof::Hmac)),
        (Base64, vec!["DEADBEEF", "next"], BASE64, BODY, Ok(Proof::Hmac)),
        (Hex, vec!["DEADBEEF"], HEX, BODY, Ok(Proof::Hmac)),
        (Base64, vec!["DEADBEEF"], HEX, BODY, Err(Malformed)),
        (Hex, vec!["DEADBEEF"], BASE64, BODY, Err(Malformed)),
        (Base64, vec!["deadbeef"], BASE64, BODY, Err(Mismatch)),
        (Base64, vec![], BASE64, BODY, Err(Mismatch)),
        (Base64, vec!["DEADBEEF"], BASE64, &spaced, Err(Mismatch)),
        (Base64, vec!["DEADBEEF"], &near_miss, BODY, Err(Malformed)),
        (Base64, vec!["DEADBEEF"], "sha256=", BODY, Err(Malformed)),
        (Base64, vec!["DEADBEEF"], &BASE64[7..], BODY, Err(Malformed)),
        (Base64, vec!["DEADBEEF"], "", BODY, Err(Malformed)),
    ] {
        let verifier = hmac(encoding, &secrets);
        let headers = headers(&[("x-hub-signature-256", signature)]);
        assert_eq!(verify(&verifier, &headers, body), expected, "{signature} by {secrets:?}");
    }
    let verifier = hmac(Base64, &["DEADBEEF"]);
    assert_eq!(verify(&verifier, &HeaderMap::new(), BODY), Err(Failure::Missing), "no signature");
    let twice = headers(&[("x-hub-signature-256", BASE64), ("x-hub-signature-256", BASE64)]);
    assert_eq!(verify(&verifier, &twice, BODY), Err(Failure::Repeated), "two signatures");
}

#[test]
fn credentials_in_headers_are_judged_without_a_body() {
    use Failure::{Malformed, Mismatch, Missing};
    let bearer = Verifier::new(&Verify::Bearer { tokens: vec!["new".into(), "old".into()] });
    let key = Verifier::new(&Verify::ApiKey { header: "X-Api-Key".into(), keys: vec!["k1".into()] });
    let basic = Verifier::new(&Verify::Basic { username: "genesys".into(), passwords: vec!["p:w".into()] });
    let none = Verifier::new(&Verify::None);
    for (verifier, header, value, expected) in [
        (&bearer, "authorization", "Bearer old", Ok(Proof::Bearer)),
        (&bearer, "authorization", "bearer new", Ok(Proof::Bearer)),
        (&bearer, "authorization", "Bearer ol", Err(Mismatch)),
        (&bearer, "authorization", "Bearer ", Err(Mismatch)),
        (&bearer, "authorization", "old", Err(Malformed)),
        (&bearer, "authorization", "Basic old", Err(Malformed)),
        (&key, "x-api-key", "k1", Ok(Proof::ApiKey)),
        (&key, "x-api-key", "K1", Err(Mismatch)),
        (&key, "authorization", "k1", Err(Missing)),
        (&basic, "authorization", "Basic Z2VuZXN5czpwOnc=", Ok(Proof::Basic)),
        (&basic, "authorization", "Basic Z2VuZXN5czpwOng=", Err(Mismatch)),
        (&basic, "authorization", "Basic genesys:p:w", Err(Malformed)),
        (&none, "authorization", "whatever", Ok(Proof::NotRequired)),
    ] {
        let found = verifier.check(&shown(&headers(&[(header, value)]))).map(|check| match check {
            HeaderCheck::Proven(proof) => proof,
            HeaderCheck::Signed(_) => panic!("{header}: {value} waits for a body"),
        });
        assert_eq!(found, expected, "{header}: {value}");
    }
    assert!(none.check(&shown(&HeaderMap::new())).is_ok());
    assert_eq!(bearer.check(&shown(&HeaderMap::new())).err(), Some(Missing));
}

#[test]
fn the_published_signature_verifies_as_base64_only() {
    let Ok(folder) = std::env::var("TRUNKLINE_FIXTURES") else { return };
    let file = std::path::Path::new(&folder).join("standards/genesys_x_hub_signature_256.derived.json");
    let vector: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let text = |name: &str| vector[name].as_str().unwrap();
    assert_eq!(text("header").to_lowercase(), "x-hub-signature-256");
    let verifier = hmac(SignatureEncoding::Base64, &[text("secret")]);
    for (signature, expected) in [("expected_header", true), ("hex_form_must_be_rejected", false)] {
        let headers = headers(&[("x-hub-signature-256", text(signature))]);
        assert_eq!(verify(&verifier, &headers, text("body_utf8")).is_ok(), expected, "{signature}");
    }
}

#[test]
fn a_key_that_changes_is_followed_and_the_one_before_it_is_accepted_for_a_while() {
    let (grace, key) = (Duration::from_secs(300), SecretHandle::from("old"));
    let bearer = Verifier::new(&Verify::Bearer { tokens: vec![key.clone()] });
    let basic = Verifier::new(&Verify::Basic { username: "genesys".into(), passwords: vec![key.clone()] });
    let hmac = hub(SignatureEncoding::Hex, "", vec![key.clone()]);
    let old = ("Bearer old", "Basic Z2VuZXN5czpvbGQ=", OLD_SIGNATURE);
    let new = ("Bearer new", "Basic Z2VuZXN5czpuZXc=", NEW_SIGNATURE);
    let accepted = |(token, user, signature): (&str, &str, &str)| {
        [
            verify(&bearer, &headers(&[("authorization", token)]), "b").is_ok(),
            verify(&basic, &headers(&[("authorization", user)]), "b").is_ok(),
            verify(&hmac, &headers(&[("x-hub-signature-256", signature)]), "b").is_ok(),
        ]
    };
    assert_eq!((accepted(old), accepted(new)), ([true; 3], [false; 3]));
    key.replace("new".into(), Instant::now(), grace).unwrap();
    assert_eq!((accepted(old), accepted(new)), ([true; 3], [true; 3]), "both, side by side");
    key.forget(Instant::now() + grace);
    assert_eq!((accepted(old), accepted(new)), ([false; 3], [true; 3]), "when the time is over");
}
