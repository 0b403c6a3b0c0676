//! The questions to one plugin that are in flight: who waits for it, until when, and what becomes of them. A pure
//! function of (state, input, now); the threads that plugins run on are elsewhere.

use std::collections::{BTreeSet, VecDeque};

use super::breaker::{Breaker, Turned};

/// Threads of one plugin that may have been given up without having come back.
const LOST_LIMIT: usize = 3;

/// The questions to one plugin.
#[derive(Debug)]
pub(super) struct InFlight {
    /// Questions that its thread may have at once.
    queue: usize,
    budget_ms: i64,
    breaker: Breaker,
    /// Events that wait, in the order of their questions, each with the end of its patience.
    waiting: VecDeque<(u64, i64)>,
    /// Events that wait for lookups, after which its thread is asked again: each has a place in its queue.
    deferred: BTreeSet<u64>,
    /// Questions that the present thread has and has not answered, also those that nobody waits for any more.
    unanswered: usize,
    /// The present thread; those before it were given up.
    thread: u64,
    /// The present thread came to its end by itself: whoever replaces it need not give it up.
    ended: bool,
    /// Threads that were given up and have not come back.
    lost: usize,
    turned: Vec<Turned>,
}

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// It goes to the present thread.
    ToPresent,
    /// The present thread is given up; it goes to a new one.
    ToNew,
    /// Too many wait already: the event goes on without an answer.
    Full,
    /// The plugin is off: the event goes on without an answer.
    Off,
}

/// How a plugin treated a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treated {
    /// It answered.
    Answered,
    /// It failed or panicked.
    Failed,
    /// It was not asked: nobody waited any more.
    Skipped,
}

// === impl InFlight ===

impl InFlight {
    /// For a plugin whose thread may have `queue` questions at once, each to be answered within `budget_ms`.
    pub(super) fn new(queue: usize, budget_ms: i64) -> Self {
        Self {
            queue,
            budget_ms,
            breaker: Breaker::default(),
            waiting: VecDeque::new(),
            deferred: BTreeSet::new(),
            unanswered: 0,
            thread: 0,
            ended: false,
            lost: 0,
            turned: Vec::new(),
        }
    }

    /// An event wants an answer.
    pub(super) fn ask(&mut self, ticket: u64, now: i64) -> Asked {
        if !self.breaker.admits(now) {
            return Asked::Off;
        }
        let mut asked = Asked::ToPresent;
        if self.breaker.is_trying() && self.unanswered > 0 {
            // Its thread has not come back in all that time.
            if !std::mem::take(&mut self.ended) {
                if self.lost >= LOST_LIMIT {
                    self.turned.extend(self.breaker.failed(now));
                    return Asked::Off;
                }
                self.lost += 1;
            }
            self.thread += 1;
            self.unanswered = 0;
            asked = Asked::ToNew;
        }
        if self.unanswered + self.deferred.len() >= self.queue {
            if self.waiting.is_empty() {
                // All that its thread has is overdue.
                self.turned.extend(self.breaker.failed(now));
            }
            return Asked::Full;
        }
        self.unanswered += 1;
        self.waiting.push_back((ticket, now + self.budget_ms));
        asked
    }

    /// A thread is done with a question. True if the event still waits for it.
    pub(super) fn treated(&mut self, thread: u64, ticket: u64, treated: Treated, now: i64) -> bool {
        if thread != self.thread {
            return false;
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == ticket) else { return false };
        self.waiting.remove(at);
        let turned = match treated {
            Treated::Answered => self.breaker.succeeded(now),
            Treated::Failed => self.breaker.failed(now),
            // The question that decides is decided, or none would ever be asked again.
            Treated::Skipped if self.breaker.is_trying() => self.breaker.failed(now),
            Treated::Skipped => None,
        };
        self.turned.extend(turned);
        true
    }

