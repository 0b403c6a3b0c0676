//! What the operator should know, as [`PipelineError`]s for `pipeline.errors`.

use std::collections::VecDeque;
use std::sync::mpsc;

use tokio::sync::broadcast;
use trunkline_connect::Event;
use trunkline_schemas::error_codes;
use trunkline_schemas::{PipelineError, Severity, WriteBack};
use uuid::Uuid;

use crate::answer::Failure;
use crate::clock::Clock;
use crate::metrics;

const COMPONENT: &str = "sink";

/// Reports kept while no transaction can be committed; beyond that the oldest are dropped, and counted.
const PENDING_MAX: usize = 1_000;

/// Writes reports in the name of one instance.
#[derive(Debug, Clone)]
pub struct Reporter {
    instance: String,
}

/// Reports that wait for a transaction.
#[derive(Debug, Default)]
pub struct Pending {
    reports: VecDeque<PipelineError>,
}

// === impl Reporter ===

impl Reporter {
    /// Reports in the name of this instance.
    pub fn new(instance: &str) -> Self {
        Self { instance: instance.to_owned() }
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

    /// Turns the events of the policy stack into reports until the worker is gone.
    pub async fn follow(
        self,
        mut events: broadcast::Receiver<Event>,
        reports: mpsc::Sender<PipelineError>,
        clock: Clock,
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

// === impl Pending ===

impl Pending {
    /// Adds a report; the oldest is dropped when there are too many.
    pub fn push(&mut self, report: PipelineError) {
        if self.reports.len() == PENDING_MAX {
            self.reports.pop_front();
            metrics::report_dropped();
        }
        self.reports.push_back(report);
    }

    /// True when there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// Takes all of them.
    pub fn take(&mut self) -> Vec<PipelineError> {
        std::mem::take(&mut self.reports).into()
    }

    /// Gives back what could not be committed, in front of what came since.
    pub fn give_back(&mut self, reports: Vec<PipelineError>) {
        let since = std::mem::take(&mut self.reports);
        for report in reports.into_iter().chain(since) {
            self.push(report);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_reports_are_bounded_and_keep_their_order() {
        let mut reporter = trunkline_connect::Reporter::new(COMPONENT, "sink-0");
        let event = Event::TokenRevoked { target: "crm".to_owned() };
        let mut report = |n: usize| reporter.report(&event, n.to_string(), 0).unwrap();
        let mut pending = Pending::default();
        for n in 0..PENDING_MAX {
            pending.push(report(n));
        }
        let taken = pending.take();
        pending.push(report(PENDING_MAX));
        pending.give_back(taken);
        let messages: Vec<_> = pending.take().into_iter().map(|report| report.error_id).collect();
        assert_eq!(messages.len(), PENDING_MAX);
        assert_eq!((messages[0].as_str(), messages.last().unwrap().as_str()), ("1", "1000"));
    }
}
