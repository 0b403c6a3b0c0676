//! Whether an endpoint takes calls.

use crate::answer::{Answer, Health};

/// A shorter wait does not pause partitions: pausing throws away what was fetched ahead. The fetching also starts again
/// so long before the throttle opens.
const LONG_MS: i64 = 500;

/// The throttle of one endpoint. It keeps calls from being started that would only be refused.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    state: State,
    in_flight: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Calls go through.
    #[default]
    Open,
    /// Nothing goes through before this time.
    Closed { until_ms: i64 },
    /// One call at a time finds out whether the endpoint is back.
    Probing,
}

// === impl Throttle ===

impl Throttle {
    /// Whether one more call may start.
    pub(super) fn has_room(&mut self, now_ms: i64) -> bool {
        // ## Closed => Probing
        //
        // The time is over: one call finds out.
        if matches!(self.state, State::Closed { until_ms } if until_ms <= now_ms) {
            self.state = State::Probing;
        }
        match self.state {
            State::Open => true,
            State::Closed { .. } => false,
            State::Probing => self.in_flight == 0,
        }
    }

    /// Whether nothing goes through for so long that reading on makes no sense.
    pub(super) fn is_closed_for_long(&self, now_ms: i64) -> bool {
        matches!(self.state, State::Closed { until_ms } if until_ms > now_ms.saturating_add(LONG_MS))
    }

    /// Whether calls go through without finding out anything.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the next call finds out whether the endpoint is back.
    pub(super) fn is_probing(&self) -> bool {
        self.state == State::Probing
    }

    /// Calls under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn started(&mut self) {
        self.in_flight += 1;
    }

    pub(super) fn cancelled(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A call came to its end.
    pub(super) fn ended(&mut self, answer: &Answer, health: Health, now_ms: i64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match (health, self.state) {
            (Health::Open { for_ms }, _) => self.close(now_ms.saturating_add(for_ms.max(1))),
            // ## Probing => Open
            //
            // It answered, and its breaker has seen enough.
            (Health::Well, State::Probing) if answer.is_from_target_at_work() => self.state = State::Open,
            (Health::Well | Health::HalfOpen, _) => {}
        }
    }

    /// ## (Open | Closed | Probing) => Closed
    ///
    /// The later of two times holds.
    pub(super) fn close(&mut self, until_ms: i64) {
        let until_ms = match self.state {
            State::Closed { until_ms: earlier } => until_ms.max(earlier),
            State::Open | State::Probing => until_ms,
        };
        self.state = State::Closed { until_ms };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Failure, FailureKind};

    fn timeout() -> Answer {
        Answer::Failed(Failure {
            kind: FailureKind::Timeout,
            sent: true,
            status: None,
            code: None,
            message: String::new(),
            retry_after_ms: None,
        })
    }

    #[test]
    fn after_closing_one_call_at_a_time_finds_out_until_the_target_answers() {
        let mut throttle = Throttle::default();
        throttle.started();
        throttle.ended(&Answer::Same, Health::Open { for_ms: 100 }, 0);
        assert!(!throttle.has_room(99));
        assert!(throttle.has_room(100), "a probe");
        throttle.started();
        assert!(!throttle.has_room(100), "only one");
        throttle.ended(&timeout(), Health::Well, 110);
        assert!(throttle.has_room(110));
        throttle.started();
        assert!(!throttle.has_room(110), "it did not answer: still only one");
        throttle.ended(&Answer::Same, Health::HalfOpen, 115);
        throttle.started();
        assert!(!throttle.has_room(115), "the breaker wants to see more");
        throttle.ended(&Answer::Same, Health::Well, 120);
        throttle.started();
        throttle.started();
        assert!(throttle.has_room(120), "open");
    }

    #[test]
    fn the_later_of_two_times_holds() {
        let mut throttle = Throttle::default();
        throttle.close(5_000);
        throttle.close(2_000);
        assert!(!throttle.has_room(4_999));
        assert!(throttle.has_room(5_000));
    }

    #[test]
    fn a_short_wait_is_no_reason_to_stop_reading() {
        let mut throttle = Throttle::default();
        throttle.close(1_000);
        assert!(throttle.is_closed_for_long(499));
        assert!(!throttle.is_closed_for_long(500));
    }
}
