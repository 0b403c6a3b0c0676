//! Commands that their target cannot do, among many that it can: played with the breaker of the policy stack itself.
//!
//! Whatever the target does to them, they end within their bound, and the others wait a bounded time in all. And a
//! target that is down for everybody kills no command.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use trunkline_connect::breaker::{Breaker, Outcome, Permit, State};
use trunkline_schemas::Outcome as Result_;

use super::*;
use crate::answer::{Answer, Failure, FailureKind, Health};
use crate::command::Ended;
use crate::decision::{FAILURES_MAX, Step};
use crate::testing::{TOPIC, command, failure, terms};

/// How long an answer takes, in milliseconds.
const ANSWER_MS: i64 = 20;

/// After so long without an answer a call is given up, in milliseconds.
const TIMEOUT_MS: i64 = 5_000;

/// Attempts of one call, and the waits between them in milliseconds, as the policy stack makes them.
const RETRY_WAITS_MS: [i64; 3] = [100, 200, 400];

const MINUTE_MS: i64 = 60_000;

/// What the target does to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Serve,
    /// It answers with an error of its own.
    Answer500,
    /// It never answers.
    Hang,
}

/// A call under way.
struct Calling {
    serial: Serial,
    offset: i64,
    step: Step,
    /// Attempts made, and when the one under way ends.
    attempts: usize,
    under_way: Option<(Permit, Does, i64)>,
    /// When the next attempt begins.
    next_ms: i64,
}

/// One partition, one target with its breakers, a world that serves everything but what `does` says.
struct World {
    start: Instant,
    now_ms: i64,
    lanes: Lanes,
    breakers: HashMap<bool, Breaker>,
    calls: Vec<Calling>,
    next_offset: i64,
    does: Box<dyn Fn(i64, i64) -> Does>,
    read_at: BTreeMap<i64, i64>,
    /// How each command ended, and when.
    ended: BTreeMap<i64, (Result_, i64)>,
    writes: BTreeMap<i64, u32>,
}

impl World {
    /// `does` says what the target does to a write: by the command's offset and the time.
    fn new(does: impl Fn(i64, i64) -> Does + 'static) -> Self {
        let mut lanes = Lanes::new(Settings {
            targets: vec!["crm".to_owned()],
            topics: BTreeMap::from([(TOPIC.to_owned(), vec![0])]),
            max_in_flight: 64,
            max_buffered: 100_000,
            max_bytes: 1 << 30,
            max_finished: 100_000,
        });
        let partition = TopicPartition::new(TOPIC, 0);
        let assigned = Input::Assigned { partition, watermark: Some(0), finished: Vec::new(), end: 0 };
        lanes.apply(assigned, 0, &mut Vec::new());
        Self {
            start: Instant::now(),
            now_ms: 0,
            lanes,
            breakers: HashMap::new(),
            calls: Vec::new(),
            next_offset: 0,
            does: Box::new(does),
            read_at: BTreeMap::new(),
            ended: BTreeMap::new(),
            writes: BTreeMap::new(),
        }
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_millis(self.now_ms as u64)
    }

    fn apply(&mut self, input: Input) {
        let mut actions = Vec::new();
        self.lanes.apply(input, self.now_ms, &mut actions);
        for action in actions {
            if let Action::Call { serial, command, step } = action {
                let offset = command.issued.record.offset;
                let (attempts, next_ms) = (0, self.now_ms);
                self.calls.push(Calling { serial, offset, step, attempts, under_way: None, next_ms });
            }
        }
    }

    /// The next command of this resource arrives.
    fn arrives(&mut self, resource: &str) -> i64 {
        let offset = self.next_offset;
        self.next_offset += 1;
        self.read_at.insert(offset, self.now_ms);
        self.apply(Input::Read(Parsed::Command(command(0, offset, resource, terms()))));
        offset
    }

