//! The audit log: one entry per request that a simulator answered, in the order the answers were ready.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::system::System;

/// One answered request. Times are UTC milliseconds with microseconds as the fraction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Which system answered.
    pub system: System,
    /// Upper-case method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// What it was about, for instance `genesys/participant/{conversationId}/{participantId}`; null when nothing was.
    pub resource: Option<String>,
    /// Client id or user name; null when the request proved none.
    pub credential: Option<String>,
    /// When the request had arrived in full.
    pub started_at: f64,
    /// When the answer was handed over for sending.
    pub finished_at: f64,
    /// HTTP status answered.
    pub status: u16,
    /// True when the request changed stored data.
    pub effect: bool,
    /// Key of the intent behind a write, where the request shows it.
    pub idempotency_key: Option<String>,
    /// The caller's own request id (`X-Request-Id`, else `traceparent`).
    pub client_request_id: Option<String>,
    /// The caller's name for itself (`Sforce-Call-Options`, else `User-Agent`).
    pub client: Option<String>,
    /// The fault that was played instead of an answer: `down`, `error` or `hang`.
    pub fault: Option<String>,
    /// Body of a write; null for reads and for requests that carry secrets.
    pub body: Option<String>,
}

/// The log of a run, kept in memory until the sandbox ends.
#[derive(Debug, Clone, Default)]
pub struct AuditLog {
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl AuditLog {
    /// Adds an entry.
    pub fn record(&self, entry: Entry) {
        self.entries.lock().push(entry);
    }

    /// Number of entries so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.lock().len()
    }

    /// True while nothing was answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.lock().is_empty()
    }

    /// The entries of one system, or of all.
    #[must_use]
    pub fn entries(&self, system: Option<System>) -> Vec<Entry> {
        let entries = self.entries.lock();
        entries.iter().filter(|entry| system.is_none_or(|wanted| entry.system == wanted)).cloned().collect()
    }

    /// The same as JSON lines.
    #[must_use]
    pub fn json_lines(&self, system: Option<System>) -> String {
        let mut lines = String::new();
        for entry in self.entries(system) {
            if let Ok(line) = serde_json::to_string(&entry) {
                lines.push_str(&line);
                lines.push('\n');
            }
        }
        lines
    }
}
