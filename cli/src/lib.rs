//! The `trunkline` command-line tool: the operator's verbs, and the demo.
//!
//! # Layout
//!
//! - [`Cli`]: the command line; one verb, one file
//! - [`init`], [`check`], [`version`]: a configuration to start from, its mistakes, which version this is
//! - [`rules`]: checks the rules, and tries them on cases
//! - [`map`]: what payloads would become, without Kafka
//! - [`doctor`]: tries everything that the configuration points at
//! - [`target`]: which configured objects and fields a target has, and what it knows of a customer
//! - [`source`]: what a source of enrichment knows of a customer
//! - [`topics`], [`schemas`]: what Kafka and the registry need, planned and applied
//! - [`identity`]: which of a system's customers somebody was taken for
//! - [`explain`]: what the topics know of one conversation
//! - [`demo`]: a day played through the running pipeline, and everything running without it
//! - [`verify`]: the independent judge, over what a run left behind
//! - [`failure`]: exit codes

pub mod check;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod failure;
pub mod identity;
pub mod init;
pub mod map;
pub mod rules;
pub mod schemas;
pub mod source;
pub mod target;
pub mod topics;
pub mod verify;
pub mod version;

mod config_file;
mod count;
mod decode;
mod exchange;
mod verb;

pub use config_file::ConfigFile;
pub use verb::{Cli, quiet_logging};
