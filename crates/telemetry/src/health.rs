//! What is ready and what is not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The gauge: 1 while a part of a process is ready, else 0; by `part`.
pub const READY: &str = "trunkline_ready";

/// The readiness of a binary: the readiness of all its parts.
///
/// A part counts from its first [`Health::set`] on, so declare each as not ready before work starts. A binary that
/// declared nothing is not ready.
#[derive(Default)]
pub struct Health {
    // Both held for a map insertion, a copy or a look only, never across an await.
    parts: Mutex<BTreeMap<Cow<'static, str>, Part>>,
    watched: Mutex<BTreeMap<&'static str, Arc<dyn Watched>>>,
}

/// A part whose readiness follows from the time that passes, so that it is looked at whenever somebody asks.
pub trait Watched: Send + Sync {
    /// How it is now.
    fn look(&self) -> Part;
}

/// One part of a binary.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// Whether it is ready.
    pub ready: bool,
    /// What it is doing or waiting for.
    pub detail: String,
}

// === impl Watched ===

impl<F: Fn() -> Part + Send + Sync> Watched for F {
    fn look(&self) -> Part {
        self()
    }
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

    /// Declares a part that is looked at from now on.
    pub fn watch(&self, name: &'static str, watched: Arc<dyn Watched>) {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).insert(name, watched);
    }

    /// Declares the part that tells of clients that cannot be made of the certificates, keys and passwords that there
    /// are now. It is always ready.
    pub fn watch_clients(&self) {
        trunkline_http::describe();
        let look = || Part { ready: true, detail: trunkline_http::look() };
        self.watch(trunkline_http::CLIENTS, Arc::new(look));
    }

    /// Whether something is declared and all of it is ready.
    pub fn ready(&self) -> bool {
        let parts = self.parts();
        !parts.is_empty() && parts.values().all(|part| part.ready)
    }

    /// All parts by name, as they are now.
    pub fn parts(&self) -> BTreeMap<Cow<'static, str>, Part> {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, watched) in watched {
            let Part { ready, detail } = watched.look();
            self.set(name, ready, &detail);
        }
        self.lock().clone()
    }

    /// Brings the gauges of all parts up to date.
    pub fn measure(&self) {
        for (name, part) in self.parts() {
            metrics::gauge!(READY, "part" => name.into_owned()).set(f64::from(u8::from(part.ready)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Cow<'static, str>, Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

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

    #[test]
    fn a_watched_part_is_as_it_is_when_somebody_asks() {
        struct Flag(AtomicBool);
        impl Watched for Flag {
            fn look(&self) -> Part {
                Part { ready: self.0.load(Ordering::Relaxed), detail: "looked at".to_owned() }
            }
        }
        let (health, flag) = (Health::new(), Arc::new(Flag(AtomicBool::new(true))));
        health.watch("progress", flag.clone());
        assert!(health.ready());
        flag.0.store(false, Ordering::Relaxed);
        assert!(!health.ready(), "nobody had to say so");
    }
}
