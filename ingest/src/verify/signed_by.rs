//! Who can make a signature.

use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use jsonwebtoken::Algorithm;
use subtle::{Choice, ConstantTimeEq};
use trunkline_config::{ExposeSecret, HmacAlgorithm, KeyEncoding, SecretHandle, SignedBy};
use trunkline_mapping::Proof;

use super::algorithm;
use super::fetched_keys::FetchedKeys;
use super::key_set;
use super::keys::Keys;

/// Most pairs of key and signature that are tried for one request: both keys of a rotation with eight signatures.
const TRIES_MAX: usize = 16;

/// Bytes of a signature by Ed25519 (RFC 8032, section 5.1.6).
const ED25519_BYTES: usize = 64;

/// Whoever has one of some keys.
pub enum Signers {
    /// A secret that both sides have.
    Hmac {
        /// HMAC with which hash.
        algorithm: hmac::Algorithm,
        /// How the secrets are written.
        encoding: KeyEncoding,
        /// The secrets.
        secrets: Vec<SecretHandle>,
    },
    /// The private key of an Ed25519 key that is written as Standard Webhooks does.
    Ed25519(Vec<SecretHandle>),
    /// The private key of another public key.
    PublicKey {
        /// How it signs.
        algorithm: Algorithm,
        /// The public keys.
        keys: Keys,
    },
}

// === impl Signers ===

impl Signers {
    /// As the configuration says.
    pub fn new(by: &SignedBy) -> Self {
        match by {
            SignedBy::Hmac { algorithm, encoding, secrets } => {
                Self::Hmac { algorithm: hash(*algorithm), encoding: *encoding, secrets: secrets.clone() }
            }
            SignedBy::Ed25519 { keys } => Self::Ed25519(keys.clone()),
            SignedBy::PublicKey { algorithm, keys } => {
                Self::PublicKey { algorithm: algorithm::of(*algorithm), keys: Keys::new(keys) }
            }
        }
    }

    /// Whether any key is known now that can make such signatures. Those that have to be fetched may be not.
    pub fn are_known(&self, now: Instant) -> bool {
        match self {
            Self::Hmac { .. } | Self::Ed25519(_) => true,
            Self::PublicKey { algorithm, keys } => keys.sets(now).iter().any(|set| set.suits(&[*algorithm])),
        }
    }

    /// Whether a signature has a length that theirs have: others are not looked at, and no body is read for them.
    pub fn may_make(&self, signature: &[u8]) -> bool {
        match self {
            Self::Hmac { algorithm, .. } => signature.len() == algorithm.digest_algorithm().output_len(),
            Self::Ed25519(_) => signature.len() == ED25519_BYTES,
            Self::PublicKey { algorithm, .. } => key_set::has_length(*algorithm, signature),
        }
    }

    /// Whether one of these signatures is one of theirs over `parts`, one behind the other. All keys are tried with all
    /// signatures where a secret is compared, and that is done in constant time. Of public keys at most [`TRIES_MAX`]
    /// pairs are tried, by key, and each key with one signature at least.
    pub fn signed(&self, parts: &[&[u8]], signatures: &[Vec<u8>], now: Instant) -> bool {
        match self {
            Self::Hmac { algorithm, encoding, secrets } => {
                let mut found = Choice::from(0);
                for key in accepted(secrets, *encoding, now) {
                    let mut mac = hmac::Context::with_key(&hmac::Key::new(*algorithm, &key));
                    parts.iter().for_each(|part| mac.update(part));
                    let expected = mac.sign();
                    for signature in signatures {
                        found |= expected.as_ref().ct_eq(signature);
                    }
                }
                found.into()
            }
            Self::Ed25519(keys) => {
                let signed = parts.concat();
                let keys: Vec<_> = accepted(keys, KeyEncoding::WebhookPublicKey, now)
                    .map(|key| UnparsedPublicKey::new(&ED25519, key))
                    .collect();
                tries(&keys, signatures).any(|(key, signature)| key.verify(&signed, signature).is_ok())
            }
            Self::PublicKey { algorithm, keys } => {
                let signed = parts.concat();
                let sets = keys.sets(now);
                let keys: Vec<_> = sets.iter().flat_map(|set| set.suiting(*algorithm, None)).collect();
                tries(&keys, signatures)
                    .any(|(key, signature)| key_set::is_by(key, *algorithm, &signed, signature))
            }
        }
    }

    /// What a signature of theirs proves.
    pub fn proof(&self) -> Proof {
        match self {
            Self::Hmac { .. } => Proof::Hmac,
            Self::Ed25519(_) | Self::PublicKey { .. } => Proof::PublicKey,
        }
    }

    /// The public keys that somebody has to fetch.
    pub fn fetched(&self) -> Option<&Arc<FetchedKeys>> {
        match self {
            Self::Hmac { .. } | Self::Ed25519(_) => None,
            Self::PublicKey { keys, .. } => keys.fetched(),
        }
    }
}

/// What is tried of these keys and signatures, each of which costs a hash of the whole body.
fn tries<'a, K>(keys: &'a [K], signatures: &'a [Vec<u8>]) -> impl Iterator<Item = (&'a K, &'a Vec<u8>)> {
    // Where there are more keys than tries, the first signature is tried with all of them: it may be the only one.
    let first = keys.len() > TRIES_MAX;
    let signatures = if first { signatures.get(..1).unwrap_or_default() } else { signatures };
    let most = TRIES_MAX.max(keys.len());
    keys.iter().flat_map(|key| signatures.iter().map(move |signature| (key, signature))).take(most)
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
