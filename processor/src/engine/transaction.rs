//! The transaction that outputs are published in, as they come. They are encoded at once, while they are still in the
//! processor's caches, and handed to the client some hundred at a time: it sends a request for each partition as soon as
//! it has something for it, and requests of a few records each cost client and broker more than the records.

use trunkline_kafka::{OutboundRecord, TransactionError};

use super::{Engine, EngineError};
use crate::brokers::Brokers;
use crate::metrics;
use crate::output::Output;
use crate::state::StateStore;

/// Outputs after which a commit is due before its time.
const OUTPUTS_PER_COMMIT: usize = 5_000;

/// Bytes of records after which they are handed over before the commit. Enough for large batches, little enough that the
/// brokers have most of a transaction before it ends.
const HAND_OVER_BYTES: usize = 1 << 20;

/// How far the transaction is.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    open: bool,
    outputs: usize,
    /// What went wrong with it already; nothing more is published, and the next commit aborts it.
    failure: Option<TransactionError>,
    /// Encoded, not yet handed over.
    records: Vec<OutboundRecord>,
    /// Bytes of their keys, values and headers.
    bytes: usize,
}

// === impl Transaction ===

impl Transaction {
    /// Whether it should be ended before its time.
    pub(super) fn is_due(&self) -> bool {
        self.failure.is_some() || self.outputs >= OUTPUTS_PER_COMMIT
    }

    /// Whether anything was begun.
    pub(super) fn is_open(&self) -> bool {
        self.open || self.failure.is_some() || !self.records.is_empty()
    }

    /// Makes sure that it is aborted.
    pub(super) fn doom(&mut self, failure: TransactionError) {
        self.failure.get_or_insert(failure);
    }

    /// It is over, one way or the other. Returns what had gone wrong with it.
    pub(super) fn end(&mut self) -> Option<TransactionError> {
        self.open = false;
        self.outputs = 0;
        self.records.clear();
        self.bytes = 0;
        self.failure.take()
    }
}

impl<B: Brokers, S: StateStore> Engine<B, S> {
    /// Publishes outputs in the open transaction, or begins one.
    pub(super) fn publish(&mut self, outputs: Vec<Output>) -> Result<(), EngineError> {
        for output in outputs {
            if let Output::Event(emission) = &output {
                let rules = emission.write_backs.iter().map(|w| w.rule_id.clone());
                let decision = emission.decision.as_ref().map(|d| d.rule_id.as_str());
                metrics::rules(decision, rules, emission.errors.len());
            }
            let transaction = &mut self.transaction;
            transaction.outputs += 1;
            let before = transaction.records.len();
            self.parts.publisher.records(output, &mut transaction.records)?;
            transaction.bytes +=
                transaction.records[before..].iter().map(OutboundRecord::bytes).sum::<usize>();
        }
        if self.transaction.bytes >= HAND_OVER_BYTES {
            self.hand_over();
        }
        Ok(())
    }

    /// Adds a record to the open transaction, or begins one.
    pub(super) fn produce(&mut self, record: OutboundRecord) {
        self.transaction.bytes += record.bytes();
        self.transaction.records.push(record);
    }

    /// Begins a transaction where there is none: offsets alone can be what there is to commit.
    pub(super) fn begin_if_closed(&mut self) {
        let transaction = &mut self.transaction;
        if transaction.failure.is_none() && !transaction.open {
            match self.parts.brokers.begin() {
                Ok(()) => transaction.open = true,
                Err(error) => transaction.failure = Some(error),
            }
        }
    }

    /// Gives the client what is encoded.
    pub(super) fn hand_over(&mut self) {
        if self.transaction.records.is_empty() {
            return;
        }
        self.begin_if_closed();
        let transaction = &mut self.transaction;
        transaction.bytes = 0;
        for record in transaction.records.drain(..) {
            if transaction.failure.is_none() {
                transaction.failure = self.parts.brokers.produce(&record).err();
            }
        }
    }
}
