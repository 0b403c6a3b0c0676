//! Assertions for the JWT bearer grant (RFC 7523), signed with RSA and SHA-256.

use std::sync::atomic::{AtomicI64, Ordering};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use trunkline_config::{ExposeSecret, Secret, SecretHandle};

/// How long an assertion is good for: Salesforce refuses what ends more than five minutes from now by its own clock,
/// and an issuer's clock may be some seconds off.
const LIFE_SECONDS: i64 = 180;

/// Signs assertions about one user.
#[derive(Debug)]
pub(crate) struct Assertions {
    client_id: String,
    username: String,
    audience: String,
    private_key: SecretHandle,
    /// Seconds that the issuer's clock is ahead of ours, as its last answer said.
    issuer_ahead: AtomicI64,
}

/// The names of RFC 7519.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
}

// === impl Assertions ===

impl Assertions {
    /// For assertions of this client about this user, meant for this authorisation server.
    ///
    /// # Errors
    /// What is wrong with the key: it cannot sign.
    pub(crate) fn new(
        client_id: String,
        username: String,
        audience: String,
        private_key: SecretHandle,
    ) -> Result<Self, String> {
        let assertions = Self { client_id, username, audience, private_key, issuer_ahead: AtomicI64::new(0) };
        // A key that is no RSA key, or too short, shows when it signs.
        assertions.sign(0)?;
        Ok(assertions)
    }

    /// An assertion that begins to be good now, by our clock in Unix seconds.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(crate) fn sign(&self, now_unix: i64) -> Result<Secret, String> {
        let issuers_now = now_unix.saturating_add(self.issuer_ahead.load(Ordering::Relaxed));
        let claims = Claims {
            iss: &self.client_id,
            sub: &self.username,
            aud: &self.audience,
            exp: issuers_now.saturating_add(LIFE_SECONDS),
        };
        // Read anew each time, which is once a token: the key may have changed.
        let key = EncodingKey::from_rsa_pem(self.private_key.current().expose_secret().as_bytes())
            .map_err(|error| error.to_string())?;
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
            .map(Secret::from)
            .map_err(|error| error.to_string())
    }

    /// Grows whenever the private key changes.
    pub(crate) fn key_version(&self) -> u64 {
        self.private_key.version()
    }

    /// An answer said what the issuer's clock shows while ours shows `now_unix`: the next assertion is dated by it,
    /// however far the two are apart.
    pub(crate) fn issuer_showed(&self, issuers_now: i64, now_unix: i64) {
        self.issuer_ahead.store(issuers_now.saturating_sub(now_unix), Ordering::Relaxed);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    const NOW: i64 = 1_795_003_200;

    /// A new RSA key: in PEM, and what verifies its signatures.
    pub(crate) fn key() -> (Secret, DecodingKey) {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
            STANDARD.encode(der.as_ref())
        );
        (Secret::from(pem), DecodingKey::from_rsa_der(pair.public_key().as_ref()))
    }

    fn assertions(key: &Secret) -> Result<Assertions, String> {
        let key = SecretHandle::from(key.clone());
        Assertions::new("app".to_owned(), "user@acme".to_owned(), "https://login".to_owned(), key)
    }

    fn claims(assertion: &Secret, key: &DecodingKey) -> serde_json::Value {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(assertion.expose_secret(), key, &validation).unwrap().claims
    }

    #[test]
    fn an_assertion_is_signed_and_ends_within_five_minutes_by_the_issuers_clock() {
        let (private, public) = key();
        let assertions = assertions(&private).unwrap();
        for (issuer_ahead, expected) in [(0, NOW + 180), (300, NOW + 480), (-300, NOW - 120)] {
            assertions.issuer_showed(NOW + issuer_ahead, NOW);
            let signed = assertions.sign(NOW).unwrap();
            let claims = claims(&signed, &public);
            let expected = serde_json::json!({
                "iss": "app", "sub": "user@acme", "aud": "https://login", "exp": expected
            });
            assert_eq!(claims, expected);
        }
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_and_shown_nowhere() {
        for pem in [
            "",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        ] {
            let refused = assertions(&Secret::from(pem)).unwrap_err();
            assert!(!refused.contains("AAAA"), "{refused}");
        }
        let (private, _) = key();
        let shown = format!("{:?}", assertions(&private).unwrap());
        assert!(!shown.contains(&private.expose_secret()[40..80]), "{shown}");
    }
}
