//! The table, edge by edge: (promise, doubt, mode, step, answer, target) → what comes next.

use trunkline_schemas::Outcome::{
    self, AlreadyApplied, Applied, Conflict, Dead, Expired, Observed, Rejected,
};
use trunkline_systems::Guarantee::{Absolute, Conditional, IdempotencyKey, Unsafe};

use super::*;
use crate::testing::{failure, terms};

const NOW: i64 = 1_000_000;
const HOUR_MS: i64 = 3_600_000;
const WELL: Condition = alone(Health::Well);
const OPEN: Condition = alone(Health::Open { for_ms: 30_000 });

/// Nothing is known of other commands.
const fn alone(health: Health) -> Condition {
    Condition { health, serves_others: false }
}

/// What is worth comparing of a [`Next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Write,
    Read,
    In(i64),
    TargetIn(i64),
    Ends(Outcome),
}
use Then::{Ends, In, Read, TargetIn, Write};

fn then(next: &Next) -> Then {
    match next {
        Next::Do(Step::Write) => Write,
        Next::Do(Step::Read) => Read,
        Next::Wait(until) => In(until - NOW),
        Next::WaitForTarget(until) => TargetIn(until - NOW),
        Next::End(ending) => Ends(ending.outcome),
    }
}

fn fails(kind: FailureKind) -> Answer {
    Answer::Failed(failure(kind, true))
}

fn unsent(kind: FailureKind) -> Answer {
    Answer::Failed(failure(kind, false))
}

