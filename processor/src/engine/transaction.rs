//! The transaction that outputs are published in. They are encoded as they come, while they are still in the
//! processor's caches, and handed to the client many at a time: it sends a request for each partition as soon
//! as it has something for it, and requests of a few records each cost client and broker more than the
//! records.

use std::time::Duration;

use trunkline_kafka::ports::Brokers;
use trunkline_kafka::transactional_producer::TRANSACTION_TIMEOUT;
use trunkline_kafka::{
    Aborting, CommitOutcome, Ended, OutboundRecord, TopicPartition, TransactionError, end_transaction,
};
use trunkline_partition::Output;
use trunkline_partition::state::Change;
use trunkline_schemas::codec;
use trunkline_schemas::headers::Headers;

use super::input_topic::InputTopic;
use super::reports::Reports;
use crate::publisher::Publisher;

/// Outputs after which a commit is due before its time.
const OUTPUTS_PER_COMMIT: usize = 5_000;

/// How long a commit may hold up a change of assignment, each of its steps.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(5);

/// What one commit of a partition consists of.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) partition: i32,
    /// The offset to commit. Sent even when it has not moved: the group's check of member and generation comes with
    /// the offsets, and it is all that keeps an instance that was thought dead from committing.
    pub(super) offset: i64,
    /// Changes for changelog and state.
    pub(super) changes: Vec<Change>,
}

/// What the brokers refused of a transaction for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// Something that came of a record of the input, and why.
    OfRecord(String),
    /// A report or a profile. It is left out from now on.
    OfNoRecord,
}

/// How far the transaction is.
pub(super) struct Transaction {
    publisher: Publisher,
    input: InputTopic,
    changelog_topic: String,
    hand_over_bytes: usize,
    commit_interval_ms: i64,
    open: bool,
    outputs: usize,
    /// When its events were received; UTC milliseconds.
    received: Vec<i64>,
    /// What went wrong with it already; nothing more is published, and the next commit aborts it.
    failure: Option<TransactionError>,
    /// Why the latest did not take effect, for people.
    why: String,
    /// What was refused for good of the latest that was ended.
    refused: Option<Refused>,
    /// Encoded, not yet handed over.
    records: Vec<OutboundRecord>,
    /// Bytes of their keys, values and headers.
    bytes: usize,
    /// When the latest commit began; the timestamp of its changelog records.
    ending_since: i64,
}

// === impl Transaction ===

impl Transaction {
    /// None is open yet.
    pub(super) fn new(
        publisher: Publisher,
        input: InputTopic,
        changelog_topic: String,
        hand_over_bytes: usize,
        commit_interval_ms: i64,
    ) -> Self {
        Self {
            publisher,
            input,
            changelog_topic,
            hand_over_bytes,
            commit_interval_ms,
            open: false,
            outputs: 0,
            received: Vec::new(),
            failure: None,
            why: String::new(),
            refused: None,
            records: Vec::new(),
            bytes: 0,
            ending_since: 0,
        }
    }

    /// Whether it should be ended at `now` (UTC milliseconds).
    pub(super) fn is_due(&self, now: i64) -> bool {
        self.failure.is_some()
            || self.outputs >= OUTPUTS_PER_COMMIT
            || now - self.ending_since >= self.commit_interval_ms
    }

    /// Whether there is anything to end: a transaction, a failure, or records that wait to be handed over.
    pub(super) fn is_open(&self) -> bool {
        self.open || self.failure.is_some() || !self.records.is_empty()
    }

    /// Makes sure that it is aborted, if there is one.
    pub(super) fn doom(&mut self, failure: TransactionError) {
        if self.is_open() {
            self.failure.get_or_insert(failure);
        }
    }

    /// Publishes outputs, made at `now` (UTC milliseconds), with the transaction.
    pub(super) fn publish(
        &mut self,
        outputs: Vec<Output>,
        now: i64,
        brokers: &mut impl Brokers,
    ) -> Result<(), codec::Error> {
        for output in outputs {
            self.outputs += 1;
            let before = self.records.len();
            let is_event = matches!(output, Output::Event(_));
            self.publisher.records(output, now, &mut self.records)?;
            // The event itself goes first, with the time of its receipt.
            self.received
                .extend(self.records.get(before).filter(|_| is_event).and_then(|first| first.timestamp));
            self.bytes += self.records[before..].iter().map(OutboundRecord::bytes).sum::<usize>();
            self.hand_over_if_many(brokers);
        }
        Ok(())
    }

