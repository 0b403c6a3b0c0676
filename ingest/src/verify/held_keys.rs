//! Public keys in secrets: read anew when a secret changes.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use trunkline_config::{ExposeSecret, Secret, SecretHandle};

use super::key_set::KeySet;

/// Public keys in secrets, and what was read of them.
pub struct HeldKeys {
    secrets: Vec<SecretHandle>,
    /// Each text that is accepted, and its keys; `None` where it holds none.
    read: Mutex<Vec<(Secret, Option<Arc<KeySet>>)>>,
}

// === impl HeldKeys ===

impl HeldKeys {
    /// What these secrets have at each moment.
    pub fn new(secrets: &[SecretHandle]) -> Self {
        Self { secrets: secrets.to_vec(), read: Mutex::default() }
    }

    /// The keys that are accepted now: those of the secrets, and those that they had a short while ago.
    pub fn sets(&self, now: Instant) -> Vec<Arc<KeySet>> {
        let accepted: Vec<Secret> = self.secrets.iter().flat_map(|secret| secret.accepted(now)).collect();
        let same = |one: &Secret, other: &Secret| one.expose_secret() == other.expose_secret();
        let mut read = self.read.lock();
        read.retain(|(text, _)| accepted.iter().any(|accepted| same(text, accepted)));
        for text in accepted {
            if !read.iter().any(|(known, _)| same(known, &text)) {
                let set = KeySet::parse(text.expose_secret())
                    .inspect_err(|reason| tracing::warn!(reason, "public keys of a source cannot be used"));
                read.push((text, set.ok().map(Arc::new)));
            }
        }
        read.iter().filter_map(|(_, set)| set.clone()).collect()
    }
}
