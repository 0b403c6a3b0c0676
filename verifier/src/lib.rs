//! Trunkline's independent judge: reads what a run left behind and says which of the invariants held.
//!
//! It shares no state and no code with the pipeline: its own Kafka consumers (`isolation.level=read_committed`), its own
//! registry client, generic Avro decoding by the writer's schema, RocksDB opened read-only. Every judge is a pure
//! function over decoded collections, so that it can be fed bad data and be seen to object.
//!
//! # Layout
//!
//! - [`verify`]: the whole examination, from [`Inputs`] to [`Report`]
//! - [`evidence`]: what is judged, decoded: ledger lines, events, commands, calls, state
//! - [`judge`]: one pure judge per invariant
//! - [`report`]: verdicts and the report made of them
//! - [`avro`], [`registry`]: from record bytes to named fields
//! - [`topics`]: reading topics to their end, and following one as it grows
//! - [`store`]: the processor's RocksDB, read from outside
//! - [`files`]: ledgers, audit logs and log files
//! - [`verb`]: the arguments of `trunkline verify`

pub mod avro;
pub mod evidence;
pub mod files;
pub mod judge;
pub mod registry;
pub mod report;
pub mod store;
pub mod topics;
pub mod verb;

mod collect;
mod inputs;
mod verify;

pub use inputs::{Breakers, Inputs, SecretToFind};
pub use report::{NotJudged, Report, Violation};
pub use verify::{Error, verify};
