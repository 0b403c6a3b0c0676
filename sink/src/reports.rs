//! What the operator should know, as [`PipelineError`]s for `pipeline.errors`.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc;

use tokio::sync::broadcast;
use trunkline_connect::{Event, breaker};
use trunkline_schemas::{PipelineError, Severity, WriteBack};
use trunkline_telemetry::error_codes::{self, ErrorCode};
use uuid::Uuid;

use crate::answer::Failure;
use crate::clock::Clock;
use crate::metrics;

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
            ..self.report(
                error_codes::TOKEN_REFUSED,
                Severity::Error,
                &command.target,
                format!(
                    "command {} waits: {}; check the credentials of target '{}'",
                    command.command_id, failure.message, command.target
                ),
                now_ms,
            )
        }
    }

    fn report(
        &self,
        code: ErrorCode,
        severity: Severity,
        subject: &str,
        message: String,
        now_ms: i64,
    ) -> PipelineError {
        PipelineError {
            error_id: Uuid::new_v4().to_string(),
            code: code.to_string(),
            severity,
            component: "sink".to_owned(),
            instance: self.instance.clone(),
            message,
            subject: Some(subject.to_owned()),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            occurred_at: now_ms,
        }
    }

    /// What an event of the policy stack is worth saying; `left_closed_at` remembers since when an endpoint is in
    /// trouble.
    fn event(
        &self,
        event: &Event,
        left_closed_at: &mut HashMap<String, i64>,
        now_ms: i64,
    ) -> Option<PipelineError> {
        match event {
            Event::Breaker { target, class, from, to } => {
                let endpoint = format!("{target}/{class}");
                let since = *left_closed_at.entry(endpoint.clone()).or_insert(now_ms);
                let severity = match to {
                    breaker::State::Closed => {
                        left_closed_at.remove(&endpoint);
                        Severity::Info
                    }
                    breaker::State::Open => Severity::Warning,
                    // Half open is a step on the way: nothing to tell.
                    breaker::State::HalfOpen => return None,
                };
                let message = format!(
                    "breaker of {endpoint} went from {} to {}, {} ms after it first opened",
                    from.as_str(),
                    to.as_str(),
                    now_ms - since
                );
                Some(self.report(error_codes::BREAKER_OPEN, severity, &endpoint, message, now_ms))
            }
            Event::TokenRevoked { target } => Some(self.report(
                error_codes::TOKEN_REFUSED,
                Severity::Warning,
                target,
                event.to_string(),
                now_ms,
            )),
            Event::TokenRefused { target, .. } => Some(self.report(
                error_codes::TOKEN_REFUSED,
                Severity::Error,
                target,
                event.to_string(),
                now_ms,
            )),
            Event::TokenIssued { .. } => None,
        }
    }

    /// Turns the events of the policy stack into reports until the worker is gone.
    pub async fn follow(
        self,
        mut events: broadcast::Receiver<Event>,
        reports: mpsc::Sender<PipelineError>,
        clock: Clock,
    ) {
        let mut left_closed_at = HashMap::new();
        loop {
            match events.recv().await {
                Ok(event) => {
                    if let Some(report) = self.event(&event, &mut left_closed_at, clock.now_ms()) {
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

    fn breaker_event(from: breaker::State, to: breaker::State) -> Event {
        Event::Breaker { target: "crm".into(), class: "write", from, to }
    }

    #[test]
    fn a_breaker_is_reported_when_it_opens_and_when_it_closes_with_the_time_between() {
        use breaker::State::{Closed, HalfOpen, Open};
        let (reporter, mut since) = (Reporter::new("sink-0"), HashMap::new());
        let mut tell = |from, to, now| {
            reporter.event(&breaker_event(from, to), &mut since, now).map(|r| (r.severity, r.message))
        };
        let opened = tell(Closed, Open, 1_000).unwrap();
        assert_eq!(opened.0, Severity::Warning);
        assert_eq!(tell(Open, HalfOpen, 31_000), None);
        let closed = tell(HalfOpen, Closed, 31_500).unwrap();
        assert_eq!(closed.0, Severity::Info);
        assert!(closed.1.contains("30500 ms"), "{}", closed.1);
        assert!(tell(Closed, Open, 90_000).unwrap().1.contains(" 0 ms"), "a new trouble starts anew");
    }

    #[test]
    fn pending_reports_are_bounded_and_keep_their_order() {
        let reporter = Reporter::new("sink-0");
        let report =
            |n: usize| reporter.report(error_codes::BREAKER_OPEN, Severity::Info, "x", n.to_string(), 0);
        let mut pending = Pending::default();
        for n in 0..PENDING_MAX {
            pending.push(report(n));
        }
        let taken = pending.take();
        pending.push(report(PENDING_MAX));
        pending.give_back(taken);
        let messages: Vec<_> = pending.take().into_iter().map(|report| report.message).collect();
        assert_eq!(messages.len(), PENDING_MAX);
        assert_eq!((messages[0].as_str(), messages.last().unwrap().as_str()), ("1", "1000"));
    }
}
