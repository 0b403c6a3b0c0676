//! The brokers as a process sees them: a member of the group and a transactional producer, over the model.
//!
//! The producer behaves as librdkafka does, with what the network may do to the request that ends a transaction: lost,
//! answered without the answer arriving, slow, or sent twice with the first one arriving whenever it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trunkline_kafka::ports::Brokers;
use trunkline_kafka::{
    CommitOutcome, ConsumerError, GroupConsumer, GroupSettings, InboundRecord, OutboundRecord, Polled,
    TopicPartition, TransactionError,
};
use trunkline_processor::brokers::ChangelogBrokers;
use trunkline_schemas::{catalog, headers};

use crate::client::{Client, Fetch};
use crate::group::{Change, NotAMember};
use crate::handle::{Activity, Handle};
use crate::instance::kafka;
use crate::transactions::{Part, Refusal};
use crate::world::Due;

/// Between two attempts at what the coordinator puts off; milliseconds.
const RETRY_MS: i64 = 20;

/// How long a call may take before the client gives it up; milliseconds.
const CALL_MS: i64 = 10_000;

/// What happens to a request that ends a transaction.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// It never arrives, and the client gives up.
    Lost,
    /// It takes effect, and the answer does not arrive.
    Unanswered,
    /// It takes effect late.
    Slow,
    /// The client sends it again and that takes effect; the first one arrives some time.
    Doubled,
    /// The client gives up, and it arrives some time.
    Delayed,
}

/// One process's member and producer.
pub struct ModelBrokers {
    handle: Handle,
    id: String,
    epoch: i32,
    open: bool,
    added: BTreeSet<Part>,
    delivered: BTreeMap<i32, i64>,
}

// === impl ModelBrokers ===

impl ModelBrokers {
    /// With a producer that was initialised to this epoch.
    pub fn new(handle: Handle, id: String, epoch: i32) -> Self {
        Self { handle, id, epoch, open: false, added: BTreeSet::new(), delivered: BTreeMap::new() }
    }

    fn client<T>(&self, look: impl FnOnce(&mut Client) -> T) -> Option<T> {
        self.handle.world().clients.get_mut(&self.handle.number).map(look)
    }

