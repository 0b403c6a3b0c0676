//! The world: time, the log of commands, what is committed, and transactions that are still in the air.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trunkline_kafka::{InboundRecord, OutboundRecord};
use trunkline_schemas::codec::{Decoder, Value};
use trunkline_schemas::dead_letter::Provenance;
use trunkline_schemas::{WriteBackResult, catalog, error_codes};

use crate::commands;
use crate::dice::Dice;
use crate::group::Group;
use crate::targets::Targets;

/// Partitions of the commands' topic.
pub const PARTITIONS: usize = 3;

/// Sinks.
pub const INSTANCES: usize = 2;

/// After so long at least the coordinator settles a transaction that its producer left open, and in twice
/// that time at the latest, since it looks for such ones only now and then; milliseconds.
const TRANSACTION_TIMEOUT_MS: i64 = 10_000;

/// How long after the registry has learnt the late schema a dead letter may still name it: for a minute it is
/// refused, and an answer from before may be under way.
const REFUSED_MS: i64 = 64_000;

/// A transaction whose end was asked for and nobody knows to have happened.
pub struct InTheAir {
    pub instance: usize,
    pub epoch: u64,
    pub records: Vec<OutboundRecord>,
    pub offsets: Vec<(usize, i64)>,
    settles_at: i64,
}

/// See the module's documentation.
pub struct World {
    /// UTC milliseconds.
    pub now: i64,
    pub dice: Dice,
    /// Nothing goes wrong any more.
    pub calm: bool,
    pub log: Vec<BTreeMap<i64, InboundRecord>>,
    pub committed: Vec<Option<i64>>,
    /// Values of `sink.state`.
    pub saved: Vec<Option<Vec<u8>>>,
    /// The same of the logs that they are of.
    pub positions: Vec<Option<Vec<u8>>>,
    /// The ids of the topics that the partitions are of: one each, so that one can be made anew.
    pub topic_ids: Vec<u128>,
    /// Reports that are committed.
    pub reports: usize,
    /// The brokers take no reports of so many bytes of key and value, or more.
    pub reports_below: Option<usize>,
    pub group: Group,
    pub targets: Targets,
    pub in_the_air: Vec<InTheAir>,
    /// Until then no broker answers (UTC milliseconds).
    pub away_until: i64,
    /// They refuse connections: a call is given up at once, and not after its time limit.
    pub refuses_at_once: bool,
    /// For so long they are away once a member has been told of partitions, in milliseconds.
    pub away_after_news: Option<i64>,
    /// Calls that no broker answered.
    pub unanswered: usize,
    /// Records whose results the brokers refuse, and those whose dead letters they refuse to hold whole.
    pub refused: BTreeSet<(i32, i64)>,
    /// The producer epochs of the instances' transactional ids.
    pub epochs: Vec<u64>,
    /// From when on the registry knows the late schema.
    pub known_from: i64,
    /// Offsets with a committed result or dead letter.
    done: Vec<BTreeSet<i64>>,
    /// Below it everything was found finished.
    checked: Vec<i64>,
    results: Decoder<WriteBackResult>,
    pub violation: Option<String>,
    pub history: Vec<String>,
}

// === impl World ===

