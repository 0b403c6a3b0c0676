//! Which connections are open, and which of them has to go when there are too many.
//!
//! A caller who has a request sends its head and its body at once, so whoever opens connections to keep others out
//! closes their own. Closed for others are, in this order: connections that have waited for a head for a second;
//! bodies that have been arriving for a second; those that wait for another request, first where none was proven yet;
//! heads and bodies that are younger. A connection whose request is being worked on is never closed.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::certificate_names::CertificateNames;
use crate::metric_names;
use crate::peer::Peer;

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
    address: IpAddr,
    close: Arc<Notify>,
    /// The names of the certificate that it showed.
    certificate: OnceLock<CertificateNames>,
}

#[derive(Default)]
struct State {
    next: u64,
    open: HashMap<u64, Open>,
    peers: HashMap<Peer, usize>,
    /// Those that wait, by what for and since which turn.
    waiting: BTreeMap<(Wait, u64), u64>,
}

struct Open {
    peer: Peer,
    close: Arc<Notify>,
    /// What it waits for, its turn, and since when; `None` while a request is worked on.
    waits: Option<(Wait, u64, Instant)>,
    /// A request over it proved where it comes from.
    proven: bool,
    /// It was told to close, and may not know it yet.
    doomed: bool,
    /// The body of a request that was answered is read and thrown away: what arrives is no new head.
    discards: bool,
    /// Bytes of the share of what nothing proves that its body takes.
    held: usize,
}

/// How old a head or a body is that is slow: most are there at once.
const SLOW: Duration = Duration::from_secs(1);

/// How long the largest body takes that is sent at once, and not slowly.
const ARRIVES: Duration = Duration::from_millis(100);

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    Head,
    Body,
    /// A request, where none was proven yet.
    Request,
    NextRequest,
}

// === impl Connections ===

