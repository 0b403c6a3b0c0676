//! Events of the policy stack as reports for `pipeline.errors`.

use std::collections::HashMap;

use trunkline_schemas::{PipelineError, Severity, error_codes};

use crate::breaker::State;
use crate::event::Event;

/// Writes reports in the name of one instance; remembers since when an endpoint fails.
#[derive(Debug, Clone)]
pub struct Reporter {
    component: &'static str,
    instance: String,
    left_closed_at: HashMap<String, i64>,
}

impl Reporter {
    /// Reports in the name of this instance of `component`.
    pub fn new(component: &'static str, instance: &str) -> Self {
        Self { component, instance: instance.to_owned(), left_closed_at: HashMap::new() }
    }

    /// What an event is worth saying at `now_ms` (UTC); `None` for what needs nobody's attention.
    pub fn report(&mut self, event: &Event, error_id: String, now_ms: i64) -> Option<PipelineError> {
        let (code, severity, subject, message) = match event {
            Event::Breaker { target, class, from, to } => {
                let endpoint = format!("{target}/{class}");
                let since = *self.left_closed_at.entry(endpoint.clone()).or_insert(now_ms);
                let severity = match to {
                    State::Closed => {
                        self.left_closed_at.remove(&endpoint);
                        Severity::Info
                    }
                    State::Open => Severity::Warning,
                    // Half open is a step on the way: nothing to tell.
                    State::HalfOpen => return None,
                };
                let message = format!(
                    "breaker of {endpoint} went from {} to {}, {} ms after it first opened",
                    from.as_str(),
                    to.as_str(),
                    now_ms - since
                );
                (error_codes::BREAKER_OPEN, severity, endpoint, message)
            }
            Event::TokenRevoked { target } | Event::IntrospectionUseless { target } => {
                (error_codes::TOKEN_REFUSED, Severity::Warning, target.clone(), event.to_string())
            }
            Event::NewTokenRefused { target } => {
                (error_codes::EVERY_TOKEN_REFUSED, Severity::Error, target.clone(), event.to_string())
            }
            Event::PasswordRefused { target } | Event::TokenRefused { target, .. } => {
                (error_codes::TOKEN_REFUSED, Severity::Error, target.clone(), event.to_string())
            }
            Event::TokenIssued { .. } => return None,
        };
        Some(PipelineError {
            error_id,
            code: code.as_str().to_owned(),
            severity,
            component: self.component.to_owned(),
            instance: self.instance.clone(),
            message,
            subject: Some(subject),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            occurred_at: now_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: State, to: State) -> Event {
        Event::Breaker { target: "sap".to_owned(), class: "open_items", from, to }
    }

    #[test]
    fn a_breaker_that_opens_and_closes_is_two_reports() {
        let mut reporter = Reporter::new("sink", "sink-0");
        let mut report = |event, now| reporter.report(&event, "id".to_owned(), now);
        let opened = report(change(State::Closed, State::Open), 1_000).unwrap();
        assert_eq!((opened.code.as_str(), opened.severity), ("TL-4001", Severity::Warning));
        assert_eq!(opened.subject.as_deref(), Some("sap/open_items"));
        assert!(report(change(State::Open, State::HalfOpen), 31_000).is_none());
        let closed = report(change(State::HalfOpen, State::Closed), 31_500).unwrap();
        assert_eq!(closed.severity, Severity::Info);
        assert!(closed.message.contains("30500 ms after it first opened"), "{}", closed.message);
    }

    #[test]
    fn only_failures_of_tokens_are_reported() {
        let mut reporter = Reporter::new("processor", "p");
        let target = || "genesys".to_owned();
        let reason = "the token endpoint answered 401".to_owned();
        let refused = Event::TokenRefused { target: target(), status: Some(401), code: None, reason };
        for (event, expected) in [
            (Event::TokenRevoked { target: target() }, Some(("TL-4002", Severity::Warning))),
            (Event::NewTokenRefused { target: target() }, Some(("TL-4008", Severity::Error))),
            (Event::PasswordRefused { target: target() }, Some(("TL-4002", Severity::Error))),
            (refused, Some(("TL-4002", Severity::Error))),
            (Event::IntrospectionUseless { target: target() }, Some(("TL-4002", Severity::Warning))),
            (Event::TokenIssued { target: target() }, None),
        ] {
            let report = reporter.report(&event, "id".to_owned(), 5);
            assert_eq!(report.as_ref().map(|report| (report.code.as_str(), report.severity)), expected);
            assert_eq!(report.map(|report| report.code), event.code().map(str::to_owned));
        }
    }
}
