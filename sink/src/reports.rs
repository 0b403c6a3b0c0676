//! What the operator should know, as [`PipelineError`]s for `pipeline.errors`.

use std::sync::mpsc;

use tokio::sync::broadcast;
use trunkline_connect::Event;
use trunkline_kafka::SteadyClock;
use trunkline_kafka::ports::Clock;
use trunkline_kafka::{Overdue, TopicPartition};
use trunkline_schemas::PipelineError;
use uuid::Uuid;

const COMPONENT: &str = "sink";

/// Writes reports in the name of one instance.
#[derive(Debug, Clone)]
pub struct Reporter {
    instance: String,
}

// === impl Reporter ===

impl Reporter {
    /// Reports in the name of this instance.
    pub fn new(instance: &str) -> Self {
        Self { instance: instance.to_owned() }
    }

    /// The instance that reports.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// A partition stands still because the registry does not give a schema.
    pub fn waits_for_schema(&self, overdue: &Overdue<TopicPartition>, now_ms: i64) -> PipelineError {
        overdue.report(Uuid::new_v4().to_string(), COMPONENT, &self.instance, now_ms)
    }

    /// Turns the events of the policy stack into reports until the worker is gone.
    pub async fn follow(
        self,
        mut events: broadcast::Receiver<Event>,
        reports: mpsc::Sender<PipelineError>,
        clock: SteadyClock,
    ) {
        let mut reporter = trunkline_connect::Reporter::new(COMPONENT, &self.instance);
        loop {
            match events.recv().await {
                Ok(event) => {
                    let id = Uuid::new_v4().to_string();
                    if let Some(report) = reporter.report(&event, id, clock.now_ms()) {
                        tracing::warn!(code = report.code, subject = report.subject, "{}", report.message);
                        if reports.send(report).is_err() {
                            return;
                        }
                    }
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "events of the policy stack were missed");
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }
}
