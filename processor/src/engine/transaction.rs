//! The transaction that outputs are published in, as they come: while they are still in the processor's caches, and while
//! the brokers have nothing else to do.

use trunkline_kafka::{OutboundRecord, TransactionError};

use super::{Engine, EngineError};
use crate::brokers::Brokers;
use crate::metrics;
use crate::output::Output;
use crate::state::StateStore;

/// Outputs after which a commit is due before its time.
const OUTPUTS_PER_COMMIT: usize = 10_000;

/// How far the transaction is.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    open: bool,
    outputs: usize,
    /// What went wrong with it already; nothing more is published, and the next commit aborts it.
    failure: Option<TransactionError>,
    /// Encoded, not yet handed over; kept for its memory.
    records: Vec<OutboundRecord>,
}

// === impl Transaction ===

impl Transaction {
    /// Whether it should be ended before its time.
    pub(super) fn is_due(&self) -> bool {
        self.failure.is_some() || self.outputs >= OUTPUTS_PER_COMMIT
    }

    /// Whether anything was begun.
    pub(super) fn is_open(&self) -> bool {
        self.open || self.failure.is_some()
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
            self.transaction.outputs += 1;
            self.parts.publisher.records(output, &mut self.transaction.records)?;
        }
        self.hand_over();
        Ok(())
    }

    /// Adds a record to the open transaction, or begins one.
    pub(super) fn produce(&mut self, record: OutboundRecord) {
        self.transaction.records.push(record);
        self.hand_over();
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

    fn hand_over(&mut self) {
        if self.transaction.records.is_empty() {
            return;
        }
        self.begin_if_closed();
        let transaction = &mut self.transaction;
        for record in transaction.records.drain(..) {
            if transaction.failure.is_none() {
                transaction.failure = self.parts.brokers.produce(&record).err();
            }
        }
    }
}
