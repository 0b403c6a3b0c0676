//! The span of one attempt: which target, which endpoint class, which attempt it is, and what it came to.
//!
//! Neither its name nor its attributes hold an address, an id of a customer or a part of a login.

use tracing::Span;
use trunkline_config::Target;
use trunkline_telemetry::trace;

use crate::request::Request;

/// A span under way.
#[derive(Debug)]
pub(crate) struct AttemptSpan {
    span: Span,
    traceparent: Option<String>,
}

// === impl AttemptSpan ===

impl AttemptSpan {
    /// Begins the span of the attempt of this number (from 1), within the request's trace.
    pub(crate) fn begin(target: &Target, class: &'static str, request: &Request, attempt: u32) -> Self {
        let incoming = request.traceparent.as_deref();
        if !trace::enabled() {
            return Self { span: Span::none(), traceparent: incoming.map(str::to_owned) };
        }
        let method = request.method.as_str();
        let span = trace::request_span(incoming, &format!("{method} {} {class}", target.system));
        trace::set(&span, "trunkline.target", target.name.clone());
        trace::set(&span, "trunkline.endpoint_class", class);
        trace::set(&span, "trunkline.attempt", i64::from(attempt));
        trace::set(&span, "http.request.method", method.to_owned());
        let traceparent = span.in_scope(trace::current_traceparent);
        Self { span, traceparent: traceparent.or_else(|| incoming.map(str::to_owned)) }
    }

    /// What the system is told to be called by.
    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// Ends it: the status that was answered (0: none), and the outcome as in metrics.
    pub(crate) fn end(self, status: u16, outcome: &'static str) {
        if status > 0 {
            trace::set(&self.span, "http.response.status_code", i64::from(status));
        }
        trace::set(&self.span, "trunkline.outcome", outcome);
        if outcome != "ok" {
            trace::failed(&self.span, outcome);
        }
    }
}
