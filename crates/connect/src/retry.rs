//! Whether and when a call that failed is tried again, by what its attempts came to.
//!
//! Pure: functions of (state, input).

use std::time::Duration;

use trunkline_backoff::Backoff;
use trunkline_config::Retry;

use crate::token::WAITS;

/// Whether a request may be sent again when it is not known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Always: it only reads.
    Always,
    /// When it was answered: doing it twice is the same as doing it once, but not while the first may still
    /// be under way. Two writes of one resource must never be in flight side by side, and a late first one
    /// could undo what came after it.
    OnceAnswered,
    /// Only when it surely had no effect.
    OnlyWithoutEffect,
}

/// What is known of a failed attempt's effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It had none: it never left.
    None,
    /// It ended, with or without effect.
    Ended,
    /// It may still be under way.
    Unknown,
}

/// What went wrong with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The token was refused; `news` when nobody had noticed before.
    Token { news: bool },
    /// Too many calls; the limiter pauses.
    RateLimited,
    /// Someone holds the resource for a moment.
    Locked,
    /// The system cannot answer.
    Unavailable(Effect),
    /// Another attempt would end the same.
    Final,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Try again after this wait; takes from the retry budget when `budgeted`.
    Again { wait: Duration, budgeted: bool },
    /// Give up.
    GiveUp,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Attempts that reached the network.
    pub(crate) attempts: u32,
    /// An attempt may have taken effect.
    pub(crate) sent: bool,
    refused_tokens: usize,
    failures: u32,
}

// === impl Repeat ===

impl Repeat {
    fn allows(self, effect: Effect) -> bool {
        match self {
            Self::Always => true,
            Self::OnceAnswered => effect != Effect::Unknown,
            Self::OnlyWithoutEffect => effect == Effect::None,
        }
    }
}

// === impl Progress ===

impl Progress {
    /// Whether there is another attempt; `random` lies between 0 and 1.
    pub(crate) fn after(&mut self, cause: Cause, repeat: Repeat, retry: &Retry, random: f64) -> Then {
        if let Cause::Unavailable(effect) = cause {
            self.sent |= effect != Effect::None;
            if !repeat.allows(effect) {
                return Then::GiveUp;
            }
        }
        match cause {
            Cause::Final => Then::GiveUp,
            Cause::Token { news } => self.after_refused_token(news),
            // The pause is the limiter's; an endpoint that limits is not failing, so no budget is used up.
            Cause::RateLimited => self.within(retry, Duration::ZERO, false),
            Cause::Locked | Cause::Unavailable(_) => {
                self.failures += 1;
                let wait = Backoff::new(retry.base, retry.cap).full_jitter(self.failures, random);
                self.within(retry, wait, true)
            }
        }
    }

    /// Whether token after token was refused.
    pub(crate) fn tokens_are_used_up(&self) -> bool {
        self.refused_tokens >= WAITS.len()
    }

    // A token that was already replaced is no reason to wait; one that was thought good is given time.
    fn after_refused_token(&mut self, news: bool) -> Then {
        let Some(wait) = WAITS.get(self.refused_tokens) else { return Then::GiveUp };
        self.refused_tokens += 1;
        Then::Again { wait: if news { *wait } else { Duration::ZERO }, budgeted: false }
    }

    fn within(&self, retry: &Retry, wait: Duration, budgeted: bool) -> Then {
        if self.attempts < retry.attempts { Then::Again { wait, budgeted } } else { Then::GiveUp }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: f64 = 0.5;

    fn run(causes: &[Cause], repeat: Repeat) -> (Vec<Then>, Progress) {
        let retry = Retry::default();
        let mut progress = Progress::default();
        let steps = causes
            .iter()
            .map(|cause| {
                progress.attempts += 1;
                progress.after(*cause, repeat, &retry, HALF)
            })
            .collect();
        (steps, progress)
    }

    fn again(milliseconds: u64, budgeted: bool) -> Then {
        Then::Again { wait: Duration::from_millis(milliseconds), budgeted }
    }

    #[test]
    fn a_refused_token_is_tried_again_after_one_two_and_four_seconds() {
        let (steps, _) = run(&[Cause::Token { news: true }; 4], Repeat::Always);
        assert_eq!(steps, [again(1_000, false), again(2_000, false), again(4_000, false), Then::GiveUp]);
        let (steps, _) = run(&[Cause::Token { news: false }], Repeat::Always);
        assert_eq!(steps, [again(0, false)]);
    }

    #[test]
    fn an_unavailable_system_is_tried_four_times_with_growing_waits() {
        let (steps, progress) = run(&[Cause::Unavailable(Effect::Unknown); 4], Repeat::Always);
        assert_eq!(steps, [again(100, true), again(200, true), again(400, true), Then::GiveUp]);
        assert!(progress.sent);
    }

    #[test]
    fn what_may_have_taken_effect_is_repeated_only_where_that_is_harmless() {
        use Effect::{Ended, None, Unknown};
        use Repeat::{Always, OnceAnswered, OnlyWithoutEffect};
        for (repeat, repeated) in [
            (Always, &[None, Ended, Unknown][..]),
            (OnceAnswered, &[None, Ended]),
            (OnlyWithoutEffect, &[None]),
        ] {
            for effect in [None, Ended, Unknown] {
                let (steps, progress) = run(&[Cause::Unavailable(effect)], repeat);
                let expected = if repeated.contains(&effect) { again(100, true) } else { Then::GiveUp };
                assert_eq!((steps, progress.sent), (vec![expected], effect != None), "{repeat:?} {effect:?}");
            }
        }
    }

    #[test]
    fn limits_use_no_budget_and_the_end_is_the_end() {
        let (steps, _) = run(&[Cause::RateLimited, Cause::Final], Repeat::Always);
        assert_eq!(steps, [again(0, false), Then::GiveUp]);
    }
}
