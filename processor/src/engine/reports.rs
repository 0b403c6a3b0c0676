//! What an operator should know of outside systems and plugins: it goes out with the next transaction.

use tokio::sync::broadcast;
use trunkline_connect::{Event, Reporter};
use trunkline_kafka::ReportQueue;
use trunkline_partition::plugins::StateChange;
use trunkline_schemas::PipelineError;
use uuid::Uuid;

use crate::metrics;

/// Reports that are not committed yet.
pub(super) struct Reports {
    pending: ReportQueue,
    events: broadcast::Receiver<Event>,
    reporter: Reporter,
    /// Name of the instance.
    instance: String,
}

// === impl Reports ===

impl Reports {
    /// Makes reports of these events.
    pub(super) fn new(events: broadcast::Receiver<Event>, reporter: Reporter, instance: String) -> Self {
        Self { pending: ReportQueue::new(metrics::REPORTS_DROPPED), events, reporter, instance }
    }

    /// Takes in what happened to outside systems and plugins.
    pub(super) fn collect(&mut self, plugins: Vec<StateChange>, now: i64) {
        // Events that were dropped while the engine was slow were logged where they happened.
        while let Ok(event) = self.events.try_recv() {
            if let Some(report) = self.reporter.report(&event, Uuid::new_v4().to_string(), now) {
                self.pending.push(report);
            }
        }
        for change in plugins {
            self.pending.push(change.report(Uuid::new_v4().to_string(), &self.instance, now));
        }
    }

    /// Adds one of the engine's own.
    pub(super) fn push(&mut self, report: PipelineError) {
        self.pending.push(report);
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
