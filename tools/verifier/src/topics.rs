//! Topics as an examination sees them. Always `isolation.level=read_committed`, never in a group that
//! commits: an examination leaves no trace.
//!
//! # Layout
//!
//! - [`Cluster`], [`Record`]: how to reach the brokers, and what is read
//! - [`list`], [`standing`], [`committed`]: what a broker is asked
//! - [`extent`](fn@extent): where a partition begins and ends
//! - [`read`]: topics read to their end, or over a range of time
//! - [`follow`]: topics followed as they grow

mod extent;
mod follow;
mod read;

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

pub use extent::extent;
pub use follow::Follower;
pub use read::{Spans, count_uncommitted, read_all, read_spans, spans, whole_since};

use crate::evidence::Place;

/// How to reach the brokers.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Bootstrap servers.
    pub brokers: String,
    /// Further librdkafka settings (security).
    pub options: BTreeMap<String, String>,
}

/// A committed record, as bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Topic, with its prefix.
    pub topic: String,
    /// Where in the topic.
    pub place: Place,
    /// Timestamp of the record; UTC milliseconds.
    pub timestamp: i64,
    /// Key, where there is one.
    pub key: Option<Vec<u8>>,
    /// Value; none for a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Why topics could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client or the broker.
    #[error("kafka {brokers}: {source}")]
    Kafka {
        /// Bootstrap servers.
        brokers: String,
        /// What librdkafka says.
        #[source]
        source: KafkaError,
    },
    /// A transaction stayed open.
    #[error(
        "{topic} partition {partition}: a transaction has been open for {waited:?}; committed records end at {stable}, the log at {end}"
    )]
    OpenTransaction {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Last stable offset.
        stable: i64,
        /// High watermark.
        end: i64,
        /// How long was waited.
        waited: Duration,
    },
    /// Reading did not come to the end in time.
    #[error("{topic}: the end of {missing} partitions was not reached within {waited:?}")]
    Slow {
        /// Topic.
        topic: String,
        /// Partitions not read to their end.
        missing: usize,
        /// How long was waited.
        waited: Duration,
    },
}

/// How long a broker may take to answer a question.
const BROKER_TIMEOUT: Duration = Duration::from_secs(10);

/// Names of all topics of a deployment, with the number of partitions of each.
///
/// # Errors
/// When the brokers cannot be asked.
pub fn list(cluster: &Cluster, prefix: &str) -> Result<BTreeMap<String, i32>, Error> {
    let consumer = cluster.consumer("read_uncommitted")?;
    let metadata = consumer.fetch_metadata(None, BROKER_TIMEOUT).map_err(|source| cluster.failed(source))?;
    let topics = metadata
        .topics()
        .iter()
        .filter(|topic| topic.name().starts_with(prefix) && !topic.name().starts_with("__"));
    Ok(topics.map(|topic| (topic.name().to_owned(), topic.partitions().len() as i32)).collect())
}

/// How many brokers there are, and how many partitions lack an in-sync replica; internal topics count as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Brokers that are up.
    pub brokers: usize,
    /// Partitions some replica of which is not in sync.
    pub lagging: usize,
}

/// Asks a broker how the cluster stands.
///
/// # Errors
/// When none answers.
pub fn standing(cluster: &Cluster) -> Result<Standing, Error> {
    let consumer = cluster.consumer("read_uncommitted")?;
    let metadata = consumer.fetch_metadata(None, BROKER_TIMEOUT).map_err(|source| cluster.failed(source))?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    let lagging = partitions.filter(|partition| partition.isr().len() < partition.replicas().len()).count();
    Ok(Standing { brokers: metadata.brokers().len(), lagging })
}

/// Offsets that a group has committed, by partition; those of partitions without any are left out. The group
/// is only asked about: nobody joins it. Blocks.
///
/// # Errors
/// When the brokers cannot be asked.
pub fn committed(
    cluster: &Cluster,
    group: &str,
    topic: &str,
    partitions: i32,
) -> Result<BTreeMap<i32, i64>, Error> {
    let consumer = cluster.consumer_of(group, "read_committed")?;
    let mut asked = TopicPartitionList::new();
    (0..partitions).for_each(|partition| {
        asked.add_partition(topic, partition);
    });
    let found = consumer.committed_offsets(asked, BROKER_TIMEOUT).map_err(|source| cluster.failed(source))?;
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset()
    {
        Offset::Offset(offset) => Some((element.partition(), offset)),
        _ => None,
    };
    Ok(found.elements().iter().filter_map(offset).collect())
}

// === impl Cluster ===

impl Cluster {
    /// A consumer that joins no group: a name is demanded, but nothing is ever committed under it.
    fn consumer(&self, isolation: &str) -> Result<BaseConsumer, Error> {
        self.consumer_of("trunkline-verifier", isolation)
    }

    fn consumer_of(&self, group: &str, isolation: &str) -> Result<BaseConsumer, Error> {
        let mut config = ClientConfig::new();
        for (name, value) in &self.options {
            config.set(name, value);
        }
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "trunkline-verifier")
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest")
            .set("isolation.level", isolation)
            .set("fetch.wait.max.ms", "50")
            .set("check.crcs", "true")
            .create()
            .map_err(|source| self.failed(source))
    }

    fn failed(&self, source: KafkaError) -> Error {
        Error::Kafka { brokers: self.brokers.clone(), source }
    }
}

// === impl Record ===

impl From<&BorrowedMessage<'_>> for Record {
    fn from(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            let pairs = headers.iter();
            pairs.map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec())).collect()
        });
        Self {
            topic: message.topic().to_owned(),
            place: Place { partition: message.partition(), offset: message.offset() },
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        }
    }
}

impl Record {
    /// A header as text; none when it is absent or no UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The key as text; bytes that are no UTF-8 are replaced.
    pub fn key_text(&self) -> String {
        self.key.as_deref().map_or_else(String::new, |key| String::from_utf8_lossy(key).into_owned())
    }
}
