//! `trunkline.toml`: read once, checked in full, then plain data.
//!
//! [`load`] and [`parse`] either give a [`Config`] that needs no further checks or every mistake in the file at once,
//! each with its line, its column and what to do about it.
//!
//! # Layout
//!
//! - [`Config`] and its sections, one file each: the type, its defaults and how it is read
//! - [`Secret`]: values that come from references and print as `***`
//! - [`Mistakes`]: what [`load`] says when something is wrong

mod config;
mod enrichment;
mod ingest;
mod kafka;
mod mistakes;
mod processor;
mod registry;
mod rules;
mod secret;
mod sink;
mod source;
mod target;
mod telemetry;

pub use config::Config;
pub use enrichment::Enrichment;
pub use ingest::Ingest;
pub use kafka::{Kafka, SaslMechanism, Security, TlsFiles};
pub use mistakes::{EXIT_CODE, Mistake, Mistakes};
pub use processor::Processor;
pub use registry::{Registry, RegistryAuth};
pub use rules::{RoutingRule, Rules, WriteBackRule};
pub use secret::{ExposeSecret, Secret};
pub use sink::Sink;
pub use source::{Drift, OrderMode, SignatureEncoding, Source, SourceKind, Verify};
pub use target::{Breaker, Credentials, Mode, Rate, Retry, System, Target};
pub use telemetry::{LogFormat, Telemetry};
