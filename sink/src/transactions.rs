//! One transaction: results, dead letters, reports, saved state and offsets take effect together or not at all.

use std::time::Duration;

use trunkline_kafka::ports::{Brokers, Clock};
use trunkline_kafka::transactional_producer::{INITIALISE_TIMEOUT, TRANSACTION_TIMEOUT};
use trunkline_kafka::{
    Aborting, CommitOutcome, Ended, OutboundRecord, TopicPartition, TransactionError, end_transaction,
};
use trunkline_schemas::PipelineError;

use crate::lanes::Plan;
use crate::metrics;
use crate::outputs::{self, Outputs};

/// How a transaction went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Committed, and known to be.
    Committed,
    /// Committed or not: only what is read from the brokers tells.
    Unknown,
}

/// Why no further transaction can be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A client call failed for good.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// A record could not be put together.
    #[error(transparent)]
    Output(#[from] outputs::Error),
}

/// Commits the worker's plans.
pub struct Transactions {
    outputs: Outputs,
}

// === impl Transactions ===

impl Transactions {
    /// Writes what these outputs make of a plan.
    pub fn new(outputs: Outputs) -> Self {
        Self { outputs }
    }

    /// Commits a plan and reports. Whatever goes wrong, the producer is ready for the next transaction afterwards.
    ///
    /// # Errors
    /// [`Error`] when the producer is fenced, refused or cannot be replaced, or a record cannot be put together or is
    /// refused.
    pub fn commit<B: Brokers>(
        &mut self,
        brokers: &mut B,
        clock: &dyn Clock,
        plan: &Plan,
        reports: &[PipelineError],
    ) -> Result<Settled, Error> {
        let records = self.records(plan, reports)?;
        // Offsets of a log that is gone are never committed for the one in its place.
        let current = plan.progress.iter().filter(|progress| !progress.void);
        let offsets: Vec<(TopicPartition, i64)> =
            current.map(|progress| (progress.partition.clone(), progress.watermark)).collect();
        let started_ms = clock.now_ms();
        let committed = attempt(brokers, &records, &offsets);
        let took_ms = u64::try_from(clock.now_ms().saturating_sub(started_ms)).unwrap_or_default();
        let ended = end_transaction(committed, Aborting::Now, || brokers.abort())?;
        metrics::transaction(ended.as_str(), Duration::from_millis(took_ms));
        match ended {
            Ended::Committed => Ok(Settled::Committed),
            Ended::Aborted => Ok(Settled::Unknown),
            Ended::Indeterminate => {
                brokers.reopen(INITIALISE_TIMEOUT)?;
                Ok(Settled::Unknown)
            }
            // At once: calls to targets are no part of a transaction, so no fencing takes them back. Whoever has the
            // name now may make the same calls.
            Ended::Fenced(error) => Err(error.into()),
        }
    }

    fn records(&mut self, plan: &Plan, reports: &[PipelineError]) -> Result<Vec<OutboundRecord>, Error> {
        let mut records = Vec::with_capacity(plan.ended.len() + plan.progress.len() + reports.len());
        for ended in &plan.ended {
            records.extend(self.outputs.ended(ended)?);
        }
        for progress in &plan.progress {
            records.extend(self.outputs.state(progress)?);
        }
        for report in reports {
            records.extend(self.outputs.report(report));
        }
        Ok(records)
    }
}

fn attempt<B: Brokers>(
    brokers: &mut B,
    records: &[OutboundRecord],
    offsets: &[(TopicPartition, i64)],
) -> Result<CommitOutcome, TransactionError> {
    brokers.begin()?;
    for record in records {
        brokers.produce(record)?;
    }
    brokers.commit(offsets, TRANSACTION_TIMEOUT)
}
