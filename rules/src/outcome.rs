//! What comes of an event.

use std::collections::BTreeMap;

use trunkline_schemas::{PipelineError, RoutingDecision, WriteBack};

/// What the rules make of one event.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Outcome {
    /// Of the first routing rule that matches.
    pub decision: Option<RoutingDecision>,
    /// Of every write-back rule that matches.
    pub write_backs: Vec<WriteBack>,
    /// Of every rule that failed.
    pub errors: Vec<PipelineError>,
}

/// Where a conversation should go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    pub(crate) queue: String,
    pub(crate) priority: Option<i32>,
    pub(crate) skills: Vec<String>,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// What should be written to an outside system.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    pub(crate) target: String,
    pub(crate) operation: String,
    pub(crate) observe: bool,
    pub(crate) expires_ms: Option<i64>,
    /// Where the operation's own default does not fit.
    pub(crate) resource: Option<String>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) fields: BTreeMap<String, String>,
}
