//! The life of a login: when it is renewed, and when there has to be another one.
//!
//! Pure: functions of (state, input, now).

use std::time::{Duration, Instant};

use trunkline_backoff::Backoff;

/// A login is renewed when this share of its life is over, or up to a sixth of its life later.
const RENEWAL_SHARE: f64 = 0.5;
/// Between attempts after one that failed.
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
/// A login that is refused so soon after it was granted is hardly ended: another one would be refused as well.
const YOUNG: Duration = Duration::from_secs(10);

/// What is to be done before a login is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Use,
    /// It is renewed.
    Renew,
    /// There has to be another one. The old one may be used until it ends, should none be had.
    LogIn,
}

/// The life of a login.
#[derive(Debug)]
pub(super) struct TokenLife {
    granted: Instant,
    /// What it was granted for; `None` for ever.
    first_life: Option<Duration>,
    expires: Option<Instant>,
    /// When something is to be done about it.
    due: Option<Instant>,
    renewable: bool,
    failed_in_a_row: u32,
}

// === impl TokenLife ===

impl TokenLife {
    /// A login that was asked for now; `random` lies between 0 and 1.
    pub(super) fn granted(life: Option<Duration>, renewable: bool, asked: Instant, random: f64) -> Self {
        let mut begun = Self {
            granted: asked,
            first_life: life,
            expires: None,
            due: None,
            renewable,
            failed_in_a_row: 0,
        };
        begun.lives(life, asked, random);
        begun
    }

    /// What is to be done now.
    pub(super) fn next(&self, now: Instant) -> Step {
        match self.due {
            _ if self.has_ended(now) => Step::LogIn,
            Some(due) if due <= now && self.renewable => Step::Renew,
            Some(due) if due <= now => Step::LogIn,
            _ => Step::Use,
        }
    }

    /// When something is to be done; `None` for never.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it can be used no more.
    pub(super) fn has_ended(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// It was renewed, which was asked for now. Where it lives less than half as long as at first, it comes to the end
    /// of all its renewals: next time there is another login.
    pub(super) fn renewed(&mut self, life: Option<Duration>, renewable: bool, asked: Instant, random: f64) {
        // A login that had an end has one: what is left of it can be less than the second in which it is told.
        let life = self.first_life.map(|_| life.unwrap_or_default());
        let shorter = |first: Duration| life.is_some_and(|life| life < first / 2);
        self.renewable = renewable && !self.first_life.is_some_and(shorter);
        self.lives(life, asked, random);
    }

    /// It is not renewed: there has to be another one.
    pub(super) fn renewal_refused(&mut self, now: Instant) {
        self.renewable = false;
        self.due = Some(now);
    }

    /// Nobody answered, or no other login is to be had; `random` lies between 0 and 1.
    pub(super) fn failed(&mut self, now: Instant, random: f64) {
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        self.due = Some(now + RETRY.equal_jitter(self.failed_in_a_row, random));
    }

    /// Whether the last attempt failed, and the next one may be waited for.
    pub(super) fn is_failing(&self) -> bool {
        self.failed_in_a_row > 0
    }

    /// Whether a refusal may mean that it was ended before its time.
    pub(super) fn may_be_revoked(&self, now: Instant) -> bool {
        now >= self.granted + YOUNG
    }

    fn lives(&mut self, life: Option<Duration>, asked: Instant, random: f64) {
        self.failed_in_a_row = 0;
        self.expires = life.map(|life| asked + life);
        let share = RENEWAL_SHARE + random.clamp(0.0, 1.0) / 6.0;
        // Not without end where next to nothing is left.
        self.due = life.map(|life| asked + life.mul_f64(share).max(RETRY.bound(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(now: Instant, seconds: u64) -> Instant {
        now + Duration::from_secs(seconds)
    }

    #[test]
    fn a_login_is_renewed_in_time_and_replaced_when_its_renewals_come_to_an_end() {
        let now = Instant::now();
        let mut life = TokenLife::granted(Some(HOUR), true, now, 0.0);
        assert_eq!((life.next(at(now, 1_799)), life.next(at(now, 1_800))), (Step::Use, Step::Renew));
        life.renewed(Some(HOUR), true, at(now, 1_800), 1.0);
        assert_eq!((life.next(at(now, 4_199)), life.next(at(now, 4_200))), (Step::Use, Step::Renew));
        life.renewed(Some(Duration::from_secs(1_000)), true, at(now, 4_200), 0.0);
        assert_eq!((life.next(at(now, 4_699)), life.next(at(now, 4_700))), (Step::Use, Step::LogIn));
        assert!(!life.has_ended(at(now, 5_199)) && life.has_ended(at(now, 5_200)));
        life.renewed(None, true, at(now, 4_700), 0.0);
        assert_eq!(life.next(at(now, 4_700)), Step::LogIn, "less than a second is left");
    }

    #[test]
    fn what_cannot_be_renewed_is_replaced_and_what_has_no_end_is_left_alone() {
        let now = Instant::now();
        let batch = TokenLife::granted(Some(HOUR), false, now, 0.0);
        assert_eq!((batch.next(at(now, 1_799)), batch.next(at(now, 1_800))), (Step::Use, Step::LogIn));
        let root = TokenLife::granted(None, false, now, 0.0);
        assert_eq!((root.next(at(now, 1 << 30)), root.due()), (Step::Use, None));
        let mut refused = TokenLife::granted(Some(HOUR), true, now, 0.0);
        refused.renewal_refused(at(now, 1_800));
        assert_eq!(refused.next(at(now, 1_800)), Step::LogIn);
    }

    #[test]
    fn while_nobody_answers_it_is_tried_less_and_less_often_and_the_login_is_used_to_its_end() {
        let now = Instant::now();
        let mut life = TokenLife::granted(Some(Duration::from_secs(120)), true, now, 0.0);
        let mut tried = Vec::new();
        for second in 0..121 {
            if life.next(at(now, second)) != Step::Use {
                tried.push((second, life.next(at(now, second))));
                life.failed(at(now, second), 1.0);
            }
        }
        let renewals = [60, 61, 63, 67, 75, 91].map(|second| (second, Step::Renew));
        assert!(life.is_failing());
        assert_eq!((&tried[..6], tried[6]), (&renewals[..], (120, Step::LogIn)));
    }

    #[test]
    fn a_refusal_right_after_a_login_is_none_of_the_login() {
        let now = Instant::now();
        let life = TokenLife::granted(None, false, now, 0.0);
        assert!(!life.may_be_revoked(at(now, 9)) && life.may_be_revoked(at(now, 10)));
    }
}
