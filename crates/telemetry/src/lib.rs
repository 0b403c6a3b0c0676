//! What every binary says about itself: logs, traces, metrics, health, and how it is told to stop.
//!
//! # Layout
//!
//! - [`logging`]: one JSON object a line on standard error, and OTLP export when configured
//! - [`trace`]: W3C trace context, from the webhook through Kafka headers to the write-back
//! - [`metrics`]: the Prometheus recorder
//! - [`health`]: what is ready and what is not
//! - [`progress`]: whether a stream loop gets anything done, told from the time that passes
//! - [`admin`]: `/livez`, `/readyz` and `/metrics` on a port of their own
//! - [`shutdown`]: SIGTERM and SIGINT

pub mod admin;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod progress;
pub mod shutdown;
pub mod trace;

mod collector_client;
mod export;
mod json_lines;

pub use health::Health;
pub use progress::{InHand, ProgressWatch};
