//! The public keys that a source accepts at the moment.

use std::sync::Arc;
use std::time::Instant;

use trunkline_config::PublicKeys;

use super::fetched_keys::FetchedKeys;
use super::held_keys::HeldKeys;
use super::key_set::KeySet;

/// Where the keys come from.
pub enum Keys {
    /// From secrets.
    Held(HeldKeys),
    /// From a URL.
    Fetched(Arc<FetchedKeys>),
}

// === impl Keys ===

impl Keys {
    /// As the configuration says. What is at a URL is not known yet.
    pub fn new(configured: &PublicKeys) -> Self {
        match configured {
            PublicKeys::Held(secrets) => Self::Held(HeldKeys::new(secrets)),
            PublicKeys::At { url, refresh } => {
                Self::Fetched(Arc::new(FetchedKeys::new(url.clone(), *refresh)))
            }
        }
    }

    /// The keys that are accepted now; none while nothing usable is known.
    pub fn sets(&self, now: Instant) -> Vec<Arc<KeySet>> {
        match self {
            Self::Held(keys) => keys.sets(now),
            Self::Fetched(keys) => keys.set().into_iter().collect(),
        }
    }

    /// The keys that somebody has to fetch.
    pub fn fetched(&self) -> Option<&Arc<FetchedKeys>> {
        match self {
            Self::Held(_) => None,
            Self::Fetched(keys) => Some(keys),
        }
    }
}
