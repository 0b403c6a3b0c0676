//! Public keys in secrets: read anew when a secret changes.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use trunkline_config::{ExposeSecret, Secret, SecretHandle, Told};

use super::key_set::KeySet;

/// Public keys in secrets, and what was read of them.
pub struct HeldKeys {
    secrets: Vec<Held>,
}

/// One secret.
struct Held {
    secret: SecretHandle,
    /// Each text that is accepted, and its keys; `None` where it holds none.
    read: Mutex<Vec<(Secret, Option<Arc<KeySet>>)>>,
    /// The keys of the last text that held some. A text that holds none does not take their place: they are accepted
    /// until another one does, since the sender has no others.
    last: Arc<Mutex<Option<Arc<KeySet>>>>,
    _told: Told,
}

// === impl HeldKeys ===

impl HeldKeys {
    /// What these secrets have at each moment.
    pub fn new(secrets: &[SecretHandle]) -> Self {
        Self { secrets: secrets.iter().map(Held::new).collect() }
    }

    /// The keys that are accepted now: those of the secrets, and those that they had a short while ago.
    pub fn sets(&self, now: Instant) -> Vec<Arc<KeySet>> {
        self.secrets.iter().flat_map(|held| held.sets(now)).collect()
    }
}

// === impl Held ===

impl Held {
    fn new(secret: &SecretHandle) -> Self {
        let version = secret.version();
        let last = Arc::new(Mutex::new(KeySet::parse(secret.current().expose_secret()).ok().map(Arc::new)));
        let (kept, reference) = (last.clone(), secret.reference().cloned());
        let told = secret.tell(version, move |text| match KeySet::parse(text.expose_secret()) {
            Ok(set) => *kept.lock() = Some(Arc::new(set)),
            Err(reason) => {
                let secret = reference.as_ref().map(ToString::to_string);
                tracing::warn!(
                    secret,
                    reason,
                    "public keys cannot be used; the last ones of this secret stay"
                );
            }
        });
        Self { secret: secret.clone(), read: Mutex::default(), last, _told: told }
    }

    fn sets(&self, now: Instant) -> Vec<Arc<KeySet>> {
        let accepted = self.secret.accepted(now);
        let same = |one: &Secret, other: &Secret| one.expose_secret() == other.expose_secret();
        let mut read = self.read.lock();
        read.retain(|(text, _)| accepted.iter().any(|accepted| same(text, accepted)));
        let mut sets = Vec::new();
        for (place, text) in accepted.iter().enumerate() {
            let known = read.iter().find(|(known, _)| same(known, text)).map(|(_, set)| set.clone());
            let set = known.unwrap_or_else(|| {
                let set = KeySet::parse(text.expose_secret()).ok().map(Arc::new);
                read.push((text.clone(), set.clone()));
                set
            });
            // The current text is the first.
            let set = if place == 0 { set.or_else(|| self.last.lock().clone()) } else { set };
            sets.extend(set);
        }
        sets
    }
}
