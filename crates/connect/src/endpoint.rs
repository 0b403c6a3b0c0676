//! One endpoint class of a target: its breaker, its retry budget, its queue of waiting callers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use trunkline_config::Target;

use crate::breaker::{Breaker, Outcome, Permit, Refused, State, Transition};
use crate::budget::Budget;
use crate::event::{Event, Events};
use crate::metrics;
use crate::throttle::Queue;

#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) class: &'static str,
    pub(crate) queue: Queue,
    target: String,
    breaker: Mutex<Breaker>,
    budget: Mutex<Budget>,
    events: Events,
}

/// Leave of the breaker for one attempt. Dropped without an outcome, it gives its place back and says
/// nothing.
#[derive(Debug)]
pub(crate) struct Admission {
    endpoint: Arc<Endpoint>,
    permit: Option<Permit>,
}

// === impl Endpoint ===

impl Endpoint {
    pub(crate) fn new(class: &'static str, target: &Target, events: Events, now: Instant) -> Self {
        metrics::breaker(&target.name, class, State::Closed);
        Self {
            class,
            queue: Queue::default(),
            target: target.name.clone(),
            breaker: Mutex::new(Breaker::new(target.breaker.clone(), now)),
            budget: Mutex::new(Budget::new(target.retry.budget_ratio, now)),
            events,
        }
    }

    /// Asks the breaker for leave to make one attempt.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Admission, Refused> {
        let (answer, transition) = self.breaker.lock().admit(Instant::now());
        self.announce(transition);
        answer.map(|permit| Admission { endpoint: Arc::clone(self), permit: Some(permit) })
    }

    pub(crate) fn held_until(&self, now: Instant) -> Option<Instant> {
        self.breaker.lock().held_until(now)
    }

    pub(crate) fn state(&self) -> State {
        self.breaker.lock().state()
    }

    /// A call begins.
    pub(crate) fn pay_in(&self) {
        self.budget.lock().pay_in(Instant::now());
    }

    /// Takes a retry out of the budget; false when there is none left.
    pub(crate) fn take_retry(&self) -> bool {
        self.budget.lock().take(Instant::now())
    }

    fn announce(&self, transition: Option<Transition>) {
        if let Some(Transition { from, to }) = transition {
            metrics::breaker_transition(&self.target, self.class, to);
            self.events.publish(Event::Breaker { target: self.target.clone(), class: self.class, from, to });
        }
    }
}

// === impl Admission ===

impl Admission {
    /// Tells the breaker what became of the attempt.
    pub(crate) fn record(mut self, outcome: Outcome, took: Duration) {
        self.settle(outcome, took);
    }

    fn settle(&mut self, outcome: Outcome, took: Duration) {
        if let Some(permit) = self.permit.take() {
            let transition = self.endpoint.breaker.lock().record(permit, outcome, took, Instant::now());
            self.endpoint.announce(transition);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.settle(Outcome::Neutral, Duration::ZERO);
    }
}
