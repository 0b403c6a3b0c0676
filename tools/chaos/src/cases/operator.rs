//! What an operator can do to a cluster with the usual tools, by accident or not.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigSource, NewPartitions, OwnedResourceSpecifier,
    ResourceSpecifier,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use trunkline_verifier::topics::{self, Cluster};

use crate::cases::wait::until;
use trunkline_rig::kafka::Java;

/// Somebody with every permission.
pub struct Operator {
    admin: AdminClient<DefaultClientContext>,
    cluster: Cluster,
    java: Java,
}

/// First offset and end of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Offset of the first record that there is.
    pub start: i64,
    /// Offset of the next record that will be written.
    pub end: i64,
}

/// How long one request may take, and what it asks for.
const PATIENCE: Duration = Duration::from_secs(30);

// === impl Operator ===

impl Operator {
    /// At the brokers of a cluster.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(cluster: Cluster, java: Java) -> anyhow::Result<Self> {
        let admin = ClientConfig::new()
            .set("bootstrap.servers", &cluster.brokers)
            .set("client.id", "trunkline-chaos-operator")
            .create()
            .context("the operator's client cannot be made")?;
        Ok(Self { admin, cluster, java })
    }

    /// Deletes a topic with all that is in it, and waits until it is gone.
    ///
    /// # Errors
    /// When the brokers refuse or do not answer.
    pub async fn delete_topic(&self, topic: &str) -> anyhow::Result<()> {
        let deleted = self.admin.delete_topics(&[topic], &options()).await?;
        one(deleted, |(topic, code)| anyhow!("{topic} cannot be deleted: {code}"))?;
        until(&format!("{topic} is gone"), PATIENCE, async || {
            Ok(self.extents(topic).await?.is_empty().then_some(()))
        })
        .await
    }

    /// Where each partition of a topic begins and ends; empty when there is no such topic.
    ///
    /// # Errors
    /// When the brokers do not answer.
    pub async fn extents(&self, topic: &str) -> anyhow::Result<Vec<Extent>> {
        let (cluster, topic) = (self.cluster.clone(), topic.to_owned());
        let ask = move || -> anyhow::Result<Vec<Extent>> {
            let partitions = topics::list(&cluster, &topic)?.get(&topic).copied().unwrap_or(0);
            let consumer: BaseConsumer =
                ClientConfig::new().set("bootstrap.servers", &cluster.brokers).create()?;
            let mut extents = Vec::new();
            for partition in 0..partitions {
                let (start, end) = topics::extent(&cluster, &consumer, &topic, partition)?;
                extents.push(Extent { start, end });
            }
            Ok(extents)
        };
        tokio::task::spawn_blocking(ask).await?
    }

    /// Deletes every record that a topic holds now (DeleteRecords), and waits until they are gone.
    ///
    /// # Errors
    /// When the brokers refuse or do not answer.
    pub async fn delete_records(&self, topic: &str) -> anyhow::Result<()> {
        let mut ends = TopicPartitionList::new();
        for (partition, _) in (0..).zip(self.extents(topic).await?) {
            ends.add_partition_offset(topic, partition, Offset::End)?;
        }
        self.admin.delete_records(&ends, &options()).await.context("records cannot be deleted")?;
        self.nothing_left(topic).await
    }

    /// Waits until a topic holds no record.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn nothing_left(&self, topic: &str) -> anyhow::Result<()> {
        until(&format!("{topic} holds nothing any more"), PATIENCE, async || {
            let extents = self.extents(topic).await?;
            Ok(extents.iter().all(|extent| extent.start == extent.end).then_some(()))
        })
        .await
    }

    /// Sets one setting of a topic; the others stay.
    ///
    /// # Errors
    /// When the brokers refuse or do not answer.
    pub async fn set(&self, topic: &str, name: &str, value: &str) -> anyhow::Result<()> {
        let resource = ResourceSpecifier::Topic(topic);
        let described = self.admin.describe_configs([&resource], &options()).await?;
        let mut settings: Vec<(String, String)> = Vec::new();
        for resource in described {
            let resource = resource.map_err(|code| anyhow!("{topic} cannot be described: {code}"))?;
            if matches!(resource.specifier, OwnedResourceSpecifier::Topic(_)) {
                let own =
                    resource.entries.into_iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
                settings.extend(own.filter_map(|entry| Some((entry.name, entry.value?))));
            }
        }
        settings.retain(|(known, _)| known != name);
        settings.push((name.to_owned(), value.to_owned()));
        // The request replaces all settings of the topic.
        let request = settings
            .iter()
            .fold(AlterConfig::new(resource), |request, (name, value)| request.set(name, value));
        let altered = self.admin.alter_configs([&request], &options()).await?;
        one(altered, |(_, code)| anyhow!("{name} of {topic} cannot be set: {code}"))?;
        Ok(())
    }

    /// Gives a topic more partitions, and waits until they are there.
    ///
    /// # Errors
    /// When the brokers refuse or do not answer.
    pub async fn add_partitions(&self, topic: &str, count: usize) -> anyhow::Result<()> {
        let added = self.admin.create_partitions(&[NewPartitions::new(topic, count)], &options()).await?;
        one(added, |(topic, code)| anyhow!("{topic} gets no partitions: {code}"))?;
        until(&format!("{topic} has {count} partitions"), PATIENCE, async || {
            Ok((self.extents(topic).await?.len() == count).then_some(()))
        })
        .await
    }

    /// Deletes a consumer group with its offsets; waits until its members are gone, as the brokers demand.
    ///
    /// # Errors
    /// When the brokers refuse or do not answer.
    pub async fn delete_group(&self, group: &str) -> anyhow::Result<()> {
        until(&format!("group {group} can be deleted"), PATIENCE, async || {
            let deleted = self.admin.delete_groups(&[group], &options()).await?;
            match deleted.into_iter().next() {
                Some(Err((_, RDKafkaErrorCode::NonEmptyGroup))) => Ok(None),
                Some(Err((group, code))) => bail!("group {group} cannot be deleted: {code}"),
                _ => Ok(Some(())),
            }
        })
        .await
    }

    /// Forbids everybody to write to a topic; everything else stays allowed.
    ///
    /// # Errors
    /// When the tool fails.
    pub async fn forbid_writing(&self, topic: &str) -> anyhow::Result<()> {
        // A topic that a rule is about allows nothing else by itself.
        self.acl(&["--add", "--allow-principal", "User:*", "--operation", "All", "--topic", topic]).await?;
        self.acl(&["--add", "--deny-principal", "User:*", "--operation", "Write", "--topic", topic]).await
    }

    /// Takes [`Operator::forbid_writing`] back.
    ///
    /// # Errors
    /// When the tool fails.
    pub async fn allow_writing(&self, topic: &str) -> anyhow::Result<()> {
        let deny = ["--deny-principal", "User:*", "--operation", "Write", "--topic", topic];
        self.acl(&[&["--remove", "--force"], &deny[..]].concat()).await
    }

    async fn acl(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.java.command();
        command.arg("org.apache.kafka.tools.AclCommand");
        command.args(["--bootstrap-server", &self.cluster.brokers]).args(arguments);
        let output = command.output().await.context("cannot run java")?;
        if !output.status.success() {
            let printed = [output.stdout, output.stderr].concat();
            bail!("the rule {arguments:?} was refused:\n{}", String::from_utf8_lossy(&printed));
        }
        Ok(())
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

/// The one answer to a request about one thing.
fn one<T, E>(answers: Vec<Result<T, E>>, failed: impl Fn(E) -> anyhow::Error) -> anyhow::Result<T> {
    answers.into_iter().next().context("the brokers gave no answer")?.map_err(failed)
}
