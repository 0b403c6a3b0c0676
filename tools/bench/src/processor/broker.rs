//! What the harness asks the broker, from outside: it takes part in no group and no transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

/// How long one question may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// How far a group has come in a topic, as its coordinator knows it.
pub struct Progress {
    consumer: BaseConsumer,
    partitions: TopicPartitionList,
}

/// Committed offsets by partition; a partition without one is at 0.
pub type Offsets = BTreeMap<i32, i64>;

// === impl Progress ===

impl Progress {
    /// Prepares to ask.
    ///
    /// # Errors
    /// When the client refuses its settings.
    pub fn of(brokers: &str, group: &str, topic: &str, partitions: i32) -> anyhow::Result<Self> {
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", group)
            // A reader of committed records would wait for the offsets of open transactions to become stable.
            .set("isolation.level", "read_uncommitted")
            .set("enable.auto.commit", "false")
            .create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition(topic, partition);
        }
        Ok(Self { consumer, partitions: list })
    }

    /// The committed offsets now.
    ///
    /// # Errors
    /// When the coordinator does not answer.
    pub fn offsets(&self) -> anyhow::Result<Offsets> {
        let committed = self
            .consumer
            .committed_offsets(self.partitions.clone(), CALL_TIMEOUT)
            .context("asking for the offsets that the process under test has committed")?;
        Ok(committed
            .elements()
            .iter()
            .map(|element| match element.offset() {
                Offset::Offset(offset) => (element.partition(), offset),
                _ => (element.partition(), 0),
            })
            .collect())
    }

    /// Their sum: records finished, where no offset was skipped.
    ///
    /// # Errors
    /// As [`Progress::offsets`].
    pub fn finished(&self) -> anyhow::Result<u64> {
        Ok(self.offsets()?.values().sum::<i64>().unsigned_abs())
    }
}

/// Removes every topic whose name begins with `prefix`.
///
/// # Errors
/// When the broker does not answer or refuses.
pub async fn remove_topics(brokers: &str, prefix: &str) -> anyhow::Result<()> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let metadata = admin.inner().fetch_metadata(None, CALL_TIMEOUT)?;
    let names: Vec<&str> =
        metadata.topics().iter().map(|topic| topic.name()).filter(|name| name.starts_with(prefix)).collect();
    let options =
        AdminOptions::new().request_timeout(Some(CALL_TIMEOUT)).operation_timeout(Some(CALL_TIMEOUT));
    for removed in admin.delete_topics(&names, &options).await? {
        match removed {
            Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
            Err((topic, code)) => anyhow::bail!("cannot remove {topic}: {code}"),
        }
    }
    Ok(())
}
