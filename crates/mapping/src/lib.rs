//! Mapping: from what a source delivered to typed events, pure and without HTTP.
//!
//! A kind of source is a transport and a format: the same event of Genesys Cloud may come by EventBridge, by
//! a socket, from quarantine or from history, and is the same event, under the same id. Nothing here does I/O
//! or reads a clock.
//!
//! # Layout
//!
//! The way of a delivery, in order:
//!
//! - [`Delivery`]: bytes of a source, and what came with them
//! - [`payload`], [`batch`], [`json_depth`], [`number`], [`structural`], [`removal`]: from bytes to elements
//! - [`reader`]: what reads the payloads of a source, one of the two that follow
//! - [`adapter`]: which transport and which format a kind of source is
//! - [`table`]: a configuration that says where the fields of an event stand
//! - [`transport`]: takes off what the transport wrapped around an event
//! - [`format`](mod@format): one per way a platform writes events, to the fields of the envelope
//! - [`schema`], [`difference`], [`fit`]: the schema boundary
//! - [`change`], [`change_budget`]: changes of a CRM's records, by a table of where they stand, within bounds
//! - [`sequence`]: the source's own number of an event, where one is configured
//! - [`envelope`], [`limits`]: the event
//! - [`redaction`], [`json_text`]: what of a payload no event carries
//! - [`quarantine`]: what becomes of the others
//! - [`map`]: all of the above, as one function: [`map_delivery`], which gives an [`Outcome`]
//! - [`records`], [`trace_context`]: the records that the outcome becomes
//!
//! Beside it: [`drift_log`] (what differs from the schemas, reported at a bounded rate), [`canonical`] (one way
//! of writing JSON), [`field`] and [`event_time`] (reading payloads leniently).

pub mod adapter;
pub mod batch;
pub mod canonical;
pub mod change;
pub mod change_budget;
pub mod delivery;
pub mod difference;
pub mod drift_log;
pub mod envelope;
pub mod event_time;
pub mod field;
pub mod fit;
pub mod format;
pub mod framing;
pub mod json_depth;
pub mod json_text;
pub mod limits;
pub mod map;
pub mod number;
pub mod outcome;
pub mod payload;
pub mod quarantine;
pub mod reader;
pub mod records;
pub mod redaction;
pub mod removal;
pub mod schema;
pub mod sequence;
pub mod structural;
pub mod table;
pub mod trace_context;
pub mod transport;
mod unknown;

pub use delivery::{Delivery, Proof};
pub use difference::{Change, Difference};
pub use framing::Framing;
pub use map::map_delivery;
pub use outcome::{Accepted, Changes, ElementOutcome, Outcome, Quarantined};
pub use payload::OverLimit;
pub use trace_context::TraceContext;
