//! Ingest: from a platform's webhook to a durable, typed event.
//!
//! A request is accepted when every in-sync replica has what it brought, and not before.
//!
//! # Layout
//!
//! The way of a request, in order:
//!
//! - [`http`]: the route, and answers as JSON
//! - [`body`]: reading the body within its limits
//! - [`verify`]: does it come from whom the source says?
//! - [`payload`], [`json_depth`]: from bytes to elements
//! - [`schema`]: the schema boundary
//! - [`adapter`]: one per platform and version, to the fields of the envelope
//! - [`map`]: all of the above but HTTP, as one pure function: [`map_payload`]
//! - [`transport_window`]: the same transport id with another body
//! - [`intake`]: verify, map, claim, publish, answer
//! - [`records`], [`trace_context`]: what a record carries
//! - [`publish`]: Kafka, or a stand-in in tests
//!
//! Beside it: [`quarantine`] (what is kept of a request put aside), [`drift`] (what differs from the schemas, reported at
//! a bounded rate), [`refusal`] (every answer that is no), [`metric_names`], [`start`] (what must be there first) and
//! [`run`](mod@run), which puts it together.

pub mod adapter;
pub mod body;
pub mod canonical;
pub mod drift;
pub mod event_time;
pub mod field;
pub mod http;
pub mod intake;
pub mod json_depth;
pub mod limits;
pub mod map;
pub mod metric_names;
pub mod payload;
pub mod publish;
pub mod quarantine;
pub mod records;
pub mod refusal;
pub mod run;
pub mod schema;
pub mod start;
pub mod trace_context;
pub mod transport_window;
pub mod verify;

pub use map::{Accepted, ElementOutcome, Outcome, PutAside, map_payload};
pub use payload::Unreadable;
pub use run::{Error, run};
