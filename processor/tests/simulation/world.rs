//! Everything outside the processors: topics, coordinators, disks, time, and what is still to come.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use trunkline_kafka::OutboundRecord;
use trunkline_schemas::{PlatformEvent, catalog};

use crate::client::Client;
use crate::dice::Dice;
use crate::group::{Group, NotAMember};
use crate::handle::Activity;
use crate::input::{Planned, Raw};
use crate::instance::WRITE_BACKS;
use crate::log::{Entry, Log, Txn};
use crate::oracle::Oracle;
use crate::plan::Plan;
use crate::store::Disk;
use crate::transactions::{Coordinator, Decision, Part, Refusal};

/// When the world begins; UTC milliseconds.
pub const BEGINNING: i64 = 1_800_000_000_000;

/// What comes at its time.
#[derive(Debug)]
pub enum Due {
    /// A record of ingest.
    Input(Box<Planned>),
    /// A transaction's marker reaches a part.
    Marker { id: String, epoch: i32, txn: Txn, commit: bool, part: Part },
    /// A request to end a transaction, long after it was sent.
    EndTxn { id: String, epoch: i32, commit: bool },
    /// A member hears that it is none any more.
    Lost { client: usize },
    /// A process is started.
    Start { name: String },
    /// The time of day of every machine is set by so many milliseconds.
    ClockSet { by_ms: i64 },
    /// Everything stops for a while.
    FullStop { absence_ms: i64, new_changelog: bool },
}

/// Everything outside the processors.
pub struct World {
    /// Chance.
    pub dice: Dice,
    /// What the seed has in store.
    pub plan: Plan,
    /// Nothing goes wrong any more.
    pub calm: bool,
    /// The id of the input's topic, which another one under its name does not have.
    pub input_id: u128,
    /// Topics.
    logs: BTreeMap<String, Vec<Log>>,
    /// Transactions.
    pub coordinator: Coordinator,
    /// The group.
    pub group: Group,
    /// Processes by number.
    pub clients: BTreeMap<usize, Client>,
    /// Disks by name of their instance.
    pub disks: BTreeMap<String, Rc<RefCell<Disk>>>,
    /// Judges.
    pub oracle: Oracle,
    /// What is wrong, once something is.
    pub verdict: Option<Violation>,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// What happened, with when.
    pub history: Vec<(i64, String)>,
    /// Milliseconds for which everything stopped.
    pub absent_ms: i64,
    clock: Rc<Cell<i64>>,
    /// By how much times of day were set, see [`World::clock_set_by`].
    clock_set_by: Rc<Cell<i64>>,
    due: BTreeMap<(i64, u64), Due>,
    dues: u64,
    critical_in: i64,
    idle_in: i64,
}

/// An invariant that does not hold.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which.
    pub invariant: &'static str,
    /// What is wrong.
    pub what: String,
}

