//! Plans and their application against a cluster.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigSource, NewTopic, OwnedResourceSpecifier,
    ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use trunkline_config::Kafka;

use super::metadata::metadata;
use super::{Actual, Change, Desired, Plan, TopicsError, desired, diff};
use crate::client;

/// How long one question to the cluster may take.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a change may take to show everywhere.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How often that is looked at.
const READY_INTERVAL: Duration = Duration::from_millis(100);

/// What there is to do in the cluster; changes nothing.
///
/// # Errors
/// [`TopicsError::Cluster`] when it does not answer within 15 s.
pub async fn plan(kafka: &Kafka) -> Result<Plan, TopicsError> {
    plan_for(kafka, &desired(kafka)).await
}

/// As [`plan`], for topics that may be others than those of the catalog.
///
/// # Errors
/// As [`plan`].
pub async fn plan_for(kafka: &Kafka, wanted: &[Desired]) -> Result<Plan, TopicsError> {
    let admin = admin(kafka)?;
    let mut actual = existing(kafka, wanted).await?;
    let names: Vec<String> = actual.keys().cloned().collect();
    for (name, entries) in settings(&admin, &names).await? {
        if let Some(topic) = actual.get_mut(&name) {
            topic.settings = entries.into_iter().map(|(name, (value, _))| (name, value)).collect();
        }
    }
    Ok(diff(wanted, &actual))
}

/// Does what a plan says, and waits until new topics can be used.
///
/// # Errors
/// [`TopicsError::Refused`] before anything is changed, when the plan asks for another partition count; else the first
/// failure. What was done before stays done, and planning again shows the rest.
pub async fn apply(kafka: &Kafka, plan: &Plan) -> Result<(), TopicsError> {
    let refused: Vec<String> = plan.refused().map(ToString::to_string).collect();
    if !refused.is_empty() {
        return Err(TopicsError::Refused(refused.join("\n")));
    }
    let admin = admin(kafka)?;
    let mut created = Vec::new();
    let mut altered = Vec::new();
    for change in &plan.changes {
        match change {
            Change::Create(topic) => created.push(topic),
            Change::Set { topic, settings } => altered.push((topic, settings)),
            Change::Refused { .. } => {}
            Change::Replication { .. } => tracing::warn!("{change}"),
        }
    }
    create(kafka, &admin, &created).await?;
    for (topic, settings) in altered {
        alter(&admin, topic, settings).await?;
        await_settings(&admin, topic, settings).await?;
    }
    Ok(())
}

/// Removes every topic of the catalog with this deployment's prefix, and all that is in them. For throw-away
/// deployments.
///
/// # Errors
/// The first failure; topics that do not exist are none.
pub async fn remove(kafka: &Kafka) -> Result<(), TopicsError> {
    let wanted = desired(kafka);
    let names: Vec<&str> = wanted.iter().map(|topic| topic.name.as_str()).collect();
    let admin = admin(kafka)?;
    let results = admin.delete_topics(&names, &options()).await.map_err(cluster("removing topics"))?;
    for result in results {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
            Err((topic, code)) => return Err(TopicsError::Topic { what: "removing", topic, code }),
        }
    }
    Ok(())
}

/// What a topic does with the times of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordTimes {
    /// How long it keeps records, in milliseconds; `None` where it keeps them for ever.
    pub(crate) kept_ms: Option<u64>,
    /// They are the times at which the brokers appended the records (`LogAppendTime`), not those of their writers.
    pub(crate) by_brokers: bool,
}

impl RecordTimes {
    fn of(settings: &HashMap<String, (String, bool)>) -> Self {
        let value = |name: &str| settings.get(name).map(|(value, _)| value.as_str());
        Self {
            kept_ms: value("retention.ms").and_then(|kept| kept.parse().ok()),
            by_brokers: value("message.timestamp.type") == Some("LogAppendTime"),
        }
    }
}

/// What topics (with prefix) do with the times of their records.
///
/// # Errors
/// [`TopicsError`] when the cluster does not answer, or does not let this client read the settings.
pub(crate) async fn record_times(
    kafka: &Kafka,
    topics: &[String],
) -> Result<BTreeMap<String, RecordTimes>, TopicsError> {
    let settings = settings(&admin(kafka)?, topics).await?;
    Ok(settings.into_iter().map(|(topic, settings)| (topic, RecordTimes::of(&settings))).collect())
}

type Admin = AdminClient<DefaultClientContext>;

fn admin(kafka: &Kafka) -> Result<Admin, TopicsError> {
    client::base(kafka, "trunkline-topics").create().map_err(cluster("creating an admin client"))
}

fn cluster(what: &'static str) -> impl Fn(KafkaError) -> TopicsError {
    move |source| TopicsError::Cluster { what, source, detail: String::new() }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(CALL_TIMEOUT)).operation_timeout(Some(CALL_TIMEOUT))
}

/// Those of the wanted topics that exist, without their settings.
async fn existing(kafka: &Kafka, wanted: &[Desired]) -> Result<BTreeMap<String, Actual>, TopicsError> {
    let mut topics = metadata(kafka).await?;
    let all =
        wanted.iter().filter_map(|topic| topics.remove(&topic.name).map(|found| (topic.name.clone(), found)));
    Ok(all
        .map(|(name, partitions)| {
            let replication = partitions.iter().copied().min().unwrap_or(0);
            let actual =
                Actual { partitions: count(partitions.len()), replication, settings: BTreeMap::new() };
            (name, actual)
        })
        .collect())
}

