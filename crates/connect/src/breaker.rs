//! The breaker of one endpoint: stop calling what does not answer, and find out gently when it does again.
//!
//! Pure: every function is one of (state, input, now). `Closed` counts; `Open` refuses everything until its
//! time is over; `HalfOpen` lets a limited number of probes through, and is closed by as many successes in a
//! row or opened again by one failure.

use std::time::{Duration, Instant};

use trunkline_config::Breaker as Settings;

use crate::window::Window;

/// A circuit breaker. Not shared by itself: the edge keeps it behind a lock.
#[derive(Debug)]
pub struct Breaker {
    settings: Settings,
    phase: Phase,
    /// Counts the changes of state, so that an answer to a call of an earlier state is not taken for news.
    epoch: u64,
}

/// The state of a breaker, as shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Probes pass.
    HalfOpen,
    /// Nothing passes.
    Open,
}

/// What a call showed of the health of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It answered, if only that the caller is wrong.
    Success,
    /// It did not answer, or answered that it cannot.
    Failure,
    /// Nothing can be said: the call was not made, was given up early, or was turned away for its rate or its
    /// token.
    Neutral,
}

/// Leave to make one call; its outcome has to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a permit that is not recorded holds a probe's place for ever"]
pub struct Permit {
    epoch: u64,
    probe: bool,
    /// Successes in this state before the call began.
    successes: u64,
}

/// The breaker lets nothing through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When to ask again; now, when all probes are under way.
    pub retry_at: Instant,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
}

#[derive(Debug)]
enum Phase {
    Closed { in_a_row: InARow, window: Window },
    Open { until: Instant },
    HalfOpen { in_flight: u32, succeeded: u32 },
}

/// Failures that nothing came between.
#[derive(Debug, Clone, Copy, Default)]
struct InARow {
    failures: u32,
    successes: u64,
}

// === impl InARow ===

impl InARow {
    /// Takes note of a call that began after so many successes. Calls run side by side: one that fails late,
    /// after others that began with it or after it have succeeded, is no sign that the endpoint is gone. It
    /// counts in the window.
    fn add(&mut self, outcome: Outcome, began_after: u64) {
        match outcome {
            Outcome::Success => *self = Self { failures: 0, successes: self.successes + 1 },
            Outcome::Failure if began_after == self.successes => self.failures += 1,
            Outcome::Failure | Outcome::Neutral => {}
        }
    }
}

// === impl Breaker ===

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: Settings, now: Instant) -> Self {
        let window = Window::new(settings.window, now);
        Self { settings, phase: Phase::Closed { in_a_row: InARow::default(), window }, epoch: 0 }
    }

    /// The state right now.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// When a call can pass at the earliest, without asking for one: `None` means now.
    pub fn held_until(&self, now: Instant) -> Option<Instant> {
        match self.phase {
            Phase::Open { until } if now < until => Some(until),
            _ => None,
        }
    }

    /// Whether a call may be made. The time of an open breaker runs out here, hence the possible change of
    /// state.
    pub fn admit(&mut self, now: Instant) -> (Result<Permit, Refused>, Option<Transition>) {
        let mut transition = None;
        // ## Open => (Open | HalfOpen)
        if let Phase::Open { until } = self.phase {
            if now < until {
                return (Err(Refused { retry_at: until }), None);
            }
            transition = self.change(Phase::HalfOpen { in_flight: 0, succeeded: 0 });
        }
        let epoch = self.epoch;
        let answer = match &mut self.phase {
            Phase::HalfOpen { in_flight, succeeded } => {
                if *in_flight + *succeeded < self.settings.probes.max(1) {
                    *in_flight += 1;
                    Ok(Permit { epoch, probe: true, successes: 0 })
                } else {
                    Err(Refused { retry_at: now })
                }
            }
            Phase::Closed { in_a_row, .. } => {
                Ok(Permit { epoch, probe: false, successes: in_a_row.successes })
            }
            // Answered above.
            Phase::Open { until } => Err(Refused { retry_at: *until }),
        };
        (answer, transition)
    }

    /// What became of a permitted call that took `took`.
    pub fn record(
        &mut self,
        permit: Permit,
        outcome: Outcome,
        took: Duration,
        now: Instant,
    ) -> Option<Transition> {
        // A call that began in an earlier state says nothing about this one; a straggler's failure must not
        // count as a failed probe, nor its success as a passed one.
        if permit.epoch != self.epoch {
            return None;
        }
        let next = match &mut self.phase {
            Phase::Closed { in_a_row, window } => {
                in_a_row.add(outcome, permit.successes);
                on_closed(&self.settings, in_a_row.failures, window, outcome, took, now)
            }
            Phase::HalfOpen { in_flight, succeeded } => {
                debug_assert!(permit.probe);
                *in_flight = in_flight.saturating_sub(1);
                on_half_open(&self.settings, succeeded, outcome, now)
            }
            // Calls are permitted only in the other two states, and the epoch tells them apart.
            Phase::Open { .. } => None,
        };
        next.and_then(|phase| self.change(phase))
    }

    fn change(&mut self, next: Phase) -> Option<Transition> {
        let from = self.state();
        self.phase = next;
        self.epoch += 1;
        Some(Transition { from, to: self.state() })
    }
}

// ## Closed => (Closed | Open)
fn on_closed(
    settings: &Settings,
    failures_in_a_row: u32,
    window: &mut Window,
    outcome: Outcome,
    took: Duration,
    now: Instant,
) -> Option<Phase> {
    if outcome == Outcome::Neutral {
        return None;
    }
    window.add(now, outcome == Outcome::Failure, took >= settings.slow_call);
    let counts = window.counts(now);
    let enough = counts.calls >= settings.minimum_calls.max(1);
    let share = |part: u32| f64::from(part) / f64::from(counts.calls.max(1));
    let opens = failures_in_a_row >= settings.consecutive_failures.max(1)
        || (enough && share(counts.failures) >= settings.failure_ratio)
        || (enough && share(counts.slow) >= settings.slow_ratio);
    opens.then(|| Phase::Open { until: now + settings.open_for })
}

// ## HalfOpen => (HalfOpen | Open | Closed)
fn on_half_open(settings: &Settings, succeeded: &mut u32, outcome: Outcome, now: Instant) -> Option<Phase> {
    match outcome {
        Outcome::Neutral => None,
        Outcome::Failure => Some(Phase::Open { until: now + settings.open_for }),
        Outcome::Success => {
            *succeeded += 1;
            (*succeeded >= settings.probes.max(1)).then(|| Phase::Closed {
                in_a_row: InARow::default(),
                window: Window::new(settings.window, now),
            })
        }
    }
}

// === impl State ===

impl State {
    /// `closed`, `half_open` or `open`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// The gauge's value: 0 closed, 1 half open, 2 open.
    pub fn gauge(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

#[cfg(test)]
mod tests;
