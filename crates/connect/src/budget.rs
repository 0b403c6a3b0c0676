//! The retry budget of one endpoint: when everything fails, retries must not multiply the load.

use std::time::Instant;

/// Retries that can be saved up while all is well.
const RESERVE: f64 = 10.0;
/// Retries that come back each second without any traffic, so that an endpoint that is called rarely can be
/// retried at all.
const TRICKLE_PER_SECOND: f64 = 1.0;

/// A balance of retries: every call pays in its share, every retry takes one out.
#[derive(Debug)]
pub struct Budget {
    ratio: f64,
    balance: f64,
    updated: Instant,
}

// === impl Budget ===

impl Budget {
    /// A full budget that allows `ratio` retries a call in the long run.
    pub fn new(ratio: f64, now: Instant) -> Self {
        let ratio = ratio.max(0.0);
        Self { ratio, balance: if ratio > 0.0 { RESERVE } else { 0.0 }, updated: now }
    }

    /// A call begins: it pays in.
    pub fn pay_in(&mut self, now: Instant) {
        self.trickle(now);
        self.balance = (self.balance + self.ratio).min(RESERVE);
    }

    /// Takes a retry out; false when there is none left.
    pub fn take(&mut self, now: Instant) -> bool {
        self.trickle(now);
        let enough = self.balance >= 1.0;
        if enough {
            self.balance -= 1.0;
        }
        enough
    }

    fn trickle(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.updated).as_secs_f64();
        self.updated = self.updated.max(now);
        // A ratio of 0 means no retries at all, not a trickle of them.
        if self.ratio > 0.0 {
            self.balance = (self.balance + elapsed * TRICKLE_PER_SECOND).min(RESERVE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn under_total_failure_retries_are_a_share_of_the_calls() {
        let now = Instant::now();
        let mut budget = Budget::new(0.2, now);
        let mut retries = 0;
        for _ in 0..1_000 {
            budget.pay_in(now);
            while budget.take(now) {
                retries += 1;
            }
        }
        assert!((200..=211).contains(&retries), "{retries} retries for 1000 calls");
    }

    #[test]
    fn an_empty_budget_fills_with_time() {
        let now = Instant::now();
        let mut budget = Budget::new(0.2, now);
        while budget.take(now) {}
        assert!(!budget.take(now + Duration::from_millis(500)));
        assert!(budget.take(now + Duration::from_millis(1_100)));
    }
}
