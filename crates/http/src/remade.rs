//! Clients that are made anew when what they are made of has changed.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use trunkline_schemas::error_codes::SECRET_KEPT;

use crate::NotUsable;
use crate::in_use::{self, InUse};

/// What is made of certificates, keys and passwords that may change while a process runs, and made anew when they have.
/// Clones share it.
///
/// Where nothing can be made of what there is now, as of a certificate whose key has not been replaced yet, the last
/// one stays; so it does where a library panics at it. A warning says so once, and [`crate::look`] for as long as it
/// lasts.
pub struct Remade<T>(Arc<Inner<T>>);

struct Inner<T> {
    /// Whose it is, as logs name it.
    name: String,
    version: Box<dyn Fn() -> u64 + Send + Sync>,
    make: Box<dyn Fn() -> Result<T, NotUsable> + Send + Sync>,
    state: Mutex<State<T>>,
    /// Whether somebody is making another one.
    remakes: AtomicBool,
}

struct State<T> {
    made: T,
    /// What was last tried, with success or without.
    tried: u64,
    /// Why nothing could be made of what was last tried.
    unusable: Option<String>,
}

// === impl Remade ===

impl<T: Clone + Send + 'static> Remade<T> {
    /// Makes it for the first time. `version` grows whenever something changes that `make` looks at; `name` says in
    /// logs whose it is, such as `target 'sap'`.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn new(
        name: impl Into<String>,
        version: impl Fn() -> u64 + Send + Sync + 'static,
        make: impl Fn() -> Result<T, NotUsable> + Send + Sync + 'static,
    ) -> Result<Self, NotUsable> {
        // Before it is made: what changes in between is noticed with the next use.
        let tried = version();
        let state = Mutex::new(State { made: make()?, tried, unusable: None });
        let (version, make) = (Box::new(version), Box::new(make));
        let inner =
            Arc::new(Inner { name: name.into(), version, make, state, remakes: AtomicBool::new(false) });
        in_use::remember(&inner);
        Ok(Self(inner))
    }

    /// The one to use now. Where something has changed, another one is made on a thread of its own, and is there for
    /// later uses: no call waits for it.
    pub fn current(&self) -> T {
        self.0.remake_beside();
        self.0.state.lock().made.clone()
    }

    /// The one to use now; where something has changed it is made at once, in some milliseconds. For who shows what has
    /// changed with this very use, and for who has a thread of its own.
    pub fn current_at_once(&self) -> T {
        if self.0.state.lock().tried != (self.0.version)() {
            self.0.remake();
        }
        self.0.state.lock().made.clone()
    }

    /// Why nothing can be made of what there was at the last use; `None` where the last one is of that.
    pub fn unusable(&self) -> Option<String> {
        self.0.state.lock().unusable.clone()
    }
}

impl<T> Clone for Remade<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Remade<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Remade").field("name", &self.0.name).finish_non_exhaustive()
    }
}

// === impl Inner ===

impl<T: Send + 'static> Inner<T> {
    /// Makes another one on a thread of its own, where something has changed and nobody does that yet.
    fn remake_beside(self: &Arc<Self>) {
        let changed = self.state.lock().tried != (self.version)();
        if !changed || self.remakes.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = Arc::clone(self);
        let started = std::thread::Builder::new().name("tls-renewal".to_owned()).spawn(move || {
            inner.remake();
            inner.remakes.store(false, Ordering::Release);
        });
        // Without a thread the next use tries again.
        if started.is_err() {
            self.remakes.store(false, Ordering::Release);
        }
    }

    fn remake(&self) {
        loop {
            let version = (self.version)();
            // Where a library panics at a certificate, who uses the last one goes on, be it what accepts connections.
            let made = catch_unwind(AssertUnwindSafe(&self.make)).unwrap_or(Err(NotUsable::Panicked));
            // A certificate and its key are taken one right after the other: the second may have come meanwhile.
            if made.is_err() && (self.version)() != version {
                continue;
            }
            let mut state = self.state.lock();
            let name = self.name.as_str();
            match made {
                Ok(made) => {
                    state.made = made;
                    state.unusable = None;
                    tracing::info!(
                        name,
                        "certificates, keys or passwords have changed: used for new connections from now on"
                    );
                }
                Err(error) => {
                    tracing::warn!(
                        code = SECRET_KEPT.as_str(),
                        name,
                        reason = %error,
                        "certificates, keys or passwords have changed and cannot be used: what was there before \
                         still is"
                    );
                    state.unusable = Some(error.to_string());
                }
            }
            state.tried = version;
            return;
        }
    }
}

impl<T: Send + 'static> InUse for Inner<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn look(self: Arc<Self>) -> Option<String> {
        self.remake_beside();
        self.state.lock().unusable.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::{Duration, Instant};

    use super::*;

    /// A version at which a library panics.
    const PANICS: u64 = 1_000;

    /// Other even versions can be used, odd ones cannot.
    fn remade() -> (Arc<AtomicU64>, Arc<AtomicU64>, Remade<u64>) {
        let (source, makings) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (version, read, count) = (Arc::clone(&source), Arc::clone(&source), Arc::clone(&makings));
        let make = move || {
            count.fetch_add(1, Ordering::AcqRel);
            let read = read.load(Ordering::Acquire);
            assert_ne!(read, PANICS, "a library panics");
            (read % 2 == 0).then_some(read).ok_or_else(|| NotUsable::Client("odd".to_owned()))
        };
        let remade = Remade::new("test", move || version.load(Ordering::Acquire), make).unwrap();
        (source, makings, remade)
    }

    #[test]
    fn it_is_made_once_a_change_and_what_cannot_be_made_leaves_the_last_one() {
        let (source, makings, remade) = remade();
        for (version, expected, made) in [(0, 0, 1), (1, 0, 2), (1, 0, 2), (2, 2, 3), (2, 2, 3), (4, 4, 4)] {
            source.store(version, Ordering::Release);
            assert_eq!(remade.current_at_once(), expected, "{version}");
            assert_eq!(makings.load(Ordering::Acquire), made, "{version}");
        }
    }

    #[test]
    fn who_does_not_wait_gets_the_last_one_until_the_next_one_is_there() {
        let (source, _, remade) = remade();
        source.store(2, Ordering::Release);
        let deadline = Instant::now() + Duration::from_secs(60);
        let clone = remade.clone();
        while clone.current() != 2 {
            assert!(Instant::now() < deadline, "it was never made");
            std::thread::yield_now();
        }
        assert_eq!(remade.current(), 2);
    }

    #[test]
    fn a_panic_at_what_has_changed_leaves_the_last_one_and_stops_nobody() {
        let (source, _, remade) = remade();
        source.store(PANICS, Ordering::Release);
        assert_eq!(remade.current_at_once(), 0);
        assert!(remade.unusable().unwrap().contains("panicked"));
        source.store(2, Ordering::Release);
        assert_eq!((remade.current_at_once(), remade.unusable()), (2, None));
        // On a thread of its own it is the same.
        let deadline = Instant::now() + Duration::from_secs(60);
        let until = |done: &dyn Fn() -> bool| {
            while !done() {
                assert!(Instant::now() < deadline, "{:?}", remade.unusable());
                std::thread::yield_now();
            }
        };
        source.store(PANICS, Ordering::Release);
        until(&|| remade.current() == 2 && remade.unusable().is_some());
        source.store(4, Ordering::Release);
        until(&|| remade.current() == 4);
    }
}
