//! What the operator should know, as [`PipelineError`]s for `pipeline.errors`.

use std::sync::mpsc;

use tokio::sync::broadcast;
use trunkline_connect::Event;
use trunkline_kafka::SteadyClock;
use trunkline_kafka::ports::Clock;
use trunkline_kafka::{Overdue, TopicPartition};
use trunkline_schemas::error_codes;
use trunkline_schemas::{PipelineError, Severity, WriteBack};
use uuid::Uuid;

use crate::answer::Failure;

const COMPONENT: &str = "sink";

/// Writes reports in the name of one instance.
#[derive(Debug, Clone)]
pub struct Reporter {
    instance: String,
}

// === impl Reporter ===

impl Reporter {
    /// Reports in the name of this instance.
    pub fn new(instance: &str) -> Self {
        Self { instance: instance.to_owned() }
    }

    /// The instance that reports.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The token of a command's target was refused, also after it was refreshed.
    pub fn token_refused(&self, command: &WriteBack, failure: &Failure, now_ms: i64) -> PipelineError {
        PipelineError {
            conversation_id: command.conversation_id.clone(),
            contact_id: command.contact_id.clone(),
            flow_session_id: command.flow_session_id.clone(),
            correlation_id: Some(command.correlation_id.clone()),
            error_id: Uuid::new_v4().to_string(),
            code: error_codes::TOKEN_REFUSED.to_string(),
            severity: Severity::Error,
            component: COMPONENT.to_owned(),
            instance: self.instance.clone(),
            message: format!(
                "command {} waits: {}; check the credentials of target '{}'",
                command.command_id, failure.message, command.target
            ),
            subject: Some(command.target.clone()),
            occurred_at: now_ms,
        }
    }

    /// A partition stands still because the registry does not give a schema.
    pub fn waits_for_schema(&self, overdue: &Overdue<TopicPartition>, now_ms: i64) -> PipelineError {
        overdue.report(Uuid::new_v4().to_string(), COMPONENT, &self.instance, now_ms)
    }

    /// Turns the events of the policy stack into reports until the worker is gone.
    pub async fn follow(
        self,
        mut events: broadcast::Receiver<Event>,
        reports: mpsc::Sender<PipelineError>,
        clock: SteadyClock,
    ) {
        let mut reporter = trunkline_connect::Reporter::new(COMPONENT, &self.instance);
        loop {
            match events.recv().await {
                Ok(event) => {
                    let id = Uuid::new_v4().to_string();
                    if let Some(report) = reporter.report(&event, id, clock.now_ms()) {
                        tracing::warn!(code = report.code, subject = report.subject, "{}", report.message);
                        if reports.send(report).is_err() {
                            return;
                        }
                    }
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "events of the policy stack were missed");
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }
}
