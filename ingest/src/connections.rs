//! Which connections are open, and which of them has to go when there are too many.
//!
//! A caller who has a request sends its head at once, so a connection without one is the first to be closed: whoever
//! opens connections to keep others out closes their own. Next are those whose body is slow to arrive, then those
//! between requests. A connection whose request is being worked on is never closed for another.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::metric_names;

/// How many connections there may be, and how long they may wait.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// All of them.
    pub total: usize,
    /// Those of one peer: an IPv4 address, or the first 64 bits of an IPv6 address, which one network has to itself.
    pub per_peer: usize,
    /// Time for a request's head, from its first byte, or from the connection's begin.
    pub head: Duration,
    /// Time between requests.
    pub idle: Duration,
}

/// All connections.
pub struct Connections {
    bounds: Bounds,
    state: Mutex<State>,
}

/// An open connection; dropping it says that it is closed.
pub struct Connection {
    of: Arc<Connections>,
    number: u64,
    close: Arc<Notify>,
}

#[derive(Default)]
struct State {
    next: u64,
    open: HashMap<u64, Open>,
    peers: HashMap<Peer, usize>,
    /// Those that wait, in the order in which they are closed for others: by their turn.
    waiting: BTreeMap<(Wait, u64), u64>,
}

struct Open {
    peer: Peer,
    close: Arc<Notify>,
    /// What it waits for, its turn, and since when; `None` while a request is worked on.
    waits: Option<(Wait, u64, Instant)>,
}

/// How old a body is that is slow: most are there with their heads.
const SLOW: Duration = Duration::from_secs(1);

/// What a connection waits for, in the order in which they are closed for others; but slow bodies go before those that
/// wait for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    Head,
    Request,
    Body,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Peer {
    V4([u8; 4]),
    V6([u8; 8]),
}

// === impl Connections ===

impl Connections {
    /// None yet.
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, state: Mutex::default() })
    }

    /// Takes a connection of this peer in. Where there are too many, of the peer or in all, the one that waited longest
    /// for a head is closed for it.
    ///
    /// `None` when there is none that could be closed: all of them are worked on.
    pub fn open(self: &Arc<Self>, peer: IpAddr, now: Instant) -> Option<Connection> {
        let peer = Peer::of(peer);
        let mut state = self.state.lock();
        let of_peer = state.peers.get(&peer).copied().unwrap_or_default();
        let one_of = (of_peer >= self.bounds.per_peer).then_some(peer);
        if (one_of.is_some() || state.open.len() >= self.bounds.total) && !state.close_one(one_of, now) {
            counter!(metric_names::CONNECTIONS_REFUSED).increment(1);
            return None;
        }
        let number = state.turn();
        let close = Arc::new(Notify::new());
        state.open.insert(number, Open { peer, close: close.clone(), waits: None });
        *state.peers.entry(peer).or_default() += 1;
        state.wait(number, Wait::Head, now);
        gauge!(metric_names::CONNECTIONS).set(state.open.len() as f64);
        Some(Connection { of: self.clone(), number, close })
    }

    /// Closes those that waited too long.
    pub fn sweep(&self, now: Instant) {
        let mut state = self.state.lock();
        let late = |open: &Open| {
            open.waits.is_some_and(|(wait, _, since)| {
                let patience = match wait {
                    Wait::Head => self.bounds.head,
                    Wait::Request => self.bounds.idle,
                    // Whoever reads it looks at the time, and answers.
                    Wait::Body => return false,
                };
                now.saturating_duration_since(since) >= patience
            })
        };
        let late: Vec<u64> =
            state.open.iter().filter(|(_, open)| late(open)).map(|(number, _)| *number).collect();
        for number in late {
            state.close(number);
        }
    }
}

// === impl State ===

