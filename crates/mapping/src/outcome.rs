//! What a delivery turned out to be.

use trunkline_schemas::{PlatformEvent, QuarantinedPayload};

use crate::difference::Difference;
use crate::transport_window::BodyHash;

/// What a delivery turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// True when the body was an array.
    pub batch: bool,
    /// One for each element, in order.
    pub elements: Vec<ElementOutcome>,
}

/// What an element turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementOutcome {
    /// An event to publish.
    Event(Box<Accepted>),
    /// A payload to keep in quarantine.
    Quarantined(Box<Quarantined>),
}

/// A payload that became an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The envelope.
    pub event: PlatformEvent,
    /// The delivery's claim on its transport id, where the transport promises that an id belongs to one body.
    pub claim: Option<TransportClaim>,
    /// Differences from the schema that did not keep it from being mapped.
    pub drift: Vec<Difference>,
}

/// A delivery's claim on its transport id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportClaim {
    /// The transport id together with what scopes it.
    pub id: String,
    /// Digest of the canonical body: the same content written differently is the same delivery.
    pub body: BodyHash,
}

/// A payload that became no event.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// What is published on `quarantine`.
    pub payload: QuarantinedPayload,
    /// The platform's own event type, as far as the payload names it.
    pub source_type: String,
    /// Schema version that was applied.
    pub schema_version: String,
    /// Differences from the schema.
    pub drift: Vec<Difference>,
}
