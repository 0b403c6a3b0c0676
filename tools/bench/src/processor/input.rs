//! Events as records of the input: as ingest writes them.

use anyhow::Context as _;
use trunkline_kafka::OutboundRecord;
use trunkline_schemas::codec::Encoder;
use trunkline_schemas::{PlatformEvent, catalog, headers};

use super::trial::Trial;
use super::workload;

/// Makes the records of one trial's input.
pub struct Input {
    topic: String,
    encoder: Encoder<PlatformEvent>,
    made: u64,
}

// === impl Input ===

impl Input {
    /// For this trial, behind the events that are in its input.
    ///
    /// # Errors
    /// When the events' schema has no id.
    pub fn of(trial: &Trial<'_>) -> anyhow::Result<Self> {
        let id = trial.ids.get(catalog::EVENTS_NORMALIZED).context("the events have no schema id")?;
        let topic = trial.config.kafka.topic(catalog::EVENTS_NORMALIZED);
        Ok(Self { topic, encoder: Encoder::new(id), made: trial.events })
    }

    /// The record of an event.
    ///
    /// # Errors
    /// When the event does not fit its schema.
    pub fn record(&mut self, event: &PlatformEvent) -> anyhow::Result<OutboundRecord> {
        let mut headers = headers::cloud_event(event);
        headers.push(headers::TRACEPARENT, workload::traceparent(event, self.made));
        self.made += 1;
        Ok(OutboundRecord {
            topic: self.topic.clone(),
            partition: None,
            key: Some(event.key().into_bytes()),
            value: Some(self.encoder.encode_to_vec(event)?),
            headers,
            timestamp: Some(event.ingest_time),
        })
    }
}