    /// One command each of so many resources.
    fn arrive(&mut self, resources: &str, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.arrives(&format!("{resources}-{number}"));
        }
    }

    fn breaker(&mut self, step: Step) -> &mut Breaker {
        let start = self.start;
        self.breakers.entry(step == Step::Write).or_insert_with(|| Breaker::new(Default::default(), start))
    }

    /// Lets 10 ms pass.
    fn pass(&mut self) {
        self.now_ms += 10;
        for index in (0..self.calls.len()).rev() {
            if let Some(answer) = self.advance(index) {
                let Calling { serial, step, attempts, .. } = self.calls.swap_remove(index);
                let health = self.health(step);
                self.apply(Input::Answered { serial, answer, health, attempts: attempts as u32 });
            }
        }
        self.apply(Input::Tick);
        if self.now_ms % 50 == 0
            && let Some(plan) = self.lanes.plan()
        {
            for ended in &plan.ended {
                let Ended::Command { ending, .. } = ended.as_ref() else { panic!("{ended:?}") };
                self.ended.insert(ended.record().offset, (ending.outcome, self.now_ms));
            }
            self.apply(Input::Committed);
        }
    }

    /// One look at a call: its answer, when it has come to its end.
    fn advance(&mut self, index: usize) -> Option<Answer> {
        let (now_ms, now) = (self.now_ms, self.instant());
        let Calling { offset, step, attempts, under_way, next_ms, .. } = &self.calls[index];
        let (offset, step, attempts, next_ms) = (*offset, *step, *attempts, *next_ms);
        match *under_way {
            Some((_, _, ends_ms)) if ends_ms > now_ms => None,
            Some((permit, does, _)) => {
                let (outcome, took) = match does {
                    Does::Serve => (Outcome::Success, ANSWER_MS),
                    Does::Answer500 => (Outcome::Failure, ANSWER_MS),
                    Does::Hang => (Outcome::Failure, TIMEOUT_MS),
                };
                let took = Duration::from_millis(took as u64);
                self.breaker(step).record(permit, outcome, took, now);
                self.calls[index].under_way = None;
                match (does, step) {
                    (Does::Serve, Step::Write) => Some(Answer::Written { status: 204 }),
                    (Does::Serve, Step::Read) => Some(Answer::Different { difference: "{}".to_owned() }),
                    (Does::Answer500, _) if attempts <= RETRY_WAITS_MS.len() => {
                        self.calls[index].next_ms = now_ms + RETRY_WAITS_MS[attempts - 1];
                        None
                    }
                    (Does::Answer500, _) => Some(failed(FailureKind::Unavailable, Some(500))),
                    (Does::Hang, _) => Some(failed(FailureKind::Timeout, None)),
                }
            }
            None if next_ms > now_ms => None,
            None => match self.breaker(step).admit(now).0 {
                Ok(permit) => {
                    let does = (self.does)(offset, now_ms);
                    let does = if step == Step::Read && does != Does::Hang { Does::Serve } else { does };
                    let takes_ms = if does == Does::Hang { TIMEOUT_MS } else { ANSWER_MS };
                    self.calls[index].attempts += 1;
                    self.calls[index].under_way = Some((permit, does, now_ms + takes_ms));
                    *self.writes.entry(offset).or_default() += u32::from(step == Step::Write);
                    None
                }
                Err(_) if attempts > 0 => Some(failed(FailureKind::Unavailable, Some(500))),
                Err(refused) => {
                    let retry_after = refused.retry_at.saturating_duration_since(now).as_millis() as i64;
                    Some(Answer::Failed(Failure {
                        retry_after_ms: Some(retry_after),
                        ..failure(FailureKind::BreakerOpen, false)
                    }))
                }
            },
        }
    }

    fn health(&mut self, step: Step) -> Health {
        let now = self.instant();
        let breaker = self.breaker(step);
        match (breaker.state(), breaker.held_until(now)) {
            (State::Closed, _) => Health::Well,
            (_, Some(until)) => Health::Open { for_ms: (until - now).as_millis() as i64 },
            _ => Health::HalfOpen,
        }
    }

    /// How long the commands that were served took to end, at most.
    fn slowest_ms(&self) -> i64 {
        let served = self.ended.iter().filter(|(_, (outcome, _))| *outcome == Result_::Applied);
        served.map(|(offset, (_, at))| at - self.read_at[offset]).max().unwrap_or(0)
    }

    fn held_ms(&self) -> u64 {
        self.lanes.held_ms().map(|(_, held_ms)| held_ms).sum()
    }
}

fn failed(kind: FailureKind, status: Option<u16>) -> Answer {
    Answer::Failed(Failure { status, ..failure(kind, true) })
}