    /// A thread answered a question by what it wants to know first. True if the event still waits for it.
    pub(super) fn deferred(&mut self, thread: u64, ticket: u64) -> bool {
        if thread != self.thread {
            return false;
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        let waits = self.waiting.iter().any(|(waiting, _)| *waiting == ticket);
        if waits {
            self.deferred.insert(ticket);
        }
        waits
    }

    /// What was to be known first is known: the present thread is asked again. Until when the event waits; `None` if it
    /// does not any more. An event whose patience is over at `now` stays one that waited for lookups: that they were
    /// late is nothing that the plugin did.
    pub(super) fn ask_again(&mut self, ticket: u64, now: i64) -> Option<i64> {
        let (_, until) = *self.waiting.iter().find(|(waiting, _)| *waiting == ticket)?;
        if until <= now || !self.deferred.remove(&ticket) {
            return None;
        }
        self.unanswered += 1;
        Some(until)
    }

    /// Events whose patience is over.
    pub(super) fn overdue(&mut self, now: i64) -> Vec<u64> {
        let mut overdue = Vec::new();
        while let Some((ticket, _)) = self.waiting.front().filter(|(_, until)| *until <= now).copied() {
            self.waiting.pop_front();
            overdue.push(ticket);
            // That lookups were not over in time is nothing that the plugin did; but it did not show that it is well.
            if !self.deferred.remove(&ticket) || self.breaker.is_trying() {
                self.turned.extend(self.breaker.failed(now));
            }
        }
        overdue
    }

    /// Events that need not wait any longer: the plugin was turned off.
    pub(super) fn dismissed(&mut self) -> Vec<u64> {
        // The question that decides whether it is turned on again is waited for.
        if !self.breaker.is_off() || self.breaker.is_trying() {
            return Vec::new();
        }
        self.deferred.clear();
        self.waiting.drain(..).map(|(ticket, _)| ticket).collect()
    }

    /// A thread came to its end: one that was given up has come back.
    pub(super) fn ended(&mut self, thread: u64) {
        if thread == self.thread {
            self.ended = true;
        } else {
            self.lost = self.lost.saturating_sub(1);
        }
    }

    /// Whether the plugin was turned off or on since the last call, in order.
    pub(super) fn take_turned(&mut self) -> Vec<Turned> {
        std::mem::take(&mut self.turned)
    }

    /// The present thread.
    pub(super) fn thread(&self) -> u64 {
        self.thread
    }

    /// Questions that the present thread has.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Whether it is off.
    pub(super) fn is_off(&self) -> bool {
        self.breaker.is_off()
    }

    /// Threads that were given up and have not come back.
    pub(super) fn lost(&self) -> usize {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: i64 = 50;

    /// Lets it be late until it is off; returns the time.
    fn spun(in_flight: &mut InFlight, mut ticket: u64) -> i64 {
        let mut now = 0;
        while !in_flight.is_off() {
            ticket += 1;
            in_flight.ask(ticket, now);
            now += BUDGET;
            in_flight.overdue(now);
        }
        now
    }

    #[test]
    fn an_answer_in_time_reaches_its_event_and_a_late_one_nobody() {
        let mut in_flight = InFlight::new(10, BUDGET);
        assert_eq!((in_flight.ask(1, 0), in_flight.ask(2, 10)), (Asked::ToPresent, Asked::ToPresent));
        assert!(in_flight.treated(0, 2, Treated::Answered, 20), "also before the first");
        assert_eq!(in_flight.overdue(BUDGET - 1), [0; 0]);
        assert_eq!(in_flight.overdue(BUDGET), [1]);
        assert!(!in_flight.treated(0, 1, Treated::Answered, BUDGET + 1));
        assert_eq!(in_flight.unanswered(), 0);
    }

    #[test]
    fn lookups_that_are_over_too_late_are_not_held_against_the_plugin() {
        let mut in_flight = InFlight::new(10, BUDGET);
        for ticket in 0..9 {
            in_flight.ask(ticket, 0);
            assert!(in_flight.deferred(0, ticket));
        }
        for ticket in 0..9 {
            assert_eq!(in_flight.ask_again(ticket, BUDGET), None);
        }
        assert_eq!(in_flight.overdue(BUDGET).len(), 9);
        assert!(!in_flight.is_off());
        in_flight.ask(10, BUDGET);
        assert!(in_flight.deferred(0, 10));
        assert_eq!(in_flight.ask_again(10, BUDGET + 1), Some(2 * BUDGET));
    }

    #[test]
    fn a_full_queue_lets_events_pass_and_does_not_turn_it_off() {
        let mut in_flight = InFlight::new(2, BUDGET);
        assert_eq!(
            [in_flight.ask(1, 0), in_flight.ask(2, 0), in_flight.ask(3, 0)],
            [Asked::ToPresent, Asked::ToPresent, Asked::Full]
        );
        assert!(in_flight.treated(0, 1, Treated::Answered, 1));
        assert_eq!(in_flight.ask(4, 1), Asked::ToPresent);
        // What nobody waits for any more still fills the queue, until the thread is done with it.
        assert_eq!(in_flight.overdue(BUDGET), [2]);
        assert_eq!(in_flight.ask(5, BUDGET), Asked::Full);
        assert!(!in_flight.treated(0, 2, Treated::Skipped, BUDGET));
        assert_eq!(in_flight.ask(6, BUDGET), Asked::ToPresent);
        assert!(!in_flight.is_off());
    }

    #[test]
    fn when_it_is_turned_off_nobody_waits_any_longer() {
        let mut in_flight = InFlight::new(100, BUDGET);
        for ticket in 0..10 {
            in_flight.ask(ticket, 0);
        }
        for ticket in 0..5 {
            assert!(in_flight.treated(0, ticket, Treated::Failed, 1));
        }
        assert!(matches!(in_flight.take_turned()[..], [Turned::Off { .. }]));
        assert_eq!(in_flight.dismissed(), [5, 6, 7, 8, 9]);
        assert_eq!(in_flight.ask(10, 2), Asked::Off);
    }

    #[test]
    fn a_thread_that_does_not_come_back_is_replaced_but_not_for_ever() {
        let mut in_flight = InFlight::new(1, BUDGET);
        let mut now = spun(&mut in_flight, 0);
        for lost in 1..=LOST_LIMIT {
            now += 600_000;
            assert_eq!(in_flight.ask(100 + lost as u64, now), Asked::ToNew);
            assert_eq!((in_flight.lost(), in_flight.thread()), (lost, lost as u64));
            assert_eq!(in_flight.dismissed(), [0; 0], "the one that decides is waited for");
            now += BUDGET;
            assert_eq!(in_flight.overdue(now), [100 + lost as u64]);
        }
        now += 600_000;
        assert_eq!(in_flight.ask(200, now), Asked::Off, "the limit of threads");
        // One comes back: there is room for another try.
        in_flight.ended(0);
        now += 600_000;
        assert_eq!(in_flight.ask(201, now), Asked::ToNew);
        assert!(
            !in_flight.treated(1, 201, Treated::Answered, now),
            "an answer of a thread that was given up"
        );
        let present = in_flight.thread();
        assert!(in_flight.treated(present, 201, Treated::Answered, now));
        assert!(!in_flight.is_off());
    }

    #[test]
    fn one_that_was_only_slow_is_used_again() {
        let mut in_flight = InFlight::new(1, BUDGET);
        let now = spun(&mut in_flight, 0);
        assert!(!in_flight.treated(0, 1, Treated::Answered, now), "late");
        assert_eq!(in_flight.ask(9, now + 600_000), Asked::ToPresent);
        assert!(in_flight.treated(0, 9, Treated::Answered, now + 600_000));
        assert_eq!(in_flight.lost(), 0);
    }

    #[test]
    fn a_thread_that_ended_by_itself_is_replaced_and_not_counted_as_lost() {
        let mut in_flight = InFlight::new(1, BUDGET);
        let now = spun(&mut in_flight, 0);
        in_flight.ended(0);
        assert_eq!(in_flight.ask(9, now + 600_000), Asked::ToNew);
        assert_eq!((in_flight.lost(), in_flight.thread()), (0, 1));
    }

    #[test]
    fn who_waits_for_lookups_keeps_a_place_and_the_thread_is_free() {
        let mut in_flight = InFlight::new(2, BUDGET);
        assert_eq!([in_flight.ask(1, 0), in_flight.ask(2, 5)], [Asked::ToPresent; 2]);
        assert!(in_flight.deferred(0, 1));
        assert_eq!((in_flight.unanswered(), in_flight.ask(3, 6)), (1, Asked::Full));
        assert_eq!(in_flight.ask_again(1, 0), Some(BUDGET), "no longer than before");
        assert_eq!((in_flight.unanswered(), in_flight.ask_again(1, 0)), (2, None));
        assert!(in_flight.treated(0, 1, Treated::Answered, 10));
        assert!(in_flight.deferred(0, 2));
        assert_eq!(in_flight.overdue(5 + BUDGET), [2]);
        assert_eq!((in_flight.ask_again(2, 0), in_flight.deferred(0, 2)), (None, false));
        assert_eq!([in_flight.ask(4, 60), in_flight.ask(5, 60)], [Asked::ToPresent; 2]);
    }

    #[test]
    fn the_question_that_decides_is_decided_however_it_ends() {
        for ends_in_a_lookup in [true, false] {
            let mut in_flight = InFlight::new(100, BUDGET);
            let now = spun(&mut in_flight, 0);
            (1..=5).for_each(|ticket| assert!(!in_flight.treated(0, ticket, Treated::Skipped, now)));
            assert_eq!(in_flight.ask(50, now + 1_000), Asked::ToPresent);
            if ends_in_a_lookup {
                assert!(in_flight.deferred(0, 50));
                assert_eq!(in_flight.overdue(now + 1_000 + BUDGET), [50]);
            } else {
                assert!(in_flight.treated(0, 50, Treated::Skipped, now + 1_000 + BUDGET));
            }
            assert_eq!(in_flight.ask(51, now + 1_100), Asked::Off);
            assert_eq!(in_flight.ask(52, now + 10_000), Asked::ToPresent, "it is tried again");
        }
    }

    #[test]
    fn slow_lookups_turn_no_plugin_off_and_only_the_last_answer_counts() {
        let mut in_flight = InFlight::new(100, BUDGET);
        for ticket in 0..20 {
            in_flight.ask(ticket, 0);
            assert!(in_flight.deferred(0, ticket));
        }
        assert_eq!(in_flight.overdue(BUDGET).len(), 20);
        assert!(!in_flight.is_off());
        // Every first answer is right and every second one fails.
        for ticket in 20..25 {
            in_flight.ask(ticket, 100);
            assert!(in_flight.deferred(0, ticket) && in_flight.ask_again(ticket, 0).is_some());
            assert!(in_flight.treated(0, ticket, Treated::Failed, 100));
        }
        assert!(in_flight.is_off());
    }
}
