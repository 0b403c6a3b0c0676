//! Credentials that are compared as a whole.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::Failure;

/// Digests of the credentials that are accepted. Digests are compared, not the credentials, so that lengths
/// do not show.
pub struct Accepted(Vec<[u8; 32]>);

// === impl Accepted ===

impl Accepted {
    /// Accepts each of these.
    pub fn new<C: AsRef<[u8]>>(credentials: impl IntoIterator<Item = C>) -> Self {
        Self(credentials.into_iter().map(|credential| digest(credential.as_ref())).collect())
    }

    /// Compares a credential with every one that is accepted.
    pub fn check(&self, credential: &[u8]) -> Result<(), Failure> {
        let given = digest(credential);
        let mut found = Choice::from(0);
        for accepted in &self.0 {
            found |= accepted.ct_eq(&given);
        }
        if found.into() { Ok(()) } else { Err(Failure::Mismatch) }
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
