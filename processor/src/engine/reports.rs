//! What an operator should know of outside systems and plugins: it goes out with the next transaction.

use std::sync::mpsc;

use tokio::sync::broadcast;
use trunkline_connect::{Event, Reporter};
use trunkline_kafka::{Overdue, ReportQueue};
use trunkline_partition::plugins::StateChange;
use trunkline_schemas::{PipelineError, Severity, TopicPartition, error_codes};
use uuid::Uuid;

use super::troubles::Aside;
use crate::metrics;

const COMPONENT: &str = "processor";

/// Reports that are not committed yet.
pub(super) struct Reports {
    pending: ReportQueue,
    events: broadcast::Receiver<Event>,
    reporter: Reporter,
    /// Made elsewhere in the process.
    notices: mpsc::Receiver<PipelineError>,
    /// Name of the instance.
    instance: String,
}

// === impl Reports ===

impl Reports {
    /// Makes reports of these events, and takes in those that others made.
    pub(super) fn new(
        events: broadcast::Receiver<Event>,
        reporter: Reporter,
        notices: mpsc::Receiver<PipelineError>,
        instance: String,
    ) -> Self {
        Self { pending: ReportQueue::new(metrics::REPORTS_DROPPED), events, reporter, notices, instance }
    }

    /// Takes in what happened to outside systems and plugins, and what others report.
    pub(super) fn collect(&mut self, plugins: Vec<StateChange>, now: i64) {
        // Events that were dropped while the engine was slow were logged where they happened.
        while let Ok(event) = self.events.try_recv() {
            if let Some(report) = self.reporter.report(&event, Uuid::new_v4().to_string(), now) {
                self.pending.push(report);
            }
        }
        while let Ok(report) = self.notices.try_recv() {
            self.pending.push(report);
        }
        for change in plugins {
            self.pending.push(change.report(Uuid::new_v4().to_string(), &self.instance, now));
        }
    }

    /// Adds one of the engine's own.
    pub(super) fn push(&mut self, report: PipelineError) {
        self.pending.push(report);
    }

    /// Partitions stand still because the registry does not give a schema.
    pub(super) fn waits_for_schema(&mut self, overdue: &[Overdue<i32>], now: i64) {
        for partition in overdue {
            let id = Uuid::new_v4().to_string();
            self.pending.push(partition.report(id, COMPONENT, &self.instance, now));
        }
    }

    /// What came of a record cannot be published: it becomes a dead letter.
    pub(super) fn put_aside(&mut self, partition: TopicPartition, offset: i64, aside: &Aside, now: i64) {
        let code = error_codes::PUT_ASIDE.as_str();
        let Aside { reason, only_place } = aside;
        tracing::error!(code, %partition, offset, reason, only_place, "a record is put aside");
        metrics::put_aside();
        let kept = if *only_place { "its dead letter names its place" } else { "it becomes a dead letter" };
        self.pending.push(PipelineError {
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            error_id: Uuid::new_v4().to_string(),
            code: code.to_owned(),
            severity: Severity::Error,
            component: COMPONENT.to_owned(),
            instance: self.instance.clone(),
            message: format!(
                "what came of {partition} offset {offset} cannot be published: {reason}; {kept}"
            ),
            subject: Some(format!("{partition} offset {offset}")),
            occurred_at: now,
        });
    }

    /// Whether there is nothing to publish.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// What is to be published. What `published` does not take is dropped; the rest stays until it is committed.
    pub(super) fn publish(&mut self, mut published: impl FnMut(&PipelineError) -> bool) {
        let mut reports = self.pending.take();
        reports.retain(|report| published(report));
        self.pending.give_back(reports);
    }

    /// They took effect.
    pub(super) fn committed(&mut self) {
        self.pending.take();
    }
}
