//! What a task wants published with its next commit, before it is encoded.

use trunkline_schemas::codec;
use trunkline_schemas::headers::Headers;
use trunkline_schemas::{
    CustomerProfile, EnrichedEncoder, EnrichedEvent, EnrichedParts, InboundRecord, PipelineError,
    RoutingDecision, WriteBack,
};

/// Something to publish.
#[derive(Debug, Clone)]
pub enum Output {
    /// An event with everything that came of it.
    Event(Box<Emission>),
    /// A customer's profile as it now stands.
    Profile(CustomerProfile),
    /// A record that could not be processed, with where it came from.
    DeadLetter(DeadLetter),
}

/// An event with everything that came of it.
#[derive(Debug, Clone)]
pub struct Emission {
    /// The record's key, kept from the input.
    pub key: Option<Vec<u8>>,
    /// The event.
    pub event: Enriched,
    /// Where its conversation should go, where a rule says so. Boxed: few events have one, and all are moved.
    pub decision: Option<Box<RoutingDecision>>,
    /// Commands for outside systems.
    pub write_backs: Vec<WriteBack>,
    /// Rules that failed on it.
    pub errors: Vec<PipelineError>,
    /// Headers of the input record: CloudEvents and trace context go on to the output.
    pub headers: Headers,
    /// When the event was appended to its partition, by its broker's clock; UTC milliseconds.
    pub appended: i64,
    /// Milliseconds it was held for its order.
    pub held_ms: i64,
}

/// An enriched event.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "most are of the large one, and an emission is boxed as a whole"
)]
pub enum Enriched {
    /// One that neither a rule nor a plugin looked at: most of it is passed on in the bytes it came in.
    Parts(EnrichedParts),
    /// One that was looked at, with what was added to it; and its parts, from which the same bytes are made in less
    /// time, unless a plugin added something.
    Whole(Box<EnrichedEvent>, Option<Box<EnrichedParts>>),
}

// === impl Enriched ===

impl Enriched {
    /// The value of its record.
    ///
    /// # Errors
    /// As [`EnrichedEncoder::whole`] and [`EnrichedEncoder::parts`].
    pub fn encode(&self, encoder: &mut EnrichedEncoder) -> Result<Vec<u8>, codec::Error> {
        match self {
            Self::Parts(parts) => encoder.parts(parts),
            Self::Whole(_, Some(parts)) => encoder.parts(parts),
            Self::Whole(event, None) => encoder.whole(event),
        }
    }

    /// When ingest took it in, UTC milliseconds.
    pub fn ingest_time(&self) -> i64 {
        match self {
            Self::Parts(parts) => parts.event.ingest_time(),
            Self::Whole(event, _) => event.ingest_time,
        }
    }
}

/// A record that could not be processed, as it was read.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The record, byte for byte.
    pub record: InboundRecord,
    /// Stable error code, `TL-nnnn`.
    pub code: &'static str,
    /// What is wrong with it.
    pub message: String,
}
