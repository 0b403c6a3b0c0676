//! Proof by an HMAC-SHA-256 over the raw body.

use std::time::Instant;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use trunkline_config::{ExposeSecret, Secret, SecretHandle, SignatureEncoding};

use super::{Failure, header};

type HmacSha256 = hmac::Hmac<Sha256>;

/// The keys that are accepted, and how a signature is written.
pub struct Hmac {
    header: String,
    prefix: String,
    encoding: SignatureEncoding,
    secrets: Vec<SecretHandle>,
}

/// A signature that headers name, to be checked when the body is there.
pub struct ClaimedSignature<'a> {
    secrets: &'a [SecretHandle],
    signature: Vec<u8>,
    /// When the request came.
    now: Instant,
}

// === impl Hmac ===

impl Hmac {
    /// Accepts signatures by each of these keys.
    pub fn new(header: &str, prefix: &str, encoding: SignatureEncoding, secrets: &[SecretHandle]) -> Self {
        Self { header: header.to_lowercase(), prefix: prefix.to_owned(), encoding, secrets: secrets.to_vec() }
    }

    /// The signature that the headers of a request name.
    pub fn claimed(&self, headers: &HeaderMap, now: Instant) -> Result<ClaimedSignature<'_>, Failure> {
        let value = header::only(headers, &self.header)?;
        let written = value.to_str().ok().and_then(|value| value.strip_prefix(self.prefix.as_str()));
        let signature = match (written, self.encoding) {
            (Some(written), SignatureEncoding::Base64) => STANDARD.decode(written).ok(),
            (Some(written), SignatureEncoding::Hex) => hex::decode(written).ok(),
            (None, _) => None,
        };
        let signature = signature.ok_or(Failure::Malformed)?;
        Ok(ClaimedSignature { secrets: &self.secrets, signature, now })
    }
}

/// The signature by a key. HMAC takes keys of any length; the type only does not know it.
fn signature_by(key: &Secret, body: &[u8]) -> Option<impl AsRef<[u8]>> {
    let keyed = HmacSha256::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    Some(keyed.chain_update(body).finalize().into_bytes())
}

// === impl ClaimedSignature ===

impl ClaimedSignature<'_> {
    /// Compares it with the body's signature by every key.
    ///
    /// # Errors
    /// [`Failure::Mismatch`] when no key makes this signature.
    pub fn check(&self, body: &[u8]) -> Result<(), Failure> {
        let mut found = Choice::from(0);
        for key in self.secrets.iter().flat_map(|secret| secret.accepted(self.now)) {
            let Some(expected) = signature_by(&key, body) else { continue };
            found |= expected.as_ref().ct_eq(&self.signature);
        }
        if found.into() { Ok(()) } else { Err(Failure::Mismatch) }
    }
}

impl std::fmt::Debug for ClaimedSignature<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ClaimedSignature")
    }
}
