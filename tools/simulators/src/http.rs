//! Requests and answers as plain values, so that a simulator is a function that tests can call without a network.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::percent;

/// Which of a system's hosts a request came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The host that gives out tokens, where it is another one than the API's.
    Login,
    /// The API host.
    Api,
}

/// One request, read in full.
#[derive(Debug, Clone)]
pub struct Call {
    /// The host it came in by.
    pub door: Door,
    /// Upper-case method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Decoded query parameters in the order sent.
    pub query: Vec<(String, String)>,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Body as sent.
    pub body: Vec<u8>,
}

/// One answer, with what the audit log should know of it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers in the order to send.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
    /// What the request was about, for instance `salesforce/Account/CustomerNumber__c/C-000001`.
    pub resource: Option<String>,
    /// Who asked: client id or user name, never a secret.
    pub credential: Option<String>,
    /// True when it changed stored data.
    pub effect: bool,
    /// What identifies the intent behind a write, where the request shows it.
    pub idempotency_key: Option<String>,
    /// True when the request's body may be kept in the audit log: it holds no secret.
    pub keep_body: bool,
}

// === impl Call ===

impl Call {
    /// A request to the API host without headers or body; `target` is path and query.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        let query = target.split_once('?').map_or_else(Vec::new, |(_, query)| percent::pairs(query));
        Self {
            door: Door::Api,
            method: method.to_owned(),
            target: target.to_owned(),
            query,
            headers: BTreeMap::new(),
            body: Vec::new(),
        }
    }

    /// The same request by another door.
    #[must_use]
    pub fn by(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    /// The same request with a header more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// The same request with a body of that content type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.with_header("content-type", content_type)
    }

    /// The same request with a JSON body.
    #[must_use]
    pub fn with_json(self, body: &Value) -> Self {
        self.with_body("application/json", body.to_string().as_bytes())
    }

    /// A header by lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A query parameter by name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
    }

    /// The path without the query, as sent.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// Decoded path segments without empty ones.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        self.path().split('/').filter(|segment| !segment.is_empty()).map(percent::decode).collect()
    }

    /// The body as a decoded form.
    #[must_use]
    pub fn form(&self) -> BTreeMap<String, String> {
        percent::pairs(&String::from_utf8_lossy(&self.body)).into_iter().collect()
    }

    /// The body as JSON, if it is any.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Token of a bearer `Authorization` header; the scheme's case does not matter.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// User and password of a Basic `Authorization` header.
    #[must_use]
    pub fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// True when the content type is this one, whatever its parameters.
    #[must_use]
    pub fn has_content_type(&self, expected: &str) -> bool {
        let sent = self.header("content-type").unwrap_or_default();
        sent.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(expected)
    }

    /// The key of the intent behind a write: an `Idempotency-Key` header, else a field of the body that names
    /// the command.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<String> {
        if let Some(key) = self.header("idempotency-key") {
            return Some(key.to_owned());
        }
        let Some(Value::Object(body)) = self.json() else { return None };
        let attributes = body.get("attributes").and_then(Value::as_object);
        body.iter().chain(attributes.into_iter().flatten()).find_map(|(name, value)| {
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let named = plain.trim_end_matches('c').to_ascii_lowercase().ends_with("commandid");
            named.then(|| value.as_str().map(str::to_owned)).flatten()
        })
    }
}

// === impl Answer ===

impl Answer {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            resource: None,
            credential: None,
            effect: false,
            idempotency_key: None,
            keep_body: false,
        }
    }

    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json;charset=UTF-8", &body.to_string())
    }

    /// An answer with a body of that content type.
    #[must_use]
    pub fn text(status: u16, content_type: &str, body: &str) -> Self {
        let mut answer = Self::empty(status).header("Content-Type", content_type);
        answer.body = body.as_bytes().to_vec();
        answer
    }

    /// The same answer with a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same answer, about that resource.
    #[must_use]
    pub fn about(mut self, resource: String) -> Self {
        self.resource = Some(resource);
        self
    }

    /// The same answer to a write: whether it changed something, and under which key.
    #[must_use]
    pub fn wrote(mut self, effect: bool, idempotency_key: Option<String>) -> Self {
        self.effect = effect;
        self.idempotency_key = idempotency_key;
        self
    }

    /// The same answer, asked for by that client.
    #[must_use]
    pub fn asked_by(mut self, credential: &str) -> Self {
        self.credential = Some(credential.to_owned());
        self
    }

    /// A header's value by name, whatever its case.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn body_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}
