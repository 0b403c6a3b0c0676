use proptest::prelude::*;

use super::*;

const CLASS: &str = "query";
const OTHER: &str = "other";

fn limiter(calls: u32, seconds: u64) -> Limiter {
    Limiter::new(Rate { calls, per: Duration::from_secs(seconds) })
}

fn silence() -> Feedback {
    Feedback::default()
}

fn call(limiter: &mut Limiter, now: Instant) -> Result<(), Blocked> {
    answered(limiter, &silence(), now)
}

/// A call whose answer says something.
fn answered(limiter: &mut Limiter, feedback: &Feedback, now: Instant) -> Result<(), Blocked> {
    limiter.take(CLASS, now)?;
    limiter.end(CLASS, Some(feedback), now);
    Ok(())
}

fn remaining(calls: u32, seconds: u64) -> Feedback {
    let lasts = Duration::from_secs(seconds);
    Feedback { remaining: Some(Remaining { calls, lasts, rolling: false }), ..silence() }
}

#[test]
fn a_killed_process_and_the_one_that_follows_it_keep_the_limit_together() {
    let killed_at = Instant::now();
    let mut predecessor = limiter(2, 1);
    call(&mut predecessor, killed_at).unwrap();
    call(&mut predecessor, killed_at).unwrap();

    let mut successor = limiter(2, 1);
    successor.start(killed_at);

    let free_again = killed_at + Duration::from_secs(1);
    assert_eq!(call(&mut successor, killed_at), Err(Blocked { until: Some(free_again) }));
    assert_eq!(call(&mut successor, free_again), Ok(()));
}

#[test]
fn a_window_of_a_minute_is_not_waited_out() {
    let start = Instant::now();
    let mut limiter = limiter(300, 60);
    limiter.start(start);
    assert_eq!(call(&mut limiter, start), Ok(()));
}

#[test]
fn a_token_comes_back_when_its_time_after_the_end_of_the_call_has_passed() {
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let mut limiter = limiter(2, 1);
    limiter.take(CLASS, start).unwrap();
    limiter.take(CLASS, start).unwrap();
    assert_eq!(
        limiter.take(CLASS, at(5_000)),
        Err(Blocked { until: None }),
        "both calls are still under way"
    );
    limiter.end(CLASS, Some(&silence()), at(5_000));
    assert_eq!(limiter.take(CLASS, at(5_500)), Err(Blocked { until: Some(at(6_000)) }));
    assert_eq!(limiter.take(CLASS, at(6_000)), Ok(()));
}

#[test]
fn a_call_that_was_not_made_costs_nothing() {
    let now = Instant::now();
    let mut limiter = limiter(1, 60);
    for _ in 0..5 {
        limiter.take(CLASS, now).unwrap();
        limiter.give_back();
    }
    assert_eq!(call(&mut limiter, now), Ok(()));
    assert!(call(&mut limiter, now).is_err());
}

#[test]
fn the_platform_lowers_the_limit_and_never_raises_it() {
    let now = Instant::now();
    let mut limiter = limiter(10, 60);
    answered(&mut limiter, &remaining(3, 30), now).unwrap();
    limiter.take(CLASS, now).unwrap();
    limiter.take(CLASS, now).unwrap();
    // The answer to the first of two calls comes last.
    limiter.end(CLASS, Some(&remaining(1, 30)), now);
    limiter.end(CLASS, Some(&remaining(2, 30)), now);
    assert_eq!(
        (0..10).filter(|_| call(&mut limiter, now).is_ok()).count(),
        1,
        "an older answer raised the limit"
    );
    let later = now + Duration::from_secs(61);
    let calls = (0..20).filter(|_| answered(&mut limiter, &remaining(1_000, 60), later).is_ok()).count();
    assert_eq!(calls, 10, "more than configured");
}

#[test]
fn calls_side_by_side_use_the_platforms_quota_in_full_and_no_more() {
    const SIDE_BY_SIDE: usize = 16;
    let now = Instant::now();
    let mut limiter = limiter(1_000, 60);
    let mut left = 100u32;
    let mut answers: VecDeque<u32> = VecDeque::new();
    loop {
        while answers.len() < SIDE_BY_SIDE && limiter.take(CLASS, now).is_ok() {
            left = left.checked_sub(1).expect("one call more than the platform allows");
            answers.push_back(left);
        }
        let Some(left) = answers.pop_front() else { break };
        limiter.end(CLASS, Some(&remaining(left, 60)), now);
    }
    assert_eq!(left, 0);
}

#[test]
fn a_lower_rate_of_the_platform_holds_beside_the_configured_one() {
    let now = Instant::now();
    let mut limiter = limiter(10, 1);
    let hourly = Rate { calls: 15, per: Duration::from_secs(3_600) };
    answered(&mut limiter, &Feedback { allowed: Some(hourly), ..silence() }, now).unwrap();
    let granted: usize = (1..60)
        .map(|second| {
            (0..10).filter(|_| call(&mut limiter, now + Duration::from_secs(second)).is_ok()).count()
        })
        .sum();
    assert_eq!(granted, 14);
}

