//! A world around the lanes that loses answers, crashes, rebalances, and ends transactions without saying
//! how, in random order.
//!
//! Whatever happens: each command gets exactly one result, its effect happens at most once, the effects on a resource
//! come in the order of its commands, no two requests for one resource are ever alive at once, and the committed
//! watermark never passes a command without a result.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;
use trunkline_systems::Guarantee;

use super::*;
use crate::answer::{Answer, Failure, FailureKind, Health};
use crate::command::Command;
use crate::decision::{Step, Terms};
use crate::testing::{TOPIC, command, failure, terms};

mod operation;

use operation::{Commit, How, Operation};

const PARTITIONS: i32 = 2;
const RESOURCES: i64 = 3;
const LIFETIME_MS: i64 = 5_000;

/// A request that may take effect.
#[derive(Debug)]
struct Request {
    serial: Serial,
    partition: i32,
    offset: i64,
    resource: i64,
    step: Step,
    /// `None` while somebody waits for its answer; else when it takes effect, if ever, and until when it is alive.
    given_up: Option<(Option<i64>, i64)>,
}

#[derive(Debug, Default, Clone)]
struct Durable {
    watermark: Option<i64>,
    finished: Vec<i64>,
}

struct World {
    now_ms: i64,
    lanes: Lanes,
    log_end: BTreeMap<i32, i64>,
    position: BTreeMap<i32, i64>,
    paused: BTreeSet<i32>,
    durable: BTreeMap<i32, Durable>,
    /// Committed results, (partition, offset).
    results: BTreeSet<(i32, i64)>,
    requests: Vec<Request>,
    /// Effects at the target, in order.
    audit: Vec<(i64, i32, i64)>,
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new(TOPIC, number)
}

/// Resources of different partitions are different.
fn resource_of(number: i32, offset: i64) -> i64 {
    i64::from(number) * 100 + (offset * 7 / 3) % RESOURCES
}

/// One resource of each partition takes every request as a new one.
fn is_unsafe(resource: i64) -> bool {
    resource % 100 == 1
}

