//! Whether records are stored, from how requests ended: a pure decision.
//!
//! A cluster of which one partition has no leader stores the records of the others, and goes on being used. Where
//! nothing at all was stored while requests waited for it for a while, others are refused at once, but for one in a
//! while that finds out.

use std::time::{Duration, Instant};

/// So long requests waited in vain before others are refused: brokers that pause for less are waited for. They do where
/// one dies: KRaft takes it out of the in-sync replicas after 9 s (`broker.session.timeout.ms`). Three full waits of a
/// caller; two would be a second too few.
const SILENT: Duration = Duration::from_secs(12);

/// And so long where nothing was stored before, since the brokers answer.
const SILENT_AGAIN: Duration = Duration::from_secs(4);

/// So long after its caller gave up a record is still on its way: a client of Kafka keeps it for 30 s
/// (`message.timeout.ms`), and a caller waits for 4 s at most.
const HELD: Duration = Duration::from_secs(26);

/// While nothing is stored, one request in so long is let through.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How soon the brokers are looked at again after they did not store though they answer; twice as long each time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// And so long at most.
const LOOK_AGAIN_MOST: Duration = Duration::from_secs(16);

/// What is known of it.
#[derive(Debug, Default)]
pub struct Storing {
    /// When a record was stored last.
    stored: Option<Instant>,
    /// Since then.
    waited: Waited,
    /// Nothing is stored.
    away: Option<Away>,
}

/// Why a request was not stored.
#[derive(Debug, Clone, Copy)]
pub enum Unstored {
    /// It was refused, or cannot be sent.
    Refused,
    /// No answer came until then.
    Unanswered(Instant),
    /// This process had as many records on their way as it may hold, then.
    NoRoom(Instant),
}

/// How it stands, for who asks whether to send requests here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Nothing was stored yet, and nothing tells that it would not be.
    Untried,
    /// Records are stored.
    Stores,
    /// None are.
    Away,
    /// The brokers answer since; requests are to find out whether they store.
    Answers,
}

/// How long requests waited in vain, time in which several did counted once.
#[derive(Debug, Default, Clone, Copy)]
struct Waited {
    all: Duration,
    until: Option<Instant>,
    /// When the last caller gave up.
    given_up: Option<Instant>,
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

    /// A record was stored.
    pub fn stored(&mut self, now: Instant) {
        self.stored = self.stored.max(Some(now));
        self.waited = Waited::default();
        self.away = None;
    }

    /// How it stands.
    pub fn stands(&self) -> Stands {
        match (self.away, self.stored) {
            (Some(away), _) if away.called => Stands::Answers,
            (Some(_), _) => Stands::Away,
            (None, Some(_)) => Stands::Stores,
            (None, None) => Stands::Untried,
        }
    }

    /// A request that began then was not stored. Whether that tells that none are, and is news.
    pub fn failed(&mut self, began: Instant, why: Unstored) -> bool {
        let tells = match why {
            Unstored::Refused => self.stored.is_none_or(|stored| stored < began),
            Unstored::Unanswered(until) => {
                self.waited.gives_up(self.stored.map_or(began, |stored| stored.max(began)), until);
                self.waited_long()
            }
            Unstored::NoRoom(now) => self.waited.still_waits(now) && self.waited_long(),
        };
        match &mut self.away {
            _ if !tells => false,
            Some(away) => std::mem::take(&mut away.called),
            None => {
                let first = Away { tried: None, look: None, pause: LOOK_AGAIN, called: false };
                self.away = Some(first);
                true
            }
        }
    }

    fn waited_long(&self) -> bool {
        self.waited.all >= self.away.map_or(SILENT, |_| SILENT_AGAIN)
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

    /// The brokers answer now.
    pub fn answers(&mut self, now: Instant) {
        if let Some(away) = &mut self.away {
            away.called = true;
            away.tried = None;
            away.pause = (away.pause * 2).min(LOOK_AGAIN_MOST);
            self.waited.begins_anew(now);
        }
    }
}

// === impl Waited ===

impl Waited {
    fn gives_up(&mut self, from: Instant, until: Instant) {
        self.add(from, until);
        self.given_up = self.given_up.max(Some(until));
    }

    /// Whether the record of somebody who gave up is still on its way now; it waits too, then.
    fn still_waits(&mut self, now: Instant) -> bool {
        let waits = self.given_up.filter(|at| now.saturating_duration_since(*at) <= HELD);
        if let Some(at) = waits {
            self.add(at, now);
        }
        waits.is_some()
    }

    /// What was before counts no more.
    fn begins_anew(&mut self, now: Instant) {
        self.all = Duration::ZERO;
        self.until = self.until.max(Some(now));
    }

    fn add(&mut self, from: Instant, until: Instant) {
        let from = self.until.map_or(from, |counted| counted.max(from));
        self.all += until.saturating_duration_since(from);
        self.until = self.until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Unstored::{NoRoom, Refused, Unanswered};

    #[test]
    fn one_partition_that_fails_does_not_turn_the_others_away() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(storing.stands(), Stands::Untried);
        storing.stored(after(100));
        assert!(!storing.failed(start, Refused), "another one was stored meanwhile");
        assert!(storing.may_be_tried(after(200)) && storing.stands() == Stands::Stores);
        assert!(storing.failed(after(200), Refused), "nothing was stored since");
        assert!(!storing.failed(after(210), Refused), "which is known");
        assert_eq!(storing.stands(), Stands::Away);
        storing.stored(after(300));
        assert!(storing.may_be_tried(after(300)) && storing.stands() == Stands::Stores);
    }

