//! Counts of calls over a rolling window, in bounded memory.

use std::time::{Duration, Instant};

/// Slices the window is cut into: what leaves the window leaves it at most a twelfth late.
const SLICES: usize = 12;

/// A rolling window over the outcomes of calls.
#[derive(Debug)]
pub(crate) struct Window {
    slice: Duration,
    slices: [Counts; SLICES],
    /// The newest slice, and when it began.
    newest: usize,
    newest_began: Instant,
}

/// What happened within the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Calls in all.
    pub(crate) calls: u32,
    /// Those that failed.
    pub(crate) failures: u32,
    /// Those that were slow, failed or not.
    pub(crate) slow: u32,
}

// === impl Window ===

impl Window {
    /// An empty window of this length.
    pub(crate) fn new(length: Duration, now: Instant) -> Self {
        let slice = (length / SLICES as u32).max(Duration::from_millis(1));
        Self { slice, slices: [Counts::default(); SLICES], newest: 0, newest_began: now }
    }

    /// Counts one call.
    pub(crate) fn add(&mut self, now: Instant, failed: bool, slow: bool) {
        self.turn(now);
        let counts = &mut self.slices[self.newest];
        counts.calls = counts.calls.saturating_add(1);
        counts.failures = counts.failures.saturating_add(u32::from(failed));
        counts.slow = counts.slow.saturating_add(u32::from(slow));
    }

    /// What is in the window now.
    pub(crate) fn counts(&mut self, now: Instant) -> Counts {
        self.turn(now);
        self.slices.iter().fold(Counts::default(), |sum, slice| Counts {
            calls: sum.calls.saturating_add(slice.calls),
            failures: sum.failures.saturating_add(slice.failures),
            slow: sum.slow.saturating_add(slice.slow),
        })
    }

    fn turn(&mut self, now: Instant) {
        if now.saturating_duration_since(self.newest_began) >= self.slice * SLICES as u32 * 2 {
            self.slices = [Counts::default(); SLICES];
            self.newest_began = now;
        }
        while now.saturating_duration_since(self.newest_began) >= self.slice {
            self.newest = (self.newest + 1) % SLICES;
            self.newest_began += self.slice;
            self.slices[self.newest] = Counts::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_until_the_window_has_passed() {
        let start = Instant::now();
        let mut window = Window::new(Duration::from_secs(60), start);
        window.add(start, true, false);
        window.add(start + Duration::from_secs(30), false, true);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(window.counts(at(54)), Counts { calls: 2, failures: 1, slow: 1 });
        assert_eq!(window.counts(at(60)), Counts { calls: 1, failures: 0, slow: 1 });
        assert_eq!(window.counts(at(95)), Counts::default());
        assert_eq!(window.counts(at(9_000)), Counts::default());
    }
}
