use proptest::prelude::*;

use super::*;

const FAST: Duration = Duration::from_millis(10);

fn settings() -> Settings {
    Settings { minimum_calls: 10, ..Settings::default() }
}

fn permit(breaker: &mut Breaker, now: Instant) -> Permit {
    breaker.admit(now).0.unwrap()
}

fn call(breaker: &mut Breaker, outcome: Outcome, took: Duration, now: Instant) -> Option<Transition> {
    let permit = permit(breaker, now);
    breaker.record(permit, outcome, took, now)
}

fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(settings(), now);
    for _ in 0..5 {
        call(&mut breaker, Outcome::Failure, FAST, now);
    }
    assert_eq!(breaker.state(), State::Open);
    breaker
}

#[test]
fn five_failures_in_a_row_open_it_and_a_success_between_starts_over() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Settings { minimum_calls: 100, ..settings() }, now);
    for outcome in [Outcome::Failure; 4] {
        assert_eq!(call(&mut breaker, outcome, FAST, now), None);
    }
    assert_eq!(call(&mut breaker, Outcome::Success, FAST, now), None);
    for outcome in [Outcome::Failure; 4] {
        assert_eq!(call(&mut breaker, outcome, FAST, now), None);
    }
    let transition = call(&mut breaker, Outcome::Failure, FAST, now);
    assert_eq!(transition, Some(Transition { from: State::Closed, to: State::Open }));
}

#[test]
fn failures_among_calls_that_succeed_side_by_side_are_not_in_a_row() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Settings { minimum_calls: 1_000, ..settings() }, now);
    // One customer in ten is slow: his calls end together, long after those that began with them.
    let slow: Vec<Permit> = (0..20).map(|_| permit(&mut breaker, now)).collect();
    for _ in 0..180 {
        assert_eq!(call(&mut breaker, Outcome::Success, FAST, now), None);
    }
    for permit in slow {
        assert_eq!(breaker.record(permit, Outcome::Failure, FAST * 25, now), None);
    }
    // Nothing succeeds any more.
    let transitions: Vec<_> =
        (0..5).filter_map(|_| call(&mut breaker, Outcome::Failure, FAST, now)).collect();
    assert_eq!(transitions, [Transition { from: State::Closed, to: State::Open }]);
}

#[test]
fn half_of_the_calls_failing_opens_it_only_above_the_minimum_volume() {
    let now = Instant::now();
    let mut breaker = Breaker::new(settings(), now);
    let mut opened_at = None;
    for n in 1..=20 {
        let outcome = if n % 2 == 0 { Outcome::Failure } else { Outcome::Success };
        if breaker.state() == State::Closed && call(&mut breaker, outcome, FAST, now).is_some() {
            opened_at = Some(n);
        }
    }
    assert_eq!(opened_at, Some(10));
}

#[test]
fn slow_calls_open_it_although_they_succeed() {
    let now = Instant::now();
    let mut breaker = Breaker::new(settings(), now);
    let slow = Duration::from_secs(3);
    let transitions: Vec<_> =
        (0..10).filter_map(|_| call(&mut breaker, Outcome::Success, slow, now)).collect();
    assert_eq!(transitions, [Transition { from: State::Closed, to: State::Open }]);
}

#[test]
fn old_failures_leave_the_window() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Settings { consecutive_failures: 100, ..settings() }, start);
    for _ in 0..9 {
        call(&mut breaker, Outcome::Failure, FAST, start);
    }
    let later = start + Duration::from_secs(70);
    for _ in 0..30 {
        assert_eq!(call(&mut breaker, Outcome::Success, FAST, later), None);
    }
    assert_eq!(call(&mut breaker, Outcome::Failure, FAST, later), None);
}

#[test]
fn neutral_outcomes_count_for_nothing() {
    let now = Instant::now();
    let mut breaker = Breaker::new(settings(), now);
    for _ in 0..100 {
        assert_eq!(call(&mut breaker, Outcome::Neutral, Duration::from_secs(9), now), None);
    }
}

