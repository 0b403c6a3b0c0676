//! What the worker, and what measures beside it, is made of.

use std::sync::{Arc, mpsc};

use trunkline_config::Config;
use trunkline_connect::Directory;
use trunkline_kafka::{ClockSkew, Registry, SteadyClock};
use trunkline_schemas::PipelineError;
use trunkline_telemetry::{Health, ProgressWatch};

use crate::reports::Reporter;

/// What the worker is made of.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) instance: String,
    pub(crate) registry: Registry,
    pub(crate) ids: Ids,
    pub(crate) directory: Directory,
    pub(crate) reporter: Reporter,
    pub(crate) reports: mpsc::Receiver<PipelineError>,
    pub(crate) clock: SteadyClock,
    pub(crate) health: Arc<Health>,
    pub(crate) progress: Arc<ProgressWatch>,
    pub(crate) skew: ClockSkew,
}

/// Schema ids.
pub(crate) struct Ids {
    pub(crate) commands: Vec<u32>,
    pub(crate) results: u32,
    pub(crate) reports: u32,
}
