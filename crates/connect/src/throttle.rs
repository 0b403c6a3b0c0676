//! The limiter at work: callers queue for their token, never past their deadline.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;
use trunkline_systems::Rate;

use crate::limiter::{Blocked, Feedback, Limiter};

/// The limiter of one credential, shared by all its callers in this process.
#[derive(Debug)]
pub(crate) struct Throttle {
    limiter: Mutex<Limiter>,
    /// A call ended: those who wait for a token without knowing when one comes look again.
    returned: Notify,
}

/// The queue of callers of one endpoint class: first come, first served. A class that is paused does not hold
/// up the others.
#[derive(Debug, Default)]
pub(crate) struct Queue(tokio::sync::Mutex<()>);

/// A token taken out of the bucket. Dropping it puts it back: at once when the call was not made, else after
/// its time.
#[derive(Debug)]
pub(crate) struct Slot {
    throttle: Arc<Throttle>,
    class: &'static str,
    made: bool,
    /// What the answer said, once there is one that can say anything about limits.
    feedback: Option<Feedback>,
}

// === impl Throttle ===

impl Throttle {
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
        queue: &Queue,
        class: &'static str,
        deadline: Instant,
    ) -> Result<Slot, Blocked> {
        self.hopeless(class, deadline)?;
        let Ok(_turn) = tokio::time::timeout_at(deadline.into(), queue.0.lock()).await else {
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
            let look_again = blocked.until.unwrap_or(deadline).min(deadline);
            let _elapsed_or_returned = tokio::time::timeout_at(look_again.into(), returned).await;
        }
    }

    /// When a call of this class can pass at the earliest, as far as it is known; `None` means now.
    pub(crate) fn held_until(&self, class: &'static str, now: Instant) -> Option<Instant> {
        self.limiter.lock().peek(class, now).err().and_then(|blocked| blocked.until)
    }

    fn slot(self: &Arc<Self>, class: &'static str) -> Slot {
        Slot { throttle: Arc::clone(self), class, made: false, feedback: None }
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
    pub(crate) fn answered(mut self, feedback: Feedback) {
        self.feedback = Some(feedback);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut limiter = self.throttle.limiter.lock();
        if self.made {
            limiter.end(self.class, self.feedback.as_ref(), Instant::now());
        } else {
            limiter.give_back();
        }
        drop(limiter);
        self.throttle.returned.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CLASS: &str = "query";

    fn throttle(calls: u32, per: Duration) -> Arc<Throttle> {
        Throttle::new(Rate { calls, per })
    }

    fn soon(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    #[tokio::test]
    async fn a_wait_that_is_known_to_be_too_long_fails_at_once() {
        let (throttle, queue) = (throttle(1, Duration::from_secs(60)), Queue::default());
        let mut slot = throttle.enter(&queue, CLASS, soon(1_000)).await.unwrap();
        slot.spend();
        drop(slot);
        let began = Instant::now();
        let blocked = throttle.enter(&queue, CLASS, soon(30_000)).await.unwrap_err();
        assert!(blocked.until.unwrap() > soon(30_000));
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_call_that_was_not_made_lets_the_next_one_through() {
        let (throttle, queue) = (throttle(1, Duration::from_secs(3_600)), Arc::new(Queue::default()));
        let slot = throttle.enter(&queue, CLASS, soon(60_000)).await.unwrap();
        let waiting = tokio::spawn({
            let (throttle, queue) = (Arc::clone(&throttle), Arc::clone(&queue));
            async move { throttle.enter(&queue, CLASS, soon(60_000)).await.map(drop) }
        });
        // The queue is held as soon as the other caller waits in it.
        while queue.0.try_lock().is_ok() {
            tokio::task::yield_now().await;
        }
        drop(slot);
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn waiters_get_through_as_tokens_come_back() {
        let per = Duration::from_millis(40);
        let (throttle, queue) = (throttle(2, per), Queue::default());
        let began = Instant::now();
        for _ in 0..6 {
            let mut slot = throttle.enter(&queue, CLASS, soon(60_000)).await.unwrap();
            slot.spend();
        }
        assert!(began.elapsed() >= per * 2, "six calls passed within {:?}", began.elapsed());
    }

    #[tokio::test]
    async fn the_deadline_ends_the_wait_behind_a_call_that_does_not_end() {
        let (throttle, queue) = (throttle(1, Duration::from_secs(1)), Queue::default());
        let _running = throttle.enter(&queue, CLASS, soon(1_000)).await.unwrap();
        let deadline = soon(30);
        assert_eq!(throttle.enter(&queue, CLASS, deadline).await.unwrap_err(), Blocked { until: None });
        assert!(Instant::now() >= deadline);
    }
}