    /// A commit begins at `now` (UTC milliseconds), whether there turns out to be anything to commit or not.
    pub(super) fn begin_ending(&mut self, now: i64) {
        self.ending_since = now;
    }

    /// The timestamp of the latest commit's changelog records; UTC milliseconds.
    pub(super) fn ending_since(&self) -> i64 {
        self.ending_since
    }

    /// Adds what changed and the reports, and ends it. `changing`: whether a change of assignment waits for it.
    ///
    /// # Errors
    /// [`TransactionError`] when the process cannot go on.
    pub(super) fn end(
        &mut self,
        commits: &[Commit],
        reports: &mut Reports,
        brokers: &mut impl Brokers,
        changing: bool,
    ) -> Result<Ended, TransactionError> {
        let committed = self.send(commits, reports, brokers, changing);
        self.why = match &committed {
            Ok(_) => "it is not known whether the last transaction took effect".to_owned(),
            Err(error) => error.to_string(),
        };
        self.refused = match &committed {
            Err(TransactionError::Record { topic, bytes, reason }) => Some({
                let of_none = self.publisher.refused(topic, *bytes);
                if of_none { Refused::OfNoRecord } else { Refused::OfRecord(reason.clone()) }
            }),
            _ => None,
        };
        // Aborting takes time as well: where others wait, the next producer does it.
        let aborting = if changing { Aborting::ByReplacement } else { Aborting::Now };
        end_transaction(committed, aborting, || brokers.abort())
    }

    /// When the events of the latest were received; UTC milliseconds.
    pub(super) fn take_received(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.received)
    }

    /// Why the latest transaction did not take effect, if it did not.
    pub(super) fn why(&self) -> &str {
        &self.why
    }

    /// What was refused for good of the transaction that was ended last, if anything was.
    pub(super) fn take_refused(&mut self) -> Option<Refused> {
        self.refused.take()
    }

    fn send(
        &mut self,
        commits: &[Commit],
        reports: &mut Reports,
        brokers: &mut impl Brokers,
        changing: bool,
    ) -> Result<CommitOutcome, TransactionError> {
        for Commit { partition, changes, .. } in commits {
            for change in changes {
                let record = OutboundRecord {
                    topic: self.changelog_topic.clone(),
                    partition: Some(*partition),
                    key: Some(change.key.clone()),
                    value: change.value.clone(),
                    headers: Headers::new(),
                    // Known here, so that state can remember the very record.
                    timestamp: Some(self.ending_since),
                };
                self.produce(record, brokers);
            }
        }
        reports.publish(|report| {
            let record = self.publisher.report(report);
            record.map(|record| self.produce(record, brokers)).is_some()
        });
        self.hand_over(brokers);
        self.begin_if_closed(brokers);
        let offsets: Vec<(TopicPartition, i64)> =
            commits.iter().map(|commit| (self.input.partition(commit.partition), commit.offset)).collect();
        match self.reset() {
            Some(failure) => Err(failure),
            None => {
                let within = if changing { GIVE_BACK_WITHIN } else { TRANSACTION_TIMEOUT };
                brokers.commit(&offsets, within)
            }
        }
    }

    /// It is over, one way or the other. Returns what had gone wrong with it.
    fn reset(&mut self) -> Option<TransactionError> {
        self.open = false;
        self.outputs = 0;
        self.records.clear();
        self.bytes = 0;
        self.failure.take()
    }

    /// Adds a record to the transaction.
    fn produce(&mut self, record: OutboundRecord, brokers: &mut impl Brokers) {
        self.bytes += record.bytes();
        self.records.push(record);
        self.hand_over_if_many(brokers);
    }

    /// Begins a transaction where there is none: offsets alone can be what there is to commit.
    fn begin_if_closed(&mut self, brokers: &mut impl Brokers) {
        if self.failure.is_none() && !self.open {
            match brokers.begin() {
                Ok(()) => self.open = true,
                Err(error) => self.failure = Some(error),
            }
        }
    }

    fn hand_over_if_many(&mut self, brokers: &mut impl Brokers) {
        if self.bytes >= self.hand_over_bytes {
            self.hand_over(brokers);
        }
    }

    /// Gives the client what is encoded, in a transaction that is begun for it where none is open.
    fn hand_over(&mut self, brokers: &mut impl Brokers) {
        if self.records.is_empty() {
            return;
        }
        self.begin_if_closed(brokers);
        self.bytes = 0;
        for record in self.records.drain(..) {
            if self.failure.is_none() {
                self.failure = brokers.produce(&record).err();
            }
        }
    }
}
