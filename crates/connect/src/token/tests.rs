//! The life of a token, step by step.

use proptest::prelude::*;

use super::*;

fn grant(seconds: Option<u64>) -> Grant {
    Grant { secret: "t".into(), expires_in: seconds.map(Duration::from_secs), api_url: None }
}

const TERMS: Terms = Terms {
    grace: Duration::from_secs(300),
    life: Duration::from_secs(900),
    waits: WAITS,
    introspect_after: None,
};

fn without_token() -> TokenState {
    TokenState::new(TERMS)
}

fn holding(seconds: Option<u64>, now: Instant) -> TokenState {
    let mut state = without_token();
    assert!(matches!(state.next(now), Next::Refresh(_)));
    state.granted(grant(seconds), now);
    state
}

#[test]
fn a_token_is_refreshed_beside_its_use_when_five_minutes_or_a_fifth_of_its_life_are_left() {
    let start = Instant::now();
    for (life, refreshed_at) in
        [(Some(86_400), 86_100), (Some(1_799), 1_499), (Some(100), 80), (Some(30), 24), (None, 720)]
    {
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut state = holding(life, start);
        assert!(matches!(state.next(at(refreshed_at - 1)), Next::Use(_)), "{life:?}: too early");
        assert!(matches!(state.next(at(refreshed_at)), Next::UseAndRefresh(_)), "{life:?}: not refreshed");
        assert!(
            matches!(state.next(at(refreshed_at)), Next::Use(_)),
            "{life:?}: a second refresh beside the first"
        );
    }
}

#[test]
fn a_secret_that_has_changed_ends_the_waits_that_the_old_one_caused_and_no_token() {
    let now = Instant::now();
    let mut state = without_token();
    assert!(matches!(state.next(now), Next::Refresh(_)));
    assert!(state.failed(now, 1.0));
    assert!(matches!(state.next(now), Next::Unavailable(_)));
    state.secret_changed();
    assert!(matches!(state.next(now), Next::Refresh(_)));
    let token = state.granted(grant(None), now);
    state.secret_changed();
    assert!(matches!(state.next(now), Next::Use(used) if used.generation == token.generation));
}

#[test]
fn grace_and_the_life_that_is_not_told_are_as_configured() {
    let start = Instant::now();
    let terms =
        |grace, life| Terms { grace: Duration::from_secs(grace), life: Duration::from_secs(life), ..TERMS };
    for (terms, told, refreshed_at, expires) in [
        (terms(60, 900), Some(3_600), 3_540, 3_600),
        (terms(60, 7_200), None, 7_140, 7_200),
        (terms(3_600, 900), Some(3_600), 2_880, 3_600),
        (terms(0, 900), Some(30), 30, 30),
    ] {
        let mut state = TokenState::new(terms);
        state.next(start);
        let token = state.granted(grant(told), start);
        let found = [token.refresh_at, token.expires].map(|at| (at - start).as_secs());
        assert_eq!(found, [refreshed_at, expires], "{terms:?}");
    }
}

#[test]
fn an_expired_token_is_waited_for() {
    let start = Instant::now();
    let mut state = holding(Some(100), start);
    let expired = start + Duration::from_secs(100);
    assert!(matches!(state.next(expired), Next::Refresh(_)));
    assert!(matches!(state.next(expired), Next::Wait(None)));
    let token = state.granted(grant(Some(100)), expired);
    assert!(matches!(state.next(expired), Next::Use(used) if used.generation == token.generation));
}

#[test]
fn only_the_current_token_is_dropped() {
    let now = Instant::now();
    let mut state = holding(Some(100), now);
    let first = state.current().unwrap().generation;
    assert_eq!(state.refused(first, now, 1.0), Refused::Ended);
    assert_eq!(state.refused(first, now, 1.0), Refused::Known);
    assert!(matches!(state.next(now), Next::Refresh(_)));
    state.granted(grant(Some(100)), now);
    assert_eq!(state.refused(first, now, 1.0), Refused::Known, "a late 401 threw the new token away");
    assert!(matches!(state.next(now), Next::Use(_)));
}