#[test]
fn probes_close_it_and_one_failed_probe_opens_it_again() {
    let start = Instant::now();
    let probing = start + Duration::from_secs(30);
    let mut breaker = opened(start);
    assert_eq!(breaker.admit(start + Duration::from_secs(29)).0, Err(Refused { retry_at: probing }));
    let probes: Vec<Permit> = (0..3).map(|_| permit(&mut breaker, probing)).collect();
    assert!(breaker.admit(probing).0.is_err(), "a fourth call passed beside three probes");
    let transitions: Vec<_> = probes
        .into_iter()
        .filter_map(|probe| breaker.record(probe, Outcome::Success, FAST, probing))
        .collect();
    assert_eq!(transitions, [Transition { from: State::HalfOpen, to: State::Closed }]);

    let mut breaker = opened(start);
    let transition = call(&mut breaker, Outcome::Failure, FAST, probing);
    assert_eq!(transition, Some(Transition { from: State::HalfOpen, to: State::Open }));
    assert_eq!(breaker.held_until(probing), Some(probing + Duration::from_secs(30)));
}

#[test]
fn a_probe_that_says_nothing_gives_its_place_back() {
    let start = Instant::now();
    let probing = start + Duration::from_secs(30);
    let mut breaker = opened(start);
    for _ in 0..10 {
        assert_eq!(call(&mut breaker, Outcome::Neutral, FAST, probing), None);
    }
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn a_straggler_of_an_earlier_state_changes_nothing() {
    let start = Instant::now();
    let mut breaker = Breaker::new(settings(), start);
    let straggler = permit(&mut breaker, start);
    for _ in 0..5 {
        call(&mut breaker, Outcome::Failure, FAST, start);
    }
    let probing = start + Duration::from_secs(30);
    let probe = permit(&mut breaker, probing);
    assert_eq!(breaker.record(straggler, Outcome::Failure, FAST, probing), None);
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(
        breaker.record(probe, Outcome::Failure, FAST, probing).map(|change| change.to),
        Some(State::Open)
    );
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Begin,
    End(usize, Outcome),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        1 => Just(Outcome::Success),
        3 => Just(Outcome::Failure),
        1 => Just(Outcome::Neutral),
    ];
    prop_oneof![
        4 => Just(Step::Begin),
        4 => (0usize..8, outcome).prop_map(|(which, outcome)| Step::End(which, outcome)),
        1 => (1u64..40_000).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Invariant I10: once open, nothing passes for `open_for`, and then only probes do, at most `probes` at
    /// a time.
    #[test]
    fn an_open_breaker_lets_only_its_probes_through(steps in prop::collection::vec(step(), 1..400)) {
        let mut now = Instant::now();
        let mut breaker = Breaker::new(settings(), now);
        let mut running: Vec<Permit> = Vec::new();
        let mut opened_at: Option<Instant> = None;
        for step in steps {
            let transition = match step {
                Step::Wait(milliseconds) => {
                    now += Duration::from_millis(milliseconds);
                    None
                }
                Step::Begin => {
                    let (answer, transition) = breaker.admit(now);
                    if let Ok(permit) = answer {
                        if let Some(opened_at) = opened_at {
                            prop_assert!(now >= opened_at + settings().open_for);
                            prop_assert!(permit.probe);
                        }
                        running.push(permit);
                    }
                    transition
                }
                Step::End(which, outcome) if which < running.len() => {
                    let permit = running.swap_remove(which);
                    breaker.record(permit, outcome, FAST, now)
                }
                Step::End(..) => None,
            };
            match transition.map(|change| change.to) {
                Some(State::Open) => opened_at = Some(now),
                Some(State::Closed) => opened_at = None,
                _ => {}
            }
            let probes = running.iter().filter(|permit| permit.probe && permit.epoch == breaker.epoch).count();
            prop_assert!(probes <= settings().probes as usize);
        }
    }
}
