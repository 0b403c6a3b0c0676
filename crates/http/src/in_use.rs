//! What this process has of clients that are made anew, and which of them could not be.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// The gauge: 1 while a client is the last one that could be made; by `client`.
const KEPT: &str = "trunkline_tls_client_kept";

/// The part of a health report that says so.
pub const CLIENTS: &str = "tls-clients";

/// Those that are there.
static IN_USE: Mutex<Vec<Weak<dyn InUse>>> = Mutex::new(Vec::new());

/// A client that is made anew when what it is made of has changed.
pub(crate) trait InUse: Send + Sync {
    /// Whose it is.
    fn name(&self) -> &str;

    /// Has it made anew where something has changed. Why the last attempt failed, where it did.
    fn look(self: Arc<Self>) -> Option<String>;
}

/// Remembers a client, as long as it is there.
pub(crate) fn remember<C: InUse + 'static>(client: &Arc<C>) {
    let client: Weak<dyn InUse> = Arc::downgrade(client) as Weak<dyn InUse>;
    let mut clients = IN_USE.lock();
    clients.retain(|one| one.strong_count() > 0);
    clients.push(client);
}

/// Names and explains the gauge to the installed recorder.
pub fn describe() {
    metrics::describe_gauge!(
        KEPT,
        "1 while a client uses replaced certificates, keys or passwords, as none can be made of the new ones, else 0"
    );
}

/// Looks at every [`crate::Remade`] of this process, whether somebody uses it or not, and has those made anew for which
/// something has changed; the next look knows what came of it. As a detail of a health report: it is no reason not to
/// be ready, since what was there before is mostly good for a while.
pub fn look() -> String {
    let clients: Vec<Arc<dyn InUse>> = IN_USE.lock().iter().filter_map(Weak::upgrade).collect();
    // A target's tokens have a client of their own, under the same name.
    let mut unusable: BTreeMap<String, Option<String>> = BTreeMap::new();
    for client in clients {
        let name = client.name().to_owned();
        let reason = client.look();
        let known = unusable.entry(name).or_default();
        *known = known.take().or(reason);
    }
    for (client, reason) in &unusable {
        metrics::gauge!(KEPT, "client" => client.clone()).set(if reason.is_some() { 1.0 } else { 0.0 });
    }
    let kept = unusable.iter().filter_map(|(name, reason)| Some(format!("{name}: {}", reason.as_ref()?)));
    let kept: Vec<String> = kept.collect();
    match kept.is_empty() {
        true => "each is of the certificates, keys and passwords that there are".to_owned(),
        false => format!(
            "cannot be made of what there is now, so what was there before is used: {}",
            kept.join("; ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{NotUsable, Remade};

    #[test]
    fn what_cannot_be_made_is_told_until_it_can_though_nobody_uses_it() {
        let source = Arc::new(AtomicU64::new(0));
        let (version, read) = (Arc::clone(&source), Arc::clone(&source));
        let make = move || match read.load(Ordering::Acquire) {
            1 => Err(NotUsable::Client("the key is another one".to_owned())),
            number => Ok(number),
        };
        let version = move || version.load(Ordering::Acquire);
        let remade = Remade::new("a target of this test", version, make).unwrap();
        let another = Remade::new("a target of this test", || 0, || Ok(0)).unwrap();
        let told =
            || look().contains("a target of this test: no HTTPS client can be made: the key is another one");
        let until = |expected: bool| {
            let deadline = Instant::now() + Duration::from_secs(60);
            while told() != expected {
                assert!(Instant::now() < deadline, "{}", look());
                std::thread::yield_now();
            }
        };
        assert!(!told() && remade.unusable().is_none());
        source.store(1, Ordering::Release);
        until(true);
        assert_eq!((remade.current_at_once(), remade.unusable().is_some()), (0, true));
        source.store(2, Ordering::Release);
        until(false);
        assert_eq!((remade.current(), remade.unusable(), another.current()), (2, None, 0));
        source.store(1, Ordering::Release);
        until(true);
        drop(remade);
        assert!(!told(), "nobody has it any more");
    }
}
