//! The limiter at work: callers wait in line for their token, never past their deadline.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;
use trunkline_config::Rate;

use crate::limiter::{Blocked, Feedback, Limiter};

/// The limiter of one credential, shared by all its callers in this process.
#[derive(Debug)]
pub(crate) struct Gate {
    limiter: Mutex<Limiter>,
    /// A call ended: those who wait for a token without knowing when one comes look again.
    returned: Notify,
}

/// The line of callers of one endpoint class: first come, first served. A class that is paused does not hold
/// up the others.
#[derive(Debug, Default)]
pub(crate) struct Line(tokio::sync::Mutex<()>);

/// A token taken out of the bucket. Dropping it puts it back: at once when the call was not made, else after its time.
#[derive(Debug)]
pub(crate) struct Slot {
    gate: Arc<Gate>,
    class: &'static str,
    made: bool,
    /// What the answer said, once there is one.
    heard: Feedback,
}

// === impl Gate ===

impl Gate {
    pub(crate) fn new(rate: Rate) -> Arc<Self> {
        Arc::new(Self { limiter: Mutex::new(Limiter::new(rate)), returned: Notify::new() })
    }

    /// See [`Limiter::start`].
    pub(crate) fn start(&self) {
        self.limiter.lock().start(Instant::now());
    }

    /// Waits for a token, at most until the deadline.
    ///
    /// A wait that is known to be too long is not begun.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        line: &Line,
        class: &'static str,
        deadline: Instant,
    ) -> Result<Slot, Blocked> {
        self.hopeless(class, deadline)?;
        let Ok(_turn) = tokio::time::timeout_at(deadline.into(), line.0.lock()).await else {
            return Err(self.blocked(class));
        };
        loop {
            let returned = self.returned.notified();
            tokio::pin!(returned);
            // From here on no return of a token is missed.
            returned.as_mut().enable();
            let blocked = match self.limiter.lock().take(class, Instant::now()) {
                Ok(()) => return Ok(self.slot(class)),
                Err(blocked) => blocked,
            };
            if blocked.until.is_some_and(|until| until > deadline) || Instant::now() >= deadline {
                return Err(blocked);
            }
            let wake = blocked.until.unwrap_or(deadline).min(deadline);
            let _elapsed_or_returned = tokio::time::timeout_at(wake.into(), returned).await;
        }
    }

    /// When a call of this class can pass at the earliest, as far as it is known; `None` means now.
    pub(crate) fn held_until(&self, class: &'static str, now: Instant) -> Option<Instant> {
        self.limiter.lock().peek(class, now).err().and_then(|blocked| blocked.until)
    }

    fn slot(self: &Arc<Self>, class: &'static str) -> Slot {
        Slot { gate: Arc::clone(self), class, made: false, heard: Feedback::default() }
    }

    fn hopeless(&self, class: &'static str, deadline: Instant) -> Result<(), Blocked> {
        match self.limiter.lock().peek(class, Instant::now()) {
            Err(blocked) if blocked.until.is_some_and(|until| until > deadline) => Err(blocked),
            _ => Ok(()),
        }
    }

    fn blocked(&self, class: &'static str) -> Blocked {
        let peeked = self.limiter.lock().peek(class, Instant::now());
        peeked.err().unwrap_or(Blocked { until: None })
    }
}

// === impl Slot ===

impl Slot {
    /// The call is about to be made: from now on the token comes back only after its time.
    pub(crate) fn spend(&mut self) {
        self.made = true;
    }

    /// The call was answered: puts the token back, and tells the limiter what the answer said.
    pub(crate) fn answered(mut self, heard: Feedback) {
        self.heard = heard;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut limiter = self.gate.limiter.lock();
        if self.made {
            limiter.end(self.class, &self.heard, Instant::now());
        } else {
            limiter.give_back();
        }
        drop(limiter);
        self.gate.returned.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CLASS: &str = "query";

    fn gate(calls: u32, per: Duration) -> Arc<Gate> {
        Gate::new(Rate { calls, per })
    }

    fn soon(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    #[tokio::test]
    async fn a_wait_that_is_known_to_be_too_long_fails_at_once() {
        let (gate, line) = (gate(1, Duration::from_secs(60)), Line::default());
        let mut slot = gate.enter(&line, CLASS, soon(1_000)).await.unwrap();
        slot.spend();
        drop(slot);
        let began = Instant::now();
        let blocked = gate.enter(&line, CLASS, soon(30_000)).await.unwrap_err();
        assert!(blocked.until.unwrap() > soon(30_000));
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_call_that_was_not_made_lets_the_next_one_through() {
        let (gate, line) = (gate(1, Duration::from_secs(3_600)), Arc::new(Line::default()));
        let slot = gate.enter(&line, CLASS, soon(60_000)).await.unwrap();
        let waiting = tokio::spawn({
            let (gate, line) = (Arc::clone(&gate), Arc::clone(&line));
            async move { gate.enter(&line, CLASS, soon(60_000)).await.map(drop) }
        });
        // The line is taken as soon as the other caller waits in it.
        while line.0.try_lock().is_ok() {
            tokio::task::yield_now().await;
        }
        drop(slot);
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn waiters_get_through_as_tokens_come_back() {
        let per = Duration::from_millis(40);
        let (gate, line) = (gate(2, per), Line::default());
        let began = Instant::now();
        for _ in 0..6 {
            let mut slot = gate.enter(&line, CLASS, soon(60_000)).await.unwrap();
            slot.spend();
        }
        assert!(began.elapsed() >= per * 2, "six calls passed within {:?}", began.elapsed());
    }

    #[tokio::test]
    async fn the_deadline_ends_the_wait_behind_a_call_that_does_not_end() {
        let (gate, line) = (gate(1, Duration::from_secs(1)), Line::default());
        let _running = gate.enter(&line, CLASS, soon(1_000)).await.unwrap();
        let deadline = soon(30);
        assert_eq!(gate.enter(&line, CLASS, deadline).await.unwrap_err(), Blocked { until: None });
        assert!(Instant::now() >= deadline);
    }
}
