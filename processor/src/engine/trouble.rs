//! How long to wait after transactions that went wrong, and when to give up. A function of what happened and when.

use std::time::Duration;

use trunkline_kafka::TransactionError;

/// After the first failure in a row; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// No longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long an instance that was fenced, or gets no producer, watches its membership before it tries again, in
/// milliseconds: longer than a heartbeat interval (3 s), which is when it hears that another bears its name now.
const STANDBY_MS: i64 = 5_000;

/// Fencings within [`FENCINGS_WITHIN_MS`] after which the process gives up.
const FENCINGS_LIMIT: usize = 3;

/// See [`FENCINGS_LIMIT`]: 5 minutes.
const FENCINGS_WITHIN_MS: i64 = 5 * 60_000;

/// What went wrong lately.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failures_in_a_row: u32,
    fencings: Vec<i64>,
    standby_until: Option<i64>,
}

// === impl Trouble ===

impl Trouble {
    /// A transaction was committed.
    pub(super) fn succeeded(&mut self) {
        self.failures_in_a_row = 0;
    }

    /// A transaction failed; how long to wait before the next.
    pub(super) fn failed(&mut self) -> Duration {
        let doublings = self.failures_in_a_row.min(16);
        self.failures_in_a_row += 1;
        FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
    }

    /// Another producer has, or had, our transactional id.
    ///
    /// # Errors
    /// The error itself when this happened too often: two processes fight over one name.
    pub(super) fn fenced(&mut self, error: TransactionError, now: i64) -> Result<(), TransactionError> {
        self.fencings.retain(|at| now - at < FENCINGS_WITHIN_MS);
        self.fencings.push(now);
        if self.fencings.len() >= FENCINGS_LIMIT {
            return Err(error);
        }
        self.stand_by(now);
        Ok(())
    }

    /// Nothing can be done for a while.
    pub(super) fn stand_by(&mut self, now: i64) {
        self.stand_by_until(now + STANDBY_MS);
    }

    /// Nothing can be done until then.
    pub(super) fn stand_by_until(&mut self, until: i64) {
        self.standby_until = Some(until);
    }

    /// Whether nothing may be done but watching the membership.
    pub(super) fn is_on_standby(&self) -> bool {
        self.standby_until.is_some()
    }

    /// Whether the standby is over now; true once.
    pub(super) fn standby_ends(&mut self, now: i64) -> bool {
        let ends = self.standby_until.is_some_and(|until| until <= now);
        if ends {
            self.standby_until = None;
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fencing() -> TransactionError {
        TransactionError::Fenced { what: "commit", id: "p".to_owned(), reason: "epoch".to_owned() }
    }

    #[test]
    fn waits_double_until_something_succeeds() {
        let mut trouble = Trouble::default();
        let waits: Vec<u128> = (0..9).map(|_| trouble.failed().as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        trouble.succeeded();
        assert_eq!(trouble.failed(), FIRST_WAIT);
    }

    #[test]
    fn one_fencing_is_waited_out_and_a_fight_is_not() {
        let mut trouble = Trouble::default();
        assert!(trouble.fenced(fencing(), 0).is_ok() && trouble.is_on_standby());
        assert!(!trouble.standby_ends(STANDBY_MS - 1));
        assert!(trouble.standby_ends(STANDBY_MS) && !trouble.is_on_standby());
        assert!(trouble.fenced(fencing(), 10_000).is_ok());
        assert!(trouble.fenced(fencing(), FENCINGS_WITHIN_MS).is_ok(), "the first is forgotten");
        assert!(trouble.fenced(fencing(), FENCINGS_WITHIN_MS + 1).is_err());
    }
}
