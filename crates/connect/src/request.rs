//! What is asked of a system, and what it answered.

use std::borrow::Cow;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::retry::Repeat;

/// A request, as a client of one system puts it together.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Path and query under the target's base URL, encoded.
    pub path: String,
    /// Headers beside those of authorization and tracing, correlation ids among them.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// Whether it may be sent twice.
    pub repeat: Repeat,
    /// W3C trace context to pass on.
    pub traceparent: Option<String>,
}

/// An answer that means success.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, whole.
    pub body: Vec<u8>,
    /// Attempts it took.
    pub attempts: u32,
}

// === impl Request ===

impl Request {
    /// What it accepts, where its headers say so.
    pub(crate) fn accepts(&self) -> Option<&str> {
        let named = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept"));
        named.map(|(_, value)| value.as_str())
    }

    /// Whether its answer is to be JSON: it is, unless a header asks for something else.
    pub(crate) fn understands_json(&self) -> bool {
        self.accepts().is_none_or(|accepted| accepted.contains("json"))
    }
}

// === impl Response ===

impl Response {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}
