//! The processor: deduplicates, orders, enriches and routes the events of each conversation, exactly once.
//!
//! The decisions are pure: a [`task::Task`] is one partition, a function of (state, input, now) that returns what it
//! wants published and stored. The [`engine`] around it owns the clients: it reads records, asks the CRMs, and commits
//! outputs, changelog and offsets in one Kafka transaction before anything reaches the state store.
//!
//! # Layout
//!
//! - [`task`]: one partition, from a record read to an event emitted
//!   - [`order`]: what may go on and what waits, in the three modes
//!   - [`conversation`]: the state machine and figures of one conversation
//!   - [`entity`]: what state keeps of one entity, event ids included
//!   - [`output`]: what a task wants published
//! - [`state`]: keys, values, RocksDB
//! - [`brokers`]: what the engine needs of Kafka
//! - [`restore`]: bringing state up to date, beside what is running
//! - [`engine`]: the loop, transactions, assignment and restore
//! - [`plugins`]: steps of yours, asked beside the stream
//! - [`lookups`]: asking the CRMs beside the stream
//! - [`publisher`]: outputs as records
//! - [`Processor`]: the program, with plugins of yours or without
//! - [`run`]: puts it all together

pub mod brokers;
pub mod conversation;
pub mod engine;
pub mod entity;
pub mod lookups;
pub mod order;
pub mod output;
pub mod plugins;
pub mod publisher;
pub mod restore;
pub mod state;
pub mod task;

mod clock;
mod metrics;
mod program;
mod run;
#[cfg(test)]
mod testing;

pub use program::Processor;
pub use run::{RunError, run};
