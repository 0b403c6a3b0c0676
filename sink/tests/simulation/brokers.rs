//! The brokers, as one process sees them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use trunkline_config::{Kafka, Security};
use trunkline_kafka::changelog::RestoreError;
use trunkline_kafka::ports::Brokers;
use trunkline_kafka::{
    CommitOutcome, ConsumerError, GroupConsumer, GroupSettings, LogPosition, OutboundRecord, Polled,
    TopicPartition, TransactionError,
};
use trunkline_sink::ports::{self, GroupOffsets, SavedState};
use trunkline_sink::saved_state;

use crate::world::World;

/// How far the clock goes when there is nothing to read, in milliseconds.
const IDLE_MS: i64 = 25;

/// How often what the brokers do not say yet is asked for again, in milliseconds.
const SETTLE_MS: i64 = 100;

/// After so long a call is given up that no broker answers, in milliseconds.
const CALL_TIMEOUT_MS: i64 = 10_000;

/// What a client says of brokers that do not answer. Only the client can make the error inside, so a real one is
/// refused its settings first.
pub fn no_answer(what: &'static str) -> ConsumerError {
    let settings = GroupSettings {
        group: "trunkline-sink".to_owned(),
        instance: "simulated".to_owned(),
        topics: Vec::new(),
        partitions: 1,
        session_timeout: Duration::ZERO,
    };
    let kafka = Kafka {
        brokers: "127.0.0.1:1".to_owned(),
        prefix: String::new(),
        partitions: 1,
        replication: 1,
        retention: BTreeMap::new(),
        security: Security::Plaintext,
    };
    match GroupConsumer::open(&kafka, &settings) {
        Err(ConsumerError::Create { group, source }) => ConsumerError::Call { what, group, source },
        _ => unreachable!("a session without any length is refused"),
    }
}

/// How a call ends while no broker answers: after its time limit, or at once.
pub fn unanswered(world: &mut World) -> bool {
    if world.is_away() {
        world.unanswered += 1;
        world.advance(if world.refuses_at_once { 0 } else { CALL_TIMEOUT_MS });
    }
    world.is_away()
}

/// A rule that a port breaks, to prove that it would be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A commit without a known outcome passes for one that took effect.
    TrustsIndeterminate,
    /// What is saved beside the watermark is not read back.
    ForgetsSaved,
    /// Committed offsets are read though a transaction holds newer ones.
    ReadsUnstable,
}

/// Membership and transactions of one process.
pub struct Handle {
    world: Rc<RefCell<World>>,
    instance: usize,
    epoch: u64,
    sabotage: Option<Sabotage>,
    /// Next offset to read, of partitions that are ours.
    positions: BTreeMap<usize, i64>,
    paused: BTreeSet<usize>,
    /// It was told of partitions, and has not taken them yet: the client tells of no other change before.
    owes_answer: bool,
    records: Vec<OutboundRecord>,
}

/// What is saved, as one process reads it.
pub struct Saved {
    pub world: Rc<RefCell<World>>,
    pub sabotage: Option<Sabotage>,
}

// === impl Sabotage ===

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TrustsIndeterminate, Self::ForgetsSaved, Self::ReadsUnstable];
}

// === impl Handle ===

impl Handle {
    /// A process of this instance starts: what its predecessor left open is settled.
    pub fn open(world: Rc<RefCell<World>>, instance: usize, sabotage: Option<Sabotage>) -> Self {
        let epoch = world.borrow_mut().open(instance);
        world.borrow_mut().group.join(instance);
        Self {
            world,
            instance,
            epoch,
            sabotage,
            positions: BTreeMap::new(),
            paused: BTreeSet::new(),
            owes_answer: false,
            records: Vec::new(),
        }
    }

    fn unanswered(&self) -> bool {
        unanswered(&mut self.world.borrow_mut())
    }

    fn error(&self, what: &'static str) -> (&'static str, String, String) {
        (what, format!("sink-{}", self.instance), "simulated".to_owned())
    }

