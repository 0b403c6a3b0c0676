//! What travels through Trunkline: Avro schemas, the Rust types they map to, identities, keys, headers and the codec.
//!
//! Nothing here does I/O or knows about an async runtime.
//!
//! # Layout
//!
//! - the values of the topics, one file each: [`PlatformEvent`], [`EnrichedEvent`], [`RoutingDecision`],
//!   [`CustomerProfile`], [`CrmChange`], [`WriteBack`], [`WriteBackResult`], [`QuarantinedPayload`], [`SchemaDrift`],
//!   [`PipelineError`], [`QuotaLease`]
//! - [`EncodedEvent`]: a platform event in the bytes it was written in, as [`EventReader`] reads it and
//!   [`EnrichedEncoder`] passes it on
//! - [`event_type`]: the canonical names of events
//! - [`state_events`]: which of them tell a state, which may be told again
//! - [`event_id`]: the identity of a fact, however often and whichever way it arrives
//! - [`key`]: record keys, `platform/org/native-id`
//! - [`headers`]: names of record headers, CloudEvents and W3C trace context
//! - [`error_codes`]: stable codes `TL-nnnn`, each with a page in `docs/errors`
//! - [`dead_letter`]: records that could not be processed, with their provenance
//! - [`percent`]: percent-encoding of one part of an address
//! - [`record`]: records as they are read and written, with no client type in sight
//! - [`timestamp`]: points in time as outside systems write them
//! - [`catalog`]: which topic carries which schema
//! - [`codec`]: the Confluent wire format

pub mod catalog;
pub mod codec;
pub mod dead_letter;
pub mod error_codes;
pub mod event_id;
pub mod event_type;
pub mod headers;
pub mod key;
pub mod money;
pub mod percent;
pub mod record;
pub mod state_events;
pub mod timestamp;

mod crm_change;
mod customer_profile;
mod encoded_event;
mod enriched_event;
mod pipeline_error;
mod platform_event;
mod quarantined_payload;
mod quota_lease;
mod routing_decision;
mod schema_drift;
mod source_part;
mod source_status;
mod system_identity;
mod write_back;
mod write_back_result;

pub use crm_change::CrmChange;
pub use customer_profile::{CustomerProfile, ProfileSource};
pub use encoded_event::{Attribute, EncodedEvent, EnrichedEncoder, EnrichedParts, EventReader};
pub use enriched_event::{
    ConversationSummary, EnrichedEvent, Enrichment, EnrichmentSource, EnrichmentStatus, Findings, Ordering,
    OrderingMode, ProfileView,
};
pub use error_codes::ErrorCode;
pub use pipeline_error::{PipelineError, Severity};
pub use platform_event::{EventTimeSource, PlatformEvent, SourceInfo};
pub use quarantined_payload::QuarantinedPayload;
pub use quota_lease::{LeaseKind, QuotaLease};
pub use record::{InboundRecord, OutboundRecord, TopicPartition};
pub use routing_decision::RoutingDecision;
pub use schema_drift::SchemaDrift;
pub use source_part::SourcePart;
pub use source_status::SourceStatus;
pub use system_identity::{Resolution, SystemIdentity};
pub use write_back::WriteBack;
pub use write_back_result::{Outcome, WriteBackResult};
