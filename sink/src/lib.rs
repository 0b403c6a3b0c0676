//! The sink: does what the commands of `writebacks.<system>` ask for, and tells what became of each.
//!
//! Kafka is the retry queue: what cannot be done now stays there. Each command ends in exactly one result, committed in
//! one transaction with the offset it came from; the same transaction saves what was done out of order.
//!
//! # Layout
//!
//! The core is pure, with the time as an argument:
//! - [`decision`]: what to do with one command, and what an answer means
//! - [`lanes`]: who may call which target now; one lane per resource
//! - [`answer`], [`ending`], [`command`]: the values that they exchange
//! - [`parser`]: from a record to a command
//! - [`outputs`] and [`saved_state`]: what is written, and the format of `sink.state`
//!
//! The loop does what the core says, on ports:
//! - [`worker`]: the loop that owns the membership, the transactions and the lanes
//! - [`transactions`], [`committed_state`]: how it commits, and how it learns what is committed
//! - [`ports`]: what it asks of its surroundings, beside [`trunkline_kafka::ports`]
//!
//! The edge:
//! - `brokers`: what the brokers themselves answer to the sink alone
//! - `caller`: calls to targets, on the asynchronous runtime
//! - `measuring`: what is measured beside the worker
//! - [`reports`], `metrics`: what an operator sees
//! - `parts`, [`run()`]: puts it together

pub mod answer;
pub mod command;
pub mod committed_state;
pub mod decision;
pub mod ending;
pub mod lanes;
pub mod outputs;
pub mod parser;
pub mod ports;
pub mod reports;
pub mod saved_state;
pub mod transactions;
pub mod worker;

mod brokers;
mod caller;
mod measuring;
mod metrics;
mod parts;
mod run;

#[cfg(test)]
mod testing;

pub use run::{Error, run};
