//! Quotas as the platforms count them.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// How a window moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Window {
    /// Opens with the first call and closes after its length; then the count starts anew.
    FromFirstCall,
    /// Opens at each multiple of its length since the epoch, such as each full hour.
    Aligned,
    /// Looks back its length from every call.
    Rolling,
}

/// So many calls in a window, per credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Calls allowed in a window.
    pub calls: u32,
    /// Length of the window in milliseconds.
    pub window_ms: i64,
    /// How the window moves.
    pub window: Window,
    /// How late enforcement is: counts become effective at multiples of this many milliseconds; 0 for at once.
    pub counted_every_ms: i64,
}

/// What one credential has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Client id or user name.
    pub credential: String,
    /// The rule in force.
    pub rule: Rule,
    /// Calls counted in the window of now.
    pub count: u32,
    /// The most calls ever counted in a window.
    pub peak: u32,
    /// Calls refused so far.
    pub refused: u64,
    /// Milliseconds until the window ends, or until its oldest call leaves it.
    pub reset_ms: i64,
}

/// Whether a call is within its quota. Counts include the call itself when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// True when the call may go on.
    pub within: bool,
    /// Calls counted in this window.
    pub count: u32,
    /// Calls allowed in a window.
    pub allowed: u32,
    /// Milliseconds until calls are possible again, or the window ends.
    pub reset_ms: i64,
}

impl Verdict {
    /// Seconds until the window resets, rounded up, at least 1.
    #[must_use]
    pub fn reset_seconds(&self) -> i64 {
        ((self.reset_ms + 999) / 1000).max(1)
    }
}

/// Counts calls against a rule, per credential.
#[derive(Debug)]
pub struct Meter {
    configured: Rule,
    override_calls: Option<u32>,
    counters: BTreeMap<String, Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    /// Times of the calls in the window, oldest first.
    calls: VecDeque<i64>,
    opened_at: i64,
    /// What enforcement knows: the count when it was last brought up to date.
    effective: u32,
    effective_since: i64,
    peak: u32,
    refused: u64,
}

// === impl Meter ===

impl Meter {
    /// A meter for that rule.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        Self { configured: rule, override_calls: None, counters: BTreeMap::new() }
    }

    /// Replaces the number of calls a window allows, or goes back to the rule's.
    pub fn limit(&mut self, calls: Option<u32>) {
        self.override_calls = calls;
    }

    /// Counts a call, unless it is one too many. Refused calls do not count.
    pub fn take(&mut self, credential: &str, now_ms: i64) -> Verdict {
        let rule = self.rule();
        let counter = self.counters.entry(credential.to_owned()).or_default();
        counter.advance(&rule, now_ms);
        let within = counter.effective(&rule, now_ms) < rule.calls;
        if within {
            counter.calls.push_back(now_ms);
            counter.peak = counter.peak.max(counter.count());
        } else {
            counter.refused += 1;
        }
        Verdict {
            within,
            count: counter.count(),
            allowed: rule.calls,
            reset_ms: counter.reset_ms(&rule, now_ms),
        }
    }

    /// What each credential has used at `now_ms`.
    #[must_use]
    pub fn usage(&self, now_ms: i64) -> Vec<Usage> {
        let rule = self.rule();
        let in_window = |counter: &Counter| {
            counter.calls.iter().filter(|called| **called > counter.window_start(&rule, now_ms)).count()
        };
        self.counters
            .iter()
            .map(|(credential, counter)| Usage {
                credential: credential.clone(),
                rule,
                count: u32::try_from(in_window(counter)).unwrap_or(u32::MAX),
                peak: counter.peak,
                refused: counter.refused,
                reset_ms: counter.reset_ms(&rule, now_ms),
            })
            .collect()
    }

    fn rule(&self) -> Rule {
        Rule { calls: self.override_calls.unwrap_or(self.configured.calls), ..self.configured }
    }
}

// === impl Counter ===

impl Counter {
    /// Calls at or before this time are no longer in the window.
    fn window_start(&self, rule: &Rule, now_ms: i64) -> i64 {
        match rule.window {
            Window::Rolling => now_ms - rule.window_ms,
            Window::Aligned => now_ms - now_ms.rem_euclid(rule.window_ms) - 1,
            Window::FromFirstCall if now_ms >= self.opened_at + rule.window_ms => now_ms,
            Window::FromFirstCall => self.opened_at - 1,
        }
    }

    fn advance(&mut self, rule: &Rule, now_ms: i64) {
        let start = self.window_start(rule, now_ms);
        while self.calls.front().is_some_and(|called| *called <= start) {
            self.calls.pop_front();
        }
        if self.calls.is_empty() {
            self.opened_at = now_ms;
            self.effective = 0;
        }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX)
    }

    /// The count that enforcement goes by.
    fn effective(&mut self, rule: &Rule, now_ms: i64) -> u32 {
        if rule.counted_every_ms == 0 {
            return self.count();
        }
        let tick = now_ms - now_ms.rem_euclid(rule.counted_every_ms);
        if tick > self.effective_since {
            self.effective_since = tick;
            self.effective = self.count();
        }
        self.effective
    }

    fn reset_ms(&self, rule: &Rule, now_ms: i64) -> i64 {
        let end = match rule.window {
            Window::FromFirstCall => self.opened_at + rule.window_ms,
            Window::Aligned => now_ms - now_ms.rem_euclid(rule.window_ms) + rule.window_ms,
            Window::Rolling => self.calls.front().map_or(now_ms, |oldest| oldest + rule.window_ms),
        };
        (end - now_ms).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(window: Window, counted_every_ms: i64) -> Meter {
        Meter::new(Rule { calls: 2, window_ms: 1000, window, counted_every_ms })
    }

    /// Which of the calls at these times are within a quota of 2 per 1000 ms.
    fn within(mut meter: Meter, times: &[i64]) -> Vec<bool> {
        times.iter().map(|time| meter.take("client", *time).within).collect()
    }

    #[test]
    fn windows_move_as_their_platform_says() {
        let cases: [(Window, i64, &[i64], &[bool]); 5] = [
            (Window::FromFirstCall, 0, &[5500, 5900, 6400, 6500], &[true, true, false, true]),
            (Window::FromFirstCall, 0, &[5500, 6499, 6500, 6501, 6502], &[true, true, true, true, false]),
            (Window::Aligned, 0, &[5500, 5900, 5999, 6000], &[true, true, false, true]),
            (Window::Rolling, 0, &[5500, 6400, 6499, 6500, 6501], &[true, true, false, true, false]),
            // Late enforcement lets a burst through until the counts are brought up to date.
            (Window::Aligned, 500, &[5000, 5001, 5002, 5003, 5500], &[true, true, true, true, false]),
        ];
        for (window, late, times, expected) in cases {
            assert_eq!(within(meter(window, late), times), expected, "{window:?} at {times:?}");
        }
    }

    #[test]
    fn usage_reports_count_peak_and_refusals() {
        let mut meter = meter(Window::Rolling, 0);
        for time in [100, 200, 300] {
            meter.take("client", time);
        }
        let usage = &meter.usage(1150)[0];
        assert_eq!((usage.count, usage.peak, usage.refused), (1, 2, 1));
    }

    #[test]
    fn an_override_applies_and_goes_away() {
        let mut meter = meter(Window::Rolling, 0);
        meter.limit(Some(0));
        assert!(!meter.take("client", 100).within);
        meter.limit(None);
        assert!(meter.take("client", 100).within);
    }
}
