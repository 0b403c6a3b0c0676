//! What must be there before the first request: schema ids and topics.

use std::time::Duration;

use trunkline_config::{Config, Kafka};
use trunkline_kafka::partition_counts::PartitionCounts;
use trunkline_kafka::startup::{self, Missing};
use trunkline_kafka::{Measuring, Registry};
use trunkline_mapping::records::{Destination, Records};
use trunkline_schemas::catalog;
use trunkline_telemetry::Health;

use crate::error::Error;

/// How often the number of partitions is looked at.
const COUNT_INTERVAL: Duration = Duration::from_secs(5);

/// The topics ingest writes to.
const TOPICS: [&str; 4] =
    [catalog::EVENTS_NORMALIZED, catalog::CRM_CHANGES, catalog::QUARANTINE, catalog::SCHEMA_DRIFT];

/// What was found out at the start.
pub struct Prepared {
    /// Topics with their schema ids.
    pub records: Records,
}

/// Waits for the registry and the topics.
///
/// # Errors
/// An error that waiting does not cure: a schema that is refused or not registered, a topic with another partition
/// count.
pub async fn prepare(config: &Config, health: &Health) -> Result<Prepared, Error> {
    let registry = Registry::new(&config.registry)?;
    let announce = |part, ready, detail: &str| health.set(part, ready, detail);
    let ids = startup::schema_ids(&registry, &config.kafka, &TOPICS, &announce).await?;
    startup::topics(&config.kafka, &TOPICS, &announce).await.map_err(Error::Topic)?;
    let destination = |topic: &'static str| {
        let schema_id = ids.get(topic).ok_or(Error::Schema(topic))?;
        Ok::<_, Error>(Destination { topic: config.kafka.topic(topic), schema_id })
    };
    let records = Records {
        normalized: destination(catalog::EVENTS_NORMALIZED)?,
        changes: destination(catalog::CRM_CHANGES)?,
        quarantine: destination(catalog::QUARANTINE)?,
        drift: destination(catalog::SCHEMA_DRIFT)?,
    };
    Ok(Prepared { records })
}

/// Compares the number of partitions of the topics with the configuration, beside everything else, until what is
/// returned is dropped: keys are written to the configured ones whatever there is.
///
/// # Errors
/// When the client refuses its settings, or no thread can be started.
pub fn measure(kafka: &Kafka, instance: &str) -> Result<Measuring, Error> {
    let topics = TOPICS.map(|topic| kafka.topic(topic)).to_vec();
    // What it finds is logged and a metric; processors report it.
    let counts = PartitionCounts::new(kafka, instance, topics, Box::new(|_| ()));
    let counts = counts.map_err(|error| Error::Measuring(error.to_string()))?;
    Measuring::every(COUNT_INTERVAL, vec![Box::new(counts)], || ())
        .map_err(|error| Error::Measuring(error.to_string()))
}

/// Asks the cluster once whether the topics that ingest writes to are there.
///
/// A cluster that does not allow this client to look at topics is not asked again: a wrong topic shows when it is
/// written to.
///
/// # Errors
/// [`Missing::Wrong`] when a topic is there and not as it has to be, [`Missing::NotYet`] when asking again may help.
pub async fn topics(kafka: &Kafka) -> Result<(), Missing> {
    startup::look_at_topics(kafka, &TOPICS).await
}
