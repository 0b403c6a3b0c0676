//! What is ready and what is not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The readiness of a binary: the readiness of all its parts.
///
/// A part counts from its first [`Health::set`] on, so declare each as not ready before work starts. A binary that
/// declared nothing is not ready.
#[derive(Debug, Default)]
pub struct Health {
    // Held for a map insertion or a copy only, never across an await.
    parts: Mutex<BTreeMap<Cow<'static, str>, Part>>,
}

/// One part of a binary.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// Whether it is ready.
    pub ready: bool,
    /// What it is doing or waiting for.
    pub detail: String,
}

// === impl Health ===

impl Health {
    /// Nothing declared, not ready.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Declares a part as ready or not, for instance `set("kafka", false, "connecting to broker:9092")`.
    pub fn set(&self, name: impl Into<Cow<'static, str>>, ready: bool, detail: &str) {
        let name = name.into();
        let previous = self.lock().insert(name.clone(), Part { ready, detail: detail.to_owned() });
        if previous.is_none_or(|part| part.ready != ready) {
            tracing::info!(part = &*name, ready, detail, "readiness changed");
        }
    }

    /// Whether something is declared and all of it is ready.
    pub fn ready(&self) -> bool {
        let parts = self.lock();
        !parts.is_empty() && parts.values().all(|part| part.ready)
    }

    /// All parts by name.
    pub fn parts(&self) -> BTreeMap<Cow<'static, str>, Part> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Cow<'static, str>, Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_declared_and_every_part_ready() {
        let health = Health::new();
        assert!(!health.ready(), "nothing is declared yet");
        health.set("kafka", false, "connecting");
        health.set("state", true, "restored");
        assert!(!health.ready());
        health.set("kafka", true, "connected");
        assert!(health.ready());
        assert_eq!(health.parts()["kafka"], Part { ready: true, detail: "connected".to_owned() });
        health.set("state", false, "restoring partition 3");
        assert!(!health.ready());
    }
}
