//! What every binary says about itself: logs, traces, metrics, health, and how it is told to stop.
//!
//! # Layout
//!
//! - [`logging`]: one JSON object a line on standard error, and OTLP export when configured
//! - [`trace`]: W3C trace context, from the webhook through Kafka headers to the write-back
//! - [`metrics`]: the Prometheus recorder
//! - [`health`]: what is ready and what is not
//! - [`admin`]: `/livez`, `/readyz` and `/metrics` on a port of their own
//! - [`shutdown`]: SIGTERM and SIGINT
//! - [`error_codes`]: stable codes `TL-nnnn`, each with a page in `docs/errors`

pub mod admin;
pub mod error_codes;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod shutdown;
pub mod trace;

mod json_lines;

pub use error_codes::ErrorCode;
pub use health::Health;
