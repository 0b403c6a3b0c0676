//! Credentials that are compared as a whole.

use std::time::Instant;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use trunkline_config::{ExposeSecret, SecretHandle};

use super::Failure;

/// The credentials that are accepted: what each source of a secret has at the moment, and what it had a short while
/// ago. Digests are compared, not the credentials, so that lengths do not show.
pub struct Accepted {
    /// What stands before each secret.
    prefix: String,
    secrets: Vec<SecretHandle>,
}

// === impl Accepted ===

impl Accepted {
    /// Accepts each of these.
    pub fn new(secrets: &[SecretHandle]) -> Self {
        Self::behind(String::new(), secrets)
    }

    /// Accepts each of these behind a text.
    pub fn behind(prefix: String, secrets: &[SecretHandle]) -> Self {
        Self { prefix, secrets: secrets.to_vec() }
    }

    /// Compares a credential with every one that is accepted.
    pub fn check(&self, credential: &[u8], now: Instant) -> Result<(), Failure> {
        let given = digest(&[credential]);
        let mut found = Choice::from(0);
        for accepted in self.secrets.iter().flat_map(|secret| secret.accepted(now)) {
            let accepted = digest(&[self.prefix.as_bytes(), accepted.expose_secret().as_bytes()]);
            found |= accepted.ct_eq(&given);
        }
        if found.into() { Ok(()) } else { Err(Failure::Mismatch) }
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().into()
}
