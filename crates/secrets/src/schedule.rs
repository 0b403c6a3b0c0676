//! When a source is read again.
//!
//! Pure: functions of (state, input, now).

use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;

/// A lease is used up to this share of its time.
const LEASE_SHARE: f64 = 2.0 / 3.0;

/// When one source is read again.
#[derive(Debug)]
pub(crate) struct Schedule {
    interval: Duration,
    /// Between attempts after one that failed.
    retry: Backoff,
    failed_in_a_row: u32,
    due: Instant,
}

// === impl Schedule ===

impl Schedule {
    /// Of a source that was read now. The first time lies anywhere within the interval's second half, so that a fleet
    /// that was started in one moment does not read in one; `random` lies between 0 and 1.
    pub(crate) fn new(interval: Duration, retry: Backoff, now: Instant, random: f64) -> Self {
        let first = Backoff::new(interval, interval).equal_jitter(1, random);
        Self { interval, retry, failed_in_a_row: 0, due: now + first }
    }

    /// When it is read again.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// It was read; what it said is good for the time of a lease, where it has one.
    pub(crate) fn succeeded(&mut self, now: Instant, lease: Option<Duration>) {
        self.failed_in_a_row = 0;
        let lease = lease.map_or(self.interval, |lease| lease.mul_f64(LEASE_SHARE));
        // Not without end where a lease is over at once.
        self.due = now + self.interval.min(lease.max(self.retry.bound(1)));
    }

    /// It could not be read; `random` lies between 0 and 1.
    pub(crate) fn failed(&mut self, now: Instant, random: f64) {
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        self.due = now + self.retry.equal_jitter(self.failed_in_a_row, random).min(self.interval);
    }

    /// It is looked at again after this time: what it said may be half of something.
    pub(crate) fn look_again(&mut self, now: Instant, after: Duration) {
        self.due = now + after.min(self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

    fn seconds(schedule: &Schedule, now: Instant) -> f64 {
        schedule.due().duration_since(now).as_secs_f64()
    }

    #[test]
    fn it_is_read_at_its_interval_and_earlier_where_a_lease_ends_earlier() {
        let now = Instant::now();
        let mut schedule = Schedule::new(MINUTE, RETRY, now, 0.0);
        assert_eq!(seconds(&schedule, now), 30.0);
        for (lease, expected) in [(None, 60.0), (Some(3_600), 60.0), (Some(30), 20.0), (Some(0), 1.0)] {
            schedule.succeeded(now, lease.map(Duration::from_secs));
            assert_eq!(seconds(&schedule, now), expected, "{lease:?}");
        }
    }

    #[test]
    fn after_failures_it_is_tried_sooner_and_less_and_less_often() {
        let now = Instant::now();
        let mut schedule = Schedule::new(MINUTE, RETRY, now, 1.0);
        let waits: Vec<f64> = (0..7)
            .map(|_| {
                schedule.failed(now, 1.0);
                seconds(&schedule, now)
            })
            .collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        schedule.succeeded(now, None);
        schedule.failed(now, 0.0);
        assert_eq!(seconds(&schedule, now), 0.5, "a new outage");
        let mut hasty = Schedule::new(Duration::from_millis(100), RETRY, now, 1.0);
        hasty.failed(now, 1.0);
        assert_eq!(seconds(&hasty, now), 0.1, "never later than without failures");
    }
}
