//! Calls in the audit logs of the outside systems.

use serde::Deserialize;

/// One call in the audit log of an outside system.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Call {
    /// `genesys`, `cxone`, `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// HTTP method.
    pub method: String,
    /// Path, with or without its query.
    pub path: String,
    /// The resource it touches, in the system's own terms.
    pub resource: Option<String>,
    /// Who called.
    pub credential: Option<String>,
    /// When the request came; UTC milliseconds.
    pub started_at: f64,
    /// When the answer was on its way; UTC milliseconds.
    pub finished_at: Option<f64>,
    /// HTTP status of the answer; 0 when none was sent.
    pub status: u16,
    /// True when it changed something.
    pub effect: bool,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The body as sent, or the part of it that the system keeps.
    pub body: serde_json::Value,
    /// The answer to a lookup, as sent.
    pub answer: Option<String>,
}

// === impl Call ===

impl Call {
    /// True when it asks the system for a change; token requests change nothing of a customer's.
    pub fn is_write(&self) -> bool {
        !matches!(self.method.to_ascii_uppercase().as_str(), "GET" | "HEAD" | "OPTIONS")
            && !self.is_token_request()
    }

    /// True when it was answered 2xx.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// True when it is a write that changed something, or was answered 2xx: writing what is there already
    /// changes nothing.
    pub fn was_written(&self) -> bool {
        self.is_write() && (self.effect || self.succeeded())
    }

    /// True when it asks for an access token.
    pub fn is_token_request(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        path.ends_with("/token") || path.ends_with("oauth_token.do") || path.ends_with("/access-key")
    }
}
