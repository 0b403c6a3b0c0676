//! One delivery of a platform to a webhook.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::behaviour::Behaviour;
use super::{EVENTBRIDGE, OPEN_MESSAGING};
use crate::sign::{API_KEY_HEADER, HUB_SIGNATURE_HEADER, Secrets, hub_signature};

/// What is special about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing.
    Clean,
    /// A fact that was delivered before: the same bytes, published anew under another transport id, or replayed.
    Duplicate,
    /// Overtaken by a later event of its conversation and source.
    Late,
    /// No JSON, or a mapped field of another type.
    Malformed,
    /// Signature or key is wrong.
    BadSignature,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// 1, 2, 3 … in the order of posting.
    pub id: u64,
    /// When to post it, from the start of the day.
    pub at: Duration,
    /// Source kind: `genesys-eventbridge`, `genesys-open-messaging` or `cxone-digital`.
    pub source: &'static str,
    /// What is special about it.
    pub kind: Kind,
    /// The status that ingest should answer: 202, 401 (not verified) or 422 (no JSON, or no schema matches).
    pub expected_status: u16,
    /// Body as posted.
    pub body: Vec<u8>,
    /// Native conversation id, where there is one.
    pub conversation_id: Option<String>,
    /// The customer concerned, where there is one.
    pub customer_id: Option<String>,
    /// When the fact happened; UTC milliseconds.
    pub event_time: i64,
    /// Which occurrence this reports. Every delivery of the same occurrence has the same one, also when it
    /// was published anew or is broken; two occurrences never share one, even if the platform reports both in
    /// the same words.
    pub fact: String,
    /// The behaviour of the world that it belongs to; none for what is ordinary.
    pub behaviour: Option<Behaviour>,
}

impl Delivery {
    /// The headers to post it with.
    #[must_use]
    pub fn headers(&self, secrets: &Secrets) -> Vec<(String, String)> {
        let spoil = |secret: &str| match self.kind {
            Kind::BadSignature => format!("{secret}-not"),
            _ => secret.to_owned(),
        };
        let (name, value) = match self.source {
            EVENTBRIDGE => (API_KEY_HEADER, spoil(&secrets.eventbridge_api_key)),
            OPEN_MESSAGING => {
                (HUB_SIGNATURE_HEADER, hub_signature(&spoil(&secrets.open_messaging_secret), &self.body))
            }
            _ => ("Authorization", format!("Bearer {}", spoil(&secrets.cxone_bearer))),
        };
        vec![(name.to_owned(), value), ("Content-Type".to_owned(), "application/json".to_owned())]
    }
}
