//! What follows from how transactions went: how long to wait after those that went wrong, and when to give
//! up. A function of what happened and when.

use std::time::Duration;

use trunkline_backoff::Backoff;
use trunkline_kafka::{Ended, TransactionError};

/// Waits after failures in a row.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));

/// How long an instance that was fenced, or gets no producer, watches its membership before it tries again, in
/// milliseconds: longer than a heartbeat interval (3 s), after which it knows that another instance bears its name now.
const STANDBY_MS: i64 = 5_000;

/// Fencings within [`FENCINGS_WITHIN_MS`] after which the process gives up.
const FENCINGS_LIMIT: usize = 3;

/// See [`FENCINGS_LIMIT`]: 5 minutes.
const FENCINGS_WITHIN_MS: i64 = 5 * 60_000;

/// What to do after a transaction.
#[derive(Debug)]
pub(super) enum Next {
    /// It took effect: apply it to state.
    Apply,
    /// It took no effect: go back to what is committed, then wait.
    Rewind(Duration),
    /// Nobody knows, and others wait: process nothing until the change of assignment is over.
    StepAside,
    /// Nobody knows: replace the producer and restore, then wait.
    StartAgain(Duration),
    /// Another producer has our name.
    Fenced(TransactionError),
}

/// What went wrong lately.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// The brokers did not answer last time.
    unreachable: bool,
    failures_in_a_row: u32,
    fencings: Vec<i64>,
    standby_until: Option<i64>,
}

// === impl Recovery ===

impl Recovery {
    /// What to do after a transaction that ended so. `changing` says that a change of assignment waits for it.
    pub(super) fn after(&mut self, ended: Ended, changing: bool) -> Next {
        match ended {
            Ended::Committed => {
                self.failures_in_a_row = 0;
                Next::Apply
            }
            Ended::Aborted => Next::Rewind(self.failed()),
            Ended::Indeterminate if changing => {
                self.failed();
                Next::StepAside
            }
            Ended::Indeterminate => Next::StartAgain(self.failed()),
            Ended::Fenced(error) => Next::Fenced(error),
        }
    }

    /// The brokers do not answer. True if they did the last time.
    pub(super) fn lost_brokers(&mut self) -> bool {
        !std::mem::replace(&mut self.unreachable, true)
    }

    /// The brokers answer again.
    pub(super) fn found_brokers(&mut self) {
        self.unreachable = false;
    }

    /// Whether the brokers did not answer the last time.
    pub(super) fn is_unreachable(&self) -> bool {
        self.unreachable
    }

    /// A transaction failed; how long to wait before the next.
    fn failed(&mut self) -> Duration {
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        BACKOFF.bound(self.failures_in_a_row)
    }

    /// Another producer has, or had, our transactional id. The sink ends at the first fencing. Here all effects are in
    /// the transaction, which a fenced producer cannot commit: going on costs nothing, and ending would restore state.
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
        let mut recovery = Recovery::default();
        let waits: Vec<u128> = (0..9).map(|_| recovery.failed().as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert!(matches!(recovery.after(Ended::Committed, false), Next::Apply));
        assert!(
            matches!(recovery.after(Ended::Aborted, false), Next::Rewind(wait) if wait == BACKOFF.bound(1))
        );
    }

    #[test]
    fn one_fencing_is_waited_out_and_a_fight_is_not() {
        let mut recovery = Recovery::default();
        assert!(recovery.fenced(fencing(), 0).is_ok() && recovery.is_on_standby());
        assert!(!recovery.standby_ends(STANDBY_MS - 1));
        assert!(recovery.standby_ends(STANDBY_MS) && !recovery.is_on_standby());
        assert!(recovery.fenced(fencing(), 10_000).is_ok());
        assert!(recovery.fenced(fencing(), FENCINGS_WITHIN_MS).is_ok(), "the first is forgotten");
        assert!(recovery.fenced(fencing(), FENCINGS_WITHIN_MS + 1).is_err());
    }

    #[test]
    fn while_a_change_of_assignment_waits_nothing_is_settled() {
        let mut recovery = Recovery::default();
        assert!(matches!(recovery.after(Ended::Indeterminate, true), Next::StepAside));
        assert!(matches!(recovery.after(Ended::Indeterminate, false), Next::StartAgain(_)));
        assert!(matches!(recovery.after(Ended::Fenced(fencing()), true), Next::Fenced(_)));
    }
}