// === impl World ===

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(mut dice: Dice, plan: Plan) -> Self {
        let partitions = plan.partitions;
        let topics = [
            catalog::EVENTS_NORMALIZED,
            catalog::EVENTS_ENRICHED,
            catalog::PROCESSOR_CHANGELOG,
            catalog::PROCESSOR_DLQ,
            catalog::CUSTOMER_PROFILES,
            catalog::ROUTING_DECISIONS,
            WRITE_BACKS,
            catalog::PIPELINE_ERRORS,
        ];
        let logs = topics.map(|topic| (topic.to_owned(), (0..partitions).map(|_| Log::default()).collect()));
        let critical_in = dice.between(1, plan.critical_every * 2);
        let idle_in = dice.between(1, plan.idle_every * 2);
        Self {
            dice,
            oracle: Oracle::new(partitions),
            plan,
            calm: false,
            input_id: 1,
            logs: logs.into(),
            coordinator: Coordinator::default(),
            group: Group::default(),
            clients: BTreeMap::new(),
            disks: BTreeMap::new(),
            verdict: None,
            counts: BTreeMap::new(),
            history: Vec::new(),
            absent_ms: 0,
            clock: Rc::new(Cell::new(BEGINNING)),
            clock_set_by: Rc::new(Cell::new(0)),
            due: BTreeMap::new(),
            dues: 0,
            critical_in,
            idle_in,
        }
    }

    /// UTC milliseconds.
    pub fn now(&self) -> i64 {
        self.clock.get()
    }

    /// The time itself, for clocks.
    pub fn clock(&self) -> Rc<Cell<i64>> {
        self.clock.clone()
    }

    /// By how many milliseconds times of day were set since the beginning, for clocks.
    pub fn clock_set_by(&self) -> Rc<Cell<i64>> {
        self.clock_set_by.clone()
    }

    /// Sets every time of day.
    pub fn set_clocks(&mut self, by_ms: i64) {
        self.note("times of day set", || format!("by {by_ms} ms"));
        self.clock_set_by.set(self.clock_set_by.get() + by_ms);
    }

    /// Has something come after so many milliseconds.
    pub fn schedule(&mut self, after_ms: i64, due: Due) {
        self.dues += 1;
        self.due.insert((self.now() + after_ms, self.dues), due);
    }

    /// What is due, if anything is.
    pub fn next_due(&mut self) -> Option<Due> {
        let entry = self.due.first_entry().filter(|entry| entry.key().0 <= self.clock.get())?;
        Some(entry.remove())
    }

    /// Markers that are still to come, to be written at once.
    pub fn take_markers(&mut self) -> Vec<Due> {
        let marker = |_: &(i64, u64), due: &mut Due| matches!(due, Due::Marker { .. });
        self.due.extract_if(.., marker).map(|(_, due)| due).collect()
    }

    /// What is still to come.
    pub fn to_come(&self) -> impl Iterator<Item = &Due> {
        self.due.values()
    }

    /// Lets time pass.
    pub fn elapse(&mut self, milliseconds: i64) {
        self.clock.set(self.now() + milliseconds);
    }

    /// Counts what happened.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Counts what happened, and remembers it for whoever looks into a failure.
    pub fn note(&mut self, what: &'static str, details: impl FnOnce() -> String) {
        self.count(what);
        self.history.push((self.now() - BEGINNING, format!("{what}: {}", details())));
    }

    /// Says what is wrong; the first one counts.
    pub fn violated(&mut self, invariant: &'static str, what: String) {
        self.history.push((self.now() - BEGINNING, format!("VIOLATION {invariant}: {what}")));
        self.verdict.get_or_insert(Violation { invariant, what });
    }

    /// Whether something happens at this call.
    pub fn strikes(&mut self, activity: Activity) -> bool {
        if self.calm {
            return false;
        }
        let (left, every) = match activity {
            Activity::UnderWay => (&mut self.critical_in, self.plan.critical_every),
            Activity::Idle => (&mut self.idle_in, self.plan.idle_every),
        };
        if every == 0 {
            return false;
        }
        *left -= 1;
        if *left > 0 {
            return false;
        }
        *left = self.dice.between(1, every * 2);
        true
    }

    /// A fault of its own rate, as long as there are any.
    pub fn fault(&mut self, rate: impl FnOnce(&Plan) -> f64) -> bool {
        let rate = if self.calm { 0.0 } else { rate(&self.plan) };
        self.dice.chance(rate)
    }

    /// A partition.
    pub fn log(&self, topic: &str, partition: i32) -> &Log {
        &self.logs[topic][partition as usize]
    }

    /// As [`World::log`], to change it.
    pub fn log_mut(&mut self, topic: &str, partition: i32) -> &mut Log {
        self.logs
            .get_mut(topic)
            .map(|partitions| &mut partitions[partition as usize])
            .expect("a topic of the model")
    }

    /// Where a record of this key goes.
    pub fn partition_of(&self, key: &[u8]) -> i32 {
        let sum = key.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        (sum % self.plan.partitions as u64) as i32
    }

    /// Adds a record to a producer's transaction, the way a client and a partition's leader do it together. `added` are
    /// the partitions that the client believes to be in it.
    pub fn produce(
        &mut self,
        id: &str,
        epoch: i32,
        added: &mut BTreeSet<Part>,
        record: &OutboundRecord,
    ) -> Result<(i32, i64), Refusal> {
        let partition = match record.partition {
            Some(partition) => partition,
            None => self.partition_of(record.key.as_deref().unwrap_or_default()),
        };
        let part = Some((record.topic.clone(), partition));
        if !added.contains(&part) {
            let now = self.now();
            self.coordinator.add(id, epoch, part.clone(), now)?;
            added.insert(part.clone());
        }
        let producer = self.coordinator.number(id);
        let log = self.log(&record.topic, partition);
        if log.fences(producer, epoch) {
            return Err(Refusal::Fenced);
        }
        let txn = match log.open(producer) {
            Some(txn) => txn,
            None => self.coordinator.verify(id, epoch, &part)?,
        };
        let entry = Entry {
            offset: 0,
            txn: Some(txn),
            at: record.timestamp.unwrap_or_else(|| self.now()),
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
        };
        let offset = self.log_mut(&record.topic, partition).append(entry, Some(producer));
        self.oracle.written(txn, &record.topic, partition, offset);
        if self.coordinator.outcomes.is_committed(Some(txn)) {
            // Its transaction was ended by a request that was meant for another: it counts at once.
            self.judge(txn);
        }
        Ok((partition, offset))
    }

    /// Adds the group's offsets to a producer's transaction.
    pub fn add_offsets(
        &mut self,
        client: usize,
        epoch: i32,
        offsets: &[(i32, i64)],
    ) -> Result<Result<(), NotAMember>, Refusal> {
        let Some(known) = self.clients.get(&client) else { return Err(Refusal::Fenced) };
        let (name, member, generation) = (known.name.clone(), known.member, known.generation);
        let now = self.now();
        let txn = self.coordinator.add(&name, epoch, None, now)?;
        Ok(self.group.add_offsets(txn, &name, member, generation, offsets))
    }

    /// A request to end a transaction arrives.
    pub fn end(&mut self, id: &str, epoch: i32, commit: bool) -> Result<(), Refusal> {
        let decision = self.coordinator.end(id, epoch, commit)?;
        if let Some(decision) = decision {
            self.decided(id, decision);
        }
        Ok(())
    }

    /// A producer asks to be initialised.
    pub fn initialise(&mut self, id: &str) -> Result<i32, Refusal> {
        let (epoch, decision) = self.coordinator.initialise(id);
        if let Some(decision) = decision {
            self.decided(id, decision);
        }
        epoch
    }

    /// A transaction is decided: what it wrote counts from now on, or never will; readers learn it by its markers.
    pub fn decided(&mut self, id: &str, decision: Decision) {
        self.count(if decision.commit { "transaction committed" } else { "transaction aborted" });
        let epoch = self.coordinator.epoch(id);
        for part in decision.parts {
            let after = if self.fault(|plan| plan.late_marker) {
                self.count("late marker");
                self.dice.between(100, 6_000)
            } else {
                self.dice.between(0, 8)
            };
            let (txn, commit) = (decision.txn, decision.commit);
            self.schedule(after, Due::Marker { id: id.to_owned(), epoch, txn, commit, part });
        }
        if decision.commit {
            self.judge(decision.txn);
            for (partition, offset) in self.group.offsets_of(decision.txn) {
                let judgement = self.oracle.offset_committed(partition, offset);
                self.take(judgement);
            }
        }
    }

    /// A transaction's marker arrives.
    pub fn mark(&mut self, id: &str, epoch: i32, txn: Txn, commit: bool, part: &Part) {
        match part {
            Some((topic, partition)) => {
                let producer = self.coordinator.number(id);
                self.log_mut(topic, *partition).mark(producer, epoch, txn);
            }
            None => self.group.mark(txn, commit),
        }
        self.coordinator.marked(id, txn, part);
    }

    /// A record of ingest.
    pub fn ingest(&mut self, planned: Planned) {
        let now = self.now();
        let log = self.log_mut(catalog::EVENTS_NORMALIZED, planned.partition);
        if planned.hole_before {
            log.skip();
        }
        let Raw { key, value, headers } = planned.record.clone();
        let offset = log.append(Entry { offset: 0, txn: None, at: now, key, value, headers }, None);
        self.count("record read in");
        self.oracle.ingested(planned, offset, now);
    }

    /// The input is deleted and made anew, empty. Returns the events that were read of it.
    pub fn make_input_anew(&mut self) -> Vec<PlatformEvent> {
        self.input_id += 1;
        self.replace_input(Vec::new(), false)
    }

    /// The input loses all its records and has others at once, as many offsets as were read and more: a replica that
    /// had fallen behind became the leader (an unclean election). Returns the events that were read of it.
    pub fn overgrow_input(&mut self, others: Vec<Planned>) -> Vec<PlatformEvent> {
        self.replace_input(others, true)
    }

    fn replace_input(&mut self, others: Vec<Planned>, overgrown: bool) -> Vec<PlatformEvent> {
        self.note("input replaced", || format!("overgrown: {overgrown}"));
        let (mut events, mut read) = (Vec::new(), Vec::new());
        for partition in 0..self.plan.partitions {
            let fetches = self.clients.values().filter_map(|client| client.fetches.get(&partition));
            let read_to = fetches.map(|fetch| fetch.position).max().unwrap_or(0);
            self.log_mut(catalog::EVENTS_NORMALIZED, partition).remake(Vec::new());
            events.extend(self.oracle.input_anew(partition, read_to));
            read.push((partition, read_to));
        }
        others.into_iter().for_each(|record| self.ingest(record));
        for (partition, read_to) in read {
            while overgrown && self.log(catalog::EVENTS_NORMALIZED, partition).high() <= read_to {
                self.log_mut(catalog::EVENTS_NORMALIZED, partition).skip();
            }
        }
        events
    }

    /// A process begins to work on a partition: what it works from must be what is committed. One that is only still to
    /// hear that the partition is another's may work from what it likes.
    pub fn judge_state(&mut self, client: usize, partition: i32) {
        let Some(known) = self.clients.get(&client) else { return };
        if !self.group.holds(&known.name, known.member, partition) || self.group.is_pending(partition) {
            return;
        }
        let Some(disk) = self.disks.get(&known.name).cloned() else { return };
        let disk = disk.borrow();
        self.count("state compared");
        let nothing = BTreeMap::new();
        let judgement = self.oracle.judge_state(partition, disk.values(partition).unwrap_or(&nothing));
        self.take(judgement);
    }

    /// Takes a judgement in.
    pub fn take(&mut self, judgement: Result<(), Violation>) {
        if let Err(Violation { invariant, what }) = judgement {
            self.violated(invariant, what);
        }
    }

    /// Compacts a partition of the changelog; tombstones written before `tombstones` go too.
    pub fn compact_changelog(&mut self, partition: i32, tombstones: i64) {
        let partitions = self.logs.get_mut(catalog::PROCESSOR_CHANGELOG);
        if let Some(log) = partitions.and_then(|partitions| partitions.get_mut(partition as usize)) {
            log.compact(&self.coordinator.outcomes, tombstones);
        }
    }

    fn judge(&mut self, txn: Txn) {
        for (topic, partition, offset) in self.oracle.take_written(txn) {
            let Some(entry) = self.log(&topic, partition).at(offset).cloned() else { continue };
            let judgement = self.oracle.published(&topic, partition, entry);
            self.take(judgement);
        }
    }
}