fn different() -> Answer {
    Answer::Different { difference: r#"{"a":{"from":1,"to":2}}"#.to_owned() }
}

#[test]
fn what_a_turn_does() {
    for (indeterminate, observe, expired, expected) in [
        (false, false, false, Write),
        (false, false, true, Ends(Expired)),
        (true, false, false, Read),
        // What may have happened is found out even if it is too late.
        (true, false, true, Read),
        (false, true, false, Read),
        (true, true, false, Read),
        (false, true, true, Ends(Expired)),
        (true, true, true, Ends(Expired)),
    ] {
        let expiry = Expiry::of(Some(if expired { NOW } else { NOW + 1 }), 0, HOUR_MS);
        let terms = Terms { observe, expiry, ..terms() };
        let progress = Progress { indeterminate, ..Progress::default() };
        assert_eq!(then(&turn(&terms, &progress, NOW)), expected, "{indeterminate} {observe} {expired}");
    }
}

#[test]
fn what_an_answer_to_a_write_means() {
    use FailureKind::*;
    for (answer, condition, expected, indeterminate) in [
        (Answer::Written { status: 204 }, WELL, Ends(Applied), false),
        (Answer::Written { status: 204 }, OPEN, Ends(Applied), false),
        (fails(Rejected), WELL, Ends(Outcome::Rejected), false),
        (fails(Conflict), WELL, In(200), false),
        // Nothing was done: the target must wait, the command is as it was.
        (unsent(BreakerOpen), OPEN, TargetIn(30_000), false),
        (fails(RateLimited), WELL, TargetIn(5_000), false),
        (fails(Unauthorized), WELL, TargetIn(5_000), false),
        // No answer: the request may still arrive while it lives.
        (fails(Timeout), WELL, In(5_000), true),
        (fails(Unavailable), WELL, In(5_000), true),
        (fails(Timeout), OPEN, In(30_000), true),
        (fails(Unavailable), alone(Health::Open { for_ms: 10 }), In(5_000), true),
        // It never left: no doubt, only a pause.
        (unsent(Timeout), WELL, In(1_000), false),
        (unsent(Unavailable), WELL, In(1_000), false),
        (unsent(Unavailable), OPEN, In(30_000), false),
    ] {
        for guarantee in [Conditional, IdempotencyKey, Absolute, Unsafe] {
            let terms = Terms { guarantee, ..terms() };
            let mut progress = Progress::default();
            let next = answered(&terms, &mut progress, Step::Write, &answer, condition, NOW);
            assert_eq!(then(&next), expected, "{guarantee:?} {answer:?} {condition:?}");
            assert_eq!(progress.indeterminate, indeterminate, "{answer:?} {condition:?}");
        }
    }
}

#[test]
fn what_reading_a_indeterminate_command_back_means() {
    let writes_again = |guarantee| matches!(guarantee, Conditional | IdempotencyKey | Absolute);
    for guarantee in [Conditional, IdempotencyKey, Absolute, Unsafe] {
        let again: Then = if writes_again(guarantee) { Write } else { Ends(Dead) };
        for (answer, condition, expected) in [
            (Answer::Same, WELL, Ends(AlreadyApplied)),
            (different(), WELL, again),
            // It cannot be read: the same as if it were different, by what the operation promises.
            (fails(FailureKind::Rejected), WELL, again),
            (fails(FailureKind::Timeout), WELL, In(1_000)),
            (fails(FailureKind::Conflict), WELL, In(1_000)),
            (fails(FailureKind::Unavailable), OPEN, In(30_000)),
            (unsent(FailureKind::BreakerOpen), OPEN, TargetIn(30_000)),
            (fails(FailureKind::RateLimited), WELL, TargetIn(5_000)),
            (fails(FailureKind::Unauthorized), WELL, TargetIn(5_000)),
        ] {
            let terms = Terms { guarantee, ..terms() };
            let mut progress = Progress { indeterminate: true, ..Progress::default() };
            let next = answered(&terms, &mut progress, Step::Read, &answer, condition, NOW);
            assert_eq!(then(&next), expected, "{guarantee:?} {answer:?} {condition:?}");
            let settled = matches!(expected, Write);
            assert_eq!(progress.indeterminate, !settled, "{guarantee:?} {answer:?} {condition:?}");
        }
    }
}

#[test]
fn what_observing_means() {
    for guarantee in [IdempotencyKey, Unsafe] {
        for indeterminate in [false, true] {
            for (answer, condition, expected) in [
                (Answer::Same, WELL, Ends(Observed)),
                (different(), WELL, Ends(Observed)),
                (fails(FailureKind::Rejected), WELL, Ends(Rejected)),
                (fails(FailureKind::RateLimited), WELL, TargetIn(5_000)),
                (fails(FailureKind::Unavailable), OPEN, In(30_000)),
            ] {
                let terms = Terms { guarantee, observe: true, ..terms() };
                let mut progress = Progress { indeterminate, ..Progress::default() };
                let next = answered(&terms, &mut progress, Step::Read, &answer, condition, NOW);
                assert_eq!(then(&next), expected, "{guarantee:?} {indeterminate} {answer:?}");
            }
        }
    }
}

#[test]
fn an_observed_command_says_what_the_write_would_change() {
    let terms = Terms { observe: true, ..terms() };
    let difference =
        |answer: &Answer| match answered(&terms, &mut Progress::default(), Step::Read, answer, WELL, NOW) {
            Next::End(ending) => ending.difference,
            other => panic!("{other:?}"),
        };
    assert_eq!(difference(&different()).as_deref(), Some(r#"{"a":{"from":1,"to":2}}"#));
    assert_eq!(difference(&Answer::Same).as_deref(), Some("{}"));
}

#[test]
fn a_indeterminate_command_that_is_too_late_ends_expired_once_it_is_known_not_to_have_happened() {
    let terms = Terms { expiry: Expiry::of(Some(NOW), 0, HOUR_MS), ..terms() };
    let mut progress = Progress { indeterminate: true, ..Progress::default() };
    let next = answered(&terms, &mut progress, Step::Read, &different(), WELL, NOW);
    assert_eq!(then(&next), Ends(Expired));
    let mut progress = Progress { indeterminate: true, ..Progress::default() };
    let next = answered(&terms, &mut progress, Step::Read, &Answer::Same, WELL, NOW);
    assert_eq!(then(&next), Ends(AlreadyApplied));
}

#[test]
fn the_target_says_how_long_to_wait() {
    let answer =
        Answer::Failed(Failure { retry_after_ms: Some(42_000), ..failure(FailureKind::RateLimited, true) });
    let next = answered(&terms(), &mut Progress::default(), Step::Write, &answer, WELL, NOW);
    assert_eq!(then(&next), TargetIn(42_000));
}

#[test]
fn conflicts_end_after_the_fifth() {
    let mut progress = Progress::default();
    let ends: Vec<Then> = (0..CONFLICTS_MAX)
        .map(|_| {
            then(&answered(&terms(), &mut progress, Step::Write, &fails(FailureKind::Conflict), WELL, NOW))
        })
        .collect();
    assert_eq!(ends, [In(200), In(200), In(200), In(200), Ends(Conflict)]);
}

#[test]
fn a_command_that_fails_on_a_target_that_is_well_is_dead_after_the_eighth() {
    let mut progress = Progress::default();
    let waits: Vec<Then> = (0..FAILURES_MAX)
        .map(|_| {
            let answer = unsent(FailureKind::Unavailable);
            then(&answered(&terms(), &mut progress, Step::Write, &answer, WELL, NOW))
        })
        .collect();
    let expected =
        [In(1_000), In(2_000), In(4_000), In(8_000), In(16_000), In(30_000), In(30_000), Ends(Dead)];
    assert_eq!(waits, expected);
}

#[test]
fn a_command_is_not_given_up_while_its_request_may_still_take_effect() {
    let mut progress = Progress { failures: FAILURES_MAX - 1, ..Progress::default() };
    let next = answered(&terms(), &mut progress, Step::Write, &fails(FailureKind::Timeout), WELL, NOW);
    assert_eq!(then(&next), In(30_000));
    assert_eq!(then(&turn(&terms(), &progress, NOW)), Read, "first it is read back");
    let next = answered(&terms(), &mut progress, Step::Read, &different(), WELL, NOW);
    assert_eq!(then(&next), Ends(Dead));
}

#[test]
fn a_target_that_is_down_kills_no_command() {
    let mut progress = Progress::default();
    for _ in 0..10 * FAILURES_MAX {
        let next =
            answered(&terms(), &mut progress, Step::Write, &fails(FailureKind::Unavailable), OPEN, NOW);
        assert_eq!(then(&next), In(30_000));
    }
    assert_eq!(progress.failures, 0);
}

/// What this says while the breaker is open and the target serves other commands.
const SERVES_OTHERS: Condition = Condition { health: Health::Open { for_ms: 30_000 }, serves_others: true };

#[test]
fn a_failure_is_the_commands_own_when_the_target_serves_others_though_the_breaker_is_open() {
    for (kind, sent) in
        [(FailureKind::Unavailable, false), (FailureKind::Timeout, false), (FailureKind::Unauthorized, true)]
    {
        let mut progress = Progress::default();
        let answer = Answer::Failed(failure(kind, sent));
        let step = if sent { Step::Read } else { Step::Write };
        let ends: Vec<Then> = (0..FAILURES_MAX)
            .map(|_| then(&answered(&terms(), &mut progress, step, &answer, SERVES_OTHERS, NOW)))
            .collect();
        assert_eq!(ends[..7], [In(30_000); 7], "{kind:?}: not before the breaker lets it through");
        assert_eq!(ends[7], Ends(Dead), "{kind:?}");
    }
}

#[test]
fn a_limit_that_only_one_command_meets_holds_up_only_that_one_and_kills_none() {
    let mut progress = Progress::default();
    for _ in 0..10 * FAILURES_MAX {
        let answer = fails(FailureKind::RateLimited);
        let next = answered(&terms(), &mut progress, Step::Write, &answer, SERVES_OTHERS, NOW);
        assert_eq!(then(&next), In(30_000));
    }
    assert_eq!(progress.failures, 0);
}

#[test]
fn a_probe_that_fails_counts_only_if_others_are_served() {
    for (serves_others, failures) in [(false, 0), (true, 1)] {
        let mut progress = Progress::default();
        let condition = Condition { health: Health::HalfOpen, serves_others };
        let answer = unsent(FailureKind::Unavailable);
        let next = answered(&terms(), &mut progress, Step::Write, &answer, condition, NOW);
        assert_eq!((then(&next), progress.failures), (In(1_000), failures));
    }
}

#[test]
fn a_dead_command_says_what_its_last_write_was_answered() {
    let mut progress = Progress { failures: FAILURES_MAX - 1, ..Progress::default() };
    let answer = Answer::Failed(Failure { status: Some(500), ..failure(FailureKind::Unavailable, true) });
    answered(&terms(), &mut progress, Step::Write, &answer, SERVES_OTHERS, NOW);
    let next = answered(&terms(), &mut progress, Step::Read, &different(), WELL, NOW);
    let Next::End(ending) = next else { panic!("{next:?}") };
    assert_eq!((ending.outcome, ending.http_status), (Dead, Some(500)));
    assert!(ending.message.unwrap().ends_with("it failed"));
}

#[test]
fn every_command_ends_though_its_target_never_comes_back() {
    // (its rule's time, in doubt, when it ends, how)
    for (expires_at, indeterminate, ends_at, outcome, kept) in [
        (None, false, HOUR_MS, Expired, true),
        (Some(NOW), false, NOW, Expired, false),
        (None, true, 2 * HOUR_MS, Dead, true),
        (Some(NOW), true, NOW + HOUR_MS, Dead, true),
    ] {
        let terms = Terms { expiry: Expiry::of(expires_at, 0, HOUR_MS), ..terms() };
        let progress = Progress { indeterminate, ..Progress::default() };
        assert!(matches!(turn(&terms, &progress, ends_at - 1), Next::Do(_)));
        let Next::End(ending) = turn(&terms, &progress, ends_at) else { panic!("{expires_at:?}") };
        assert_eq!((ending.outcome, ending.is_dead_letter()), (outcome, kept));
    }
}

#[test]
fn only_what_a_person_must_look_at_is_a_dead_letter() {
    let failure = failure(FailureKind::Rejected, true);
    for (ending, expected) in [
        (Ending::applied(200), false),
        (Ending::already_applied(), false),
        (Ending::observed("{}".to_owned()), false),
        (Ending::expired(false), false),
        (Ending::expired(true), true),
        (Ending::rejected(&failure), false),
        (Ending::conflict(&failure), true),
        (Ending::dead(error_codes::WRITE_DEAD_LETTERED, String::new(), None), true),
    ] {
        assert_eq!(ending.is_dead_letter(), expected, "{:?}", ending.outcome);
    }
}
