//! The W3C trace that a delivery belongs to, and what is made of it.

use trunkline_schemas::headers::{self, Headers};

/// The trace a record belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// `traceparent`.
    pub parent: String,
    /// `tracestate`, as it came.
    pub state: Option<String>,
}

// === impl TraceContext ===

impl TraceContext {
    /// Adds it to a record's headers.
    pub fn write(&self, headers: &mut Headers) {
        headers.push(headers::TRACEPARENT, &self.parent);
        if let Some(state) = &self.state {
            headers.push(headers::TRACESTATE, state);
        }
    }
}
