//! What it takes to run the pipeline's own programs for a while and to watch what comes out: shared by the demo and by
//! chaos.
//!
//! # Layout
//!
//! - [`configuration`]: the `trunkline.toml` of such a run
//! - [`program`]: one process: how it is started, found ready, and stopped
//! - [`quotas`]: what the outside systems allow
//! - [`follow`], [`ledger_tail`]: where the figures come from
//! - [`progress`]: those figures
//! - [`payloads`]: single payloads as the platforms send them

pub mod configuration;
pub mod follow;
pub mod ledger_tail;
pub mod payloads;
pub mod program;
pub mod progress;
pub mod quotas;
