//! Never more calls than a credential may make, as the system called counts them.
//!
//! A bucket of tokens for each (tenant, credential): a call takes one, and it comes back `per` after the call
//! has **ended**. The system sees a call at some moment between its beginning and its end, so however long
//! requests travel, no window of length `per` at the system can hold more than `calls` of them. (A bucket
//! that refills at a rate lets `burst` more through, and one that counts from the beginning of calls is off
//! by the jitter of the network.)
//!
//! What the platform says ([`Feedback`]) lowers this and never raises it. Pure: functions of (state, input,
//! now).

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use trunkline_systems::Rate;

/// Reports of the remaining calls that end this close to each other are about the same window of the
/// platform, which tells the end of its window in whole seconds.
const SAME_WINDOW: Duration = Duration::from_secs(2);

/// The longest window that a starting process waits out, see [`Limiter::start`].
const START_HOLD_MAX: Duration = Duration::from_secs(5);

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

/// What an answer states about limits; see [`crate::feedback`] for the headers it is read from.
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
    /// The platform does not say when its window ends (Salesforce counts a rolling day): when the time is
    /// over, let one call find out instead of lifting the limit.
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

/// What the platform last stated that it has left. Calls in flight come off it: the platform may not have
/// counted them.
#[derive(Debug, Clone, Copy)]
struct Ceiling {
    /// The lowest number stated within the platform's window: answers overtake each other, and a call that
    /// the platform counted later was answered with a lower number.
    calls_left: u32,
    until: Instant,
    rolling: Option<Duration>,
    /// Nothing was stated: the one call left is there to find out.
    probing: bool,
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

    /// A process starts with this limiter. A predecessor that was killed a moment ago may have used up the
    /// limit, so the window is waited out.
    ///
    /// Windows longer than [`START_HOLD_MAX`] are not: nobody could restart a process that then says nothing
    /// for a minute. The platform that has one (Genesys) tells with every answer what is left of it.
    pub fn start(&mut self, now: Instant) {
        if self.configured.per <= START_HOLD_MAX {
            self.paused = Some(now + self.configured.per);
        }
    }

    /// Takes leave for one call of an endpoint class; [`Limiter::end`] or [`Limiter::give_back`] has to
    /// follow.
    ///
    /// # Errors
    /// [`Blocked`] when the call would exceed a limit or falls into a pause.
    pub fn take(&mut self, class: &'static str, now: Instant) -> Result<(), Blocked> {
        self.expire(now);
        self.check(class, now)?;
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

    /// A call of `class` ended whose answer stated `feedback`; `None` when it could not state anything, because
    /// there was no answer or it came from before the limits (a refused token).
    pub fn end(&mut self, class: &'static str, feedback: Option<&Feedback>, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let last = self.ended.back().copied().unwrap_or(now);
        self.ended.push_back(now.max(last));
        let keep = self.limits().map(|rate| rate.calls as usize).max().unwrap_or(0);
        while self.ended.len() > keep {
            self.ended.pop_front();
        }
        match feedback {
            Some(feedback) => self.learn(class, feedback, now),
            None => self.learn_nothing(),
        }
    }

    /// A call was not made after all: nothing left for the system.
    pub fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    fn learn(&mut self, class: &'static str, feedback: &Feedback, now: Instant) {
        if let Some(allowed) = feedback.allowed {
            let allowed = Rate { calls: allowed.calls.max(1), per: allowed.per };
            let lowers = allowed.calls < self.configured.calls || allowed.per > self.configured.per;
            self.learned = lowers.then_some(allowed);
        }
        match (feedback.remaining, &mut self.ceiling) {
            (Some(remaining), _) => self.lower_ceiling(remaining, now),
            // A call whose answer states nothing was counted all the same.
            (None, Some(ceiling)) => ceiling.calls_left = ceiling.calls_left.saturating_sub(1),
            (None, None) => {}
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

    /// The platform may have counted the call. A probe that found nothing out is not over, though: the next call
    /// finds out, without another wait.
    fn learn_nothing(&mut self) {
        if let Some(ceiling) = self.ceiling.as_mut().filter(|ceiling| !ceiling.probing) {
            ceiling.calls_left = ceiling.calls_left.saturating_sub(1);
        }
    }

    fn lower_ceiling(&mut self, remaining: Remaining, now: Instant) {
        let Remaining { calls: calls_left, lasts, rolling } = remaining;
        let until = now + lasts;
        let ceiling = match self.ceiling {
            Some(known) if !rolling && until < known.until + SAME_WINDOW => Ceiling {
                calls_left: calls_left.min(known.calls_left),
                until: until.max(known.until),
                rolling: None,
                probing: false,
            },
            _ => Ceiling { calls_left, until, rolling: rolling.then_some(lasts), probing: false },
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
            // A rolling limit that was used up is probed with one call, for as long as nothing is found out;
            // one that was not is simply out of date.
            let lasts = ceiling.rolling.filter(|_| ceiling.calls_left == 0 || ceiling.probing)?;
            Some(Ceiling { calls_left: 1, until: now + lasts, rolling: Some(lasts), probing: true })
        });
    }

    fn check(&self, class: &'static str, now: Instant) -> Result<(), Blocked> {
        if let Some(until) = self.paused.max(self.paused_classes.get(class).copied()) {
            return Err(Blocked { until: Some(until) });
        }
        self.ceiling.map_or(Ok(()), |ceiling| self.check_ceiling(ceiling))?;
        self.limits().try_for_each(|rate| self.check_rate(rate, now))
    }

    fn check_ceiling(&self, ceiling: Ceiling) -> Result<(), Blocked> {
        match ceiling.calls_left {
            0 => Err(Blocked { until: Some(ceiling.until) }),
            // Some of those in flight may be counted already: their answers will show.
            calls_left if calls_left <= self.in_flight => Err(Blocked { until: None }),
            _ => Ok(()),
        }
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
mod tests;
