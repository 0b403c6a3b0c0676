//! What to do with one command: the decision table of the sink.
//!
//! Pure: [`turn`] says what to do when a command's turn comes, [`answered`] what an answer means. Both only look at
//! the [`Terms`] of the command, its [`Progress`] so far and the time, so the table can be tested edge by edge.
//!
//! A command is *indeterminate* when a write may have taken effect without our knowing: it was read again after an
//! assignment, or an answer never came. An indeterminate command reads the resource back before it does anything else.
//!
//! # Whose failure it is
//!
//! A target that is down must kill no command, and a command that its target cannot do must not be tried for ever. A
//! failure is the command's own when the target's breaker is closed, or when the target has served other commands
//! since the one before it: then it is at work, and the breaker is open because of this very command. Own failures are
//! counted, and the [`FAILURES_MAX`]th ends the command. While nothing is served to anybody nothing is counted: then
//! only the command's [`Expiry`] ends it.

use std::time::Duration;

use trunkline_backoff::Backoff;
use trunkline_schemas::error_codes;
use trunkline_systems::Guarantee;

use crate::answer::{Answer, Failure, FailureKind, Health};
use crate::ending::Ending;

/// What is fixed for a command from the moment it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What the target promises for the operation.
    pub guarantee: Guarantee,
    /// Everything but the write.
    pub observe: bool,
    /// When it is no longer tried.
    pub expiry: Expiry,
    /// The longest that one request may live, in milliseconds: so long a lost one may still take effect.
    pub request_lifetime_ms: i64,
}

/// When a command is no longer tried; every command has such a time, so that none waits for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// From then on nothing more is written; UTC milliseconds.
    pub at_ms: i64,
    /// From then on it is not even asked any more whether a write took effect; UTC milliseconds.
    pub give_up_at_ms: i64,
    /// Nobody said that it is not worth doing after that: the sink's own bound says so, and a person decides.
    pub by_default: bool,
}

/// How a target stands when an answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Its breaker after the answer.
    pub health: Health,
    /// It has served other commands since this one's last failure, or since its first call.
    pub serves_others: bool,
}

/// How far a command has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// A write may have taken effect without our knowing.
    pub indeterminate: bool,
    /// Attempts that reached the network.
    pub attempts: u32,
    /// Conflicts so far.
    pub conflicts: u32,
    /// Failures that were the command's own, not those of a target that is down.
    pub failures: u32,
    /// What the last failure of a write said, with its HTTP status where there was an answer.
    pub last_failure: Option<(String, Option<u16>)>,
}

/// One thing to do at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Write what the command asks.
    Write,
    /// Read the resource back and compare.
    Read,
}

/// What comes next for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Do this now, or as soon as there is room.
    Do(Step),
    /// Its turn comes again at this time (UTC milliseconds); other resources go on.
    Wait(i64),
    /// The target asked for time, or refused unheard: all its commands wait until this time (UTC milliseconds).
    WaitForTarget(i64),
    /// This is the end.
    End(Ending),
}

/// Conflicts after which a command gives up.
pub const CONFLICTS_MAX: u32 = 5;

/// Own failures after which a command is dead. With [`backoff_ms`] the last comes about 90 s after the first; where
/// each of them opens the breaker, so many of its times (`open_for`, 30 s) after it.
pub const FAILURES_MAX: u32 = 8;

/// Waits after failures of its own.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// Wait after a conflict: the other writer is done by then.
const CONFLICT_WAIT_MS: i64 = 200;

/// Wait where the target does not say how long.
const TARGET_WAIT_MS: i64 = 5_000;

/// Wait after a failure of which it is not known whose it is; the breaker's time, where it is open, is longer.
const UNSURE_WAIT_MS: i64 = 1_000;

// === impl Expiry ===

impl Expiry {
    /// Of a command that was issued at `issued_at_ms` and expires at `expires_at_ms` (UTC milliseconds), if its rule
    /// said so, else `default_ms` after it was issued. What may have happened is found out for as long again.
    pub fn of(expires_at_ms: Option<i64>, issued_at_ms: i64, default_ms: i64) -> Self {
        let at_ms = expires_at_ms.unwrap_or(issued_at_ms.saturating_add(default_ms));
        let give_up_at_ms = at_ms.saturating_add(default_ms);
        Self { at_ms, give_up_at_ms, by_default: expires_at_ms.is_none() }
    }
}

/// What the command does next, as long as it is not too late.
pub fn step(terms: &Terms, progress: &Progress) -> Step {
    if terms.observe || progress.indeterminate { Step::Read } else { Step::Write }
}

/// What to do when the command's turn comes.
pub fn turn(terms: &Terms, progress: &Progress, now_ms: i64) -> Next {
    let expiry = terms.expiry;
    // What may have happened is found out even if it is too late to do it. An observed command has written nothing,
    // however often it was read.
    let in_doubt = progress.indeterminate && !terms.observe;
    if in_doubt && expiry.give_up_at_ms <= now_ms {
        let message = "whether the write took effect is unknown, and the resource could not be read back for too long; \
                       look at the resource, then redrive or drop it";
        return Next::End(Ending::dead(error_codes::WRITE_DEAD_LETTERED, message.to_owned(), None));
    }
    if !in_doubt && expiry.at_ms <= now_ms {
        return Next::End(Ending::expired(expiry.by_default));
    }
    Next::Do(step(terms, progress))
}

