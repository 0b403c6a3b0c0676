//! Whether records are stored, from how requests ended: a pure decision.
//!
//! A cluster of which one partition has no leader stores the records of the others, and goes on being used. Where
//! nothing at all was stored while a request waited, others are refused at once, but for one in a while that finds out.

use std::time::{Duration, Instant};

/// While nothing is stored, one request in so long is let through.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How soon the brokers are looked at again after they did not store though they answer; twice as long each time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// And so long at most.
const LOOK_AGAIN_MOST: Duration = Duration::from_secs(16);

/// What is known of it.
#[derive(Debug, Default)]
pub struct Storing {
    /// When a request was stored last.
    stored: Option<Instant>,
    /// Nothing was stored while a request waited for it.
    away: Option<Away>,
}

#[derive(Debug, Clone, Copy)]
struct Away {
    tried: Option<Instant>,
    /// When the brokers may be looked at next, and how long after that.
    look: Option<Instant>,
    pause: Duration,
    /// Requests come, since the brokers answered.
    called: bool,
}

// === impl Storing ===

impl Storing {
    /// Whether a request that came now had a chance to be stored.
    pub fn may_be_tried(&self, now: Instant) -> bool {
        self.away
            .is_none_or(|away| away.tried.is_none_or(|at| now.saturating_duration_since(at) >= TRY_AGAIN))
    }

    /// Lets a request through that has a chance; where others are refused, it is the one that finds out.
    pub fn tries(&mut self, now: Instant) -> bool {
        let may = self.may_be_tried(now);
        if may && let Some(away) = &mut self.away {
            away.tried = Some(now);
        }
        may
    }

    /// A request was stored. Whether none were before.
    pub fn stored(&mut self, now: Instant) -> bool {
        self.stored = self.stored.max(Some(now));
        self.away.take().is_some()
    }

    /// A request that began then was not stored. Whether that is news: no other one was since.
    pub fn failed(&mut self, began: Instant) -> bool {
        if self.stored.is_some_and(|stored| stored >= began) {
            return false;
        }
        match &mut self.away {
            Some(away) => std::mem::take(&mut away.called),
            None => {
                let first = Away { tried: None, look: None, pause: LOOK_AGAIN, called: false };
                self.away = Some(first);
                true
            }
        }
    }

    /// Whether it is time to look if the brokers answer.
    pub fn wants_a_look(&mut self, now: Instant) -> bool {
        let Some(away) = self.away.as_mut().filter(|away| !away.called) else { return false };
        if away.look.is_some_and(|at| now < at) {
            return false;
        }
        away.look = Some(now + away.pause);
        true
    }

    /// The brokers answer.
    pub fn answers(&mut self) {
        if let Some(away) = &mut self.away {
            away.called = true;
            away.tried = None;
            away.pause = (away.pause * 2).min(LOOK_AGAIN_MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_partition_that_fails_does_not_turn_the_others_away() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        assert!(!storing.stored(after(100)));
        assert!(!storing.failed(start), "another one was stored meanwhile");
        assert!(storing.may_be_tried(after(200)));
        assert!(storing.failed(after(200)), "nothing was stored since");
        assert!(!storing.failed(after(210)), "which is known");
        assert!(storing.stored(after(300)));
        assert!(storing.may_be_tried(after(300)));
    }

    #[test]
    fn while_nothing_is_stored_one_in_a_while_finds_out() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        storing.failed(start);
        assert!(storing.may_be_tried(start) && storing.may_be_tried(start), "asking takes nothing away");
        assert!(storing.tries(start) && !storing.tries(after(1)) && !storing.tries(after(999)));
        assert!(storing.tries(after(1_000)));
        assert!(storing.stored(after(1_001)));
        assert!(storing.tries(after(1_001)) && storing.tries(after(1_001)));
    }

    #[test]
    fn brokers_that_answer_and_do_not_store_are_looked_at_ever_more_seldom() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        assert!(!storing.wants_a_look(start));
        storing.failed(start);
        let (mut looks, mut at) = (Vec::new(), start);
        for _ in 0..60 {
            if storing.wants_a_look(at) {
                looks.push(at.duration_since(start).as_secs());
                storing.answers();
                assert!(storing.tries(at) && storing.failed(at), "ready, tried, and not ready again");
            }
            at += Duration::from_secs(1);
        }
        assert_eq!(looks, [0, 1, 3, 7, 15, 31, 47]);
    }
}
