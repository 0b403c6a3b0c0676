//! Measurements against peers: both sides on the same input, in one run, as ratios.
//!
//! # Layout
//!
//! - [`codec`]: the Avro codec of the hot path against `apache-avro`
//! - [`cpu`]: processor time of the measuring thread
//! - [`plot`]: bars as SVG
//! - [`processor`]: the processor against Kafka Streams and against bare loops
//! - [`report`]: the report's JSON

pub mod codec;
pub mod cpu;
pub mod plot;
pub mod processor;
pub mod report;