impl State {
    fn turn(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn wait(&mut self, number: u64, wait: Wait, since: Instant) {
        self.work(number);
        let turn = self.turn();
        if let Some(open) = self.open.get_mut(&number) {
            open.waits = Some((wait, turn, since));
            self.waiting.insert((wait, turn), number);
        }
    }

    /// It waits no more.
    fn work(&mut self, number: u64) {
        let waits = self.open.get_mut(&number).and_then(|open| open.waits.take());
        if let Some((wait, turn, _)) = waits {
            self.waiting.remove(&(wait, turn));
        }
    }

    /// Closes the one whose turn it is, of this peer or of any.
    fn close_one(&mut self, of: Option<Peer>, now: Instant) -> bool {
        let first = |mut open: &mut dyn Iterator<Item = (&u64, &Open)>| {
            Iterator::find(&mut open, |(_, open)| of.is_none_or(|peer| open.peer == peer))
                .map(|(number, _)| *number)
        };
        let is_slow =
            |open: &Open| open.waits.is_some_and(|(.., since)| now.saturating_duration_since(since) >= SLOW);
        let found = first(&mut self.that_wait(Wait::Head))
            .or_else(|| first(&mut self.that_wait(Wait::Body).take_while(|(_, open)| is_slow(open))))
            .or_else(|| first(&mut self.that_wait(Wait::Request)))
            .or_else(|| first(&mut self.that_wait(Wait::Body)));
        if let Some(number) = found {
            self.close(number);
        }
        found.is_some()
    }

    /// Those that wait for this, the longest wait first.
    fn that_wait(&self, wait: Wait) -> impl Iterator<Item = (&u64, &Open)> {
        let turns = self.waiting.range((wait, 0)..=(wait, u64::MAX));
        turns.filter_map(|(_, number)| Some((number, self.open.get(number)?)))
    }

    fn close(&mut self, number: u64) {
        self.work(number);
        if let Some(open) = self.open.get(&number) {
            // It may not be waiting for this at the moment; the permit keeps until it is.
            open.close.notify_one();
            counter!(metric_names::CONNECTIONS_CLOSED).increment(1);
        }
    }
}

// === impl Connection ===

impl Connection {
    /// The first bytes of a request came.
    pub fn begins_head(&self, now: Instant) {
        let mut state = self.of.state.lock();
        if matches!(state.open.get(&self.number), Some(Open { waits: Some((Wait::Request, ..)), .. })) {
            state.wait(self.number, Wait::Head, now);
        }
    }

    /// A request's head is there.
    pub fn has_head(&self) {
        self.of.state.lock().work(self.number);
    }

    /// The request's body is read.
    pub fn awaits_body(&self, now: Instant) {
        self.of.state.lock().wait(self.number, Wait::Body, now);
    }

    /// The body is there.
    pub fn has_body(&self) {
        self.of.state.lock().work(self.number);
    }

    /// Closes the connection whose body has been arriving for longest, if that is another one: what it holds is wanted
    /// for this one.
    pub fn close_slowest_other(&self) {
        let mut state = self.of.state.lock();
        let slowest = state.that_wait(Wait::Body).next().map(|(number, _)| *number);
        if let Some(slowest) = slowest.filter(|slowest| *slowest != self.number) {
            state.close(slowest);
        }
    }

    /// The request was answered.
    pub fn answered(&self, now: Instant) {
        self.of.state.lock().wait(self.number, Wait::Request, now);
    }

