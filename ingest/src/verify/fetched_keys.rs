//! Public keys at a URL: what was fetched last, and when they are fetched again.
//!
//! Fetching itself is `crate::key_fetches`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::timeout;

use super::key_set::KeySet;

/// Keys are asked for at most once in this time because of tokens: whoever invents the ids of keys does not have the
/// issuer asked for each.
const ASKED_EVERY: Duration = Duration::from_secs(30);
/// How long a request waits for keys that are being fetched: well within the time of its answer.
const WAIT: Duration = Duration::from_secs(2);
/// Most requests that wait for keys; others are refused at once.
const WAITING_MAX: usize = 64;

/// Public keys at a URL.
pub struct FetchedKeys {
    /// Where they are.
    pub url: String,
    /// How often they are fetched without being asked for.
    pub refresh: Duration,
    state: Mutex<State>,
    wanted: Notify,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
    waiting: Semaphore,
}

struct State {
    set: Option<Arc<KeySet>>,
    /// When a token last had them asked for.
    asked: Option<Instant>,
    /// Whether a fetch that requests wait for is being made.
    under_way: bool,
    /// Whether the last fetch brought none.
    failed: bool,
}

// === impl FetchedKeys ===

impl FetchedKeys {
    /// None are known yet.
    pub fn new(url: String, refresh: Duration) -> Self {
        // The first fetch is made without being asked for, and waited for like one that is.
        let state = State { set: None, asked: None, under_way: true, failed: false };
        let (wanted, ended) = (Notify::new(), watch::Sender::new(0));
        Self { url, refresh, state: Mutex::new(state), wanted, ended, waiting: Semaphore::new(WAITING_MAX) }
    }

    /// Those that were fetched last.
    pub fn set(&self) -> Option<Arc<KeySet>> {
        self.state.lock().set.clone()
    }

    /// Whether the last fetch brought none: a key that is not known may be the issuer's then.
    pub fn may_be_old(&self) -> bool {
        self.state.lock().failed
    }

    /// A token names a key that is not known: has the keys fetched again, unless that was done a short while ago.
    /// Returns when they are there, or can be waited for no longer; `false` at once where nothing is fetched.
    pub async fn ask(&self, now: Instant) -> bool {
        let mut ended = self.ended.subscribe();
        if !self.is_asked(now) {
            return false;
        }
        let Ok(_waiting) = self.waiting.try_acquire() else { return false };
        ended.mark_unchanged();
        let _ = timeout(WAIT, self.until_ended(&mut ended)).await;
        true
    }

    async fn until_ended(&self, ended: &mut watch::Receiver<u64>) {
        while self.state.lock().under_way && ended.changed().await.is_ok() {}
    }

    /// Whether keys are being fetched because of tokens, from now on or already.
    fn is_asked(&self, now: Instant) -> bool {
        let mut state = self.state.lock();
        if state.under_way {
            return true;
        }
        if state.asked.is_some_and(|asked| now.saturating_duration_since(asked) < ASKED_EVERY) {
            return false;
        }
        (state.asked, state.under_way) = (Some(now), true);
        self.wanted.notify_one();
        true
    }

    /// Completes when a token has the keys asked for.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// A fetch ended: with these keys, or with none, and then those that were there stay.
    pub fn ended(&self, set: Option<KeySet>) {
        let mut state = self.state.lock();
        state.failed = set.is_none();
        if let Some(set) = set {
            state.set = Some(Arc::new(set));
        }
        state.under_way = false;
        drop(state);
        self.ended.send_modify(|ended| *ended += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Option<KeySet> {
        let pem = rcgen::KeyPair::generate().unwrap().public_key_pem();
        Some(KeySet::parse(&pem).unwrap())
    }

    #[test]
    fn tokens_have_keys_fetched_at_most_every_thirty_seconds_and_the_last_ones_stay() {
        let keys = FetchedKeys::new("https://issuer.example/jwks.json".to_owned(), Duration::from_secs(600));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(keys.is_asked(start) && keys.set().is_none(), "the first fetch is under way");
        keys.ended(set());
        assert!(keys.is_asked(start) && keys.is_asked(at(1)), "one fetch for both");
        keys.ended(None);
        assert!(keys.set().is_some() && keys.may_be_old());
        assert!(!keys.is_asked(at(29)));
        assert!(keys.is_asked(at(30)));
        keys.ended(set());
        assert!(!keys.may_be_old() && !keys.is_asked(at(59)));
    }

    #[tokio::test]
    async fn a_request_has_keys_fetched_and_waits_for_them() {
        let keys = FetchedKeys::new(String::new(), Duration::from_secs(600));
        keys.ended(None);
        let fetching = async {
            keys.wanted().await;
            keys.ended(set());
        };
        let (asked, ()) = tokio::join!(keys.ask(Instant::now()), fetching);
        assert!(asked && keys.set().is_some());
        assert!(!keys.ask(Instant::now()).await, "and then for none");
    }
}
