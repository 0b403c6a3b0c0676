//! Who may call which target now: one lane per resource, as a pure state machine.
//!
//! [`Lanes::apply`] takes an [`Input`] and the time and says what to do as [`Action`]s; it performs no I/O and reads
//! no clock. Commands of one resource (record key) stand in one lane and are done in order, one at a time; other
//! lanes run beside it, at most [`Settings::max_in_flight`] per target.
//!
//! # What holds at any time
//!
//! - A lane has at most one call under way, and none while the ending of its head is not committed. So after a crash
//!   only the first unfinished command of a resource can have reached the target: it alone is indeterminate.
//! - The committed watermark never passes a command without a committed result.
//! - A partition that must wait is paused, so memory is bounded by [`Settings::max_buffered`] records per partition
//!   and [`Settings::max_bytes`] in all.
//! - A command that its target cannot do ends, and costs the others [`decision::FAILURES_MAX`] times of its breaker at
//!   most: those that did not fail find out whether the target is back.
//!
//! # Layout
//!
//! - [`Gates`](gates), [`Throttle`](throttle): whether an endpoint of a target takes calls, and who calls next
//! - [`Lane`](lane): the commands of one resource
//! - [`calls`]: calls that start, and what their answers mean
//! - [`Partition`](partition): offsets and pauses of one partition
//! - [`handover`]: what is committed is let go, and what is taken away forgotten
//! - [`Input`], [`Action`], [`Plan`]: the messages between the lanes and the loop around them

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use trunkline_kafka::logs::{Watched, mark};
use trunkline_kafka::{Seen, TopicPartition};

use crate::command::{Command, Ended, Parsed};
use crate::decision::{self, Next};

use gates::{GateId, Gates};
use lane::{Lane, LaneId, Phase};
use partition::Partition;

mod calls;
mod gates;
mod handover;
mod lane;
mod messages;
mod partition;
mod throttle;

pub use messages::{Action, Input, LogChange, PartitionProgress, Plan, Serial, Settings};

/// A command whose time is over during a call is looked at again after this, in milliseconds.
const EXPIRY_LOOK_MS: i64 = 1_000;

/// The state of all lanes of this instance; see the module's documentation.
pub struct Lanes {
    settings: Settings,
    partitions: BTreeMap<TopicPartition, Partition>,
    lanes: HashMap<LaneId, Lane>,
    gates: Gates,
    /// When to look at a lane again. An entry that no longer matters is skipped when it comes due.
    timers: BTreeSet<(i64, LaneId)>,
    calls: HashMap<Serial, Call>,
    /// Resources with records that were refused or not understood, by offset, until that is committed. Their later
    /// commands wait for it: read again after a restart, the same record may be understood, and would come too late.
    verdicts: HashMap<LaneId, BTreeSet<i64>>,
    last_serial: Serial,
    /// Ended since the last plan.
    ended: Vec<Arc<Ended>>,
    /// In the transaction under way.
    committing: Vec<Arc<Ended>>,
}

/// A call under way.
struct Call {
    lane: LaneId,
    gate: GateId,
}

// === impl Lanes ===