#[test]
fn failures_cool_down_longer_each_time_and_a_valid_token_stays_in_use() {
    let start = Instant::now();
    let mut state = without_token();
    let mut now = start;
    for seconds in [8, 16, 32, 60, 60] {
        assert!(matches!(state.next(now), Next::Refresh(_)));
        state.failed(now, 1.0);
        let hold = Hold { until: now + Duration::from_secs(seconds), because: Because::NoneIsIssued };
        assert!(matches!(state.next(now), Next::Unavailable(found) if found == hold));
        now = hold.until;
    }
    let mut state = holding(Some(100), start);
    let late = start + Duration::from_secs(90);
    assert!(matches!(state.next(late), Next::UseAndRefresh(_)));
    state.failed(late, 1.0);
    assert!(matches!(state.next(late), Next::Use(_)));
}

/// A state whose tokens are refused one after the other, and for how many milliseconds the next one is not fetched.
fn refused_one_after_the_other(tokens: usize, random: f64) -> (TokenState, Vec<u128>, Instant) {
    let (mut state, mut now, mut waits) = (without_token(), Instant::now(), Vec::new());
    for _ in 0..tokens {
        assert!(matches!(state.next(now), Next::Refresh(_)));
        let token = state.granted(grant(Some(3_600)), now);
        state.refused(token.generation, now, random);
        let until = state.held_until(now).unwrap_or(now);
        waits.push((until - now).as_millis());
        now = until;
    }
    (state, waits, now)
}

#[test]
fn a_system_that_refuses_every_new_token_is_sent_fewer_and_fewer() {
    for (random, expected) in [
        (1.0, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]),
        (0.0, [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]),
    ] {
        assert_eq!(refused_one_after_the_other(9, random).1, expected);
    }
}

#[test]
fn a_token_that_is_accepted_ends_the_waiting_and_the_next_refusal_is_a_first_one() {
    let (mut state, _, now) = refused_one_after_the_other(5, 1.0);
    assert!(matches!(state.next(now), Next::Refresh(_)));
    let (earlier, token) = (state.generation, state.granted(grant(Some(3_600)), now).generation);
    state.accepted(earlier);
    assert_eq!(state.refused_in_a_row, 5, "a late answer to an earlier one says nothing of this one");
    state.accepted(token);
    assert_eq!(state.refused(token, now, 1.0), Refused::Ended);
    assert!(matches!(state.next(now), Next::Refresh(_)), "it is replaced at once");
}

#[test]
fn only_the_first_new_token_that_is_refused_is_news() {
    let mut state = without_token();
    let mut now = Instant::now();
    let mut found = Vec::new();
    for _ in 0..4 {
        state.next(now);
        let token = state.granted(grant(Some(3_600)), now).generation;
        found.extend([state.refused(token, now, 0.5), state.refused(token, now, 0.5)]);
        now = state.held_until(now).unwrap_or(now);
    }
    use Refused::{Again, Ended, Known, NewToo};
    assert_eq!(found, [Ended, Known, NewToo, Known, Again, Known, Again, Known]);
}

#[test]
fn who_comes_while_none_is_accepted_is_told_until_when() {
    let (mut state, _, now) = refused_one_after_the_other(1, 1.0);
    state.next(now);
    let token = state.granted(grant(Some(3_600)), now).generation;
    state.refused(token, now, 0.5);
    let hold = Hold { until: now + Duration::from_millis(750), because: Because::NoneIsAccepted };
    assert!(matches!(state.next(now), Next::Unavailable(found) if found == hold));
    assert_eq!(state.held_until(now), Some(hold.until));
    assert!(matches!(state.next(hold.until), Next::Refresh(_)));
    assert_eq!(state.held_until(hold.until), None);
}

#[test]
fn processes_whose_token_endpoint_fails_do_not_come_back_together() {
    let now = Instant::now();
    let cool_down = |random| {
        let mut state = without_token();
        state.next(now);
        state.failed(now, random);
        state.held_until(now).unwrap() - now
    };
    assert_eq!([cool_down(0.0), cool_down(0.5), cool_down(1.0)].map(|wait| wait.as_secs()), [4, 6, 8]);
}

