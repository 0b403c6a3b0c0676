//! What is measured beside the worker, whatever the worker does.

use std::sync::mpsc;

use trunkline_kafka::measuring::MeasureError;
use trunkline_kafka::ports::Clock as _;
use trunkline_kafka::{BesideLoop, Measuring, names};
use trunkline_schemas::{PipelineError, catalog};

use crate::parts::Parts;

/// Measures beside the worker made of these parts, which reads `inputs` (with their prefix), until what is returned is
/// dropped.
///
/// # Errors
/// When a client refuses its settings, or no thread can be started.
pub(crate) fn start(
    parts: &Parts,
    inputs: Vec<String>,
    reports: mpsc::Sender<PipelineError>,
) -> Result<Measuring, MeasureError> {
    let kafka = &parts.config.kafka;
    let group = names::group_id(kafka, &parts.config.sink.group);
    let mut topics = inputs.clone();
    topics.extend([catalog::WRITEBACK_RESULTS, catalog::SINK_STATE].map(|topic| kafka.topic(topic)));
    let (client_id, skew) = (parts.instance.as_str(), parts.skew.clone());
    let subjects = BesideLoop { kafka, client_id, group: &group, inputs, topics, skew };
    let (behind, answered, name) = (parts.progress.clone(), parts.progress.clone(), parts.instance.clone());
    let clock = parts.clock.clone();
    subjects.measure(
        // Commands that wait for a target that is down are not committed, and nothing is stuck: their age is a metric,
        // and the target's breaker says why. What is outstanding is what has ended.
        Box::new(move |_| behind.measured([])),
        Box::new(move |difference| {
            // The worker that takes it is gone only when the process ends.
            drop(reports.send(difference.report("sink", &name, clock.now_ms())));
        }),
        move || answered.answered(),
    )
}