/// What an answer to `step` means.
pub fn answered(
    terms: &Terms,
    progress: &mut Progress,
    step: Step,
    answer: &Answer,
    condition: Condition,
    now_ms: i64,
) -> Next {
    match (step, answer) {
        (_, Answer::Written { status }) => Next::End(Ending::applied(*status)),
        (_, Answer::Same) if terms.observe => Next::End(Ending::observed("{}".to_owned())),
        (_, Answer::Same) => Next::End(Ending::already_applied()),
        (_, Answer::Different { difference }) if terms.observe => {
            Next::End(Ending::observed(difference.clone()))
        }
        (_, Answer::Different { .. }) => not_in_effect(terms, progress, now_ms),
        (step, Answer::Failed(failure)) => failed(terms, progress, step, failure, condition, now_ms),
    }
}

/// The wait before trial `failures + 1`, in milliseconds.
pub fn backoff_ms(failures: u32) -> i64 {
    i64::try_from(BACKOFF.bound(failures).as_millis()).unwrap_or(i64::MAX)
}

/// The resource was read back and is not as asked: whatever was sent did not take effect, or was overwritten.
fn not_in_effect(terms: &Terms, progress: &mut Progress, now_ms: i64) -> Next {
    if terms.guarantee == Guarantee::Unsafe {
        let message = "whether the write took effect is unknown and writing again could do harm; look at the resource, \
                       then redrive or drop it";
        return Next::End(Ending::dead(error_codes::WRITE_DEAD_LETTERED, message.to_owned(), None));
    }
    if progress.failures >= FAILURES_MAX {
        return Next::End(used_up(progress));
    }
    progress.indeterminate = false;
    turn(terms, progress, now_ms)
}

fn failed(
    terms: &Terms,
    progress: &mut Progress,
    step: Step,
    failure: &Failure,
    condition: Condition,
    now_ms: i64,
) -> Next {
    let target_wait = || {
        let wait = failure.retry_after_ms.or(condition.health.open_for_ms()).unwrap_or(TARGET_WAIT_MS);
        now_ms.saturating_add(wait.max(1))
    };
    match failure.kind {
        // Refused before anything was done: the target must wait, the command has done nothing.
        FailureKind::BreakerOpen => Next::WaitForTarget(target_wait()),
        // Others are served: only this command is refused, and only it waits. A limit is none of its failures, however
        // often it is refused: only its time ends it.
        FailureKind::RateLimited if condition.serves_others => Next::Wait(target_wait()),
        FailureKind::Unauthorized if condition.serves_others => {
            unavailable(terms, progress, step, failure, condition, now_ms)
        }
        FailureKind::RateLimited | FailureKind::Unauthorized => Next::WaitForTarget(target_wait()),
        FailureKind::Conflict if step == Step::Write => conflict(progress, failure, now_ms),
        FailureKind::Rejected if step == Step::Write => Next::End(Ending::rejected(failure)),
        FailureKind::Rejected if terms.observe => Next::End(Ending::rejected(failure)),
        // It cannot be read back, which says nothing of the write: decide by what the operation promises.
        FailureKind::Rejected => not_in_effect(terms, progress, now_ms),
        FailureKind::Conflict | FailureKind::Unavailable | FailureKind::Timeout => {
            unavailable(terms, progress, step, failure, condition, now_ms)
        }
    }
}

fn conflict(progress: &mut Progress, failure: &Failure, now_ms: i64) -> Next {
    progress.conflicts += 1;
    if progress.conflicts >= CONFLICTS_MAX {
        return Next::End(Ending::conflict(failure));
    }
    Next::Wait(now_ms.saturating_add(CONFLICT_WAIT_MS))
}

/// The target did not do it, or did not say. Whose failure it is says the module's documentation: one of a target that
/// is down is waited out.
fn unavailable(
    terms: &Terms,
    progress: &mut Progress,
    step: Step,
    failure: &Failure,
    condition: Condition,
    now_ms: i64,
) -> Next {
    let on_its_way = step == Step::Write && failure.sent;
    let down_ms = condition.health.open_for_ms().unwrap_or(0);
    let is_own = condition.health == Health::Well || condition.serves_others;
    let wait_ms = if is_own {
        progress.failures += 1;
        backoff_ms(progress.failures).max(down_ms)
    } else {
        down_ms.max(UNSURE_WAIT_MS)
    };
    if step == Step::Write {
        progress.last_failure = Some((failure.message.clone(), failure.status));
    }
    if on_its_way {
        // While it lives it may take effect: nothing else may be done to the resource, not even giving up.
        progress.indeterminate = true;
        return Next::Wait(now_ms.saturating_add(wait_ms.max(terms.request_lifetime_ms)));
    }
    if progress.failures >= FAILURES_MAX {
        let (message, status) = (failure.message.clone(), failure.status);
        return Next::End(Ending::dead(error_codes::WRITE_DEAD_LETTERED, message, status));
    }
    Next::Wait(now_ms.saturating_add(wait_ms))
}

/// The end of a command whose last write may have been answered, but not with success.
fn used_up(progress: &Progress) -> Ending {
    let (message, status) = progress.last_failure.clone().unwrap_or_default();
    let message = format!("none of {} writes took effect; the last: {message}", progress.failures);
    Ending::dead(error_codes::WRITE_DEAD_LETTERED, message, status)
}

#[cfg(test)]
mod tests;