#[test]
fn a_pause_holds_for_its_class_or_for_all() {
    let now = Instant::now();
    let pause = |whole_credential| Feedback {
        pause: Some(Pause { lasts: Duration::from_secs(42), whole_credential }),
        ..silence()
    };
    let until = Some(now + Duration::from_secs(42));
    let mut limiter = limiter(10, 1);
    answered(&mut limiter, &pause(false), now).unwrap();
    assert_eq!(limiter.peek(CLASS, now), Err(Blocked { until }));
    assert_eq!(limiter.peek(OTHER, now), Ok(()));
    limiter.take(OTHER, now).unwrap();
    limiter.end(OTHER, Some(&pause(true)), now);
    assert_eq!(limiter.peek(OTHER, now), Err(Blocked { until }));
    assert_eq!(limiter.peek(CLASS, now + Duration::from_secs(42)), Ok(()));
}

#[test]
fn an_exhausted_rolling_quota_is_probed_one_call_at_a_time() {
    let now = Instant::now();
    let lasts = Duration::from_secs(60);
    let mut limiter = limiter(10, 1);
    let used_up = Remaining { calls: 0, lasts, rolling: true };
    let used_up = Feedback { remaining: Some(used_up), ..silence() };
    answered(&mut limiter, &used_up, now).unwrap();
    assert!(call(&mut limiter, now).is_err());
    assert!(answered(&mut limiter, &used_up, now + lasts).is_ok());
    assert!(call(&mut limiter, now + lasts).is_err());
    assert!(call(&mut limiter, now + lasts * 2).is_ok());
}

#[test]
fn a_probe_that_finds_nothing_out_is_followed_by_another_and_not_by_a_wait() {
    let start = Instant::now();
    let lasts = Duration::from_secs(60);
    let mut limiter = limiter(10, 1);
    let stated = |calls| Feedback { remaining: Some(Remaining { calls, lasts, rolling: true }), ..silence() };
    answered(&mut limiter, &stated(0), start).unwrap();
    let mut now = start + lasts;
    // A refused token, an answer that does not come, a caller who gives up; the last after a while.
    for wait in [0, 10, 90, 200] {
        now += Duration::from_secs(wait);
        limiter.take(CLASS, now).unwrap();
        assert_eq!(limiter.take(OTHER, now), Err(Blocked { until: None }), "two probes side by side");
        limiter.end(CLASS, None, now);
    }
    answered(&mut limiter, &stated(0), now).unwrap();
    assert_eq!(limiter.take(CLASS, now), Err(Blocked { until: Some(now + lasts) }), "still used up");
    answered(&mut limiter, &stated(500), now + lasts).unwrap();
    assert_eq!(
        (0..20).filter(|_| call(&mut limiter, now + lasts).is_ok()).count(),
        9,
        "lifted, as configured"
    );
}

#[test]
fn a_call_without_an_answer_may_have_been_counted() {
    let now = Instant::now();
    let mut limiter = limiter(10, 60);
    answered(&mut limiter, &remaining(2, 60), now).unwrap();
    for _ in 0..2 {
        limiter.take(CLASS, now).unwrap();
        limiter.end(CLASS, None, now);
    }
    assert!(limiter.take(CLASS, now).is_err());
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask,
    End(usize, Option<u32>),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Ask),
        4 => (0usize..6, prop::option::weighted(0.1, 0u32..30)).prop_map(|(which, calls_left)| Step::End(which, calls_left)),
        3 => (1u64..400).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Invariant I7, at the system: whenever between its beginning and its end a call is counted there,
    /// no window of length `per` holds more than `calls`.
    #[test]
    fn no_window_holds_more_than_the_quota(
        steps in prop::collection::vec(step(), 1..400),
        calls in 1u32..8,
        travel in prop::collection::vec(0.0f64..1.0, 400),
    ) {
        let start = Instant::now();
        let mut now = start;
        let mut limiter = limiter(calls, 1);
        let mut running: Vec<Instant> = Vec::new();
        let mut arrivals: Vec<Duration> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(milliseconds) => now += Duration::from_millis(milliseconds),
                Step::Ask => if limiter.take(CLASS, now).is_ok() { running.push(now) },
                Step::End(which, left) => if which < running.len() {
                    let began = running.swap_remove(which);
                    let seen = began + (now - began).mul_f64(travel[arrivals.len() % travel.len()]);
                    arrivals.push(seen - start);
                    let feedback = left.map(|left| remaining(left, 1));
                    limiter.end(CLASS, feedback.as_ref(), now);
                },
            }
        }
        arrivals.extend(running.iter().map(|began| *began - start));
        arrivals.sort_unstable();
        for window in arrivals.windows(calls as usize + 1) {
            let span = window[calls as usize] - window[0];
            // Rounding of the travel times may shift an arrival by a nanosecond.
            prop_assert!(span + Duration::from_nanos(2) >= Duration::from_secs(1), "{window:?}");
        }
    }

    /// Whoever waits as long as the limiter says gets through: no demand starves and the quota is usable in full.
    #[test]
    fn waiting_as_told_is_enough(calls in 1u32..8, demand in 1usize..60) {
        let start = Instant::now();
        let mut now = start;
        let mut limiter = limiter(calls, 1);
        for _ in 0..demand {
            if let Err(blocked) = limiter.take(CLASS, now) {
                now = blocked.until.unwrap();
                prop_assert_eq!(limiter.take(CLASS, now), Ok(()));
            }
            limiter.end(CLASS, Some(&silence()), now);
        }
        let full_windows = (demand - 1) / calls as usize;
        prop_assert_eq!(now - start, Duration::from_secs(full_windows as u64));
    }
}