    /// Completes when it has to be closed.
    pub async fn closing(&self) {
        self.close.notified().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.of.state.lock();
        state.work(self.number);
        if let Some(open) = state.open.remove(&self.number)
            && let Some(count) = state.peers.get_mut(&open.peer)
        {
            *count -= 1;
            if *count == 0 {
                state.peers.remove(&open.peer);
            }
        }
        gauge!(metric_names::CONNECTIONS).set(state.open.len() as f64);
    }
}

// === impl Peer ===

impl Peer {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let mut network = [0; 8];
                network.copy_from_slice(&address.octets()[..8]);
                Self::V6(network)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    const BOUNDS: Bounds =
        Bounds { total: 4, per_peer: 3, head: Duration::from_secs(10), idle: Duration::from_secs(75) };

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_closing(connection: &Connection) -> bool {
        pin!(connection.closing()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn one_without_a_head_makes_room_for_another_and_one_at_work_does_not() {
        let (all, now) = (Connections::new(BOUNDS), Instant::now());
        let idle = all.open(peer(1), now).unwrap();
        idle.has_head();
        idle.answered(now);
        let works = all.open(peer(1), now).unwrap();
        works.has_head();
        let silent = all.open(peer(1), now).unwrap();
        let newer = all.open(peer(1), now).unwrap();
        assert!(is_closing(&silent), "a peer closes its own, first what never had a head");
        assert!(!is_closing(&idle) && !is_closing(&works) && !is_closing(&newer));
        drop(silent);
        let other = all.open(peer(2), now).unwrap();
        let third = all.open(peer(3), now).unwrap();
        assert!(is_closing(&newer), "in all, whoever waited longest for a head");
        drop(newer);
        for connection in [&other, &third] {
            connection.has_head();
        }
        let last = all.open(peer(4), now).unwrap();
        assert!(is_closing(&idle));
        drop(idle);
        last.has_head();
        assert!(all.open(peer(5), now).is_none(), "all are at work");
        drop([works, other, third, last]);
        let state = all.state.lock();
        assert!(state.open.is_empty() && state.peers.is_empty() && state.waiting.is_empty());
    }

    #[test]
    fn a_head_has_its_time_and_so_has_the_time_between_requests() {
        let (all, start) = (Connections::new(BOUNDS), Instant::now());
        let (silent, idle) = (all.open(peer(1), start).unwrap(), all.open(peer(1), start).unwrap());
        idle.has_head();
        let slow = all.open(peer(2), start).unwrap();
        slow.has_head();
        let after = |seconds| start + Duration::from_secs(seconds);
        idle.answered(after(1));
        slow.answered(after(1));
        all.sweep(after(9));
        assert!(!is_closing(&silent));
        all.sweep(after(10));
        assert!(is_closing(&silent) && !is_closing(&idle));
        slow.begins_head(after(20));
        slow.begins_head(after(29));
        all.sweep(after(30));
        assert!(is_closing(&slow), "a byte now and then buys no time");
        all.sweep(after(75));
        assert!(!is_closing(&idle));
        all.sweep(after(76));
        assert!(is_closing(&idle));
        let works = all.open(peer(3), start).unwrap();
        works.has_head();
        all.sweep(after(1_000));
        assert!(!is_closing(&works));
    }

    #[test]
    fn a_body_that_is_slow_is_given_up_for_others() {
        let (all, now) = (Connections::new(BOUNDS), Instant::now());
        let arriving = [1, 1, 2].map(|last| all.open(peer(last), now).unwrap());
        for connection in &arriving {
            connection.has_head();
            connection.awaits_body(now);
        }
        arriving[2].close_slowest_other();
        assert!(is_closing(&arriving[0]) && !is_closing(&arriving[1]));
        arriving[1].close_slowest_other();
        assert!(!is_closing(&arriving[1]) && !is_closing(&arriving[2]), "it is the slowest itself");
        arriving[1].has_body();
        let (_one, _other) = (all.open(peer(3), now).unwrap(), all.open(peer(3), now).unwrap());
        let heads: Vec<_> = (4..6).map(|last| all.open(peer(last), now).unwrap()).collect();
        assert!(is_closing(&_one) && is_closing(&_other), "before any body");
        for head in &heads {
            head.has_head();
        }
        heads[0].answered(now);
        let soon = all.open(peer(6), now).unwrap();
        assert!(is_closing(&heads[0]) && !is_closing(&arriving[2]), "a body has a second");
        soon.has_head();
        heads[1].answered(now);
        all.open(peer(6), now + SLOW).unwrap();
        assert!(is_closing(&arriving[2]) && !is_closing(&heads[1]));
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        let of = |text: &str| Peer::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
