//! The time of day as both stream loops see it: it never jumps, whatever is done to the machine's clock.
//!
//! All that a loop measures is a difference of two times: how long until a commit, a retry, the end of a wait. A clock
//! that is set back by ten minutes would make each of them ten minutes longer, and one that is set forward would let
//! go of what is to be kept for weeks. So the time of day is read once, at the start; from then on the machine's
//! monotonic clock adds to it. Where the two part, the difference is taken up slowly, so that the steps of NTP on a
//! healthy machine are followed and those of a broken one change nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::ports::Clock;
use crate::time_of_day::time_of_day;

/// The gauge: seconds that the clock of the process is ahead of the machine's; negative: behind. It is beyond a few
/// seconds only where the machine's was set while the process ran, and then until it starts again.
const AHEAD_OF_MACHINE: &str = "trunkline_clock_ahead_of_machine_seconds";

/// Between two looks at the time of day; milliseconds.
const LOOK_EVERY_MS: i64 = 1_000;

/// By how much one look corrects the clock at most: a thousandth of what has passed since the last; milliseconds.
const STEP_MS: i64 = 1;

/// The clock; its clones are the same one.
#[derive(Debug, Clone)]
pub struct SteadyClock(Arc<(Instant, Mutex<Steady>)>);

/// What the clock goes by: a function of what the machine's two clocks say.
#[derive(Debug, Clone, Copy)]
pub struct Steady {
    /// The time of day when the monotonic clock was 0, with the corrections since; UTC milliseconds.
    start_ms: i64,
    /// When the time of day was looked at last, by the monotonic clock; milliseconds.
    looked_at: i64,
    /// How far it was ahead of the time of day then; milliseconds.
    ahead_ms: i64,
}

// === impl Steady ===

impl Steady {
    /// Starts at a time of day (UTC milliseconds), with the monotonic clock at 0.
    pub fn start(time_of_day: i64) -> Self {
        Self { start_ms: time_of_day, looked_at: 0, ahead_ms: 0 }
    }

    /// The time, UTC milliseconds, when the monotonic clock says so many milliseconds. Now and then it looks at the
    /// time of day. It never goes back, as the monotonic clock does not.
    pub fn now(&mut self, monotonic_ms: i64, time_of_day: impl FnOnce() -> i64) -> i64 {
        if monotonic_ms - self.looked_at >= LOOK_EVERY_MS {
            self.looked_at = monotonic_ms;
            let ahead = time_of_day().saturating_sub(self.start_ms.saturating_add(monotonic_ms));
            self.start_ms = self.start_ms.saturating_add(ahead.clamp(-STEP_MS, STEP_MS));
            self.ahead_ms = ahead.saturating_neg();
        }
        self.start_ms.saturating_add(monotonic_ms)
    }

    /// How far it is ahead of the time of day, as of the last look at that; milliseconds, negative: behind.
    pub fn ahead_ms(&self) -> i64 {
        self.ahead_ms
    }
}

// === impl SteadyClock ===

impl SteadyClock {
    /// Starts at the time of day.
    pub fn start() -> Self {
        metrics::describe_gauge!(
            AHEAD_OF_MACHINE,
            "Seconds that the clock of this process is ahead of its machine's, which was set while it ran; negative: behind"
        );
        metrics::gauge!(AHEAD_OF_MACHINE).set(0.0);
        Self(Arc::new((Instant::now(), Mutex::new(Steady::start(time_of_day())))))
    }
}

impl Clock for SteadyClock {
    fn now_ms(&self) -> i64 {
        let (started, steady) = &*self.0;
        let mut steady = steady.lock().unwrap_or_else(PoisonError::into_inner);
        let monotonic_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let looked_at = steady.looked_at;
        let now_ms = steady.now(monotonic_ms, time_of_day);
        if steady.looked_at != looked_at {
            metrics::gauge!(AHEAD_OF_MACHINE).set(steady.ahead_ms() as f64 / 1_000.0);
        }
        now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By how much a clock has strayed after `seconds`, asked four times a second, of a time of day that was set by
    /// `jump_ms` just after its start.
    fn strays_by(seconds: i64, jump_ms: i64) -> i64 {
        let (mut steady, mut last) = (Steady::start(0), i64::MIN);
        for quarter in 1..=4 * seconds {
            let monotonic_ms = quarter * 250;
            let now = steady.now(monotonic_ms, || monotonic_ms.saturating_add(jump_ms));
            assert!(now > last, "{now} after {last}");
            last = now;
        }
        last - seconds * 1_000
    }

    #[test]
    fn a_time_of_day_that_jumps_changes_a_thousandth_of_what_passes() {
        let (minute, day) = (60_000, 24 * 3_600_000);
        for jump_ms in [-10 * minute, 40 * day, i64::MIN / 2, i64::MAX / 2] {
            assert_eq!(strays_by(600, jump_ms), 600 * jump_ms.signum(), "{jump_ms}");
        }
    }

    #[test]
    fn how_far_it_is_from_a_time_of_day_that_was_set_is_known() {
        for set_by_ms in [-600_000, 0, 600_000] {
            let mut steady = Steady::start(0);
            steady.now(1_000, || 1_000 + set_by_ms);
            assert_eq!(steady.ahead_ms(), -set_by_ms);
        }
    }

    #[test]
    fn a_small_difference_is_taken_up_and_stays_so() {
        assert_eq!([strays_by(10, 4), strays_by(10, -4), strays_by(10, 0)], [4, -4, 0]);
    }

    #[test]
    fn clones_are_one_clock() {
        let clock = SteadyClock::start();
        let other = clock.clone();
        *clock.0.1.lock().unwrap() = Steady::start(0);
        assert!(other.now_ms() < 1_000_000_000);
    }
}