/// A count as Kafka has it.
pub(super) fn count(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// The effective settings of topics, and whether each was set on the topic itself.
type Settings = HashMap<String, HashMap<String, (String, bool)>>;

async fn settings(admin: &Admin, topics: &[String]) -> Result<Settings, TopicsError> {
    if topics.is_empty() {
        return Ok(Settings::new());
    }
    let resources: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
    let described = admin
        .describe_configs(&resources, &options())
        .await
        .map_err(cluster("reading the settings of topics"))?;
    let mut settings = Settings::new();
    for (topic, result) in topics.iter().zip(described) {
        let resource = result.map_err(|code| TopicsError::Topic {
            what: "reading the settings of",
            topic: topic.clone(),
            code,
        })?;
        let OwnedResourceSpecifier::Topic(name) = resource.specifier else { continue };
        let entries = resource.entries.into_iter().filter_map(|entry| {
            Some((entry.name, (entry.value?, entry.source == ConfigSource::DynamicTopic)))
        });
        settings.insert(name, entries.collect());
    }
    Ok(settings)
}

async fn create(kafka: &Kafka, admin: &Admin, topics: &[&Desired]) -> Result<(), TopicsError> {
    if topics.is_empty() {
        return Ok(());
    }
    let new: Vec<_> = topics
        .iter()
        .map(|topic| {
            let new =
                NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(topic.replication));
            topic.all_settings().fold(new, |new, (name, value)| new.set(name, value))
        })
        .collect();
    let results = admin.create_topics(&new, &options()).await.map_err(cluster("making topics"))?;
    for result in results {
        match result {
            // Another instance was quicker, with the same catalog.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(TopicsError::Topic { what: "making", topic, code }),
        }
    }
    await_leaders(kafka, topics).await
}

/// Waits until every partition of new topics answers: a leader in the metadata may not know yet that it is one.
async fn await_leaders(kafka: &Kafka, topics: &[&Desired]) -> Result<(), TopicsError> {
    let started = Instant::now();
    let mut waiting: Vec<(String, i32)> = topics
        .iter()
        .flat_map(|topic| (0..topic.partitions).map(|partition| (topic.name.clone(), partition)))
        .collect();
    let reader: BaseConsumer =
        client::reading(kafka, "trunkline-topics").create().map_err(cluster("creating a reader"))?;
    let reader = Arc::new(reader);
    loop {
        let asked = Arc::clone(&reader);
        waiting = tokio::task::spawn_blocking(move || {
            waiting.retain(|(topic, partition)| {
                asked.fetch_watermarks(topic, *partition, CALL_TIMEOUT).is_err()
            });
            waiting
        })
        .await
        .map_err(|error| TopicsError::Task(error.to_string()))?;
        let Some((topic, _)) = waiting.first() else { return Ok(()) };
        if started.elapsed() > READY_TIMEOUT {
            return Err(TopicsError::NotReady { topic: topic.clone(), seconds: READY_TIMEOUT.as_secs() });
        }
        tokio::time::sleep(READY_INTERVAL).await;
    }
}

async fn alter(
    admin: &Admin,
    topic: &str,
    changes: &[(&'static str, Option<String>, String)],
) -> Result<(), TopicsError> {
    // The request replaces all settings of the topic, so those that someone else set on it are sent along.
    let names = [topic.to_owned()];
    let mut keep = settings(admin, &names).await?.remove(topic).unwrap_or_default();
    keep.retain(|_, (_, own)| *own);
    for (name, _, value) in changes {
        keep.insert((*name).to_owned(), (value.clone(), true));
    }
    let request =
        keep.iter().fold(AlterConfig::new(ResourceSpecifier::Topic(topic)), |request, (name, (value, _))| {
            request.set(name, value)
        });
    let results =
        admin.alter_configs([&request], &options()).await.map_err(cluster("changing settings of topics"))?;
    for result in results {
        result.map_err(|(_, code)| TopicsError::Topic {
            what: "changing the settings of",
            topic: topic.to_owned(),
            code,
        })?;
    }
    Ok(())
}

/// Waits until the brokers say what they were told: they learn it one after the other.
async fn await_settings(
    admin: &Admin,
    topic: &str,
    changes: &[(&'static str, Option<String>, String)],
) -> Result<(), TopicsError> {
    let started = Instant::now();
    let names = [topic.to_owned()];
    loop {
        let has = settings(admin, &names).await?.remove(topic).unwrap_or_default();
        if changes.iter().all(|(name, _, wanted)| has.get(*name).is_some_and(|(value, _)| value == wanted)) {
            return Ok(());
        }
        if started.elapsed() > READY_TIMEOUT {
            return Err(TopicsError::NotReady { topic: topic.to_owned(), seconds: READY_TIMEOUT.as_secs() });
        }
        tokio::time::sleep(READY_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(settings: &[(&str, &str)]) -> RecordTimes {
        let of_topic = |(name, value): &(&str, &str)| ((*name).to_owned(), ((*value).to_owned(), false));
        RecordTimes::of(&settings.iter().map(of_topic).collect())
    }

    #[test]
    fn what_a_topic_does_with_times_is_read_from_its_settings() {
        let by_brokers = times(&[("retention.ms", "86400000"), ("message.timestamp.type", "LogAppendTime")]);
        assert_eq!(by_brokers, RecordTimes { kept_ms: Some(86_400_000), by_brokers: true });
        // For ever, and by writers, which is Kafka's default.
        let by_writers = times(&[("retention.ms", "-1"), ("message.timestamp.type", "CreateTime")]);
        assert_eq!(by_writers, RecordTimes { kept_ms: None, by_brokers: false });
        assert_eq!(times(&[]), RecordTimes { kept_ms: None, by_brokers: false });
    }
}
