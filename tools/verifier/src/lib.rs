//! Trunkline's independent judge: reads what a run left behind and says which of the invariants held.
//!
//! It shares no state and no code with the pipeline: its own Kafka consumers
//! (`isolation.level=read_committed`), its own registry client, generic Avro decoding by the writer's schema,
//! its own reading of the configuration and its rules, RocksDB opened read-only. What the pipeline marks is
//! recomputed, not believed. Every judge is a pure function over decoded collections, so that it can be fed
//! forged evidence and be seen to object (`tests/saboteurs`).
//!
//! # Layout
//!
//! - [`verify`]: the whole examination of a run, from [`Inputs`] to [`Report`]
//! - [`audit`]: the examination of a deployment over a range of time, in bounded memory
//! - [`evidence`]: what is judged, decoded: ledger lines, events, commands, calls, state
//! - [`examine`]: all judges over one body of evidence; [`floor`]: the least evidence that a verdict needs
//! - [`judge`]: one pure judge per invariant
//! - [`report`]: verdicts and the report made of them; [`known`]: failures that are known
//! - [`configuration`], [`rules`]: this crate's own reading of `trunkline.toml`
//! - [`conversation`]: the reference model of a conversation
//! - [`avro`], [`registry`], [`decode`]: from record bytes to named fields to evidence
//! - [`topics`]: reading topics to their end, and following one as it grows
//! - [`store`]: the processor's RocksDB, read from outside
//! - [`files`], [`needles`]: ledgers, audit logs and log files; secrets, searched for in every form
//! - [`verb`]: the arguments of `trunkline verify`, and its lines

pub mod audit;
pub mod avro;
pub mod configuration;
pub mod conversation;
pub mod decode;
pub mod evidence;
pub mod examine;
pub mod files;
pub mod floor;
pub mod judge;
pub mod known;
pub mod needles;
pub mod registry;
pub mod report;
pub mod rules;
pub mod store;
pub mod topics;
pub mod verb;

mod collect;
mod error;
mod inputs;
mod percent;
mod phone;
mod verify;

pub use error::Error;
pub use inputs::{Breakers, Inputs, SecretToFind};
pub use known::{KNOWN, KnownFailure};
pub use report::{Conclusion, Judged, KnownSeen, NotJudged, Report, Violation};
pub use verify::verify;
