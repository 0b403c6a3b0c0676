//! Proof by an HMAC-SHA-256 over the raw body.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use trunkline_config::{ExposeSecret, Secret, SignatureEncoding};

use super::{Failure, header};

type HmacSha256 = hmac::Hmac<Sha256>;

/// The keys that are accepted, and how a signature is written.
pub struct Hmac {
    header: String,
    prefix: String,
    encoding: SignatureEncoding,
    keys: Vec<HmacSha256>,
}

/// A signature that headers name, to be checked when the body is there.
pub struct ClaimedSignature<'a> {
    keys: &'a [HmacSha256],
    signature: Vec<u8>,
}

// === impl Hmac ===

impl Hmac {
    /// Accepts signatures by each of these keys.
    pub fn new(header: &str, prefix: &str, encoding: SignatureEncoding, secrets: &[Secret]) -> Self {
        Self {
            header: header.to_lowercase(),
            prefix: prefix.to_owned(),
            encoding,
            keys: secrets.iter().filter_map(prepared).collect(),
        }
    }

    /// The signature that the headers of a request name.
    pub fn claimed(&self, headers: &HeaderMap) -> Result<ClaimedSignature<'_>, Failure> {
        let value = header::only(headers, &self.header)?;
        let written = value.to_str().ok().and_then(|value| value.strip_prefix(self.prefix.as_str()));
        let signature = match (written, self.encoding) {
            (Some(written), SignatureEncoding::Base64) => STANDARD.decode(written).ok(),
            (Some(written), SignatureEncoding::Hex) => hex::decode(written).ok(),
            (None, _) => None,
        };
        let signature = signature.ok_or(Failure::Malformed)?;
        Ok(ClaimedSignature { keys: &self.keys, signature })
    }
}

/// HMAC takes keys of any length; the type only does not know it.
fn prepared(secret: &Secret) -> Option<HmacSha256> {
    HmacSha256::new_from_slice(secret.expose_secret().as_bytes()).ok()
}

// === impl ClaimedSignature ===

impl ClaimedSignature<'_> {
    /// Compares it with the body's signature by every key.
    ///
    /// # Errors
    /// [`Failure::Mismatch`] when no key makes this signature.
    pub fn check(&self, body: &[u8]) -> Result<(), Failure> {
        let mut found = Choice::from(0);
        for key in self.keys {
            let expected = key.clone().chain_update(body).finalize().into_bytes();
            found |= expected.as_slice().ct_eq(&self.signature);
        }
        if found.into() { Ok(()) } else { Err(Failure::Mismatch) }
    }
}

impl std::fmt::Debug for ClaimedSignature<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ClaimedSignature")
    }
}