    fn indeterminate(&self, what: &'static str) -> TransactionError {
        let (what, id, reason) = self.error(what);
        TransactionError::Indeterminate { what, id, reason }
    }

    fn abortable(&self, what: &'static str) -> TransactionError {
        let (what, id, reason) = self.error(what);
        TransactionError::Abort { what, id, reason }
    }

    /// Ends the process in the middle of a call.
    fn dies(&self, what: &'static str) -> TransactionError {
        let (what, id, reason) = self.error(what);
        TransactionError::Refused { what, id, reason }
    }
}

fn number(partition: &TopicPartition) -> usize {
    partition.partition as usize
}

impl Brokers for Handle {
    fn poll(&mut self, wait: Duration) -> Result<Polled, ConsumerError> {
        let mut world = self.world.borrow_mut();
        if world.is_away() {
            if !self.owes_answer
                && let Some(loss) = world.group.loss(self.instance)
            {
                return Ok(loss);
            }
            world.advance(IDLE_MS);
            let says_so = world.dice.chance(0.1);
            return if says_so { Err(no_answer("polling")) } else { Ok(Polled::Idle) };
        }
        if !self.owes_answer
            && let Some(news) = world.group.news(self.instance)
        {
            self.owes_answer = matches!(news, Polled::Assigned(_));
            if matches!(&news, Polled::Assigned(partitions) if !partitions.is_empty())
                && let Some(away_ms) = world.away_after_news.take()
            {
                world.away_until = world.now + away_ms;
            }
            return Ok(news);
        }
        for (partition, position) in &mut self.positions {
            if !self.paused.contains(partition)
                && let Some((offset, record)) = world.log[*partition].range(*position..).next()
            {
                *position = offset + 1;
                return Ok(Polled::Record(record.clone()));
            }
        }
        if !wait.is_zero() {
            world.advance(IDLE_MS);
        }
        Ok(Polled::Idle)
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Option<i64>)]) -> Result<(), ConsumerError> {
        self.owes_answer = false;
        for (partition, offset) in partitions {
            self.positions.insert(number(partition), offset.unwrap_or(0));
            self.paused.insert(number(partition));
        }
        Ok(())
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        for partition in partitions {
            self.positions.remove(&number(partition));
            self.paused.remove(&number(partition));
            self.world.borrow_mut().group.released(number(partition), self.instance);
        }
        Ok(())
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.paused.extend(partitions.iter().map(number));
        Ok(())
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.paused.retain(|paused| !partitions.iter().any(|partition| number(partition) == *paused));
        Ok(())
    }

    fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        self.positions.insert(number(partition), offset);
        Ok(())
    }

    fn end(&mut self, partition: &TopicPartition, _: Duration) -> Result<i64, ConsumerError> {
        if self.unanswered() {
            return Err(no_answer("reading watermarks"));
        }
        Ok(self.world.borrow().end(number(partition)))
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        let mut world = self.world.borrow_mut();
        self.records.clear();
        if self.epoch != world.epochs[self.instance] {
            let (what, id, reason) = self.error("begin");
            return Err(TransactionError::Fenced { what, id, reason });
        }
        let mut left = world.in_the_air.iter().map(|transaction| (transaction.instance, transaction.epoch));
        if left.any(|left| left == (self.instance, self.epoch)) {
            world.violated("a transaction begins though the one before it has no known outcome");
        }
        Ok(())
    }

    fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        self.records.push(record.clone());
        Ok(())
    }

    fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        _: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        if self.unanswered() {
            return Err(self.abortable("flush"));
        }
        let mut world = self.world.borrow_mut();
        let took = world.dice.between(1, 20);
        world.advance(took);
        if self.epoch != world.epochs[self.instance] {
            let (what, id, reason) = self.error("commit");
            return Err(TransactionError::Fenced { what, id, reason });
        }
        let offsets: Vec<(usize, i64)> = offsets.iter().map(|(p, offset)| (number(p), *offset)).collect();
        if offsets.iter().any(|(partition, _)| !world.group.owns(*partition, self.instance)) {
            return Err(self.abortable("adding offsets"));
        }
        let records = std::mem::take(&mut self.records);
        if world.refuses(&records) {
            world.note(format!("{}: a record is refused", self.instance));
            return Err(self.abortable("commit"));
        }
        if let Some(bytes) = world.refused_report(&records) {
            world.note(format!("{}: a report is refused", self.instance));
            let topic = trunkline_schemas::catalog::PIPELINE_ERRORS.to_owned();
            return Err(TransactionError::Record { topic, bytes, reason: "too large".to_owned() });
        }
        let fate = if world.calm { 99 } else { world.dice.index(100) };
        if fate < 18 {
            world.note(format!("{}: commit {offsets:?} goes wrong: {fate}", self.instance));
        }
        match fate {
            0..3 => {
                world.apply(&records, &offsets);
                Ok(CommitOutcome::Indeterminate)
            }
            3..9 => {
                world.leave(self.instance, self.epoch, records, offsets);
                match (self.sabotage, fate) {
                    (Some(Sabotage::TrustsIndeterminate), _) => Ok(CommitOutcome::Committed),
                    (_, 3..6) => Ok(CommitOutcome::Indeterminate),
                    _ => Err(self.indeterminate("commit")),
                }
            }
            9..13 => Err(self.abortable("commit")),
            13..16 => {
                world.leave(self.instance, self.epoch, records, offsets);
                Err(self.dies("commit"))
            }
            16..18 => {
                world.apply(&records, &offsets);
                Err(self.dies("commit"))
            }
            _ => {
                world.apply(&records, &offsets);
                Ok(CommitOutcome::Committed)
            }
        }
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.records.clear();
        if self.unanswered() {
            return Err(self.indeterminate("abort"));
        }
        if self.world.borrow_mut().fault(0.3) { Err(self.indeterminate("abort")) } else { Ok(()) }
    }

    fn reopen(&mut self, _: Duration) -> Result<(), TransactionError> {
        if self.unanswered() {
            return Err(self.indeterminate("initialise"));
        }
        let mut world = self.world.borrow_mut();
        let took = world.dice.between(1, 300);
        world.advance(took);
        if self.epoch != world.epochs[self.instance] {
            let (what, id, reason) = self.error("initialise");
            return Err(TransactionError::Fenced { what, id, reason });
        }
        self.epoch = world.open(self.instance);
        Ok(())
    }

    fn wait(&mut self, time: Duration) {
        self.world.borrow_mut().advance(time.as_millis() as i64);
    }
}

impl GroupOffsets for Handle {
    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        _: Duration,
    ) -> Result<Vec<Option<i64>>, ConsumerError> {
        if self.unanswered() {
            return Err(no_answer("reading committed offsets"));
        }
        let mut world = self.world.borrow_mut();
        let stable = self.sabotage != Some(Sabotage::ReadsUnstable);
        while stable && partitions.iter().any(|partition| world.hangs(number(partition))) {
            world.advance(SETTLE_MS);
        }
        Ok(partitions.iter().map(|partition| world.committed[number(partition)]).collect())
    }
}

// === impl Saved ===

impl SavedState for Saved {
    fn saved(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, ports::Saved>, Box<RestoreError>> {
        let world = self.world.borrow();
        let forgets = self.sabotage == Some(Sabotage::ForgetsSaved);
        let saved = partitions.iter().map(|partition| {
            let offsets = world.saved[number(partition)].as_deref().filter(|_| !forgets);
            let position = world.positions[number(partition)].as_deref();
            let saved = ports::Saved {
                offsets: offsets.map(|value| saved_state::decode(value).unwrap()),
                position: position.map(|value| LogPosition::decode(value).unwrap()),
            };
            (partition.clone(), saved)
        });
        Ok(saved.collect())
    }
}
