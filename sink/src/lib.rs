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
//! - [`answer`], [`ending`], [`command`]: the words they speak
//! - [`saved_state`]: the format of `sink.state`
//!
//! The edge does what the core says:
//! - [`worker`]: the loop that owns the consumer, the transactions and the lanes
//! - [`caller`]: calls to targets, on the asynchronous runtime
//! - [`outputs`], [`transactions`], [`truth`]: what is written, how, and what of it is committed
//! - [`reports`], [`metrics`]: what an operator sees
//! - [`run()`]: puts it together

mod answer;
mod caller;
mod clock;
mod command;
mod decision;
mod ending;
mod lanes;
mod metrics;
mod outputs;
mod parser;
mod reports;
mod run;
mod saved_state;
mod transactions;
mod truth;
mod worker;

#[cfg(test)]
mod testing;

pub use run::{Error, run};
