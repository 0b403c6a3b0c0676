//! The protocol broken on purpose, from outside: each saboteur stands between the engine and a port. A model
//! that lets one of them pass is too kind to be worth anything.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use trunkline_kafka::ports::Brokers;
use trunkline_kafka::{
    CommitOutcome, ConsumerError, OutboundRecord, Polled, TopicPartition, TransactionError,
};
use trunkline_partition::state::Change;
use trunkline_processor::brokers::ChangelogBrokers;
use trunkline_schemas::catalog;

use crate::handle::Handle;
use crate::instance::WRITE_BACKS;
use crate::plugins::TOKEN;
use crate::store::Disk;

/// Which rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A restore reads to the last stable offset, as a read_committed client sees the end, instead of waiting
    /// for the high watermark to become stable.
    StableEnd,
    /// Changes are applied to the store as they are produced, before their transaction is committed.
    ApplyBeforeCommit,
    /// A partition is given back before what concerns it is committed or dropped: the engine hears of it much later.
    SpanRebalance,
    /// A producer whose last transaction is indeterminate goes on, and an indeterminate commit counts as a success.
    ReuseIndeterminate,
    /// The offset of whatever was read is committed, though its event may still wait for a profile.
    CommitPastLookup,
    /// Events wait for plugins without an end.
    EndlessPatience,
    /// A plugin's answer to an attempt that was aborted is given to the next.
    StaleAnswer,
    /// What a plugin wants is published in the transaction after the event's.
    LateEffect,
    /// A partition from which nothing was read for as long as the hold counts as read to its end.
    SilenceIsTheEnd,
}

/// Polls for which a saboteur keeps a revocation to itself.
const HIDDEN_POLLS: u32 = 400;

/// A port with or without a saboteur in front.
pub struct Sabotaged<B> {
    inner: B,
    handle: Handle,
    disk: Rc<RefCell<Disk>>,
    sabotage: Option<Sabotage>,
    /// Revocations kept back, each for so many polls.
    hidden: VecDeque<(u32, Polled)>,
    highest: HashMap<i32, i64>,
    /// The producer is beyond any use.
    fenced: bool,
    /// Kept back until the transaction is over, and since then.
    kept_back: Vec<OutboundRecord>,
    late: Vec<OutboundRecord>,
}

// === impl Sabotage ===

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::StableEnd,
        Self::ApplyBeforeCommit,
        Self::SpanRebalance,
        Self::ReuseIndeterminate,
        Self::CommitPastLookup,
        Self::EndlessPatience,
        Self::StaleAnswer,
        Self::LateEffect,
        Self::SilenceIsTheEnd,
    ];
}

// === impl Sabotaged ===

impl<B> Sabotaged<B> {
    /// In front of this port.
    pub fn new(inner: B, handle: Handle, disk: Rc<RefCell<Disk>>, sabotage: Option<Sabotage>) -> Self {
        Self {
            inner,
            handle,
            disk,
            sabotage,
            hidden: VecDeque::new(),
            highest: HashMap::new(),
            fenced: false,
            kept_back: Vec::new(),
            late: Vec::new(),
        }
    }

    fn noted<T>(&mut self, result: Result<T, TransactionError>) -> Result<T, TransactionError> {
        self.fenced |= matches!(result, Err(TransactionError::Fenced { .. }));
        result
    }

    fn is(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }
}

impl<B: ChangelogBrokers> Brokers for Sabotaged<B> {
    fn poll(&mut self, wait: Duration) -> Result<Polled, ConsumerError> {
        if let Some((polls, _)) = self.hidden.front_mut() {
            *polls = polls.saturating_sub(1);
            if *polls == 0
                && let Some((_, revoked)) = self.hidden.pop_front()
            {
                return Ok(revoked);
            }
        }
        let polled = self.inner.poll(wait)?;
        match &polled {
            Polled::Revoked { partitions, .. } if self.is(Sabotage::SpanRebalance) => {
                // The group hears at once that they are free; the partitions are fetched from all the same.
                let numbers: Vec<i32> = partitions.iter().map(|p| p.partition).collect();
                let fetches = self.handle.world().fetches(self.handle.number, &numbers);
                self.inner.release(partitions)?;
                self.handle.world().set_fetches(self.handle.number, fetches);
                self.hidden.push_back((HIDDEN_POLLS, polled));
                Ok(Polled::Idle)
            }
            Polled::Record(record) => {
                let highest = self.highest.entry(record.partition).or_insert(record.offset);
                *highest = record.offset.max(*highest);
                Ok(polled)
            }
            _ => Ok(polled),
        }
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Option<i64>)]) -> Result<(), ConsumerError> {
        self.inner.assign(partitions)
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.inner.release(partitions)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.inner.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.inner.resume(partitions)
    }

    fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        self.highest.remove(&partition.partition);
        self.inner.seek(partition, offset)
    }

    fn end(&mut self, partition: &TopicPartition, within: Duration) -> Result<i64, ConsumerError> {
        self.inner.end(partition, within)
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.inner.begin()
    }

    fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        if self.is(Sabotage::LateEffect) {
            for late in std::mem::take(&mut self.late) {
                self.inner.produce(&late)?;
            }
            if record.topic == WRITE_BACKS && is_plugin_effect(record) {
                self.kept_back.push(record.clone());
                return Ok(());
            }
        }
        let produced = self.inner.produce(record);
        self.noted(produced)?;
        if let (true, Some(partition), Some(key)) =
            (self.is(Sabotage::ApplyBeforeCommit), record.partition, &record.key)
            && record.topic == catalog::PROCESSOR_CHANGELOG
        {
            let change = Change { key: key.clone(), value: record.value.clone() };
            self.disk.borrow_mut().meddle(partition, &change);
        }
        Ok(())
    }

    fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        within: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        if self.is(Sabotage::CommitPastLookup) {
            let past = |(input, offset): &(TopicPartition, i64)| {
                let highest = self.highest.get(&input.partition);
                (input.clone(), highest.map_or(*offset, |highest| highest + 1))
            };
            let past: Vec<_> = offsets.iter().map(past).collect();
            return self.inner.commit(&past, within);
        }
        self.late.append(&mut self.kept_back);
        match self.inner.commit(offsets, within) {
            Ok(CommitOutcome::Indeterminate) if self.is(Sabotage::ReuseIndeterminate) => {
                Ok(CommitOutcome::Committed)
            }
            ended => self.noted(ended),
        }
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        match self.inner.abort() {
            Err(TransactionError::Indeterminate { .. }) if self.is(Sabotage::ReuseIndeterminate) => Ok(()),
            aborted => self.noted(aborted),
        }
    }

    fn reopen(&mut self, patience: Duration) -> Result<(), TransactionError> {
        if self.is(Sabotage::ReuseIndeterminate) && !std::mem::take(&mut self.fenced) {
            // It still must not go into the next transaction with one open.
            return self.abort();
        }
        self.inner.reopen(patience)
    }

    fn wait(&mut self, time: Duration) {
        self.inner.wait(time);
    }
}

impl<B: ChangelogBrokers> ChangelogBrokers for Sabotaged<B> {
    fn start(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        self.highest.remove(&partition.partition);
        self.inner.start(partition, offset)
    }

    fn position(&mut self, partition: &TopicPartition) -> Option<i64> {
        self.inner.position(partition)
    }

    fn take_delivered(&mut self) -> BTreeMap<i32, i64> {
        self.inner.take_delivered()
    }
}

/// Whether a record is of a plugin's making: it has a token.
fn is_plugin_effect(record: &OutboundRecord) -> bool {
    let value = record.value.as_deref().unwrap_or_default();
    value.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes())
}
