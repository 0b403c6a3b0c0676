//! Does a request come from whom the source says? Decided over the raw bytes, before anything parses them.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use trunkline_config::{ExposeSecret, Secret, SignatureEncoding, Verify};

type HmacSha256 = Hmac<Sha256>;

/// A source's verifier, prepared once.
///
/// Where two keys are live, both are always tried and compared in constant time, so that neither the answer nor its
/// delay says which one it was or how much of a signature was right. It keeps digests and prepared HMAC states, not keys.
pub struct Verifier {
    method: Method,
}

enum Method {
    None,
    Hmac {
        header: String,
        prefix: String,
        encoding: SignatureEncoding,
        keys: Vec<HmacSha256>,
    },
    /// The header's value after `scheme` hashes to one of these digests.
    Credential {
        header: String,
        scheme: &'static str,
        digests: Vec<[u8; 32]>,
    },
    Basic {
        digest: [u8; 32],
    },
}

// === impl Verifier ===

impl Verifier {
    /// Prepares what the configuration asks for.
    pub fn new(verify: &Verify) -> Self {
        let method = match verify {
            Verify::None => Method::None,
            Verify::Hmac { header, prefix, encoding, secrets } => Method::Hmac {
                header: header.to_lowercase(),
                prefix: prefix.clone(),
                encoding: *encoding,
                keys: secrets.iter().filter_map(prepared).collect(),
            },
            Verify::Bearer { tokens } => Method::Credential {
                header: "authorization".to_owned(),
                scheme: "Bearer ",
                digests: tokens.iter().map(|token| digest(token.expose_secret().as_bytes())).collect(),
            },
            Verify::ApiKey { header, keys } => Method::Credential {
                header: header.to_lowercase(),
                scheme: "",
                digests: keys.iter().map(|key| digest(key.expose_secret().as_bytes())).collect(),
            },
            Verify::Basic { username, password } => Method::Basic {
                digest: digest(format!("{username}:{}", password.expose_secret()).as_bytes()),
            },
        };
        Self { method }
    }

    /// True when the request is what it says it is.
    pub fn verifies(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        match &self.method {
            Method::None => true,
            Method::Hmac { header, prefix, encoding, keys } => only(headers, header)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.strip_prefix(prefix.as_str()))
                .and_then(|signature| decode(signature, *encoding))
                .is_some_and(|signature| signed_by_any(keys, body, &signature)),
            Method::Credential { header, scheme, digests } => only(headers, header)
                .and_then(|value| without_scheme(value.as_bytes(), scheme))
                .is_some_and(|credential| equals_any(digests, credential)),
            Method::Basic { digest } => only(headers, "authorization")
                .and_then(|value| without_scheme(value.as_bytes(), "Basic "))
                .and_then(|encoded| STANDARD.decode(encoded).ok())
                .is_some_and(|credential| equals_any(std::slice::from_ref(digest), &credential)),
        }
    }
}

/// Name of the header that carries the proof; it must not be kept anywhere.
pub fn proof_header(verify: &Verify) -> Option<&str> {
    match verify {
        Verify::None => None,
        Verify::Hmac { header, .. } | Verify::ApiKey { header, .. } => Some(header),
        Verify::Bearer { .. } | Verify::Basic { .. } => Some("authorization"),
    }
}

/// The header's value, when it was sent exactly once: of two, nobody knows which one a proxy before us looked at.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// HMAC takes keys of any length; the type only does not know it.
fn prepared(secret: &Secret) -> Option<HmacSha256> {
    HmacSha256::new_from_slice(secret.expose_secret().as_bytes()).ok()
}

fn decode(signature: &str, encoding: SignatureEncoding) -> Option<Vec<u8>> {
    match encoding {
        SignatureEncoding::Base64 => STANDARD.decode(signature).ok(),
        SignatureEncoding::Hex => hex::decode(signature).ok(),
    }
}

fn signed_by_any(keys: &[HmacSha256], body: &[u8], signature: &[u8]) -> bool {
    let mut found = Choice::from(0);
    for key in keys {
        let expected = key.clone().chain_update(body).finalize().into_bytes();
        found |= expected.as_slice().ct_eq(signature);
    }
    found.into()
}

/// The credential behind an authentication scheme, whose name is not case-sensitive (RFC 9110, 11.1).
fn without_scheme<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (name, rest) = value.split_at_checked(scheme.len())?;
    name.eq_ignore_ascii_case(scheme.as_bytes()).then_some(rest)
}