    /// Whether requests that waited so, each from and until so many milliseconds after the start, turn others away,
    /// where records were stored then.
    fn turns_away(stored: &[u64], waits: &[(u64, u64)]) -> bool {
        let (mut storing, start) = (Storing::default(), Instant::now());
        let after = |millis: u64| start + Duration::from_millis(millis);
        let mut stored = stored.iter().copied().peekable();
        let mut is_away = false;
        for (began, until) in waits {
            while let Some(at) = stored.next_if(|at| at < until) {
                storing.stored(after(at));
            }
            is_away = storing.failed(after(*began), Unanswered(after(*until))) || is_away;
        }
        is_away
    }

    #[test]
    fn nothing_stored_for_three_full_waits_turns_others_away_and_less_does_not() {
        let two = vec![(0, 4_000), (4_000, 8_000)];
        let busy: Vec<_> = (0..=400).map(|at| (at * 10, at * 10 + 4_000)).collect();
        for (stored, waits, expected) in [
            // A slow body left little of its time.
            (&[][..], vec![(3_400, 4_400)], false),
            (&[], vec![(0, 4_000)], false),
            // A broker that died is given up after nine seconds.
            (&[], two.clone(), false),
            (&[], vec![(0, 4_000), (4_000, 8_000), (8_000, 11_990)], false),
            (&[], [two.clone(), vec![(8_000, 12_000)]].concat(), true),
            (&[], [two.clone(), vec![(60_000, 64_000)]].concat(), true),
            (&[], [two.clone(), vec![(60_000, 61_000)]].concat(), false),
            // Thousands at once are no more than one.
            (&[], busy.clone(), false),
            (&[], [busy.clone(), vec![(8_000, 12_000)]].concat(), true),
            (&[7_990], [busy.clone(), vec![(7_000, 11_000), (8_000, 12_000)]].concat(), false),
            // What was stored before a request began takes nothing from what it waits.
            (&[7_990], [busy, vec![(8_000, 12_000), (12_000, 16_000), (16_000, 20_000)]].concat(), true),
        ] {
            assert_eq!(turns_away(stored, &waits), expected, "{stored:?} {:?}", waits.last());
        }
    }

    #[test]
    fn while_nothing_is_stored_one_in_a_while_finds_out() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        storing.failed(start, Refused);
        assert!(storing.may_be_tried(start) && storing.may_be_tried(start), "asking takes nothing away");
        assert!(storing.tries(start) && !storing.tries(after(1)) && !storing.tries(after(999)));
        assert!(storing.tries(after(1_000)));
        storing.stored(after(1_001));
        assert!(storing.tries(after(1_001)) && storing.tries(after(1_001)));
    }

    #[test]
    fn brokers_that_answer_and_do_not_store_are_looked_at_ever_more_seldom() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        assert!(!storing.wants_a_look(start));
        storing.failed(start, Refused);
        let (mut looks, mut at) = (Vec::new(), start);
        for _ in 0..60 {
            if storing.wants_a_look(at) {
                looks.push(at.duration_since(start).as_secs());
                storing.answers(at);
                assert_eq!(storing.stands(), Stands::Answers);
                assert!(
                    storing.tries(at) && storing.failed(at, Refused),
                    "ready, tried, and not ready again"
                );
            }
            at += Duration::from_secs(1);
        }
        assert_eq!(looks, [0, 1, 3, 7, 15, 31, 47]);
    }

    #[test]
    fn a_short_wait_does_not_tell_that_brokers_which_answer_do_not_store() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(storing.failed(start, Unanswered(after(12))));
        storing.answers(after(12));
        assert!(!storing.failed(after(12), Unanswered(after(13))));
        assert!(storing.failed(after(13), Unanswered(after(16))), "four seconds in all");
    }

    #[test]
    fn a_process_that_is_full_waits_for_what_it_holds_for_as_long_as_it_holds_it() {
        let (silent, full_wait) = (SILENT.as_secs(), SILENT_AGAIN.as_secs());
        for (given_up, full, expected) in [
            // Many come at once, and nothing speaks against the brokers.
            (None, vec![1, 2, silent, 2 * silent], false),
            (Some(full_wait), vec![5, 6, 7], false),
            (Some(full_wait), vec![5, 6, silent], true),
            (Some(full_wait), vec![silent], true),
            // What was given up is no longer on its way.
            (Some(full_wait), vec![full_wait + HELD.as_secs() + 1], false),
        ] {
            let (mut storing, start) = (Storing::default(), Instant::now());
            let after = |seconds| start + Duration::from_secs(seconds);
            if let Some(at) = given_up {
                assert!(!storing.failed(start, Unanswered(after(at))));
            }
            let news = full.iter().filter(|at| storing.failed(after(**at), NoRoom(after(**at)))).count();
            assert_eq!((news == 1, storing.stands() == Stands::Away), (expected, expected), "{full:?}");
            storing.stored(after(100));
            assert!(!storing.failed(after(101), NoRoom(after(101))), "something is stored");
        }
    }

    #[test]
    fn where_the_brokers_answer_a_full_process_has_a_full_wait_anew() {
        let (mut storing, start) = (Storing::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(storing.failed(start, Unanswered(after(20))));
        storing.answers(after(30));
        assert!(!storing.failed(after(31), NoRoom(after(31))) && storing.stands() == Stands::Answers);
        assert!(storing.failed(after(34), NoRoom(after(34))) && storing.stands() == Stands::Away);
    }
}
