//! What must be there before the first request: schema ids and topics.

use std::time::Duration;

use trunkline_config::{Config, Kafka};
use trunkline_kafka::topics::{self, Change};
use trunkline_kafka::{Registry, TopicsError, schemas};
use trunkline_schemas::catalog;
use trunkline_telemetry::Health;

use crate::records::{Destination, Records};
use crate::run::Error;

/// The part of the health report that says whether schema ids are known.
pub const REGISTRY: &str = "registry";
/// The part of the health report that says whether the topics are there.
pub const KAFKA: &str = "kafka";

/// How long to wait before asking a registry or cluster again that did not answer.
const RETRY: Duration = Duration::from_secs(2);

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
///
/// What waiting does not change: a schema that is refused or not registered, a topic with another partition count.
pub async fn prepare(config: &Config, health: &Health) -> Result<Prepared, Error> {
    let registry = Registry::new(&config.registry)?;
    let ids = loop {
        match schemas::ids_of(&registry, &config.kafka, &TOPICS).await {
            Ok(ids) => break ids,
            Err(error) if error.is_retryable() => {
                tracing::warn!(code = error.code(), %error, "waiting for the schema registry");
                health.set(REGISTRY, false, &error.to_string());
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => return Err(error.into()),
        }
    };
    health.set(REGISTRY, true, "schemas are registered");
    while let Err(missing) = topics(&config.kafka).await {
        match missing {
            Missing::NotYet(reason) => {
                tracing::warn!(reason, "waiting for Kafka");
                health.set(KAFKA, false, &reason);
                tokio::time::sleep(RETRY).await;
            }
            Missing::Wrong(reason) => return Err(Error::Topic(reason)),
        }
    }
    health.set(KAFKA, true, "topics are there");
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

/// Why topics cannot be written to.
pub enum Missing {
    /// They may be there later.
    NotYet(String),
    /// They are there, and wrong.
    Wrong(String),
}

/// Asks the cluster whether the topics that ingest writes to are there.
///
/// A cluster that does not let this client look at topics is taken at its word: writing will show.
///
/// # Errors
///
/// [`Missing::Wrong`] when a topic is there and not as it has to be, [`Missing::NotYet`] when asking again may help.
pub async fn topics(kafka: &Kafka) -> Result<(), Missing> {
    let ours = TOPICS.map(|topic| kafka.topic(topic));
    let plan = match topics::plan(kafka).await {
        Ok(plan) => plan,
        Err(error @ TopicsError::Topic { .. }) => {
            tracing::warn!(%error, "cannot look at the topics, going on without");
            return Ok(());
        }
        Err(error) => return Err(Missing::NotYet(format!("TL-5001 {error}"))),
    };
    for change in &plan.changes {
        match change {
            Change::Create(topic) if ours.contains(&topic.name) => {
                let reason = format!("TL-5004 {} does not exist; run `trunkline topics apply`", topic.name);
                return Err(Missing::NotYet(reason));
            }
            Change::Refused { topic, .. } if ours.contains(topic) => {
                return Err(Missing::Wrong(change.to_string()));
            }
            _ => {}
        }
    }
    Ok(())
}
