//! What the connections of one processor are made to suffer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

/// All connections of one processor to the brokers; shared by those who break it and the proxies that obey.
#[derive(Debug)]
pub struct Link {
    conditions: watch::Sender<Conditions>,
    order: Mutex<Option<Order>>,
    open: AtomicUsize,
}

#[derive(Debug, Clone, Default)]
struct Conditions {
    /// How often everything was cut.
    cuts: u64,
    /// What every frame takes longer.
    latency: Duration,
    /// Brokers to and from which nothing comes through.
    blackholes: BTreeSet<usize>,
}

/// What is to be done with the next EndTxn.
#[derive(Debug, Clone)]
pub struct Order {
    /// What.
    pub injection: Injection,
    /// Receives what came of it.
    pub observed: mpsc::UnboundedSender<Observation>,
}

/// What can be done to an EndTxn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// Held back for so long, and delivered then, whether or not the client is still there.
    Hold {
        /// For how long.
        time: Duration,
        /// Whether the client's connection is cut at once, so that it asks again on another while the first
        /// is under way.
        cut: bool,
    },
    /// Delivered; the connection is cut when the answer comes.
    LoseAnswer,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// An EndTxn came by.
    Seen,
    /// It was sent on; true when the client had gone by then.
    Delivered {
        /// Whether the client had closed its connection.
        given_up: bool,
    },
    /// The broker answered with this error code; none when it cannot be read.
    Answered(Option<i16>),
}

/// Counts a connection as long as it lives.
pub(crate) struct Open<'a>(&'a Link);

// === impl Link ===

impl Default for Link {
    fn default() -> Self {
        let (conditions, _) = watch::channel(Conditions::default());
        Self { conditions, order: Mutex::default(), open: AtomicUsize::new(0) }
    }
}

impl Link {
    /// Cuts every connection there is; returns how many there were.
    pub fn cut(&self) -> usize {
        self.conditions.send_modify(|conditions| conditions.cuts += 1);
        self.open.load(Ordering::Relaxed)
    }

    /// From now on everything takes so much longer.
    pub fn slow_down(&self, latency: Duration) {
        self.conditions.send_modify(|conditions| conditions.latency = latency);
    }

    /// From now on nothing comes through to and from these brokers.
    pub fn swallow(&self, brokers: impl IntoIterator<Item = usize>) {
        self.conditions.send_modify(|conditions| conditions.blackholes = brokers.into_iter().collect());
    }

    /// All is well again; what was held back is still delivered in its time.
    pub fn restore(&self) {
        self.conditions.send_modify(|conditions| {
            conditions.latency = Duration::ZERO;
            conditions.blackholes.clear();
        });
        self.withdraw();
    }

    /// Orders something for the next EndTxn.
    pub fn order(&self, injection: Injection) -> mpsc::UnboundedReceiver<Observation> {
        let (observed, observations) = mpsc::unbounded_channel();
        *self.order.lock() = Some(Order { injection, observed });
        observations
    }

    /// Takes the order back; false when it is being carried out.
    pub fn withdraw(&self) -> bool {
        self.order.lock().take().is_some()
    }

    /// What is to be done with an EndTxn that came by.
    pub(crate) fn take_order(&self) -> Option<Order> {
        self.order.lock().take()
    }

    pub(crate) fn latency(&self) -> Duration {
        self.conditions.borrow().latency
    }

    /// Waits until frames to and from a broker come through.
    pub(crate) async fn passable(&self, broker: usize) {
        let mut conditions = self.conditions.subscribe();
        // The sender lives as long as `self`: there is always an answer.
        let _ = conditions.wait_for(|conditions| !conditions.blackholes.contains(&broker)).await;
    }

    /// Waits for the next cut.
    pub(crate) async fn severed(&self) {
        let mut conditions = self.conditions.subscribe();
        let cuts = conditions.borrow_and_update().cuts;
        let _ = conditions.wait_for(|conditions| conditions.cuts != cuts).await;
    }

    pub(crate) fn open(&self) -> Open<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