fn lanes() -> Lanes {
    Lanes::new(Settings {
        targets: vec!["crm".to_owned()],
        topics: BTreeMap::from([(TOPIC.to_owned(), vec![0])]),
        max_in_flight: 3,
        max_buffered: 6,
        max_bytes: 1 << 30,
        max_finished: 8,
    })
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now_ms: 1_000_000,
            lanes: lanes(),
            log_end: (0..PARTITIONS).map(|number| (number, 4)).collect(),
            position: BTreeMap::new(),
            paused: BTreeSet::new(),
            durable: (0..PARTITIONS).map(|number| (number, Durable::default())).collect(),
            results: BTreeSet::new(),
            requests: Vec::new(),
            audit: Vec::new(),
        };
        (0..PARTITIONS).for_each(|number| world.assign(number));
        world
    }

    fn assign(&mut self, number: i32) {
        let Durable { watermark, finished } = self.durable[&number].clone();
        self.position.insert(number, watermark.unwrap_or(0));
        self.paused.insert(number);
        let end = self.log_end[&number];
        self.apply(Input::Assigned { partition: partition(number), watermark, finished, end });
    }

    fn apply(&mut self, input: Input) {
        let mut actions = Vec::new();
        self.lanes.apply(input, self.now_ms, &mut actions);
        for action in actions {
            match action {
                Action::Call { serial, command, step } => self.send(serial, &command, step),
                Action::Cancel { serial } => self.give_up(serial, How::Late(2_500)),
                Action::Pause(name) => assert!(self.paused.insert(name.partition), "paused twice"),
                Action::Resume(name) => assert!(self.paused.remove(&name.partition), "resumed twice"),
            }
        }
    }

    fn send(&mut self, serial: Serial, command: &Command, step: Step) {
        let record = &command.issued.record;
        let resource = resource_of(record.partition, record.offset);
        let alive = |request: &&Request| request.given_up.is_none_or(|(_, until)| until > self.now_ms);
        let other = self.requests.iter().filter(alive).find(|request| request.resource == resource);
        assert!(other.is_none(), "{}/{} meets {other:?}", record.partition, record.offset);
        let (partition, offset) = (record.partition, record.offset);
        self.requests.push(Request { serial, partition, offset, resource, step, given_up: None });
    }

    /// Nobody waits for the answer any more; a write may live on, a read does no harm.
    fn give_up(&mut self, serial: Serial, how: How) {
        self.requests.retain(|request| request.serial != serial || request.step == Step::Write);
        let until = self.now_ms + LIFETIME_MS;
        for request in self.requests.iter_mut().filter(|request| request.serial == serial) {
            let effect = match how {
                How::Late(after) => Some(self.now_ms + i64::from(after) % LIFETIME_MS),
                _ => None,
            };
            request.given_up = Some((effect, until));
        }
    }

    fn take_effect(&mut self, partition: i32, offset: i64) {
        let resource = resource_of(partition, offset);
        if is_unsafe(resource) {
            assert!(!self.audit.contains(&(resource, partition, offset)), "{partition}/{offset} sent twice");
        }
        let last = self.audit.iter().rev().find(|(changed, ..)| *changed == resource);
        if last.is_some_and(|(_, _, at)| *at == offset) {
            return; // The resource already is like that.
        }
        assert!(last.is_none_or(|(_, _, at)| *at < offset), "{partition}/{offset} undoes a later command");
        assert!(!self.audit.contains(&(resource, partition, offset)), "{partition}/{offset} twice");
        self.audit.push((resource, partition, offset));
    }

    fn pass(&mut self, ms: i64) {
        for _ in 0..ms.max(1) / 100 + 1 {
            self.now_ms += 100;
            let due: Vec<(i32, i64)> = self
                .requests
                .iter()
                .filter(|request| matches!(request.given_up, Some((Some(at), _)) if at <= self.now_ms))
                .map(|request| (request.partition, request.offset))
                .collect();
            for (partition, offset) in due {
                self.take_effect(partition, offset);
            }
            let now_ms = self.now_ms;
            for request in &mut self.requests {
                if let Some((effect, _)) = &mut request.given_up {
                    *effect = effect.filter(|at| *at > now_ms);
                }
            }
            self.requests.retain(|request| request.given_up.is_none_or(|(_, until)| until > now_ms));
            self.apply(Input::Tick);
        }
    }

    fn answer(&mut self, choice: u8, how: How) {
        let waiting: Vec<usize> =
            (0..self.requests.len()).filter(|at| self.requests[*at].given_up.is_none()).collect();
        let Some(at) = waiting.get(usize::from(choice) % waiting.len().max(1)).copied() else { return };
        let Request { serial, partition, offset, resource, step, .. } = self.requests[at];
        let failed = |kind, sent| Answer::Failed(failure(kind, sent));
        let mut health = Health::Well;
        let answer = match (how, step) {
            (How::Done, Step::Write) => {
                self.take_effect(partition, offset);
                Answer::Written { status: 204 }
            }
            (How::Done, Step::Read) => {
                let last = self.audit.iter().rev().find(|(changed, ..)| *changed == resource);
                match last {
                    Some((_, _, at)) if *at == offset => Answer::Same,
                    _ => Answer::Different { difference: "{}".to_owned() },
                }
            }
            (How::AnswerLost, _) => {
                if step == Step::Write {
                    self.take_effect(partition, offset);
                }
                failed(FailureKind::Timeout, true)
            }
            (How::Late(_) | How::Lost, _) => failed(FailureKind::Timeout, true),
            (How::Unsent, _) => failed(FailureKind::Unavailable, false),
            (How::RateLimited, _) => failed(FailureKind::RateLimited, true),
            (How::BreakerOpen, _) => {
                health = Health::Open { for_ms: 700 };
                Answer::Failed(Failure {
                    retry_after_ms: Some(700),
                    ..failure(FailureKind::BreakerOpen, false)
                })
            }
            (How::Conflict, _) => failed(FailureKind::Conflict, true),
        };
        if matches!(how, How::Late(_) | How::Lost) {
            self.give_up(serial, how);
        } else {
            self.requests.remove(at);
        }
        self.apply(Input::Answered { serial, answer, health, attempts: 1 });
    }

    fn read(&mut self, choice: u8) {
        let number = i32::from(choice) % PARTITIONS;
        let position = self.position[&number];
        if self.paused.contains(&number) || position >= self.log_end[&number] {
            return;
        }
        self.position.insert(number, position + 1);
        let resource = resource_of(number, position);
        let guarantee = if is_unsafe(resource) { Guarantee::Unsafe } else { Guarantee::IdempotencyKey };
        let terms = Terms { guarantee, ..terms() };
        let command = command(number, position, &format!("r{resource}"), terms);
        self.apply(Input::Read(Parsed::Command(command)));
        let unfinished = self.lanes.partitions[&partition(number)].offsets.unfinished();
        assert!(unfinished <= self.lanes.settings.max_buffered, "{unfinished} records in memory");
    }

    fn commit(&mut self, how: Commit) {
        let Some(plan) = self.lanes.plan() else { return };
        if !matches!(how, Commit::Undone) {
            for ended in &plan.ended {
                let record = ended.record();
                assert!(self.results.insert((record.partition, record.offset)), "a second result");
            }
            for progress in &plan.progress {
                let durable = self.durable.get_mut(&progress.partition.partition).unwrap();
                durable.watermark = Some(progress.watermark);
                if let Some(finished) = &progress.finished {
                    durable.finished.clone_from(finished);
                }
            }
            self.check_durable();
        }
        match how {
            Commit::Done => self.apply(Input::Committed),
            Commit::UnknownDone | Commit::Undone => self.recover(),
        }
    }

    fn recover(&mut self) {
        for name in self.lanes.partitions() {
            let Durable { watermark, finished } = self.durable[&name.partition].clone();
            self.apply(Input::Recovered { partition: name, watermark, finished, position: None });
        }
    }

    fn check_durable(&self) {
        for (number, durable) in &self.durable {
            let below = 0..durable.watermark.unwrap_or(0);
            for offset in below.chain(durable.finished.iter().copied()) {
                assert!(self.results.contains(&(*number, offset)), "{number}/{offset} has no result");
            }
            let done: HashSet<i64> = durable.finished.iter().copied().collect();
            for (_, offset) in self.results.iter().filter(|(of, _)| of == number) {
                let known = durable.watermark.is_some_and(|at| *offset < at) || done.contains(offset);
                assert!(known, "{number}/{offset} has a result and would be done again");
            }
        }
    }

    fn crash(&mut self) {
        let waiting: Vec<Serial> =
            self.requests.iter().filter(|r| r.given_up.is_none()).map(|request| request.serial).collect();
        for serial in waiting {
            self.give_up(serial, How::Late(u16::try_from(serial * 977 % 5_000).unwrap()));
        }
        // Serials of the process before mean nothing to the new one.
        self.requests.iter_mut().for_each(|request| request.serial = 0);
        self.lanes = lanes();
        self.paused.clear();
        (0..PARTITIONS).for_each(|number| self.assign(number));
    }

    fn revoke(&mut self, choice: u8, lost: bool) {
        let name = partition(i32::from(choice) % PARTITIONS);
        if !lost {
            self.apply(Input::Revoking(vec![name.clone()]));
            self.commit(Commit::Done);
        }
        self.apply(Input::Released(vec![name.clone()]));
        self.paused.remove(&name.partition);
        self.assign(name.partition);
    }

    fn happen(&mut self, operation: &Operation) {
        match *operation {
            Operation::TimePasses(ms) => self.pass(i64::from(ms) % 8_000),
            Operation::Produced(choice) => {
                *self.log_end.get_mut(&(i32::from(choice) % PARTITIONS)).unwrap() += 1;
            }
            Operation::Read(choice) => self.read(choice),
            Operation::Answered { call, how } => self.answer(call, how),
            Operation::Committed(how) => self.commit(how),
            Operation::Crashed => self.crash(),
            Operation::Revoked { partition, lost } => self.revoke(partition, lost),
        }
    }

    /// From now on all goes well; everything must end.
    fn finish(&mut self) {
        for round in 0.. {
            assert!(round < 2_000, "it never ends: {:?}", self.durable);
            (0..10).for_each(|_| (0..PARTITIONS).for_each(|number| self.read(number as u8)));
            (0..4).for_each(|call| self.answer(call, How::Done));
            self.commit(Commit::Done);
            self.pass(500);
            let ends = |(number, end): (&i32, &i64)| self.durable[number].watermark == Some(*end);
            if self.log_end.iter().all(ends) {
                break;
            }
        }
        let expected: BTreeSet<(i32, i64)> =
            self.log_end.iter().flat_map(|(number, end)| (0..*end).map(|offset| (*number, offset))).collect();
        assert_eq!(self.results, expected);
        assert!(self.lanes.lanes.is_empty() && self.lanes.calls.is_empty(), "something is left in memory");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_command_ends_once_in_order_and_alone_whatever_happens(
        operations in prop::collection::vec(operation::any(), 0..150),
    ) {
        let mut world = World::new();
        for operation in &operations {
            world.happen(operation);
        }
        world.finish();
    }
}
