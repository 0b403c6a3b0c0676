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
/// Most requests that wait for keys; others are to come again.
const WAITING_MAX: usize = 64;

/// What became of asking for keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A fetch that began after it ended: what it did not bring, the issuer did not have, if it brought anything.
    Looked,
    /// It was waited for a fetch that had begun before, or for one that takes too long.
    Waited,
    /// Nothing is fetched because of it, or too many wait.
    NotNow,
}

/// Public keys at a URL.
pub struct FetchedKeys {
    /// Where they are.
    pub url: String,
    /// How often they are fetched without being asked for.
    pub refresh: Duration,
    state: Mutex<State>,
    wanted: Notify,
    /// The number of the last fetch that has ended.
    ended: watch::Sender<u64>,
    waiting: Semaphore,
}

struct State {
    set: Option<Arc<KeySet>>,
    /// When a token last had them asked for.
    asked: Option<Instant>,
    /// Whether a fetch is to begin at once.
    wanted: bool,
    /// How many fetches have begun, which are numbered from 1.
    begun: u64,
    /// Whether the last of them has not ended.
    under_way: bool,
    /// Whether the last one that ended brought none.
    failed: bool,
}

/// A fetch that a request waits for.
struct Awaited {
    number: u64,
    /// Whether it begins after the request asked.
    is_new: bool,
}

// === impl FetchedKeys ===

impl FetchedKeys {
    /// None are known yet.
    pub fn new(url: String, refresh: Duration) -> Self {
        // The first fetch is made without being asked for, and waited for like one that is.
        let state = State { set: None, asked: None, wanted: true, begun: 0, under_way: false, failed: false };
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

    /// A token names a key that is not known, or none is known: has the keys fetched again, unless that was done a
    /// short while ago. Returns when they are there, or can be waited for no longer; at once where nothing is fetched.
    pub async fn ask(&self, now: Instant) -> Asked {
        let mut ended = self.ended.subscribe();
        let Some(awaited) = self.awaited(now) else { return Asked::NotNow };
        let Ok(_waiting) = self.waiting.try_acquire() else { return Asked::NotNow };
        let there = timeout(WAIT, ended.wait_for(|ended| *ended >= awaited.number)).await;
        if awaited.is_new && there.is_ok_and(|ended| ended.is_ok()) { Asked::Looked } else { Asked::Waited }
    }

    /// The fetch that a request of `now` waits for, if there is one. A fetch that has begun may bring what the issuer
    /// had before: another one is made behind it, but where it is the first that brings anything.
    fn awaited(&self, now: Instant) -> Option<Awaited> {
        let mut state = self.state.lock();
        let asked_lately =
            state.asked.is_some_and(|asked| now.saturating_duration_since(asked) < ASKED_EVERY);
        let enough = asked_lately || (state.under_way && state.set.is_none());
        match (state.wanted, enough, state.under_way) {
            (true, ..) => {}
            (false, true, true) => return Some(Awaited { number: state.begun, is_new: false }),
            (false, true, false) => return None,
            (false, false, _) => {
                (state.asked, state.wanted) = (Some(now), true);
                self.wanted.notify_one();
            }
        }
        Some(Awaited { number: state.begun + 1, is_new: true })
    }

    /// Completes when a token has the keys asked for.
    pub async fn wanted(&self) {
        while !self.state.lock().wanted {
            self.wanted.notified().await;
        }
    }

    /// A fetch begins. Returns its number.
    pub fn begin(&self) -> u64 {
        let mut state = self.state.lock();
        (state.wanted, state.under_way) = (false, true);
        state.begun += 1;
        state.begun
    }

    /// The fetch of this number ended: with these keys, or with none, and then those that were there stay.
    pub fn ended(&self, number: u64, set: Option<KeySet>) {
        let mut state = self.state.lock();
        state.failed = set.is_none();
        if let Some(set) = set {
            state.set = Some(Arc::new(set));
        }
        state.under_way = false;
        drop(state);
        self.ended.send_replace(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Option<KeySet> {
        let pem = rcgen::KeyPair::generate().unwrap().public_key_pem();
        Some(KeySet::parse(&pem).unwrap())
    }

    fn keys() -> FetchedKeys {
        FetchedKeys::new("https://issuer.example/jwks.json".to_owned(), Duration::from_secs(600))
    }

    /// The number of the fetch that a request waits for, and whether it begins after the request.
    fn awaited(keys: &FetchedKeys, now: Instant) -> Option<(u64, bool)> {
        keys.awaited(now).map(|awaited| (awaited.number, awaited.is_new))
    }

    #[test]
    fn tokens_have_keys_fetched_at_most_every_thirty_seconds_and_the_last_ones_stay() {
        let keys = keys();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(awaited(&keys, start), Some((1, true)), "the first fetch begins by itself");
        let first = keys.begin();
        assert_eq!(awaited(&keys, start), Some((1, false)), "it is the first that brings anything");
        keys.ended(first, set());
        assert_eq!((awaited(&keys, start), awaited(&keys, at(1))), (Some((2, true)), Some((2, true))));
        let second = keys.begin();
        assert_eq!(awaited(&keys, at(2)), Some((2, false)), "none behind it, so soon");
        keys.ended(second, None);
        assert!(keys.set().is_some() && keys.may_be_old());
        assert_eq!(awaited(&keys, at(29)), None);
        assert_eq!(awaited(&keys, at(30)), Some((3, true)));
        let third = keys.begin();
        keys.ended(third, set());
        assert!(!keys.may_be_old());
        assert_eq!(awaited(&keys, at(59)), None);
    }

    #[test]
    fn who_asks_while_keys_are_fetched_anyway_waits_for_the_fetch_behind() {
        let keys = keys();
        let first = keys.begin();
        keys.ended(first, set());
        let periodic = keys.begin();
        let now = Instant::now();
        assert_eq!(awaited(&keys, now), Some((3, true)));
        keys.ended(periodic, set());
        assert_eq!(awaited(&keys, now), Some((3, true)), "which is still to come");
    }

    #[tokio::test]
    async fn a_request_has_keys_fetched_and_waits_for_them() {
        let keys = keys();
        let first = keys.begin();
        keys.ended(first, set());
        let periodic = keys.begin();
        let fetching = async {
            keys.ended(periodic, set());
            keys.wanted().await;
            let behind = keys.begin();
            keys.ended(behind, None);
        };
        let (asked, ()) = tokio::join!(keys.ask(Instant::now()), fetching);
        assert_eq!((asked, keys.may_be_old()), (Asked::Looked, true), "not woken by the fetch before");
        assert_eq!(keys.ask(Instant::now()).await, Asked::NotNow);
    }
}