/// Plays for so long, while a healthy command arrives as often as this.
fn play(world: &mut World, every_ms: i64, for_ms: i64) {
    let until_ms = world.now_ms + for_ms;
    while world.now_ms < until_ms {
        world.pass();
        if world.now_ms % every_ms == 0 {
            let resource = format!("healthy-{}", world.now_ms / every_ms % 100);
            world.arrives(&resource);
        }
    }
}

#[test]
fn a_command_that_its_target_cannot_do_ends_and_a_hundred_others_wait_a_bounded_time() {
    // How often a healthy command arrives; when the poisoned one is over; how long one of the others waits at most, and
    // how long some of them wait in all.
    for (does, every_ms, over_ms, slowest_ms, held_ms) in [
        (Does::Answer500, 10, 4 * MINUTE_MS, 1_000, 1_000),
        (Does::Answer500, 1_000, 4 * MINUTE_MS, 1_000, 1_000),
        (Does::Answer500, 20_000, 10 * MINUTE_MS, 31_000, 240_000),
        (Does::Answer500, 100_000, 40 * MINUTE_MS, 31_000, 240_000),
        (Does::Hang, 10, 4 * MINUTE_MS, 1_000, 1_000),
        (Does::Hang, 1_000, 4 * MINUTE_MS, 1_000, 1_000),
        (Does::Hang, 20_000, 10 * MINUTE_MS, 41_000, 240_000),
    ] {
        let case = format!("{does:?} every {every_ms} ms");
        let mut world = World::new(move |offset, _| if offset == 0 { does } else { Does::Serve });
        let poisoned = world.arrives("poisoned");
        world.arrive("healthy", 0..100);
        play(&mut world, every_ms, over_ms);
        play(&mut world, i64::MAX, MINUTE_MS);
        let (outcome, at) = world.ended.get(&poisoned).copied().unwrap_or((Result_::Unknown, i64::MAX));
        println!(
            "{case}: {outcome:?} after {at} ms and {} writes; slowest {} ms, held {} ms",
            world.writes[&poisoned],
            world.slowest_ms(),
            world.held_ms()
        );
        assert!(outcome == Result_::Dead && at <= over_ms, "{case}: {outcome:?} at {at}");
        assert!(world.writes[&poisoned] <= 4 * FAILURES_MAX, "{case}: {} writes", world.writes[&poisoned]);
        assert!(world.slowest_ms() <= slowest_ms, "{case}: {} ms", world.slowest_ms());
        assert!(world.held_ms() <= held_ms, "{case}: held for {} ms", world.held_ms());
        let applied = world.ended.values().filter(|(outcome, _)| *outcome == Result_::Applied).count();
        assert_eq!(applied, world.read_at.len() - 1, "{case}");
    }
}

#[test]
fn several_of_them_do_not_help_each_other_to_live() {
    let mut world = World::new(|offset, _| if offset < 5 { Does::Answer500 } else { Does::Serve });
    world.arrive("poisoned", 0..5);
    play(&mut world, 1_000, 30 * MINUTE_MS);
    assert!((0..5).all(|offset| world.ended.get(&offset).is_some_and(|(how, _)| *how == Result_::Dead)));
    assert!(world.held_ms() <= 5 * 240_000, "{} ms", world.held_ms());
}

#[test]
fn a_target_that_is_down_for_everybody_kills_no_command() {
    for down in [Does::Answer500, Does::Hang] {
        let back_ms = 60 * MINUTE_MS;
        let mut world = World::new(move |_, at_ms| if at_ms < back_ms { down } else { Does::Serve });
        world.arrive("first", 0..20);
        play(&mut world, 5 * MINUTE_MS, back_ms + 5 * MINUTE_MS);
        play(&mut world, i64::MAX, MINUTE_MS);
        let applied = world.ended.values().filter(|(outcome, _)| *outcome == Result_::Applied).count();
        assert_eq!((applied, world.ended.len()), (world.read_at.len(), applied), "{down:?}");
    }
}

#[test]
fn a_command_that_is_alone_with_its_target_ends_once_others_show_the_target_at_work() {
    let mut world = World::new(|offset, _| if offset == 0 { Does::Answer500 } else { Does::Serve });
    world.arrives("poisoned");
    play(&mut world, 100 * MINUTE_MS, 60 * MINUTE_MS);
    assert!(world.ended.is_empty(), "nothing tells it from a target that is down");
    play(&mut world, 10_000, 15 * MINUTE_MS);
    assert_eq!(world.ended[&0].0, Result_::Dead);
}
