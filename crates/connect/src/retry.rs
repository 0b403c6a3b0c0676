//! Whether and when a call that failed is tried again, by what its attempts came to.
//!
//! Pure: functions of (state, input).

use std::time::Duration;

use trunkline_backoff::Backoff;
use trunkline_config::Retry;

/// So many tokens that were refused end a call.
const TOKENS_MAX: u32 = 5;

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
    /// The token was refused; another one is there after this wait.
    Token(Duration),
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
    refused_tokens: u32,
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
            Cause::Token(wait) => self.after_refused_token(wait),
            // The pause is the limiter's; an endpoint that limits is not failing, so no budget is used up.
            Cause::RateLimited => self.within(retry, Duration::ZERO, false),
            Cause::Locked | Cause::Unavailable(_) => {
                self.failures += 1;
                let wait = Backoff::new(retry.base, retry.cap).full_jitter(self.failures, random);
                self.within(retry, wait, true)
            }
        }
    }

    /// Whether token after token was refused, and no other is tried.
    pub(crate) fn tokens_are_used_up(&self) -> bool {
        self.refused_tokens >= TOKENS_MAX
    }

    /// The first refusal only says that a token has ended, so the call goes on as soon as there is another:
    /// most callers have no second to wait. Where new ones are refused as well, the wait is that of all
    /// callers.
    fn after_refused_token(&mut self, wait: Duration) -> Then {
        self.refused_tokens += 1;
        if self.tokens_are_used_up() { Then::GiveUp } else { Then::Again { wait, budgeted: false } }
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

    const AT_ONCE: Cause = Cause::Token(Duration::ZERO);

    #[test]
    fn after_a_refused_token_a_call_goes_on_when_there_is_another_and_ends_after_the_fifth() {
        let wait = |seconds| Cause::Token(Duration::from_secs(seconds));
        let (steps, progress) = run(&[AT_ONCE, wait(1), wait(2), wait(60), wait(1)], Repeat::Always);
        let expected = [0, 1_000, 2_000, 60_000].map(|milliseconds| again(milliseconds, false));
        assert_eq!((&steps[..4], steps[4]), (&expected[..], Then::GiveUp));
        assert!(progress.tokens_are_used_up());
    }

    #[test]
    fn a_refused_token_has_no_effect_and_is_repeated_for_every_kind_of_request() {
        for repeat in [Repeat::Always, Repeat::OnceAnswered, Repeat::OnlyWithoutEffect] {
            let (steps, progress) = run(&[AT_ONCE, Cause::Unavailable(Effect::None), AT_ONCE], repeat);
            assert_eq!((steps[0], steps[2]), (again(0, false), again(0, false)));
            assert!(!progress.sent && !progress.tokens_are_used_up());
        }
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