    /// Tries until the coordinator no longer puts it off.
    fn insist<T>(
        &mut self,
        what: &'static str,
        mut call: impl FnMut(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, TransactionError> {
        let mut waited = 0;
        loop {
            match call(self) {
                Ok(done) => return Ok(done),
                Err(Refusal::Fenced) => return Err(self.fenced(what)),
                Err(Refusal::State) => return Err(self.indeterminate(what, "there is no such transaction")),
                Err(Refusal::Concurrent) if waited >= CALL_MS => {
                    return Err(self.abort_error(what, "timeout"));
                }
                Err(Refusal::Concurrent) => {
                    waited += RETRY_MS;
                    self.handle.pass(RETRY_MS);
                }
            }
        }
    }

    fn end_transaction(
        &mut self,
        what: &'static str,
        commit: bool,
    ) -> Result<CommitOutcome, TransactionError> {
        let mishap = {
            let mut world = self.handle.world();
            world.fault(|plan| plan.end).then(|| {
                *world.dice.pick(&[
                    Mishap::Lost,
                    Mishap::Unanswered,
                    Mishap::Slow,
                    Mishap::Doubled,
                    Mishap::Delayed,
                ])
            })
        };
        let request = |brokers: &mut Self| {
            let (id, epoch) = (brokers.id.clone(), brokers.epoch);
            brokers.handle.world().end(&id, epoch, commit)
        };
        let Some(mishap) = mishap else {
            self.insist(what, request)?;
            return Ok(CommitOutcome::Committed);
        };
        let wait = {
            let mut world = self.handle.world();
            world.note("end of transaction", || format!("{what} of {}: {mishap:?}", self.id));
            world.dice.between(1_000, 12_000)
        };
        match mishap {
            Mishap::Lost => {
                self.handle.pass(wait);
                Err(self.indeterminate(what, "timeout"))
            }
            Mishap::Unanswered => {
                self.insist(what, request)?;
                self.handle.pass(wait);
                Err(self.indeterminate(what, "timeout"))
            }
            Mishap::Slow => {
                self.handle.pass(wait / 4 + 1_000);
                self.insist(what, request)?;
                Ok(CommitOutcome::Indeterminate)
            }
            Mishap::Doubled => {
                self.delay(commit);
                self.insist(what, request)?;
                Ok(CommitOutcome::Indeterminate)
            }
            Mishap::Delayed => {
                self.delay(commit);
                self.handle.pass(wait / 10);
                Err(self.indeterminate(what, "timeout"))
            }
        }
    }

    fn delay(&self, commit: bool) {
        let mut world = self.handle.world();
        world.count("delayed EndTxn");
        let after = *world.dice.pick(&[5, 30, 60, 120, 500, 3_000]);
        let after = world.dice.between(1, after);
        world.schedule(after, Due::EndTxn { id: self.id.clone(), epoch: self.epoch, commit });
    }

    fn fenced(&self, what: &'static str) -> TransactionError {
        self.handle.world().note("fenced", || format!("{what} of {}", self.id));
        TransactionError::Fenced { what, id: self.id.clone(), reason: "a later epoch is there".to_owned() }
    }

    fn indeterminate(&self, what: &'static str, reason: &str) -> TransactionError {
        TransactionError::Indeterminate { what, id: self.id.clone(), reason: reason.to_owned() }
    }

    fn abort_error(&self, what: &'static str, reason: &str) -> TransactionError {
        TransactionError::Abort { what, id: self.id.clone(), reason: reason.to_owned() }
    }

    /// The next record of a partition that may be read from.
    fn next_record(&mut self) -> Option<InboundRecord> {
        let mut world = self.handle.world();
        let world = &mut *world;
        let client = world.clients.get_mut(&self.handle.number)?;
        let mut readable: Vec<i32> = client
            .fetches
            .iter()
            .filter(|(_, fetch)| !fetch.paused)
            .map(|(partition, _)| *partition)
            .collect();
        world.dice.shuffle(&mut readable);
        for partition in readable {
            let position = world.clients[&self.handle.number].fetches[&partition].position;
            let log = world.log(catalog::EVENTS_NORMALIZED, partition);
            let Some(entry) = log.committed(position, &world.coordinator.outcomes).next().cloned() else {
                continue;
            };
            let client = world.clients.get_mut(&self.handle.number)?;
            client.fetches.insert(partition, Fetch { position: entry.offset + 1, paused: false });
            return Some(InboundRecord {
                topic: catalog::EVENTS_NORMALIZED.into(),
                partition,
                offset: entry.offset,
                key: entry.key,
                value: entry.value,
                headers: entry.headers,
                timestamp: entry.at,
                leader_epoch: None,
            });
        }
        None
    }

    fn set_paused(&mut self, partitions: &[i32], paused: bool) {
        self.client(|client| {
            for partition in partitions {
                if let Some(fetch) = client.fetches.get_mut(partition) {
                    fetch.paused = paused;
                }
            }
        });
    }
}

impl Brokers for ModelBrokers {
    fn poll(&mut self, _: Duration) -> Result<Polled, ConsumerError> {
        self.handle.point(Activity::Idle);
        let now = self.handle.world().now();
        let news = self.client(|client| {
            if client.fatal {
                return Some(Err(refusal(true)));
            }
            if client.unreachable_until > now {
                return Some(Err(refusal(false)));
            }
            let inputs = |partitions: Vec<i32>| {
                partitions.into_iter().map(|p| TopicPartition::new(catalog::EVENTS_NORMALIZED, p)).collect()
            };
            client.changes.pop_front().map(|change| {
                Ok(match change {
                    Change::Assigned(partitions) => Polled::Assigned(inputs(partitions)),
                    Change::Revoked { partitions, lost } => {
                        if lost {
                            client.patience.let_go(&partitions);
                        }
                        Polled::Revoked { partitions: inputs(partitions), lost }
                    }
                })
            })
        });
        if let Some(news) = news.flatten() {
            return news;
        }
        // A fetch brings a few records at a time.
        if self.handle.world().dice.chance(0.1) {
            return Ok(Polled::Idle);
        }
        Ok(self.next_record().map_or(Polled::Idle, Polled::Record))
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Option<i64>)]) -> Result<(), ConsumerError> {
        self.handle.point(Activity::UnderWay);
        self.client(|client| {
            let fetch = |offset: Option<i64>| Fetch { position: offset.unwrap_or(0), paused: true };
            client.fetches.extend(partitions.iter().map(|(p, offset)| (p.partition, fetch(*offset))));
        });
        Ok(())
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        let partitions = &numbers(partitions)[..];
        self.handle.point(Activity::UnderWay);
        let news = self.client(|client| {
            client.patience.let_go(partitions);
            client.fetches.retain(|partition, _| !partitions.contains(partition));
            (client.name.clone(), client.member, client.fetches.is_empty() && client.changes.is_empty())
        });
        let Some((name, member, empty)) = news else { return Ok(()) };
        let mut world = self.handle.world();
        if world.group.is_member(&name, member) {
            world.group.release(&name, member, partitions);
        } else if empty {
            world.join(self.handle.number);
        }
        Ok(())
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.set_paused(&numbers(partitions), true);
        Ok(())
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.set_paused(&numbers(partitions), false);
        Ok(())
    }

    fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        self.client(|client| {
            if let Some(fetch) = client.fetches.get_mut(&partition.partition) {
                fetch.position = offset;
            }
        });
        Ok(())
    }

    fn end(&mut self, partition: &TopicPartition, _: Duration) -> Result<i64, ConsumerError> {
        let now = self.handle.world().now();
        if !self.client(|client| client.unreachable_until <= now).unwrap_or(false) {
            return Err(refusal(false));
        }
        Ok(self.handle.world().log(&partition.topic, partition.partition).stable())
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.handle.point(Activity::UnderWay);
        if self.open {
            return Err(self.indeterminate("begin", "a transaction is open"));
        }
        self.open = true;
        self.added.clear();
        Ok(())
    }

    fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        if record.topic == catalog::EVENTS_ENRICHED
            && let Some(event) = record.headers.get(headers::CE_ID)
        {
            self.client(|client| client.patience.published(event));
        }
        self.handle.point(Activity::UnderWay);
        let undelivered = {
            let mut world = self.handle.world();
            let undelivered = world.fault(|plan| plan.undelivered);
            if undelivered {
                world.note("undelivered record", || format!("{} to {}", self.id, record.topic));
            }
            undelivered
        };
        if undelivered {
            return Err(self.abort_error("produce", "the record was not delivered"));
        }
        let delivered = self.insist("produce", |brokers| {
            let (id, epoch) = (brokers.id.clone(), brokers.epoch);
            let mut world = brokers.handle.world();
            world.produce(&id, epoch, &mut brokers.added, record)
        });
        let (partition, offset) = match delivered {
            Ok(delivered) => delivered,
            // A partition's leader that knows of no transaction refuses the record, not the producer.
            Err(TransactionError::Indeterminate { .. }) => {
                return Err(self.abort_error("produce", "invalid transaction state"));
            }
            Err(error) => return Err(error),
        };
        if record.topic == catalog::PROCESSOR_CHANGELOG {
            let highest = self.delivered.entry(partition).or_insert(offset);
            *highest = offset.max(*highest);
        }
        Ok(())
    }

    fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        _within: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        self.handle.world().judge_patience(self.handle.number);
        self.handle.point(Activity::UnderWay);
        if !self.open {
            return Err(self.abort_error("commit", "no transaction is open"));
        }
        let number = self.handle.number;
        let offsets: Vec<(i32, i64)> = offsets.iter().map(|(p, offset)| (p.partition, *offset)).collect();
        let added = self.insist("adding offsets", |brokers| {
            brokers.handle.world().add_offsets(number, brokers.epoch, &offsets)
        })?;
        match added {
            Ok(()) => {}
            Err(NotAMember::Fenced) => return Err(self.fenced("adding offsets")),
            Err(NotAMember::Stale) => {
                self.handle.world().note("not a member", || format!("offsets of {} refused", self.id));
                return Err(self.abort_error("adding offsets", "unknown member or generation"));
            }
        }
        self.handle.point(Activity::UnderWay);
        let outcome = self.end_transaction("commit", true)?;
        self.open = false;
        self.handle.point(Activity::UnderWay);
        Ok(outcome)
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.client(|client| client.patience.let_go_of_all());
        self.handle.point(Activity::UnderWay);
        if !std::mem::take(&mut self.open) {
            return Ok(());
        }
        if self.added.is_empty() {
            return Ok(());
        }
        match self.end_transaction("abort", false) {
            Ok(CommitOutcome::Committed) => {
                self.delivered.clear();
                Ok(())
            }
            Ok(CommitOutcome::Indeterminate) => Err(self.indeterminate("abort", "it took too long")),
            Err(TransactionError::Abort { reason, .. }) => Err(self.indeterminate("abort", &reason)),
            Err(error) => Err(error),
        }
    }

    fn reopen(&mut self, _: Duration) -> Result<(), TransactionError> {
        self.client(|client| client.patience.let_go_of_all());
        self.handle.point(Activity::UnderWay);
        self.open = false;
        self.delivered.clear();
        self.handle.world().count("producer replaced");
        let id = self.id.clone();
        if self.handle.world().fault(|plan| plan.no_producer) {
            self.handle.world().note("no new producer", || id.clone());
            return Err(self.indeterminate("initialise", "timeout"));
        }
        loop {
            let epoch = self.handle.world().initialise(&id);
            match epoch {
                Ok(epoch) => {
                    self.epoch = epoch;
                    return Ok(());
                }
                Err(_) => self.handle.pass(RETRY_MS),
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        self.handle.pass(time.as_millis() as i64);
    }
}

impl ChangelogBrokers for ModelBrokers {
    fn start(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        let partition = partition.partition;
        self.handle.point(Activity::UnderWay);
        self.client(|client| {
            client.patience.let_go(&[partition]);
            if let Some(fetch) = client.fetches.get_mut(&partition) {
                *fetch = Fetch { position: offset, paused: false };
            }
        });
        self.handle.world().judge_state(self.handle.number, partition);
        Ok(())
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.client(|client| client.fetches.get(&partition.partition).map(|fetch| fetch.position)).flatten()
    }

    fn take_delivered(&mut self) -> BTreeMap<i32, i64> {
        self.handle.point(Activity::UnderWay);
        if self.handle.world().fault(|plan| plan.unreported) {
            self.handle.world().note("no delivery report", || self.id.clone());
            self.delivered.clear();
        }
        std::mem::take(&mut self.delivered)
    }
}

fn numbers(partitions: &[TopicPartition]) -> Vec<i32> {
    partitions.iter().map(|p| p.partition).collect()
}

/// What a client says of itself. Only the client can make the error inside, so a real one is refused its
/// settings first.
pub fn refusal(fatal: bool) -> ConsumerError {
    let settings = GroupSettings {
        group: "trunkline-processor".to_owned(),
        instance: "simulated".to_owned(),
        topics: Vec::new(),
        partitions: 0,
        session_timeout: Duration::ZERO,
    };
    match GroupConsumer::open(&kafka(), &settings) {
        Err(ConsumerError::Create { group, source }) if fatal => ConsumerError::Fatal { group, source },
        Err(ConsumerError::Create { group, source }) => {
            ConsumerError::Call { what: "polling", group, source }
        }
        _ => unreachable!("a session without any length is refused"),
    }
}