impl World {
    /// Nothing has happened yet.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let known_from = dice.between(1_000_000, 1_030_000);
        let mut results = Decoder::new();
        results.add_writer(commands::KNOWN, WriteBackResult::SCHEMA).unwrap();
        Self {
            now: 1_000_000,
            dice,
            calm: false,
            log: vec![BTreeMap::new(); PARTITIONS],
            committed: vec![None; PARTITIONS],
            saved: vec![None; PARTITIONS],
            positions: vec![None; PARTITIONS],
            topic_ids: vec![1; PARTITIONS],
            reports: 0,
            reports_below: None,
            group: Group::new(INSTANCES, PARTITIONS),
            targets: Targets::default(),
            in_the_air: Vec::new(),
            away_until: 0,
            refuses_at_once: false,
            away_after_news: None,
            unanswered: 0,
            refused: BTreeSet::new(),
            epochs: vec![0; INSTANCES],
            known_from,
            done: vec![BTreeSet::new(); PARTITIONS],
            checked: vec![0; PARTITIONS],
            results,
            violation: None,
            history: Vec::new(),
        }
    }

    /// Whether something goes wrong now, this often.
    pub fn fault(&mut self, probability: f64) -> bool {
        !self.calm && self.dice.chance(probability)
    }

    /// Whether no broker answers now.
    pub fn is_away(&self) -> bool {
        self.now < self.away_until
    }

    /// Keeps what happened, for whoever reads of a seed.
    pub fn note(&mut self, what: impl Into<String>) {
        let (now, what) = (self.now, what.into());
        self.history.push(format!("{now} {what}"));
    }

    /// Something does not hold; the first one counts.
    pub fn violated(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.note(format!("VIOLATION {what}"));
        self.violation.get_or_insert(what);
    }

    /// Time goes by, with all that comes with it.
    pub fn advance(&mut self, ms: i64) {
        self.now += ms;
        let now = self.now;
        if let Err(violation) = self.targets.pass(now) {
            self.violated(violation);
        }
        while let Some(at) = self.in_the_air.iter().position(|transaction| transaction.settles_at <= now) {
            self.settle(at);
        }
        if !self.is_away() {
            self.group.expire(now);
        }
    }

    /// Writes a command behind the others of its partition; control records leave holes.
    pub fn write_command(&mut self, partition: usize) {
        let last = self.log[partition].keys().next_back().map_or(0, |last| last + 1);
        let offset = last + i64::from(self.dice.chance(0.3));
        let resource = format!("r{partition}-{}", self.dice.index(3));
        let schema = match self.dice.index(100) {
            0..3 => None,
            3..15 => Some(commands::LATE),
            _ => Some(commands::KNOWN),
        };
        let record = commands::record(partition as i32, offset, &resource, schema, self.now);
        self.log[partition].insert(offset, record);
    }

    /// Whether the brokers refuse one of these records: the whole result of a record that is refused.
    pub fn refuses(&self, records: &[OutboundRecord]) -> bool {
        records.iter().any(|record| {
            if record.topic != catalog::WRITEBACK_RESULTS || self.refused.is_empty() {
                return false;
            }
            // A result that is cut has no correlation in its headers.
            let whole = record.headers.get(trunkline_schemas::headers::CORRELATION_ID).is_some();
            let result: trunkline_schemas::WriteBackResult =
                self.results.decode(record.value.as_deref().unwrap()).unwrap();
            let (partition, offset) = result.command_id.split_once('/').unwrap();
            whole && self.refused.contains(&(partition.parse().unwrap(), offset.parse().unwrap()))
        })
    }

    /// Bytes of the largest report among these records, if the brokers refuse it.
    pub fn refused_report(&self, records: &[OutboundRecord]) -> Option<usize> {
        let reports = records.iter().filter(|record| record.topic == catalog::PIPELINE_ERRORS);
        let largest = reports.map(OutboundRecord::key_and_value).max();
        largest.filter(|bytes| self.reports_below.is_some_and(|below| *bytes >= below))
    }

    /// A partition's log is deleted with its group's offset, and another one takes its place.
    pub fn make_anew(&mut self, partition: usize) {
        self.note(format!("the log of {partition} is made anew"));
        self.topic_ids[partition] += 1;
        self.log[partition].clear();
        // What was done for commands of the old log says nothing of those of the new one.
        self.targets = Targets::default();
        self.done[partition].clear();
        self.checked[partition] = 0;
        self.committed[partition] = None;
    }

    /// A partition's log loses all its records and has others at once, more than it had: a replica that had fallen
    /// behind became the leader (an unclean election). The group's offset stays.
    pub fn overgrow(&mut self, partition: usize) {
        self.note(format!("the log of {partition} has other records"));
        let end = self.end(partition);
        self.log[partition].clear();
        while self.end(partition) <= end + 3 {
            // Other commands than those that lay there: time has passed.
            self.now += 1;
            self.write_command(partition);
        }
    }

    /// The end of a partition.
    pub fn end(&self, partition: usize) -> i64 {
        self.log[partition].keys().next_back().map_or(0, |last| last + 1)
    }

    /// Whether every command is finished, and committed as such.
    pub fn all_done(&self) -> bool {
        (0..PARTITIONS).all(|partition| {
            self.log[partition].keys().all(|offset| self.done[partition].contains(offset))
                && self.committed[partition].unwrap_or(0) >= self.end(partition)
        })
    }

    /// What is left, for a seed that does not come to its end.
    pub fn left(&self) -> String {
        let partitions: Vec<String> = (0..PARTITIONS)
            .map(|partition| {
                let (committed, end) = (self.committed[partition], self.end(partition));
                format!("partition {partition}: {committed:?} of {end}")
            })
            .collect();
        partitions.join(", ")
    }

    /// A producer of this instance's id is made: what its predecessor left in the air is settled.
    pub fn open(&mut self, instance: usize) -> u64 {
        while let Some(at) = self.in_the_air.iter().position(|transaction| transaction.instance == instance) {
            self.settle(at);
        }
        self.epochs[instance] += 1;
        self.epochs[instance]
    }

    /// Whether offsets of a partition hang in a transaction.
    pub fn hangs(&self, partition: usize) -> bool {
        self.in_the_air.iter().any(|transaction| transaction.offsets.iter().any(|(of, _)| *of == partition))
    }

    /// Leaves a transaction in the air.
    pub fn leave(
        &mut self,
        instance: usize,
        epoch: u64,
        records: Vec<OutboundRecord>,
        offsets: Vec<(usize, i64)>,
    ) {
        let settles_at = self.now + self.dice.between(TRANSACTION_TIMEOUT_MS, 2 * TRANSACTION_TIMEOUT_MS);
        self.in_the_air.push(InTheAir { instance, epoch, records, offsets, settles_at });
    }

    fn settle(&mut self, at: usize) {
        let InTheAir { instance, records, offsets, .. } = self.in_the_air.remove(at);
        if self.dice.chance(0.5) {
            self.note(format!("what {instance} left in the air is committed"));
            self.apply(&records, &offsets);
        } else {
            self.note(format!("what {instance} left in the air is aborted"));
        }
    }

    /// A transaction takes effect.
    pub fn apply(&mut self, records: &[OutboundRecord], offsets: &[(usize, i64)]) {
        let mut done: HashMap<(usize, i64), bool> = HashMap::new();
        for record in records {
            match record.topic.as_str() {
                catalog::WRITEBACK_RESULTS => {
                    let result = self.results.decode(record.value.as_deref().unwrap()).unwrap();
                    let (partition, offset) = result.command_id.split_once('/').unwrap();
                    let place = (partition.parse().unwrap(), offset.parse().unwrap());
                    if done.insert(place, true).is_some() {
                        self.violated(format!("{place:?} has two results in one transaction"));
                    }
                }
                catalog::WRITEBACK_DLQ => {
                    let provenance = Provenance::read(&record.headers).unwrap();
                    self.check_refusal(&provenance);
                    done.entry((provenance.partition as usize, provenance.offset)).or_insert(false);
                }
                catalog::PIPELINE_ERRORS => self.reports += 1,
                catalog::SINK_STATE => {
                    let of_log = record.key.as_deref().is_some_and(|key| key.ends_with(b"/log"));
                    let states = if of_log { &mut self.positions } else { &mut self.saved };
                    states[record.partition.unwrap() as usize] = record.value.clone();
                }
                _ => {}
            }
        }
        for ((partition, offset), _) in done {
            if !self.done[partition].insert(offset) {
                self.violated(format!("{partition}/{offset} is finished a second time"));
            }
        }
        for (partition, offset) in offsets {
            self.committed[*partition] = Some(*offset);
        }
        for partition in 0..PARTITIONS {
            self.check_committed(partition);
        }
    }

    /// A schema that the registry learnt late makes dead letters for a minute, and no longer.
    fn check_refusal(&mut self, provenance: &Provenance) {
        let refused = provenance.code == error_codes::UNKNOWN_SCHEMA_ID.as_str();
        if refused && provenance.at.unwrap() > self.known_from + REFUSED_MS {
            let place = commands::id(provenance.partition, provenance.offset);
            self.violated(format!("{place} is a dead letter though its schema has long been known"));
        }
    }

    fn check_committed(&mut self, partition: usize) {
        let watermark = self.committed[partition].unwrap_or(0);
        if watermark < self.checked[partition] {
            self.violated(format!("the committed offset of {partition} goes back to {watermark}"));
            return;
        }
        let saved = self.saved[partition].as_deref().map(trunkline_sink::saved_state::decode);
        let saved = saved.map(|saved| saved.unwrap().finished).unwrap_or_default();
        let below: Vec<i64> =
            self.log[partition].range(self.checked[partition]..watermark).map(|(at, _)| *at).collect();
        for offset in below.iter().chain(&saved) {
            // Control records leave offsets without a record.
            if self.log[partition].contains_key(offset) && !self.done[partition].contains(offset) {
                self.violated(format!("{partition}/{offset} is committed as finished and has no result"));
            }
        }
        self.checked[partition] = self.checked[partition].max(watermark);
        let forgotten = self.done[partition].range(watermark..).find(|offset| !saved.contains(offset));
        if let Some(offset) = forgotten.copied() {
            self.violated(format!("{partition}/{offset} has a result and would be done again"));
        }
    }
}
