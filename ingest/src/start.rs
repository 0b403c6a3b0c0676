//! What must be there before the first request: schema ids and topics.

use trunkline_config::{Config, Kafka};
use trunkline_kafka::Registry;
use trunkline_kafka::startup::{self, Missing};
use trunkline_mapping::records::{Destination, Records};
use trunkline_schemas::catalog;
use trunkline_telemetry::Health;

use crate::error::Error;

/// The topics ingest writes to.
const TOPICS: [&str; 3] = [catalog::EVENTS_NORMALIZED, catalog::QUARANTINE, catalog::SCHEMA_DRIFT];

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
        quarantine: destination(catalog::QUARANTINE)?,
        drift: destination(catalog::SCHEMA_DRIFT)?,
    };
    Ok(Prepared { records })
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
