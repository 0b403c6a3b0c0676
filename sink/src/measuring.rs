//! What is measured beside the worker, whatever the worker does.

use std::sync::{Arc, mpsc};

use trunkline_config::Config;
use trunkline_kafka::measuring::MeasureError;
use trunkline_kafka::ports::Clock as _;
use trunkline_kafka::{BesideLoop, Measuring, SteadyClock, names};
use trunkline_schemas::{PipelineError, catalog};
use trunkline_telemetry::ProgressWatch;

/// Measures beside the worker, which reads `inputs` (with their prefix), until what is returned is dropped.
///
/// # Errors
/// When a client refuses its settings, or no thread can be started.
pub(crate) fn start(
    config: &Config,
    instance: &str,
    inputs: Vec<String>,
    progress: &Arc<ProgressWatch>,
    reports: mpsc::Sender<PipelineError>,
    clock: SteadyClock,
) -> Result<Measuring, MeasureError> {
    let kafka = &config.kafka;
    let group = names::group_id(kafka, &config.sink.group);
    let mut topics = inputs.clone();
    topics.extend([catalog::WRITEBACK_RESULTS, catalog::SINK_STATE].map(|topic| kafka.topic(topic)));
    let subjects = BesideLoop { kafka, client_id: instance, group: &group, inputs, topics };
    let (behind, answered, name) = (progress.clone(), progress.clone(), instance.to_owned());
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
