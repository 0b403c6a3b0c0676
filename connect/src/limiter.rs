//! Never more calls than a credential may make, as the system called counts them.
//!
//! A bucket of tokens for each (tenant, credential): a call takes one, and it comes back `per` after the call has **ended**. The
//! system sees a call at some moment between its beginning and its end, so however long requests travel, no window of
//! length `per` at the system can hold more than `calls` of them. (A bucket that refills at a rate lets `burst` more
//! through, and one that counts from the beginning of calls is off by the jitter of the network.)
//!
//! What the platform says ([`Feedback`]) lowers this and never raises it. Pure: functions of (state, input, now).

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use trunkline_config::Rate;

/// Reports of the remaining calls that end this close to each other are about the same window of the platform, which
/// tells the end of its window in whole seconds.
const SAME_WINDOW: Duration = Duration::from_secs(2);

/// The limiter of one credential, for all its endpoint classes together.
#[derive(Debug)]
pub struct Limiter {
    configured: Rate,
    /// What the platform says it allows, where that is another window or a lower number.
    learned: Option<Rate>,
    in_flight: u32,
    /// When calls ended, oldest first; as many as the limits above can ask about.
    ended: VecDeque<Instant>,
    ceiling: Option<Ceiling>,
    paused: Option<Instant>,
    paused_classes: HashMap<&'static str, Instant>,
}

/// No call may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// When to ask again; `None` when that depends on a call that is still under way.
    pub until: Option<Instant>,
}

/// What an answer said about limits; see [`crate::feedback`] for the headers it is read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    /// The platform allows this rate to the credential.
    pub allowed: Option<Rate>,
    /// The platform has this many calls left for the credential.
    pub remaining: Option<Remaining>,
    /// The platform wants no calls for so long.
    pub pause: Option<Pause>,
}

/// Calls left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// How many.
    pub calls: u32,
    /// Until when this is known.
    pub lasts: Duration,
    /// The platform does not say when its window ends (Salesforce counts a rolling day): when the time is over, let one
    /// call find out instead of lifting the limit.
    pub rolling: bool,
}

/// No calls for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// How long.
    pub lasts: Duration,
    /// For the whole credential, or only for the endpoint class that was called.
    pub whole_credential: bool,
}

#[derive(Debug, Clone, Copy)]
struct Ceiling {
    remaining: u32,
    until: Instant,
    rolling: Option<Duration>,
}

// === impl Limiter ===

impl Limiter {
    /// A limiter of the configured rate; a rate of no calls is taken for one call.
    pub fn new(configured: Rate) -> Self {
        Self {
            configured: Rate { calls: configured.calls.max(1), per: configured.per },
            learned: None,
            in_flight: 0,
            ended: VecDeque::new(),
            ceiling: None,
            paused: None,
            paused_classes: HashMap::new(),
        }
    }

    /// Takes leave for one call of an endpoint class; [`Limiter::end`] or [`Limiter::give_back`] has to follow.
    ///
    /// # Errors
    /// [`Blocked`] when the call would exceed a limit or falls into a pause.
    pub fn take(&mut self, class: &'static str, now: Instant) -> Result<(), Blocked> {
        self.expire(now);
        self.check(class, now)?;
        if let Some(ceiling) = &mut self.ceiling {
            ceiling.remaining -= 1;
        }
        self.in_flight += 1;
        Ok(())
    }

    /// Whether a call could be made, without making it.
    ///
    /// # Errors
    /// [`Blocked`] as [`Limiter::take`] would say.
    pub fn peek(&mut self, class: &'static str, now: Instant) -> Result<(), Blocked> {
        self.expire(now);
        self.check(class, now)
    }

    /// A call ended, or was given up after it left.
    pub fn end(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let last = self.ended.back().copied().unwrap_or(now);
        self.ended.push_back(now.max(last));
        let keep = self.limits().map(|rate| rate.calls as usize).max().unwrap_or(0);
        while self.ended.len() > keep {
            self.ended.pop_front();
        }
    }

