//! Who can make a signature.

use std::time::Instant;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use subtle::{Choice, ConstantTimeEq};
use trunkline_config::{ExposeSecret, HmacAlgorithm, KeyEncoding, SecretHandle, SignedBy};
use trunkline_mapping::Proof;

/// Whoever has one of some keys.
pub struct Signers(SignedBy);

// === impl Signers ===

impl Signers {
    /// As the configuration says.
    pub fn new(by: &SignedBy) -> Self {
        Self(by.clone())
    }

    /// Whether one of these signatures is one of theirs over `parts`, one behind the other. All keys are tried with all
    /// signatures, and HMACs compared in constant time.
    pub fn signed(&self, parts: &[&[u8]], signatures: &[Vec<u8>], now: Instant) -> bool {
        match &self.0 {
            SignedBy::Hmac { algorithm, encoding, secrets } => {
                let mut found = Choice::from(0);
                for key in accepted(secrets, *encoding, now) {
                    let mut mac = hmac::Context::with_key(&hmac::Key::new(hash(*algorithm), &key));
                    parts.iter().for_each(|part| mac.update(part));
                    let expected = mac.sign();
                    for signature in signatures {
                        found |= expected.as_ref().ct_eq(signature);
                    }
                }
                found.into()
            }
            SignedBy::Ed25519 { keys } => {
                let signed = parts.concat();
                let mut found = false;
                for key in accepted(keys, KeyEncoding::WebhookPublicKey, now) {
                    let key = UnparsedPublicKey::new(&ED25519, key);
                    found |= signatures.iter().any(|signature| key.verify(&signed, signature).is_ok());
                }
                found
            }
        }
    }

    /// What a signature of theirs proves.
    pub fn proof(&self) -> Proof {
        match self.0 {
            SignedBy::Hmac { .. } => Proof::Hmac,
            SignedBy::Ed25519 { .. } => Proof::PublicKey,
        }
    }
}

/// The bytes of the keys that are accepted now.
fn accepted(secrets: &[SecretHandle], encoding: KeyEncoding, now: Instant) -> impl Iterator<Item = Vec<u8>> {
    let secrets = secrets.iter().flat_map(move |secret| secret.accepted(now));
    secrets.filter_map(move |secret| encoding.decode(secret.expose_secret()).ok())
}

fn hash(algorithm: HmacAlgorithm) -> hmac::Algorithm {
    match algorithm {
        HmacAlgorithm::Sha256 => hmac::HMAC_SHA256,
        HmacAlgorithm::Sha512 => hmac::HMAC_SHA512,
        HmacAlgorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
    }
}
