//! How long to wait before trying again: exponential, up to a cap, with or without jitter.
//!
//! Pure: the random number is an argument.

use std::time::Duration;

/// Waits between attempts, which double from `base` up to `cap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

// === impl Backoff ===

impl Backoff {
    /// Waits of at most `base`, doubling up to `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The longest wait after the `failed`th failed attempt, counted from 1: for one caller that nobody fails together
    /// with.
    pub fn bound(&self, failed: u32) -> Duration {
        let doublings = failed.saturating_sub(1).min(30);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// Full jitter: any time between nothing and the bound. It spreads callers that failed together better than a fixed
    /// wait with some noise on it. `random` lies between 0 and 1.
    pub fn full_jitter(&self, failed: u32, random: f64) -> Duration {
        self.bound(failed).mul_f64(random.clamp(0.0, 1.0))
    }

    /// Equal jitter: between half of the bound and all of it, where a wait of nothing would waste an attempt.
    /// `random` lies between 0 and 1.
    pub fn equal_jitter(&self, failed: u32, random: f64) -> Duration {
        self.bound(failed).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));

    #[test]
    fn waits_double_up_to_the_cap() {
        let bounds: Vec<u128> = (1..=7).map(|failed| BACKOFF.bound(failed).as_millis()).collect();
        assert_eq!(bounds, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(BACKOFF.full_jitter(2, 0.5), Duration::from_millis(200));
        assert_eq!(BACKOFF.equal_jitter(2, 0.5), Duration::from_millis(300));
        assert_eq!(BACKOFF.equal_jitter(1, 0.0), Duration::from_millis(100));
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_its_bound(failed in 0u32.., random in -1.0f64..2.0) {
            prop_assert!(BACKOFF.full_jitter(failed, random) <= BACKOFF.bound(failed));
            prop_assert!(BACKOFF.equal_jitter(failed, random) <= BACKOFF.bound(failed));
            prop_assert!(BACKOFF.equal_jitter(failed, random) >= BACKOFF.bound(failed) / 2);
            prop_assert!(BACKOFF.bound(failed) <= Duration::from_secs(5));
        }
    }
}