#[test]
fn a_refresh_tries_four_times_and_says_when_it_tries_again() {
    let start = Instant::now();
    let mut state = without_token();
    assert!(matches!(state.next(start), Next::Refresh(_)));
    let mut now = start;
    for milliseconds in [750, 1_500, 3_000] {
        let again = now + Duration::from_millis(milliseconds);
        assert_eq!(state.attempt_failed(now, 0.5), Failed::AgainAt(again));
        assert!(matches!(state.next(now), Next::Wait(Some(at)) if at == again), "a second refresh");
        now = again;
    }
    assert_eq!(state.attempt_failed(now, 0.5), Failed::ForNow { is_news: true });
    assert!(matches!(state.next(now), Next::Unavailable(_)));
}

#[test]
fn processes_that_lose_a_token_together_do_not_ask_together() {
    let now = Instant::now();
    let first_wait = |random| {
        let mut state = without_token();
        state.next(now);
        state.attempt_failed(now, random)
    };
    assert_eq!(first_wait(0.0), Failed::AgainAt(now + Duration::from_millis(500)));
    assert_eq!(first_wait(1.0), Failed::AgainAt(now + Duration::from_millis(1_000)));
}

#[test]
fn a_token_that_was_refused_and_replaced_is_told_once_when_the_next_one_is_accepted() {
    let now = Instant::now();
    let mut state = holding(Some(3_600), now);
    let first = state.generation;
    assert!(!state.accepted(first), "nothing happened yet");
    assert_eq!(state.refused(first, now, 0.5), Refused::Ended);
    state.next(now);
    let second = state.granted(grant(Some(3_600)), now).generation;
    assert!(!state.accepted(first), "a late answer to the first one");
    assert!(state.accepted(second));
    assert!(!state.accepted(second), "told twice");
}

#[test]
fn a_token_that_was_refused_and_cannot_be_replaced_is_told_as_one_thing() {
    let now = Instant::now();
    let mut state = holding(Some(3_600), now);
    state.refused(state.generation, now, 0.5);
    state.next(now);
    assert!(state.failed(now, 0.5), "none can be had: that is what is told");
    let later = state.held_until(now).unwrap();
    state.next(later);
    assert!(!state.failed(later, 0.5), "it is known that none can be had");
    let again = state.held_until(later).unwrap();
    state.next(again);
    let token = state.granted(grant(Some(3_600)), again).generation;
    assert!(!state.accepted(token), "the refusal was told with its outcome");
    assert!(state.failed(again, 0.5), "the next outage is another one");
}

#[test]
fn a_token_whose_successor_is_refused_as_well_is_told_as_one_thing() {
    let (mut state, _, now) = refused_one_after_the_other(2, 0.5);
    state.next(now);
    let token = state.granted(grant(Some(3_600)), now).generation;
    assert!(!state.accepted(token), "that new ones are refused was told already");
}

/// A state that asks about tokens once a minute, with a token.
fn introspecting(now: Instant) -> TokenState {
    let mut state = TokenState::new(Terms { introspect_after: Some(Duration::from_secs(60)), ..TERMS });
    state.next(now);
    state.granted(grant(Some(3_600)), now);
    state
}

#[test]
fn an_issuer_is_asked_about_a_token_by_one_caller_and_its_answer_is_believed_for_a_while() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut state = introspecting(start);
    assert!(matches!(state.next(at(59)), Next::Use(_)), "a new token needs no answer");
    for (asked, answered, active) in [(60, 61, Some(true)), (121, 121, None)] {
        let Next::Introspect(token) = state.next(at(asked)) else { panic!("not asked") };
        assert!(matches!(state.next(at(asked)), Next::Wait(None)), "asked twice");
        assert_eq!(state.introspected(token.generation, active, at(answered), 0.5), Refused::Known);
        assert!(matches!(state.next(at(answered + 59)), Next::Use(_)), "{active:?}");
    }
}

#[test]
fn a_token_that_its_issuer_calls_ended_is_replaced_before_it_is_used() {
    let start = Instant::now();
    let later = start + Duration::from_secs(60);
    let mut state = introspecting(start);
    let Next::Introspect(token) = state.next(later) else { panic!("not asked") };
    assert_eq!(state.introspected(token.generation, Some(false), later, 0.5), Refused::Ended);
    assert!(matches!(state.next(later), Next::Refresh(_)));
    let second = state.granted(grant(Some(3_600)), later).generation;
    assert_eq!(
        state.introspected(token.generation, Some(false), later, 0.5),
        Refused::Known,
        "a late answer"
    );
    assert!(state.accepted(second), "it is told as a token that was replaced");
}