/// Digests are compared, not the credentials, so that lengths do not show either.
fn equals_any(digests: &[[u8; 32]], credential: &[u8]) -> bool {
    let given = digest(credential);
    let mut found = Choice::from(0);
    for expected in digests {
        found |= expected.ct_eq(&given);
    }
    found.into()
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Open Messaging delivery signed with the key `DEADBEEF`; the signature was calculated with Python's `hmac`.
    const BODY: &str =
        r#"{"id":"m-1","channel":{"platform":"Open","type":"Private"},"type":"Text","text":"Grüße"}"#;
    const BASE64: &str = "sha256=Zh7QbER4HjpQQe1BYtdklCCD2sxDwcoAmK25L3amk4o=";
    const HEX: &str = "sha256=661ed06c44781e3a5041ed4162d764942083dacc43c1ca0098adb92f76a6938a";

    fn hmac(encoding: SignatureEncoding, secrets: &[&str]) -> Verifier {
        Verifier::new(&Verify::Hmac {
            header: "X-Hub-Signature-256".into(),
            prefix: "sha256=".into(),
            encoding,
            secrets: secrets.iter().map(|secret| Secret::from(*secret)).collect(),
        })
    }

    fn headers(entries: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in entries {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn signatures_over_the_raw_body() {
        use SignatureEncoding::{Base64, Hex};
        let near_miss = BASE64.replacen("sha256=", "sha256=A", 1);
        let spaced = BODY.replace(':', ": ");
        for (encoding, secrets, signature, body, expected) in [
            (Base64, vec!["DEADBEEF"], BASE64, BODY, true),
            (Base64, vec!["next", "DEADBEEF"], BASE64, BODY, true),
            (Base64, vec!["DEADBEEF", "next"], BASE64, BODY, true),
            (Hex, vec!["DEADBEEF"], HEX, BODY, true),
            (Base64, vec!["DEADBEEF"], HEX, BODY, false),
            (Hex, vec!["DEADBEEF"], BASE64, BODY, false),
            (Base64, vec!["deadbeef"], BASE64, BODY, false),
            (Base64, vec![], BASE64, BODY, false),
            (Base64, vec!["DEADBEEF"], BASE64, &spaced, false),
            (Base64, vec!["DEADBEEF"], &near_miss, BODY, false),
            (Base64, vec!["DEADBEEF"], "sha256=", BODY, false),
            (Base64, vec!["DEADBEEF"], &BASE64[7..], BODY, false),
            (Base64, vec!["DEADBEEF"], "", BODY, false),
        ] {
            let verifier = hmac(encoding, &secrets);
            let headers = headers(&[("x-hub-signature-256", signature)]);
            assert_eq!(verifier.verifies(&headers, body.as_bytes()), expected, "{signature} by {secrets:?}");
        }
        let verifier = hmac(Base64, &["DEADBEEF"]);
        assert!(!verifier.verifies(&HeaderMap::new(), BODY.as_bytes()), "no signature");
        let twice = headers(&[("x-hub-signature-256", BASE64), ("x-hub-signature-256", BASE64)]);
        assert!(!verifier.verifies(&twice, BODY.as_bytes()), "two signatures");
    }

    #[test]
    fn credentials_in_headers() {
        let bearer = Verifier::new(&Verify::Bearer { tokens: vec!["new".into(), "old".into()] });
        let key = Verifier::new(&Verify::ApiKey { header: "X-Api-Key".into(), keys: vec!["k1".into()] });
        let basic = Verifier::new(&Verify::Basic { username: "genesys".into(), password: "p:w".into() });
        let none = Verifier::new(&Verify::None);
        for (verifier, header, value, expected) in [
            (&bearer, "authorization", "Bearer old", true),
            (&bearer, "authorization", "bearer new", true),
            (&bearer, "authorization", "Bearer ol", false),
            (&bearer, "authorization", "Bearer ", false),
            (&bearer, "authorization", "old", false),
            (&bearer, "authorization", "Basic old", false),
            (&key, "x-api-key", "k1", true),
            (&key, "x-api-key", "K1", false),
            (&key, "authorization", "k1", false),
            (&basic, "authorization", "Basic Z2VuZXN5czpwOnc=", true),
            (&basic, "authorization", "Basic Z2VuZXN5czpwOng=", false),
            (&basic, "authorization", "Basic genesys:p:w", false),
            (&none, "authorization", "whatever", true),
        ] {
            assert_eq!(verifier.verifies(&headers(&[(header, value)]), b"{}"), expected, "{header}: {value}");
        }
        assert!(none.verifies(&HeaderMap::new(), b""));
        assert!(!bearer.verifies(&HeaderMap::new(), b""));
    }
}
