//! One transaction: results, dead letters, reports, saved state and offsets take effect together or not at all.

use std::time::Instant;

use trunkline_kafka::transactional_producer::{INITIALISE_TIMEOUT, TRANSACTION_TIMEOUT};
use trunkline_kafka::{
    CommitOutcome, GroupConsumer, OutboundRecord, TopicPartition, TransactionError, TransactionalProducer,
};
use trunkline_schemas::PipelineError;

use crate::lanes::Plan;
use crate::metrics;
use crate::outputs::{self, Outputs};

/// How a transaction went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Committed beyond doubt.
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
    producer: TransactionalProducer,
    outputs: Outputs,
}

// === impl Transactions ===

impl Transactions {
    /// Takes an initialised producer.
    pub fn new(producer: TransactionalProducer, outputs: Outputs) -> Self {
        Self { producer, outputs }
    }

    /// Commits a plan and reports. Whatever goes wrong, the producer is ready for the next transaction afterwards.
    ///
    /// # Errors
    /// [`Error`] when the producer is fenced, cannot be replaced, or a record cannot be put together.
    pub fn commit(
        &mut self,
        plan: &Plan,
        reports: &[PipelineError],
        consumer: &GroupConsumer,
    ) -> Result<Settled, Error> {
        let records = self.records(plan, reports)?;
        let offsets: Vec<(TopicPartition, i64)> =
            plan.progress.iter().map(|progress| (progress.partition.clone(), progress.watermark)).collect();
        let started = Instant::now();
        let outcome = self.attempt(&records, &offsets, consumer);
        let took = started.elapsed();
        match outcome {
            Ok(CommitOutcome::Committed) => {
                metrics::transaction("committed", took);
                Ok(Settled::Committed)
            }
            Ok(CommitOutcome::Indeterminate) => {
                metrics::transaction("doubtful", took);
                self.replace()
            }
            Err(error @ (TransactionError::Fenced { .. } | TransactionError::Refused { .. })) => {
                Err(error.into())
            }
            Err(error @ TransactionError::Indeterminate { .. }) => {
                metrics::transaction("doubtful", took);
                tracing::warn!(%error, "the outcome of a transaction is unknown");
                self.replace()
            }
            Err(error @ (TransactionError::Abort { .. } | TransactionError::Record { .. })) => {
                metrics::transaction("aborted", took);
                tracing::warn!(%error, "a transaction is aborted");
                match self.producer.abort() {
                    Ok(()) => Ok(Settled::Unknown),
                    Err(error @ TransactionError::Fenced { .. }) => Err(error.into()),
                    Err(_) => self.replace(),
                }
            }
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

    fn attempt(
        &mut self,
        records: &[OutboundRecord],
        offsets: &[(TopicPartition, i64)],
        consumer: &GroupConsumer,
    ) -> Result<CommitOutcome, TransactionError> {
        self.producer.begin()?;
        for record in records {
            self.producer.produce(record)?;
        }
        self.producer.commit(offsets, consumer, TRANSACTION_TIMEOUT)
    }

    fn replace(&mut self) -> Result<Settled, Error> {
        self.producer.reopen(INITIALISE_TIMEOUT)?;
        Ok(Settled::Unknown)
    }
}