#[test]
fn an_issuer_that_calls_what_it_has_just_given_out_ended_is_not_asked_any_more() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut state = introspecting(start);
    let Next::Introspect(first) = state.next(at(60)) else { panic!("not asked") };
    assert_eq!(state.introspected(first.generation, Some(false), at(60), 0.5), Refused::Ended);
    state.next(at(61));
    let second = state.granted(grant(Some(3_600)), at(61)).generation;
    assert!(
        matches!(state.next(at(61)), Next::Introspect(asked) if asked.generation == second),
        "tried at once"
    );
    assert_eq!(state.introspected(second, Some(false), at(61), 0.5), Refused::Doubtful);
    for seconds in [61, 200, 3_000] {
        assert!(matches!(state.next(at(seconds)), Next::Use(used) if used.generation == second));
    }
}

#[test]
fn an_issuer_that_calls_the_next_token_good_goes_on_being_believed() {
    let start = Instant::now();
    let mut state = introspecting(start);
    let mut now = start;
    for _ in 0..5 {
        now += Duration::from_secs(120);
        let Next::Introspect(token) = state.next(now) else { panic!("not asked") };
        assert_eq!(state.introspected(token.generation, Some(false), now, 0.5), Refused::Ended);
        state.next(now);
        let next = state.granted(grant(Some(3_600)), now).generation;
        assert!(matches!(state.next(now), Next::Introspect(_)));
        assert_eq!(state.introspected(next, Some(true), now, 0.5), Refused::Known);
        state.accepted(next);
    }
}

#[test]
fn a_fleet_that_loses_its_tokens_together_asks_for_new_ones_one_after_the_other() {
    let now = Instant::now();
    let begins = |random| {
        let mut state = holding(Some(3_600), now);
        state.refused(state.generation, now, random);
        let Next::Refresh(begins) = state.next(now) else { panic!("no refresh") };
        assert!(matches!(state.next(now), Next::Wait(until) if until == begins), "the others wait for it");
        begins.unwrap_or(now) - now
    };
    assert_eq!([0.0, 0.5, 1.0].map(begins).map(|wait| wait.as_millis()), [0, 25, 50]);
    let mut state = holding(Some(3_600), now);
    state.refused(state.generation, now, 1.0);
    assert!(matches!(state.next(now + Duration::from_secs(1)), Next::Refresh(None)), "it is over by then");
}

proptest! {
    /// However callers, answers and time interleave, never two refreshes are in flight.
    #[test]
    fn one_refresh_at_a_time(steps in prop::collection::vec((0u8..7, 0u64..60), 1..200)) {
        let mut now = Instant::now();
        let mut state = without_token();
        let mut in_flight = 0u32;
        for (step, seconds) in steps {
            match step {
                0 | 1 => match state.next(now) {
                    Next::Refresh(_) | Next::UseAndRefresh(_) => in_flight += 1,
                    Next::Use(token) => prop_assert!(now < token.expires),
                    Next::Introspect(_) => prop_assert!(false, "it is not configured"),
                    Next::Wait(_) => prop_assert_eq!(in_flight, 1),
                    Next::Unavailable(hold) => prop_assert!(now < hold.until),
                },
                2 => if in_flight > 0 { state.granted(grant(Some(60)), now); in_flight -= 1; },
                3 => if in_flight > 0 && matches!(state.attempt_failed(now, 0.5), Failed::ForNow { .. }) { in_flight -= 1; },
                4 => if in_flight > 0 { state.failed(now, 0.5); in_flight -= 1; },
                5 => { let generation = state.current().map_or(0, |token| token.generation); state.refused(generation, now, 0.5); }
                _ => { let generation = state.current().map_or(0, |token| token.generation); state.accepted(generation); }
            }
            prop_assert!(in_flight <= 1);
            now += Duration::from_secs(seconds);
        }
    }
}
