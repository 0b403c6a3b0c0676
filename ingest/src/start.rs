//! What must be there before the first request: schema ids and topics.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_config::{Config, ReadBy, Source};
use trunkline_kafka::partition_counts::PartitionCounts;
use trunkline_kafka::startup::{self, Missing};
use trunkline_kafka::{Measuring, Registry};
use trunkline_mapping::records::{Destination, Records};
use trunkline_schemas::catalog;
use trunkline_telemetry::Health;

use crate::error::Error;

/// How often the number of partitions is looked at.
const COUNT_INTERVAL: Duration = Duration::from_secs(5);

/// The topics that ingest always writes to.
const TOPICS: [&str; 3] = [catalog::EVENTS_NORMALIZED, catalog::QUARANTINE, catalog::SCHEMA_DRIFT];

/// What was found out at the start.
pub struct Prepared {
    /// Topics with their schema ids.
    pub records: Records,
}

/// The topics that ingest writes to with these sources. A deployment without a CRM needs no topic of its changes.
fn topics_of(sources: &BTreeMap<String, Source>) -> Vec<&'static str> {
    let tells_changes = |source: &Source| source.kind.read_by() == ReadBy::ChangeTable;
    let changes = sources.values().any(tells_changes).then_some(catalog::CRM_CHANGES);
    TOPICS.into_iter().chain(changes).collect()
}

/// Waits for the registry and the topics.
///
/// # Errors
/// An error that waiting does not cure: a schema that is refused or not registered, a topic with another partition
/// count.
pub async fn prepare(config: &Config, health: &Health) -> Result<Prepared, Error> {
    let registry = Registry::new(&config.registry)?;
    let announce = |part, ready, detail: &str| health.set(part, ready, detail);
    let topics = topics_of(&config.sources);
    let ids = startup::schema_ids(&registry, &config.kafka, &topics, &announce).await?;
    startup::topics(&config.kafka, &topics, &announce).await.map_err(Error::Topic)?;
    let destination = |topic: &'static str| {
        let schema_id = ids.get(topic).ok_or(Error::Schema(topic))?;
        Ok::<_, Error>(Destination { topic: config.kafka.topic(topic), schema_id })
    };
    let records = Records {
        normalized: destination(catalog::EVENTS_NORMALIZED)?,
        changes: Some(catalog::CRM_CHANGES)
            .filter(|topic| topics.contains(topic))
            .map(&destination)
            .transpose()?,
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
pub fn measure(config: &Config, instance: &str) -> Result<Measuring, Error> {
    let kafka = &config.kafka;
    let topics = topics_of(&config.sources).into_iter().map(|topic| kafka.topic(topic)).collect();
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
pub async fn topics(config: &Config) -> Result<(), Missing> {
    startup::look_at_topics(&config.kafka, &topics_of(&config.sources)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_of_changes_is_needed_where_a_source_tells_of_changes_and_nowhere_else() {
        for (kind, needed) in [
            ("genesys-eventbridge", false),
            ("cxone-studio", false),
            ("salesforce-cdc", true),
            ("servicenow-change", true),
            ("sap-change", true),
        ] {
            let text = format!(
                "kafka.brokers = 'localhost:9092'\nregistry.url = 'http://localhost:8081'\n\
                 [sources.other]\nkind = 'genesys-eventbridge'\nverify.method = 'none'\n\
                 [sources.test]\nkind = '{kind}'\norg = 'acme'\nverify.method = 'none'"
            );
            let config = trunkline_config::parse(&text, "test.toml").unwrap();
            let topics = topics_of(&config.sources);
            assert_eq!(topics.contains(&catalog::CRM_CHANGES), needed, "{kind}");
            assert!(TOPICS.iter().all(|topic| topics.contains(topic)), "{kind}");
        }
    }
}