    /// A call was not made after all: nothing left for the system.
    pub fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(ceiling) = &mut self.ceiling {
            ceiling.remaining += 1;
        }
    }

    /// What an answer to a call of `class` said; call it after [`Limiter::end`].
    pub fn hear(&mut self, class: &'static str, feedback: &Feedback, now: Instant) {
        if let Some(allowed) = feedback.allowed {
            let allowed = Rate { calls: allowed.calls.max(1), per: allowed.per };
            let lowers = allowed.calls < self.configured.calls || allowed.per > self.configured.per;
            self.learned = lowers.then_some(allowed);
        }
        if let Some(remaining) = feedback.remaining {
            self.lower_ceiling(remaining, now);
        }
        if let Some(pause) = feedback.pause {
            let until = now + pause.lasts;
            let paused = if pause.whole_credential {
                self.paused.get_or_insert(until)
            } else {
                self.paused_classes.entry(class).or_insert(until)
            };
            *paused = until.max(*paused);
        }
    }

    fn lower_ceiling(&mut self, told: Remaining, now: Instant) {
        // The platform may not have counted the calls that are still under way.
        let remaining = told.calls.saturating_sub(self.in_flight);
        let until = now + told.lasts;
        let ceiling = match self.ceiling {
            // Answers overtake each other: within one window of the platform the lowest number is the newest.
            Some(known) if !told.rolling && until < known.until + SAME_WINDOW => Ceiling {
                remaining: remaining.min(known.remaining),
                until: until.max(known.until),
                rolling: None,
            },
            _ => Ceiling { remaining, until, rolling: told.rolling.then_some(told.lasts) },
        };
        self.ceiling = Some(ceiling);
    }

    fn limits(&self) -> impl Iterator<Item = Rate> {
        std::iter::once(self.configured).chain(self.learned)
    }

    fn expire(&mut self, now: Instant) {
        self.paused = self.paused.filter(|until| now < *until);
        self.paused_classes.retain(|_, until| now < *until);
        self.ceiling = self.ceiling.and_then(|ceiling| {
            if now < ceiling.until {
                return Some(ceiling);
            }
            // A rolling limit that was used up is probed with one call; one that was not is simply out of date.
            let lasts = ceiling.rolling.filter(|_| ceiling.remaining == 0)?;
            Some(Ceiling { remaining: 1, until: now + lasts, rolling: Some(lasts) })
        });
    }

    fn check(&self, class: &'static str, now: Instant) -> Result<(), Blocked> {
        let paused = self.paused.max(self.paused_classes.get(class).copied());
        let exhausted = self.ceiling.filter(|ceiling| ceiling.remaining == 0).map(|ceiling| ceiling.until);
        if let Some(until) = paused.max(exhausted) {
            return Err(Blocked { until: Some(until) });
        }
        self.limits().try_for_each(|rate| self.check_rate(rate, now))
    }

    fn check_rate(&self, rate: Rate, now: Instant) -> Result<(), Blocked> {
        let gone = self.ended.partition_point(|ended| now.saturating_duration_since(*ended) >= rate.per);
        let recent = self.ended.len() - gone;
        let taken = recent + self.in_flight as usize;
        let calls = rate.calls as usize;
        if taken < calls {
            return Ok(());
        }
        // The call whose token has to come back before the next one may go.
        let blocking = gone + (taken - calls);
        Err(Blocked { until: self.ended.get(blocking).map(|ended| *ended + rate.per) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLASS: &str = "query";
    const OTHER: &str = "other";

    fn limiter(calls: u32, seconds: u64) -> Limiter {
        Limiter::new(Rate { calls, per: Duration::from_secs(seconds) })
    }

    fn call(limiter: &mut Limiter, now: Instant) -> Result<(), Blocked> {
        limiter.take(CLASS, now)?;
        limiter.end(now);
        Ok(())
    }

    fn remaining(calls: u32, seconds: u64) -> Feedback {
        let lasts = Duration::from_secs(seconds);
        Feedback { remaining: Some(Remaining { calls, lasts, rolling: false }), ..Feedback::default() }
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
        limiter.end(at(5_000));
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
        limiter.hear(CLASS, &remaining(3, 30), now);
        assert_eq!((0..10).filter(|_| call(&mut limiter, now).is_ok()).count(), 3);
        limiter.hear(CLASS, &remaining(1_000, 30), now);
        assert!(call(&mut limiter, now).is_err(), "an older answer raised the limit within a window");
        let later = now + Duration::from_secs(31);
        limiter.hear(CLASS, &remaining(1_000, 60), later);
        assert_eq!((0..20).filter(|_| call(&mut limiter, later).is_ok()).count(), 7, "more than configured");
    }

    #[test]
    fn a_lower_rate_of_the_platform_holds_beside_the_configured_one() {
        let now = Instant::now();
        let mut limiter = limiter(10, 1);
        let hourly = Rate { calls: 15, per: Duration::from_secs(3_600) };
        limiter.hear(CLASS, &Feedback { allowed: Some(hourly), ..Feedback::default() }, now);
        let granted: usize = (0..60)
            .map(|second| {
                (0..10).filter(|_| call(&mut limiter, now + Duration::from_secs(second)).is_ok()).count()
            })
            .sum();
        assert_eq!(granted, 15);
    }

    #[test]
    fn a_pause_holds_for_its_class_or_for_all() {
        let now = Instant::now();
        let pause = |whole_credential| Feedback {
            pause: Some(Pause { lasts: Duration::from_secs(42), whole_credential }),
            ..Feedback::default()
        };
        let until = Some(now + Duration::from_secs(42));
        let mut limiter = limiter(10, 1);
        limiter.hear(CLASS, &pause(false), now);
        assert_eq!(limiter.peek(CLASS, now), Err(Blocked { until }));
        assert_eq!(limiter.peek(OTHER, now), Ok(()));
        limiter.hear(CLASS, &pause(true), now);
        assert_eq!(limiter.peek(OTHER, now), Err(Blocked { until }));
        assert_eq!(limiter.peek(CLASS, now + Duration::from_secs(42)), Ok(()));
    }

    #[test]
    fn an_exhausted_rolling_quota_is_probed_one_call_at_a_time() {
        let now = Instant::now();
        let lasts = Duration::from_secs(60);
        let mut limiter = limiter(10, 1);
        let used_up = Remaining { calls: 0, lasts, rolling: true };
        limiter.hear(CLASS, &Feedback { remaining: Some(used_up), ..Feedback::default() }, now);
        assert!(call(&mut limiter, now).is_err());
        assert!(call(&mut limiter, now + lasts).is_ok());
        assert!(call(&mut limiter, now + lasts).is_err());
        assert!(call(&mut limiter, now + lasts * 2).is_ok());
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Ask,
        End(usize),
        Wait(u64),
        Told(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => Just(Step::Ask),
            4 => (0usize..6).prop_map(Step::End),
            3 => (1u64..400).prop_map(Step::Wait),
            1 => (0u32..30).prop_map(Step::Told),
        ]
    }

    proptest! {
        /// Invariant I7, at the system: whenever between its beginning and its end a call is counted there, no window of
        /// length `per` holds more than `calls`.
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
                    Step::Told(left) => limiter.hear(CLASS, &remaining(left, 1), now),
                    Step::Ask => if limiter.take(CLASS, now).is_ok() { running.push(now) },
                    Step::End(which) => if which < running.len() {
                        let began = running.swap_remove(which);
                        let seen = began + (now - began).mul_f64(travel[arrivals.len() % travel.len()]);
                        arrivals.push(seen - start);
                        limiter.end(now);
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

        /// Whoever waits as long as he is told gets through: no demand starves and the quota is usable in full.
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
                limiter.end(now);
            }
            let full_windows = (demand - 1) / calls as usize;
            prop_assert_eq!(now - start, Duration::from_secs(full_windows as u64));
        }
    }
}