impl Connections {
    /// None yet.
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, state: Mutex::default() })
    }

    /// Takes a connection of this peer in. Where there are too many, of the peer or in all, another one is closed for
    /// it.
    ///
    /// `None` when there is none that could be closed: all of them are worked on.
    pub fn open(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Connection> {
        let peer = Peer::of(address);
        let mut state = self.state.lock();
        let of_peer = state.peers.get(&peer).copied().unwrap_or_default();
        let one_of = (of_peer >= self.bounds.per_peer).then_some(peer);
        if (one_of.is_some() || state.open.len() >= self.bounds.total) && !state.close_one(one_of, now) {
            counter!(metric_names::CONNECTIONS_REFUSED).increment(1);
            return None;
        }
        let number = state.turn();
        let close = Arc::new(Notify::new());
        let open = Open {
            peer,
            close: close.clone(),
            waits: None,
            proven: false,
            doomed: false,
            discards: false,
            held: 0,
        };
        state.open.insert(number, open);
        *state.peers.entry(peer).or_default() += 1;
        state.wait(number, Wait::Head, now);
        gauge!(metric_names::CONNECTIONS).set(state.open.len() as f64);
        let of = self.clone();
        Some(Connection { of, number, address, close, certificate: OnceLock::new() })
    }

    /// Closes those that waited too long.
    pub fn sweep(&self, now: Instant) {
        let mut state = self.state.lock();
        for (wait, patience) in [
            (Wait::Head, self.bounds.head),
            (Wait::Request, self.bounds.idle),
            (Wait::NextRequest, self.bounds.idle),
        ] {
            // Whoever reads a body looks at the time, and answers.
            let late: Vec<u64> = state.that_wait(wait, now, patience).map(|(number, _)| number).collect();
            for number in late {
                state.close(number);
            }
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

    /// It waits no more, and what it was told before it knew is not true any more.
    fn work(&mut self, number: u64) {
        let Some(open) = self.open.get_mut(&number) else { return };
        open.doomed = false;
        if let Some((wait, turn, _)) = open.waits.take() {
            self.waiting.remove(&(wait, turn));
        }
    }

    /// Closes the one whose turn it is, of this peer or of any.
    fn close_one(&mut self, of: Option<Peer>, now: Instant) -> bool {
        let order = [
            (Wait::Head, SLOW),
            (Wait::Body, SLOW),
            (Wait::Request, Duration::ZERO),
            (Wait::NextRequest, Duration::ZERO),
            (Wait::Head, Duration::ZERO),
            (Wait::Body, Duration::ZERO),
        ];
        let found = order.iter().find_map(|(wait, age)| {
            let mut waiting = self.that_wait(*wait, now, *age);
            waiting.find(|(_, open)| of.is_none_or(|peer| open.peer == peer)).map(|(number, _)| number)
        });
        if let Some(number) = found {
            self.close(number);
        }
        found.is_some()
    }

    /// Those that have waited for this at least so long, the longest wait first.
    fn that_wait(&self, wait: Wait, now: Instant, age: Duration) -> impl Iterator<Item = (u64, &Open)> {
        let turns = self.waiting.range((wait, 0)..=(wait, u64::MAX));
        turns
            .filter_map(|(_, number)| Some((*number, self.open.get(number)?)))
            .take_while(move |(_, open)| open.age(now) >= age)
    }

    fn close(&mut self, number: u64) {
        self.work(number);
        if let Some(open) = self.open.get_mut(&number) {
            open.doomed = true;
            // It may not be waiting for this at the moment; the permit keeps until it is.
            open.close.notify_one();
            counter!(metric_names::CONNECTIONS_CLOSED).increment(1);
        }
    }
}

// === impl Open ===

impl Open {
    /// How long it has waited.
    fn age(&self, now: Instant) -> Duration {
        self.waits.map_or(Duration::ZERO, |(.., since)| now.saturating_duration_since(since))
    }
}

// === impl Connection ===

impl Connection {
    /// It showed a certificate with these names, which TLS has proved to be its own.
    pub fn shows(&self, certificate: CertificateNames) {
        // It shows one with its handshake, and none after that.
        let _ = self.certificate.set(certificate);
    }

    /// The names of the certificate that it showed, where it showed one.
    pub fn certificate(&self) -> Option<&CertificateNames> {
        self.certificate.get()
    }

    /// Where it comes from.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The first bytes of a request came.
    pub fn begins_head(&self, now: Instant) {
        let mut state = self.of.state.lock();
        let waits = state.open.get(&self.number).filter(|open| !open.discards).and_then(|open| open.waits);
        if matches!(waits, Some((Wait::Request | Wait::NextRequest, ..))) {
            state.wait(self.number, Wait::Head, now);
        }
    }

    /// A request's head is there.
    pub fn has_head(&self) {
        let mut state = self.of.state.lock();
        state.work(self.number);
        if let Some(open) = state.open.get_mut(&self.number) {
            open.held = 0;
            open.discards = false;
        }
    }

    /// The request's body is read.
    pub fn awaits_body(&self, now: Instant) {
        self.of.state.lock().wait(self.number, Wait::Body, now);
    }

    /// The body is there, or is not read any more.
    pub fn has_body(&self) {
        self.of.state.lock().work(self.number);
    }

    /// The request proved where it comes from.
    pub fn proves(&self) {
        if let Some(open) = self.of.state.lock().open.get_mut(&self.number) {
            open.proven = true;
            open.held = 0;
        }
    }

    /// The body, which nothing proves yet, takes so many more bytes.
    pub fn holds(&self, bytes: usize) {
        if let Some(open) = self.of.state.lock().open.get_mut(&self.number) {
            open.held += bytes;
        }
    }

    /// Closes other connections whose bodies are arriving and prove nothing yet, until so many bytes are given up:
    /// first those that have held most for longest. Whoever has proved where they come from keeps what they hold.
    pub fn close_slow_others(&self, bytes: usize, now: Instant) {
        let mut state = self.of.state.lock();
        let mut others: Vec<(u128, usize, u64)> = state
            .that_wait(Wait::Body, now, ARRIVES)
            .filter(|(number, open)| *number != self.number && open.held > 0)
            .map(|(number, open)| (open.age(now).as_millis() * open.held as u128, open.held, number))
            .collect();
        others.sort_unstable();
        let mut given_up = 0;
        while given_up < bytes
            && let Some((_, held, number)) = others.pop()
        {
            given_up += held;
            state.close(number);
        }
    }

    /// The body of a request that is answered is read and thrown away, until what is returned is dropped.
    pub fn discards(self: &Arc<Self>) -> Discarding {
        self.set_discards(true);
        Discarding(Arc::downgrade(self))
    }

    fn set_discards(&self, discards: bool) {
        if let Some(open) = self.of.state.lock().open.get_mut(&self.number) {
            open.discards = discards;
        }
    }

    /// The request was answered.
    pub fn answered(&self, now: Instant) {
        let mut state = self.of.state.lock();
        let proven = state.open.get(&self.number).is_some_and(|open| open.proven);
        state.wait(self.number, if proven { Wait::NextRequest } else { Wait::Request }, now);
    }

    /// Completes when it has to be closed.
    pub async fn closing(&self) {
        loop {
            self.close.notified().await;
            // A head or a body may have come after all.
            if self.of.state.lock().open.get(&self.number).is_none_or(|open| open.doomed) {
                return;
            }
        }
    }
}

/// A body that is thrown away.
pub struct Discarding(Weak<Connection>);

impl Drop for Discarding {
    fn drop(&mut self) {
        if let Some(connection) = self.0.upgrade() {
            connection.set_discards(false);
        }
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

#[cfg(test)]
mod tests;