impl Lanes {
    /// No partitions yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            gates: Gates::new(settings.targets.len(), settings.max_in_flight),
            settings,
            partitions: BTreeMap::new(),
            lanes: HashMap::new(),
            timers: BTreeSet::new(),
            calls: HashMap::new(),
            verdicts: HashMap::new(),
            last_serial: 0,
            ended: Vec::new(),
            committing: Vec::new(),
        }
    }

    /// Takes one input at a time (UTC milliseconds, never going back) and appends what to do to `actions`.
    pub fn apply(&mut self, input: Input, now_ms: i64, actions: &mut Vec<Action>) {
        match input {
            Input::Assigned { partition, watermark, finished, end } => {
                let state = Partition::assigned(watermark, finished, end, now_ms);
                self.partitions.insert(partition, state);
            }
            Input::Log(partition, change) => {
                if let Some(partition) = self.partitions.get_mut(&partition) {
                    partition.log(change, now_ms);
                }
            }
            Input::Read(parsed) => self.read(parsed, now_ms),
            Input::Undecided(record) => {
                if let Some(partition) = self.partitions.get_mut(&record.topic_partition())
                    && partition.read(mark(&record)) == Seen::New
                {
                    partition.holds(&record);
                    partition.undecided.insert(record.offset);
                }
            }
            Input::Answered { serial, answer, health, attempts } => {
                self.answered(serial, &answer, health, attempts, now_ms);
            }
            Input::Tick => {}
            Input::Revoking(partitions) => self.revoking(&partitions),
            Input::Released(partitions) => self.released(&partitions, actions),
            Input::Committed => self.committed(now_ms),
            Input::Recovered { partition, watermark, finished, position } => {
                self.recovered(&partition, watermark, &finished, position, now_ms);
            }
        }
        self.gates.pass(now_ms);
        self.fire_timers(now_ms);
        self.start_calls(now_ms, actions);
        self.pause_and_resume(now_ms, actions);
    }

    /// Everything that the next transaction should hold; `None` when there is nothing. Answer with
    /// [`Input::Committed`], or with [`Input::Recovered`] for every partition.
    pub fn plan(&mut self) -> Option<Plan> {
        debug_assert!(self.committing.is_empty(), "the transaction before this one was not settled");
        let progress: Vec<PartitionProgress> =
            self.partitions.iter_mut().filter_map(|(name, partition)| partition.plan(name)).collect();
        if self.ended.is_empty() && progress.is_empty() {
            return None;
        }
        self.committing = std::mem::take(&mut self.ended);
        Some(Plan { ended: self.committing.clone(), progress })
    }

    /// The same for those of the records that ended that `takes` says; the others stay for a later plan, and the
    /// progress leaves them out.
    pub fn plan_part(&mut self, takes: impl Fn(&Ended) -> bool) -> Option<Plan> {
        debug_assert!(self.committing.is_empty(), "the transaction before this one was not settled");
        let (taken, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.ended).into_iter().partition(|ended| takes(ended));
        let left_out = |name: &TopicPartition| -> BTreeSet<i64> {
            let records = left.iter().map(|ended| ended.record());
            records
                .filter(|record| record.partition == name.partition && *record.topic == *name.topic)
                .map(|record| record.offset)
                .collect()
        };
        let progress: Vec<PartitionProgress> = self
            .partitions
            .iter_mut()
            .filter_map(|(name, partition)| partition.plan_without(name, &left_out(name)))
            .collect();
        self.ended = left;
        if taken.is_empty() && progress.is_empty() {
            return None;
        }
        self.committing = taken;
        Some(Plan { ended: self.committing.clone(), progress })
    }

    /// Records that have ended and are not in a transaction yet.
    pub fn ended(&self) -> impl Iterator<Item = &Ended> {
        self.ended.iter().map(Arc::as_ref)
    }

    /// How many records have ended and are not in a transaction yet.
    pub fn ended_count(&self) -> usize {
        self.ended.len()
    }

    /// Calls under way for these partitions.
    pub fn calls_under_way(&self, partitions: &[TopicPartition]) -> usize {
        self.calls.values().filter(|call| partitions.contains(&call.lane.partition)).count()
    }

    /// A partition of commands: one that is held, else the first there is of any topic.
    pub fn some_partition(&self) -> Option<TopicPartition> {
        let first = || Some(TopicPartition::new(self.settings.topics.keys().next()?, 0));
        self.partitions.keys().next().cloned().or_else(first)
    }

    /// Partitions held now.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// How many partitions are held now.
    pub fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    /// Bytes of the records read whose end is not committed, over all partitions.
    pub fn held_bytes(&self) -> usize {
        self.partitions.values().map(Partition::bytes).sum()
    }

    /// Records read and not done, over all partitions.
    pub fn unfinished_count(&self) -> usize {
        self.partitions.values().map(|partition| partition.offsets.unfinished()).sum()
    }

    /// For how long commands waited because their target was left alone, by the target's name; milliseconds.
    pub fn held_ms(&self) -> impl Iterator<Item = (&str, u64)> {
        self.settings.targets.iter().map(String::as_str).zip(self.gates.held_ms().iter().copied())
    }

    /// How far the partitions held are read.
    pub fn watched(&self) -> Vec<Watched> {
        self.partitions.iter().map(|(name, partition)| partition.watched(name)).collect()
    }

    /// How far a partition is read; `None` for one that is not held.
    pub fn watched_one(&self, name: &TopicPartition) -> Option<Watched> {
        Some(self.partitions.get(name)?.watched(name))
    }

    /// Whether everything that was read of a partition is done, and committed as such.
    pub fn is_settled(&self, name: &TopicPartition) -> bool {
        let unfinished = self.partitions.get(name).map_or(0, |partition| partition.offsets.unfinished());
        let of_it = |ended: &Arc<Ended>| ended.record().topic_partition() == *name;
        unfinished == 0 && !self.ended.iter().any(of_it) && !self.committing.iter().any(of_it)
    }

    fn read(&mut self, parsed: Parsed, now_ms: i64) {
        let record = parsed.record();
        let (name, offset) = (record.topic_partition(), record.offset);
        let Some(partition) = self.partitions.get_mut(&name) else { return };
        let was_undecided = partition.undecided.remove(&offset);
        match partition.read(mark(record)) {
            Seen::New => partition.holds(record),
            Seen::Pending if was_undecided => {}
            Seen::Pending | Seen::Done | Seen::BelowWatermark => return,
        }
        match parsed {
            Parsed::Command(command) => self.queue(name, command, now_ms),
            Parsed::Refused(issued, ending) => {
                self.verdict(Ended::Command { issued, ending, attempts: 0, finished_at_ms: now_ms });
            }
            Parsed::Poison(poison) => self.verdict(Ended::Poison(poison)),
        }
    }

    /// A record ends without having been tried.
    fn verdict(&mut self, ended: Ended) {
        let record = ended.record();
        let id = LaneId::new(record.topic_partition(), record.key.clone().unwrap_or_default());
        self.verdicts.entry(id).or_default().insert(record.offset);
        self.end(ended);
    }

    fn queue(&mut self, name: TopicPartition, command: Arc<Command>, now_ms: i64) {
        let Some(partition) = self.partitions.get(&name) else { return };
        let id = LaneId::new(name, command.issued.record.key.clone().unwrap_or_default());
        // A lane waits for its commit before it goes on, so of the commands of one resource only the first unfinished
        // one can have reached the target before this assignment.
        let indeterminate = !self.lanes.contains_key(&id) && command.issued.record.offset < partition.end;
        let not_before_ms = if indeterminate {
            partition.assigned_at_ms.saturating_add(command.terms.request_lifetime_ms)
        } else {
            now_ms
        };
        match self.lanes.get_mut(&id) {
            Some(lane) => lane.queue.push_back(command),
            None => {
                self.lanes.insert(id.clone(), Lane::new(command, indeterminate));
                self.schedule(&id, not_before_ms, now_ms);
            }
        }
    }

    /// Makes the head of a lane ready, now or at `not_before`.
    fn schedule(&mut self, id: &LaneId, not_before_ms: i64, now_ms: i64) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let Some(head) = lane.queue.front() else { return };
        self.timers.insert((head.terms.expiry.at_ms, id.clone()));
        if not_before_ms > now_ms {
            self.park(id, not_before_ms);
        } else {
            self.make_ready(id);
        }
    }

    fn fire_timers(&mut self, now_ms: i64) {
        while self.timers.first().is_some_and(|(at, _)| *at <= now_ms) {
            let Some((_, id)) = self.timers.pop_first() else { return };
            let Some(lane) = self.lanes.get(&id) else { continue };
            let Some(head) = lane.queue.front() else { continue };
            let (expiry, phase) = (head.terms.expiry, lane.phase);
            match phase {
                Phase::Waiting { until_ms } if until_ms <= now_ms => self.make_ready(&id),
                Phase::Waiting { .. } | Phase::Ready => {
                    if let Next::End(ending) = decision::turn(&head.terms, &lane.progress, now_ms) {
                        self.end_head(&id, ending, now_ms);
                        continue;
                    }
                }
                Phase::Calling { .. } => {}
                Phase::Ended => continue,
            }
            if expiry.at_ms <= now_ms {
                let calling = matches!(phase, Phase::Calling { .. });
                // What may have happened is asked for some time longer.
                let again_at_ms = if calling { now_ms + EXPIRY_LOOK_MS } else { expiry.give_up_at_ms };
                self.timers.insert((again_at_ms.max(now_ms + 1), id));
            }
        }
    }

    fn end(&mut self, ended: Ended) {
        let record = ended.record();
        if let Some(partition) = self.partitions.get_mut(&record.topic_partition()) {
            partition.offsets.finish(record.offset);
        }
        self.ended.push(Arc::new(ended));
    }

    fn pause_and_resume(&mut self, now_ms: i64, actions: &mut Vec<Action>) {
        let max_bytes = self.settings.max_bytes / self.partitions.len().max(1);
        for (name, partition) in &mut self.partitions {
            let targets = self.settings.topics.get(&name.topic).map_or(&[][..], Vec::as_slice);
            // Records of a target that is not configured are refused at once: nothing to wait for.
            let closed = !targets.is_empty()
                && targets.iter().all(|target| self.gates.is_closed_for_long(*target, now_ms));
            if let Some(action) = partition.pause_or_resume(name, closed, max_bytes, &self.settings) {
                actions.push(action);
            }
        }
    }
}

#[cfg(test)]
mod poisoned;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
