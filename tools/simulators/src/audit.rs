//! The audit log: one entry per request that a simulator answered, in the order the answers were ready.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::http::{Answer, Call, Door};
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
    /// The fault that was played instead of an answer: `down`, `forbidden`, `error` or `hang`.
    pub fault: Option<String>,
    /// Body of a write; null for reads and for requests that carry secrets.
    pub body: Option<String>,
    /// Body of the answer to a lookup, as sent, so that a judge can compare what was made of it with what was said and
    /// when. A lookup is a GET on the API host of a system that knows customers or conversations. Null for everything
    /// else, for server errors, for answers that were withheld, for whatever concerns tokens, and beyond 64 KiB.
    pub answer: Option<String>,
}

/// Longest answer that is kept, in bytes.
const ANSWER_MAX: usize = 64 << 10;

/// What [`Entry::answer`] is for a request and the answer that went out.
pub(crate) fn answer_to_lookup(system: System, call: &Call, answer: &Answer) -> Option<String> {
    let asked = matches!(system, System::Salesforce | System::Sap | System::ServiceNow | System::Genesys);
    let path = call.path().to_ascii_lowercase();
    // Hosts where tokens are given out on the API's own paths answer a GET there too, if only with an error.
    let of_tokens = call.door == Door::Login || path.contains("oauth") || path.contains("token");
    if !asked || call.method != "GET" || of_tokens || answer.status >= 500 || answer.body.len() > ANSWER_MAX {
        return None;
    }
    String::from_utf8(answer.body.clone()).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_of_lookups_only() {
        let query = "/services/data/v61.0/query?q=SELECT+Id+FROM+Account";
        let found = || Answer::text(200, "application/json", r#"{"totalSize":0}"#);
        let kept = Some(r#"{"totalSize":0}"#);
        let cases = [
            (System::Salesforce, Call::new("GET", query), found(), kept),
            (System::Genesys, Call::new("GET", "/api/v2/conversations/1"), found(), kept),
            (System::Genesys, Call::new("GET", "/api/v2/externalcontacts/contacts/1"), found(), kept),
            (System::Sap, Call::new("GET", "/sap/opu/odata"), Answer::empty(404), Some("")),
            (System::Salesforce, Call::new("PATCH", query), found(), None),
            (System::Cxone, Call::new("GET", "/contacts/1"), found(), None),
            (System::ServiceNow, Call::new("GET", "/oauth_token.do"), found(), None),
            (System::Salesforce, Call::new("GET", "/services/oauth2/token"), found(), None),
            (System::Genesys, Call::new("GET", "/api/v2/conversations/1").by(Door::Login), found(), None),
            (System::Sap, Call::new("GET", "/sap"), Answer::text(500, "text/plain", "broken"), None),
        ];
        for (system, call, answer, expected) in cases {
            let kept = answer_to_lookup(system, &call, &answer);
            assert_eq!(kept.as_deref(), expected, "{system} {} {}", call.method, call.target);
        }
    }

    #[test]
    fn the_longest_answer_is_kept_whole_and_a_longer_one_not_at_all() {
        let call = Call::new("GET", "/api/now/table/incident");
        let kept = |length: usize| {
            let answer = Answer::text(200, "application/json", &"x".repeat(length));
            answer_to_lookup(System::ServiceNow, &call, &answer).map(|text| text.len())
        };
        assert_eq!((kept(ANSWER_MAX), kept(ANSWER_MAX + 1)), (Some(ANSWER_MAX), None));
    }
}
