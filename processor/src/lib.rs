//! The processor: deduplicates, orders, enriches and routes the events of each conversation, exactly once.
//!
//! The decisions are pure, and a crate of their own: a [`trunkline_partition::Task`] is one partition, a
//! function of (state, input, now) that returns what it wants published and stored. The [`engine`] around the
//! tasks owns the clients: it reads records, asks the CRMs and the plugins, and commits outputs, changelog
//! and offsets in one Kafka transaction before anything reaches the state store.
//!
//! # Layout
//!
//! - [`engine`]: the loop, transactions, assignment and restore
//! - [`brokers`]: what the engine alone needs of Kafka
//! - [`state`]: where state is kept: RocksDB
//! - [`restore`]: bringing state up to date, beside what is running
//! - [`plugins`]: the threads of plugins of yours
//! - [`plugin_lookups`]: asking sources for them, beside the stream
//! - [`input_ends`]: asking where the input ends, beside the stream
//! - [`lookups`]: asking the CRMs beside the stream; `failed_lookups`: what is logged of those that fail
//! - [`profile_records`]: reading what other instances know of customers
//! - [`publisher`]: outputs as records
//! - [`Processor`]: the program, with plugins of yours or without
//! - [`run`]: puts it all together

pub mod brokers;
pub mod engine;
pub mod input_ends;
pub mod lookups;
pub mod plugin_lookups;
pub mod plugins;
pub mod profile_records;
pub mod publisher;
pub mod restore;
pub mod state;

mod clock;
mod failed_lookups;
mod metrics;
mod program;
mod record_time;
mod run;

pub use program::Processor;
pub use run::{RunError, run};

#[cfg(test)]
#[path = "../../crates/partition/tests/support/enriched.rs"]
mod enriched;
#[cfg(test)]
#[path = "../../crates/partition/tests/support/events.rs"]
mod events;
