//! What comes of an event.

use trunkline_schemas::{PipelineError, RoutingDecision, WriteBack};

/// What the steps make of one event.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Outcome {
    /// Of the first step that decides.
    pub decision: Option<Box<RoutingDecision>>,
    /// Of every step, in their order.
    pub write_backs: Vec<WriteBack>,
    /// Of everything that failed.
    pub errors: Vec<PipelineError>,
}
