//! What to do with one command: the decision table of the sink.
//!
//! Pure: [`turn`] says what to do when a command's turn comes, [`answered`] what an answer means. Both only look at
//! the [`Terms`] of the command, its [`Progress`] so far and the time, so the table can be tested edge by edge.
//!
//! A command is *indeterminate* when a write may have taken effect without our knowing: it was read again after an
//! assignment, or an answer never came. An indeterminate command reads the resource back before it does anything else.

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
    /// When it is no longer worth doing; UTC milliseconds.
    pub expires_at_ms: Option<i64>,
    /// The longest that one request may live, in milliseconds: so long a lost one may still take effect.
    pub request_lifetime_ms: i64,
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
}

/// One thing to do at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Own failures after which a command is dead. With [`backoff_ms`] the last comes about 90 s after the first.
pub const FAILURES_MAX: u32 = 8;

/// Waits after failures of its own.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// Wait after a conflict: the other writer is done by then.
const CONFLICT_WAIT_MS: i64 = 200;

/// Wait where the target does not say how long.
const TARGET_WAIT_MS: i64 = 5_000;

/// What to do when the command's turn comes.
pub fn turn(terms: &Terms, progress: &Progress, now_ms: i64) -> Next {
    match (progress.indeterminate, terms.observe) {
        // An observed command has written nothing, however often it was read.
        (_, true) if expired(terms, now_ms) => Next::End(Ending::expired()),
        (_, true) => Next::Do(Step::Read),
        // What may have happened is found out even if it is too late to do it.
        (true, false) => Next::Do(Step::Read),
        (false, false) if expired(terms, now_ms) => Next::End(Ending::expired()),
        (false, false) => Next::Do(Step::Write),
    }
}

/// What an answer to `step` means. `health` is the target's breaker after the answer.
pub fn answered(
    terms: &Terms,
    progress: &mut Progress,
    step: Step,
    answer: &Answer,
    health: Health,
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
        (step, Answer::Failed(failure)) => failed(terms, progress, step, failure, health, now_ms),
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
        let message = "no write was answered, and none took effect";
        return Next::End(Ending::dead(error_codes::WRITE_DEAD_LETTERED, message.to_owned(), None));
    }
    progress.indeterminate = false;
    turn(terms, progress, now_ms)
}

fn failed(
    terms: &Terms,
    progress: &mut Progress,
    step: Step,
    failure: &Failure,
    health: Health,
    now_ms: i64,
) -> Next {
    let target_wait = || {
        let wait = failure.retry_after_ms.or(health.open_for_ms()).unwrap_or(TARGET_WAIT_MS);
        Next::WaitForTarget(now_ms.saturating_add(wait.max(1)))
    };
    match failure.kind {
        // Refused before anything was done: the target must wait, the command has done nothing.
        FailureKind::BreakerOpen | FailureKind::RateLimited | FailureKind::Unauthorized => target_wait(),
        FailureKind::Conflict if step == Step::Write => conflict(progress, failure, now_ms),
        FailureKind::Rejected if step == Step::Write => Next::End(Ending::rejected(failure)),
        FailureKind::Rejected if terms.observe => Next::End(Ending::rejected(failure)),
        // It cannot be read back, which says nothing of the write: decide by what the operation promises.
        FailureKind::Rejected => not_in_effect(terms, progress, now_ms),
        FailureKind::Conflict | FailureKind::Unavailable | FailureKind::Timeout => {
            unavailable(terms, progress, step, failure, health, now_ms)
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

/// The target did not do it, or did not say. If it can still be called it is well, and the failure is the
/// command's own; otherwise it is down and the command just waits.
fn unavailable(
    terms: &Terms,
    progress: &mut Progress,
    step: Step,
    failure: &Failure,
    health: Health,
    now_ms: i64,
) -> Next {
    let on_its_way = step == Step::Write && failure.sent;
    let wait_ms = match health {
        Health::Open { for_ms } => for_ms.max(1),
        Health::Well => {
            progress.failures += 1;
            backoff_ms(progress.failures)
        }
    };
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

fn expired(terms: &Terms, now_ms: i64) -> bool {
    terms.expires_at_ms.is_some_and(|at| at <= now_ms)
}

#[cfg(test)]
mod tests;
