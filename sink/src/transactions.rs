//! One transaction: results, dead letters, reports, saved state and offsets take effect together or not at all.

use std::collections::HashMap;
use std::time::Duration;

use trunkline_kafka::ports::{Brokers, Clock};
use trunkline_kafka::transactional_producer::TRANSACTION_TIMEOUT;
use trunkline_kafka::{
    Aborting, CommitOutcome, Ended, OutboundRecord, TopicPartition, TransactionError, end_transaction,
};
use trunkline_schemas::PipelineError;

use crate::lanes::Plan;
use crate::metrics;
use crate::outputs::{self, Form, Outputs};

/// Where a record was read: its partition and offset.
pub type Place = (TopicPartition, i64);

/// Records that are not passed on whole, each with how much of it is, and why.
pub type Forms = HashMap<Place, (Form, String)>;

/// How a transaction went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Committed, and known to be.
    Committed,
    /// Aborted: what is read from the brokers tells what is committed.
    Aborted,
    /// Aborted, because the client refuses what came of this record, and will again.
    Refused(Place, String),
    /// Aborted, because the client refuses a report. As large ones are left out from now on: no record is the cause.
    ReportRefused,
    /// Committed or not: a new producer settles it, and what is read from the brokers then tells.
    Indeterminate,
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
    /// Why the latest did not take effect, for people.
    why: String,
}

// === impl Transactions ===

impl Transactions {
    /// Writes what these outputs make of a plan.
    pub fn new(outputs: Outputs) -> Self {
        Self { outputs, why: String::new() }
    }

    /// Commits a plan and reports.
    ///
    /// # Errors
    /// [`Error`] when the producer is fenced or refused, or the state of a partition cannot be written down.
    pub fn commit<B: Brokers>(
        &mut self,
        brokers: &mut B,
        clock: &dyn Clock,
        plan: &Plan,
        forms: &Forms,
        reports: &[PipelineError],
    ) -> Result<Settled, Error> {
        let started_ms = clock.now_ms();
        let mut records = self.records(plan, forms, reports)?;
        for (_, record) in &mut records {
            // On a record without a time the client puts the machine's time of day. Set by weeks, it would be refused.
            record.timestamp.get_or_insert(started_ms);
        }
        // Offsets of a log that is gone are never committed for the one in its place.
        let current = plan.progress.iter().filter(|progress| !progress.void);
        let offsets: Vec<(TopicPartition, i64)> =
            current.map(|progress| (progress.partition.clone(), progress.watermark)).collect();
        let mut refused = None;
        let committed = attempt(brokers, &records, &offsets, &mut refused);
        self.why = match &committed {
            Ok(_) => "it is not known whether the last transaction took effect".to_owned(),
            Err(error) => error.to_string(),
        };
        let of_report = match &committed {
            Err(TransactionError::Record { topic, bytes, .. }) => self.outputs.refused_report(topic, *bytes),
            _ => false,
        };
        let took_ms = u64::try_from(clock.now_ms().saturating_sub(started_ms)).unwrap_or_default();
        let ended = end_transaction(committed, Aborting::Now, || brokers.abort())?;
        metrics::transaction(ended.as_str(), Duration::from_millis(took_ms));
        match ended {
            Ended::Committed => Ok(Settled::Committed),
            Ended::Aborted if of_report => Ok(Settled::ReportRefused),
            Ended::Aborted => Ok(match refused {
                Some((place, reason)) => Settled::Refused(place, reason),
                None => Settled::Aborted,
            }),
            Ended::Indeterminate => Ok(Settled::Indeterminate),
            // At once: calls to targets are no part of a transaction, so no fencing takes them back. Whoever has the
            // name now may make the same calls.
            Ended::Fenced(error) => Err(error.into()),
        }
    }

    /// Why the latest transaction did not take effect, if it did not.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The records of a transaction, each with the place of the record that it stems from, where there is one.
    fn records(
        &mut self,
        plan: &Plan,
        forms: &Forms,
        reports: &[PipelineError],
    ) -> Result<Vec<(Option<Place>, OutboundRecord)>, Error> {
        let mut records = Vec::with_capacity(plan.ended.len() + plan.progress.len() + reports.len());
        for ended in &plan.ended {
            let place = place_of(ended);
            let (form, reason) = match forms.get(&place) {
                Some((form, reason)) => (*form, reason.as_str()),
                None => (Form::Whole, ""),
            };
            let made = self.outputs.ended(ended, form, reason);
            records.extend(made.into_iter().map(|record| (Some(place.clone()), record)));
        }
        for progress in &plan.progress {
            records.extend(self.outputs.state(progress)?.into_iter().map(|record| (None, record)));
        }
        for report in reports {
            records.extend(self.outputs.report(report).map(|record| (None, record)));
        }
        Ok(records)
    }
}

/// Where a record was read.
pub fn place_of(ended: &crate::command::Ended) -> Place {
    let record = ended.record();
    (record.topic_partition(), record.offset)
}

/// One transaction. What is `refused` for good, by the client or for its size by the brokers, aborts it.
fn attempt<B: Brokers>(
    brokers: &mut B,
    records: &[(Option<Place>, OutboundRecord)],
    offsets: &[(TopicPartition, i64)],
    refused: &mut Option<(Place, String)>,
) -> Result<CommitOutcome, TransactionError> {
    brokers.begin()?;
    for (place, record) in records {
        if let Err(error) = brokers.produce(record) {
            if let (TransactionError::Record { reason, .. }, Some(place)) = (&error, place) {
                *refused = Some((place.clone(), reason.clone()));
            }
            return Err(error);
        }
    }
    let committed = brokers.commit(offsets, TRANSACTION_TIMEOUT);
    if let Err(TransactionError::Record { topic, reason, .. }) = &committed {
        // The brokers refuse a batch; of several large records in it the largest is too large in any case.
        let of_topic = records.iter().filter(|(_, record)| *record.topic == **topic);
        let largest = of_topic.max_by_key(|(_, record)| record.bytes());
        *refused = largest.and_then(|(place, _)| Some((place.clone()?, reason.clone())));
    }
    committed
}
