//! How long to wait before trying again: exponential, with full jitter.

use std::time::Duration;

use trunkline_config::Retry;

/// Waits between attempts. Full jitter (any time between nothing and the exponential bound) spreads callers
/// that failed together better than a fixed wait with some noise on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

// === impl Backoff ===

impl Backoff {
    /// Waits of at most `base`, doubling up to `cap`.
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The longest wait after the `failed`th failed attempt, counted from 1.
    pub fn bound(&self, failed: u32) -> Duration {
        let doublings = failed.saturating_sub(1).min(30);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// The wait after the `failed`th failed attempt, counted from 1; `random` lies between 0 and 1.
    pub fn wait(&self, failed: u32, random: f64) -> Duration {
        self.bound(failed).mul_f64(random.clamp(0.0, 1.0))
    }
}

impl From<&Retry> for Backoff {
    fn from(retry: &Retry) -> Self {
        Self::new(retry.base, retry.cap)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        let bounds: Vec<u128> = (1..=7).map(|failed| backoff.bound(failed).as_millis()).collect();
        assert_eq!(bounds, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(backoff.wait(2, 0.5), Duration::from_millis(200));
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_its_bound(failed in 0u32.., random in -1.0f64..2.0) {
            let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
            prop_assert!(backoff.wait(failed, random) <= backoff.bound(failed));
            prop_assert!(backoff.bound(failed) <= Duration::from_secs(5));
        }
    }
}
