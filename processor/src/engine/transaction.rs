//! The transaction that outputs are published in. They are encoded as they come, while they are still in the processor's
//! caches, and handed to the client many at a time: it sends a request for each partition as soon as it has something for
//! it, and requests of a few records each cost client and broker more than the records.

use trunkline_kafka::{OutboundRecord, TransactionError};

use super::{Engine, EngineError};
use crate::brokers::Brokers;
use crate::output::Output;
use crate::state::StateStore;

/// Outputs after which a commit is due before its time.
const OUTPUTS_PER_COMMIT: usize = 5_000;

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

    /// Whether there is anything to end: a transaction, a failure, or records that wait to be handed over.
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
    /// Publishes outputs with the transaction.
    pub(super) fn publish(&mut self, outputs: Vec<Output>) -> Result<(), EngineError> {
        for output in outputs {
            let transaction = &mut self.transaction;
            transaction.outputs += 1;
            let before = transaction.records.len();
            let now = self.parts.clock.now();
            self.parts.publisher.records(output, now, &mut transaction.records)?;
            transaction.bytes +=
                transaction.records[before..].iter().map(OutboundRecord::bytes).sum::<usize>();
            self.hand_over_if_many();
        }
        Ok(())
    }

    /// Adds a record to the transaction.
    pub(super) fn produce(&mut self, record: OutboundRecord) {
        self.transaction.bytes += record.bytes();
        self.transaction.records.push(record);
        self.hand_over_if_many();
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

    fn hand_over_if_many(&mut self) {
        if self.transaction.bytes >= self.parts.hand_over_bytes {
            self.hand_over();
        }
    }

    /// Gives the client what is encoded, in a transaction that is begun for it where none is open.
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
