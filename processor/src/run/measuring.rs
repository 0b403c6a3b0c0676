//! What is measured beside the engine, whatever the engine does.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use trunkline_config::Config;
use trunkline_kafka::{BesideLoop, ClockSkew, Measuring, names};
use trunkline_schemas::{PipelineError, catalog};
use trunkline_telemetry::ProgressWatch;
use trunkline_telemetry::progress::Limits;

use super::RunError;
use crate::clock;

/// The topics whose partitions are compared with the configuration: those whose keys have to meet.
const KEYED: [&str; 3] = [catalog::EVENTS_NORMALIZED, catalog::EVENTS_ENRICHED, catalog::PROCESSOR_CHANGELOG];

/// The longest hold of a source.
pub(super) fn longest_hold(config: &Config) -> Duration {
    config.sources.values().map(|source| source.hold).max().unwrap_or_default()
}

/// How long something may be outstanding: what is configured, beyond what events themselves wait for.
pub(super) fn limits(config: &Config) -> Limits {
    let hold = longest_hold(config);
    let budget = config.plugins.values().map(|plugin| plugin.budget).max().unwrap_or_default();
    Limits::of(config.processor.stuck_after + hold + config.enrichment.deadline + budget)
}

/// Measures beside the engine, until what is returned is dropped.
pub(super) fn start(
    config: &Config,
    instance: &str,
    progress: &Arc<ProgressWatch>,
    skew: ClockSkew,
    notices: mpsc::Sender<PipelineError>,
) -> Result<Measuring, RunError> {
    let kafka = &config.kafka;
    let group = names::group_id(kafka, &config.processor.group);
    let subjects = BesideLoop {
        kafka,
        client_id: instance,
        group: &group,
        inputs: vec![kafka.topic(catalog::EVENTS_NORMALIZED)],
        topics: KEYED.map(|topic| kafka.topic(topic)).to_vec(),
        skew,
    };
    let (behind, answered, name) = (progress.clone(), progress.clone(), instance.to_owned());
    let measuring = subjects.measure(
        Box::new(move |lags| {
            behind.measured(lags.iter().map(|(partition, lag)| (partition.partition, *lag)));
        }),
        Box::new(move |difference| {
            // The engine that takes it is gone only when the process ends.
            drop(notices.send(difference.report("processor", &name, clock::now())));
        }),
        move || answered.answered(),
    );
    measuring.map_err(|error| RunError::Lag(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_events_wait_for_by_themselves_is_not_stuck() {
        let config = r#"
            [kafka]
            brokers = "127.0.0.1:1"
            [registry]
            url = "http://127.0.0.1:1"
            [processor]
            stuck_after = "4s"
            [sources.quick]
            kind = "genesys-eventbridge"
            hold = "1s"
            verify = { method = "none" }
            [sources.slow]
            kind = "genesys-eventbridge"
            hold = "60s"
            verify = { method = "none" }
        "#;
        let config =
            trunkline_config::parse(config, "trunkline.toml").unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let longest = Duration::from_secs(64) + config.enrichment.deadline;
        assert_eq!(limits(&config).commit, longest);
    }
}
