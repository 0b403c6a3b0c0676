//! When a plugin is turned off and on again: a pure function of (state, what happened, now).

/// Failures in a row after which a plugin is turned off.
const FAILURES_IN_A_ROW: u32 = 5;

/// How long it is off the first time; twice as long each time after.
const FIRST_PAUSE_MS: i64 = 1_000;

/// Longest time that it is off.
const LONGEST_PAUSE_MS: i64 = 5 * 60 * 1_000;

/// One that was on for so long begins with the first pause again.
const FORGIVEN_AFTER_MS: i64 = 10 * 60 * 1_000;

/// Whether a plugin is asked.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    /// Failures since the last success.
    failures: u32,
    /// Length of the last pause.
    pause_ms: i64,
    on_since: i64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    On,
    Off {
        until: i64,
    },
    /// One question decides whether it stays on.
    HalfOpen,
}

/// What follows from what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// It is on again.
    On,
    /// It is off for so many milliseconds.
    Off { for_ms: i64 },
}

// === impl Breaker ===

impl Breaker {
    /// Whether it may be asked now. After a pause it may be asked once; what comes of that decides.
    pub(super) fn admits(&mut self, now: i64) -> bool {
        match self.state {
            State::On => true,
            State::HalfOpen => false,
            State::Off { until } if now < until => false,
            State::Off { .. } => {
                self.state = State::HalfOpen;
                true
            }
        }
    }

    /// Whether the question that was just admitted is the one that decides.
    pub(super) fn is_trying(&self) -> bool {
        self.state == State::HalfOpen
    }

    /// Whether it is off, or only just being tried.
    pub(super) fn is_off(&self) -> bool {
        self.state != State::On
    }

    /// It answered in time.
    pub(super) fn succeeded(&mut self, now: i64) -> Option<Turned> {
        self.failures = 0;
        if self.state != State::HalfOpen {
            return None;
        }
        self.state = State::On;
        self.on_since = now;
        Some(Turned::On)
    }

    /// It failed, or did not answer in time.
    pub(super) fn failed(&mut self, now: i64) -> Option<Turned> {
        self.failures += 1;
        match self.state {
            State::Off { .. } => return None,
            State::On if self.failures < FAILURES_IN_A_ROW => return None,
            State::On if now - self.on_since >= FORGIVEN_AFTER_MS => self.pause_ms = FIRST_PAUSE_MS,
            State::On | State::HalfOpen => {
                self.pause_ms = (self.pause_ms * 2).clamp(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
            }
        }
        self.failures = 0;
        self.state = State::Off { until: now + self.pause_ms };
        Some(Turned::Off { for_ms: self.pause_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned_off(breaker: &mut Breaker, now: i64) -> i64 {
        for _ in 1..FAILURES_IN_A_ROW {
            assert_eq!(breaker.failed(now), None);
            assert!(breaker.admits(now));
        }
        match breaker.failed(now) {
            Some(Turned::Off { for_ms }) => for_ms,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn failures_in_a_row_turn_it_off_and_successes_between_them_do_not() {
        let mut breaker = Breaker::default();
        for now in 0..100 {
            assert_eq!(breaker.failed(now), None);
            assert_eq!(breaker.succeeded(now), None);
        }
        assert_eq!(turned_off(&mut breaker, 100), FIRST_PAUSE_MS);
        assert!(!breaker.admits(100 + FIRST_PAUSE_MS - 1) && breaker.is_off());
    }

    #[test]
    fn after_a_pause_one_question_decides() {
        let mut breaker = Breaker::default();
        turned_off(&mut breaker, 0);
        assert!(breaker.admits(FIRST_PAUSE_MS) && breaker.is_trying());
        assert!(!breaker.admits(FIRST_PAUSE_MS), "one only");
        assert_eq!(breaker.failed(FIRST_PAUSE_MS), Some(Turned::Off { for_ms: 2 * FIRST_PAUSE_MS }));
        assert!(!breaker.admits(3 * FIRST_PAUSE_MS - 1));
        assert!(breaker.admits(3 * FIRST_PAUSE_MS));
        assert_eq!(breaker.succeeded(3 * FIRST_PAUSE_MS), Some(Turned::On));
        assert!(breaker.admits(3 * FIRST_PAUSE_MS) && !breaker.is_off());
    }

    #[test]
    fn pauses_grow_up_to_a_limit_and_a_long_time_of_health_is_forgiven() {
        let mut breaker = Breaker::default();
        let mut now = 0;
        let mut pause = turned_off(&mut breaker, now);
        let mut seen = vec![pause];
        while pause < LONGEST_PAUSE_MS {
            now += pause;
            assert!(breaker.admits(now));
            let Some(Turned::Off { for_ms }) = breaker.failed(now) else { panic!("it stays on") };
            pause = for_ms;
            seen.push(pause);
        }
        assert!(seen.windows(2).all(|two| two[1] == (two[0] * 2).min(LONGEST_PAUSE_MS)), "{seen:?}");
        now += pause;
        assert!(breaker.admits(now));
        breaker.succeeded(now);
        assert_eq!(turned_off(&mut breaker, now + 1), LONGEST_PAUSE_MS);
        now += 1 + LONGEST_PAUSE_MS;
        assert!(breaker.admits(now));
        breaker.succeeded(now);
        assert_eq!(turned_off(&mut breaker, now + FORGIVEN_AFTER_MS), FIRST_PAUSE_MS);
    }
}
