//! What a delivery turned out to be.

use trunkline_schemas::{CrmChange, ErrorCode, PlatformEvent, QuarantinedPayload};

use crate::difference::Difference;

/// What a delivery turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// True when the body was an array whose elements could be told apart.
    pub batch: bool,
    /// One for each element, in order.
    pub elements: Vec<ElementOutcome>,
}

/// What an element turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementOutcome {
    /// An event to publish.
    Event(Box<Accepted>),
    /// Changes of a CRM's records to publish.
    Changes(Box<Changes>),
    /// A payload to keep in quarantine.
    Quarantined(Box<Quarantined>),
}

/// A payload that became an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The envelope.
    pub event: PlatformEvent,
    /// Differences from the schema that did not keep it from being mapped.
    pub drift: Vec<Difference>,
}

/// A payload that became changes of a CRM's records: it tells one change, of one record or of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Id of what the payload tells, the same each time it is told; that of each record's change is made of it.
    pub id: String,
    /// One for each record, in the order of their ids.
    pub records: Vec<CrmChange>,
    /// The system's own word for the change.
    pub source_type: String,
    /// Version of the table that it was read by.
    pub schema_version: String,
    /// Lower-case hex SHA-256 of the payload.
    pub payload_hash: String,
    /// Differences from what is known that did not keep it from being mapped.
    pub drift: Vec<Difference>,
}

/// A payload that became no event.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// What is wrong with it.
    pub code: ErrorCode,
    /// What is published on `quarantine`.
    pub payload: QuarantinedPayload,
    /// The platform's own event type, as far as the payload names it; empty where it could not be read.
    pub source_type: String,
    /// Schema version that was applied; empty where none was.
    pub schema_version: String,
    /// Differences from the schema.
    pub drift: Vec<Difference>,
}
