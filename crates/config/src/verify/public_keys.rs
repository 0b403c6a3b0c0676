//! Public keys that check signatures and tokens, and where they come from.

use std::time::Duration;

use super::keys;
use crate::SecretHandle;
use crate::reference::public_keys;
use crate::section::{Problem, Read, Section, Value};
use crate::url::private_url;
use crate::values::duration;

/// How often keys at a URL are read again, where nothing else is configured.
const REFRESH: Duration = Duration::from_secs(600);

/// Public keys, and where they come from.
#[derive(Debug, Clone)]
pub enum PublicKeys {
    /// In secrets: in PEM, or as a JSON Web Key Set (RFC 7517, section 5).
    Held(Vec<SecretHandle>),
    /// As a JSON Web Key Set that is fetched.
    At {
        /// Where it is.
        url: String,
        /// How often it is read again.
        refresh: Duration,
    },
}

/// How something is signed, by the names of RFC 7518 and RFC 8037. None of them is an HMAC: whoever may check a
/// signature may not make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA by P-256 with SHA-256.
    Es256,
    /// ECDSA by P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

// === impl SignatureAlgorithm ===

impl SignatureAlgorithm {
    /// All of them, with their names.
    pub(super) const NAMED: [(&'static str, Self); 9] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("EdDSA", Self::EdDsa),
    ];
}

// === impl PublicKeys ===

impl PublicKeys {
    /// Reads `keys`, or `keys_url` and `keys_refresh`.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        if section.has("keys_url") {
            section.reads_insecure();
        }
        let url = section.optional("keys_url", private_url);
        let refresh = section.or("keys_refresh", refresh, REFRESH);
        if section.has("keys_url") {
            if section.has("keys") {
                section.refuse("keys", "either 'keys' or 'keys_url'");
            }
            section.optional("keys", |_| Ok(()));
            return Some(Self::At { url: url?, refresh });
        }
        if section.has("keys_refresh") {
            section
                .refuse("keys_refresh", "field 'keys_refresh' needs 'keys_url': files are followed anyway");
        }
        if !section.has("keys") {
            let message = "field 'keys' is missing: references to public keys in PEM or to a JSON Web Key Set; or \
                           'keys_url', where such a set is";
            section.refuse("method", message);
            section.optional("keys", |_| Ok(()));
            return None;
        }
        keys(section, "keys", public_keys).map(Self::Held)
    }
}

/// How often a URL is asked: a busy issuer is no reason for more than once in ten seconds.
fn refresh(value: &Value<'_>) -> Read<Duration> {
    let refresh = duration(value)?;
    match (Duration::from_secs(10)..=Duration::from_secs(86_400)).contains(&refresh) {
        true => Ok(refresh),
        false => Err(Problem::new("must be between 10s and 1d: a withdrawn key is accepted for so long")),
    }
}
