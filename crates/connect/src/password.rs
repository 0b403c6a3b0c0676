//! When a password may be sent: one that was refused is left alone for longer and longer.
//!
//! Pure: functions of (state, input, now). A password does not get better by trying, and systems lock a user whose
//! password was wrong a few times in a row (SAP after `login/fails_to_user_lock` attempts, 5 by default), which
//! outlasts the repair. The next call after a wait is the only one until it is answered, and tells whether somebody has
//! set the password right. A password that has changed meanwhile is another one, and is sent at once.

use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;

/// Between attempts with a password that was refused.
const WAITS: Backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(3_600));

/// One password's state.
#[derive(Debug, Default)]
pub(crate) struct Password {
    /// Which of the passwords that its source had one after the other this is about.
    version: u64,
    refused_in_a_row: u32,
    /// Nobody sends it until then.
    held_until: Option<Instant>,
    /// One call tries it after a wait, and is not answered yet.
    tried: bool,
}

// === impl Password ===

impl Password {
    /// Whether a call may send the password of this version now.
    ///
    /// # Errors
    /// Until when none may.
    pub(crate) fn admit(&mut self, version: u64, now: Instant) -> Result<(), Instant> {
        self.follow(version);
        match self.held_until {
            None => Ok(()),
            Some(until) if now < until => Err(until),
            Some(_) => {
                // Should this call get no answer, the next one is let through after the shortest wait.
                self.held_until = Some(now + WAITS.bound(1));
                self.tried = true;
                Ok(())
            }
        }
    }

    /// A call with the password of this version was answered 401; `random` lies between 0 and 1. Returns whether that
    /// is news. Of a password that has been replaced meanwhile it says nothing.
    pub(crate) fn refused(&mut self, version: u64, now: Instant, random: f64) -> bool {
        self.follow(version);
        if version != self.version {
            return false;
        }
        let is_news = self.refused_in_a_row == 0;
        // Calls that were under way together with the first one say nothing more.
        if is_news || self.tried {
            self.tried = false;
            self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
            self.held_until = Some(now + WAITS.equal_jitter(self.refused_in_a_row, random));
        }
        is_news
    }

    /// A call with the password of this version was let in.
    pub(crate) fn accepted(&mut self, version: u64) {
        if version >= self.version {
            *self = Self { version, ..Self::default() };
        }
    }

    fn follow(&mut self, version: u64) {
        if version > self.version {
            *self = Self { version, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_is_wrong_for_a_day_is_sent_less_than_thirty_times() {
        let start = Instant::now();
        let mut password = Password::default();
        let mut sent = Vec::new();
        for second in 0..24 * 3_600 {
            let now = start + Duration::from_secs(second);
            if password.admit(0, now).is_ok() {
                sent.push(second);
                assert_eq!(password.refused(0, now, 1.0), sent.len() == 1, "it is told once");
            }
        }
        assert_eq!(sent[..4], [0, 60, 180, 420]);
        assert_eq!(sent.len(), 29);
    }

    #[test]
    fn after_a_wait_one_call_tries_it_and_the_others_go_on_when_it_was_let_in() {
        let start = Instant::now();
        let mut password = Password::default();
        assert!(password.admit(0, start).is_ok() && password.refused(0, start, 1.0));
        assert!(!password.refused(0, start, 1.0), "of a call that was under way as well");
        let later = start + Duration::from_secs(60);
        assert_eq!(password.admit(0, later - Duration::from_secs(1)), Err(later));
        assert!(password.admit(0, later).is_ok());
        assert_eq!(
            password.admit(0, later),
            Err(later + Duration::from_secs(60)),
            "until the first is answered"
        );
        password.accepted(0);
        assert!((0..9).all(|_| password.admit(0, later).is_ok()));
        assert!(password.refused(0, later, 1.0), "a new story");
    }

    #[test]
    fn a_call_that_gets_no_answer_keeps_the_password_from_nobody() {
        let start = Instant::now();
        let mut password = Password::default();
        password.refused(0, start, 1.0);
        assert!(password.admit(0, start + Duration::from_secs(60)).is_ok());
        assert!(password.admit(0, start + Duration::from_secs(119)).is_err());
        assert!(password.admit(0, start + Duration::from_secs(120)).is_ok());
    }

    #[test]
    fn a_password_that_has_changed_is_sent_at_once_and_late_answers_to_the_old_one_say_nothing_of_it() {
        let start = Instant::now();
        let mut password = Password::default();
        assert!(password.refused(0, start, 1.0));
        assert!(password.admit(0, start).is_err());
        assert_eq!(password.admit(1, start), Ok(()));
        assert!(!password.refused(0, start, 1.0), "of a call that was under way");
        password.accepted(0);
        assert_eq!(password.admit(1, start), Ok(()));
        assert!(password.refused(1, start, 1.0), "the new one is wrong as well, and that is news");
        assert!(password.admit(1, start).is_err());
    }
}
