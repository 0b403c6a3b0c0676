//! What a source delivered, freed of how it came over the network.

use std::collections::BTreeMap;

use trunkline_config::Source;
use trunkline_schemas::QuarantinedPayload;

use crate::framing::Framing;
use crate::payload::Element;
use crate::trace_context::TraceContext;

/// Headers in which a sender names a delivery, and names it the same when it is sent again: that of Standard Webhooks
/// (its specification wants it used for just this), and that of CXone Expert.
const DELIVERY_IDS: [&str; 2] = ["webhook-id", "x-nexus-delivery-id"];

/// Bytes of a source whose sender is known, and what came with them.
#[derive(Debug, Clone)]
pub struct Delivery<'a> {
    /// The configured source.
    pub source: &'a Source,
    /// The bytes as they came.
    pub bytes: &'a [u8],
    /// Whether an array in them is a batch.
    pub framing: Framing,
    /// When they were received, UTC milliseconds.
    pub received_at: i64,
    /// The correlation id that the sender gave, where the payload itself names none.
    pub correlation_id: Option<String>,
    /// The trace that everything made of them belongs to.
    pub trace: TraceContext,
    /// Content type as sent.
    pub content_type: Option<String>,
    /// What is kept of the headers, see [`kept_headers`](crate::quarantine::kept_headers).
    pub headers: BTreeMap<String, String>,
    /// What proved where they come from.
    pub proof: Proof,
}

/// What proved that a delivery comes from whom the source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: the source asks for none.
    NotRequired,
    /// A signature over the bytes, by a key that both have.
    Hmac,
    /// A signature over the bytes, by a key that only the sender has.
    PublicKey,
    /// The certificate of the connection.
    Certificate,
    /// A token that an issuer signed.
    Jwt,
    /// A bearer token.
    Bearer,
    /// User name and password.
    Basic,
    /// A key in a header.
    ApiKey,
    /// What proved it at the first receipt; it was quarantined since.
    FirstReceipt,
}

// === impl Delivery ===

impl<'a> Delivery<'a> {
    /// What tells an element from an equal one, where nothing in either does: the id of the delivery, else when it was
    /// received, and the element's place in it. Without an id a delivery that is sent again cannot be told from a new
    /// one, and losing a fact is worse than repeating it.
    pub(crate) fn names(&self, element: &Element<'_>) -> [String; 3] {
        let id = DELIVERY_IDS.iter().find_map(|name| self.headers.get(*name));
        let (kind, name) = match id.map(|id| id.trim()).filter(|id| !id.is_empty()) {
            Some(id) => ("delivery", id.to_owned()),
            None => ("received", self.received_at.to_string()),
        };
        [kind.to_owned(), name, element.position.to_string()]
    }

    /// A quarantined payload, delivered again as it was received: a schema that matches it now makes an event
    /// of it, under the id and the time that it would have had at first. `source` is the source that it
    /// names, as it is configured now; `trace` is the trace that its record belongs to.
    pub fn from_quarantined(
        payload: &'a QuarantinedPayload,
        source: &'a Source,
        trace: TraceContext,
    ) -> Self {
        Self {
            source,
            bytes: &payload.payload,
            framing: Framing::Element,
            received_at: payload.received_at,
            correlation_id: Some(payload.correlation_id.clone()),
            trace,
            content_type: payload.content_type.clone(),
            headers: payload.headers.clone(),
            proof: Proof::FirstReceipt,
        }
    }
}

// === impl Proof ===

impl Proof {
    /// As logs name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRequired => "not_required",
            Self::Hmac => "hmac",
            Self::PublicKey => "public_key",
            Self::Certificate => "certificate",
            Self::Jwt => "jwt",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::ApiKey => "api_key",
            Self::FirstReceipt => "first_receipt",
        }
    }
}
