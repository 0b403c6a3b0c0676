//! Reads topics to their end, and follows one as it grows. Always `isolation.level=read_committed`, never in a group
//! that commits: an examination leaves no trace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;

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

/// A thread that follows a topic; it ends when this is dropped.
#[derive(Debug)]
pub struct Follower {
    stop: Arc<AtomicBool>,
}

const BROKER_TIMEOUT: Duration = Duration::from_secs(10);
/// Transactions of Trunkline time out after 10 s, and the coordinator looks every 10 s.
const TRANSACTION_PATIENCE: Duration = Duration::from_secs(40);
const READ_PATIENCE: Duration = Duration::from_secs(300);

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

/// Sends every committed record of a topic, up to where each partition ends now, in offset order per partition.
/// Blocks; open transactions are waited out.
///
/// # Errors
/// When the brokers cannot be read, or a transaction stays open.
pub fn read_all(
    cluster: &Cluster,
    topic: &str,
    partitions: i32,
    records: &mpsc::Sender<Record>,
) -> Result<(), Error> {
    let consumer = cluster.consumer("read_committed")?;
    let filled = filled_partitions(cluster, &cluster.consumer("read_uncommitted")?, topic, partitions)?;
    for (&partition, &end) in &filled {
        await_stable(cluster, &consumer, topic, partition, end)?;
    }
    read_to_end(cluster, &consumer, topic, &from_beginning(&filled), |message| {
        records.blocking_send(Record::from(message)).is_ok()
    })
}

/// How many records a reader that does not care about transactions would see: what is beyond the committed ones was
/// aborted. Blocks.
///
/// # Errors
/// When the brokers cannot be read.
pub fn count_uncommitted(cluster: &Cluster, topic: &str, partitions: i32) -> Result<u64, Error> {
    let consumer = cluster.consumer("read_uncommitted")?;
    let filled = filled_partitions(cluster, &consumer, topic, partitions)?;
    let mut count = 0;
    read_to_end(cluster, &consumer, topic, &from_beginning(&filled), |_| {
        count += 1;
        true
    })?;
    Ok(count)
}

/// Offsets that a group has committed, by partition; those of partitions without any are left out. The group is only asked
/// about: nobody joins it. Blocks.
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

/// Partitions that hold anything, with the offset each ends at, transactions under way included.
fn filled_partitions(
    cluster: &Cluster,
    consumer: &BaseConsumer,
    topic: &str,
    partitions: i32,
) -> Result<BTreeMap<i32, i64>, Error> {
    let mut filled = BTreeMap::new();
    for partition in 0..partitions {
        let (low, high) = consumer
            .fetch_watermarks(topic, partition, BROKER_TIMEOUT)
            .map_err(|source| cluster.failed(source))?;
        if high > low {
            filled.insert(partition, high);
        }
    }
    Ok(filled)
}

/// A log that lost its beginning is read from what is left: `auto.offset.reset` is `earliest`.
fn from_beginning(filled: &BTreeMap<i32, i64>) -> Spans {
    filled.iter().map(|(partition, end)| (*partition, (0, *end))).collect()
}

/// A read_committed client is told the last stable offset for the end: waits until it has reached `end`.
fn await_stable(
    cluster: &Cluster,
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    end: i64,
) -> Result<(), Error> {
    let started = Instant::now();
    loop {
        let (_, stable) = consumer
            .fetch_watermarks(topic, partition, BROKER_TIMEOUT)
            .map_err(|source| cluster.failed(source))?;
        if stable >= end {
            return Ok(());
        }
        let waited = started.elapsed();
        if waited > TRANSACTION_PATIENCE {
            return Err(Error::OpenTransaction { topic: topic.to_owned(), partition, stable, end, waited });
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Where to begin and where to stop in each partition: offsets, the second excluded.
pub type Spans = BTreeMap<i32, (i64, i64)>;

/// Offsets between which all records of a range of time lie, by partition: from the first record that is not older than `since`
/// to the first that is not older than `until` (both UTC milliseconds), or the end. Blocks.
///
/// # Errors
/// When the brokers cannot be asked.
pub fn spans(
    cluster: &Cluster,
    topic: &str,
    partitions: i32,
    since: i64,
    until: i64,
) -> Result<Spans, Error> {
    let consumer = cluster.consumer("read_committed")?;
    let at = |time: i64| -> Result<BTreeMap<i32, i64>, Error> {
        let mut asked = TopicPartitionList::new();
        for partition in 0..partitions {
            asked
                .add_partition_offset(topic, partition, Offset::Offset(time.max(0)))
                .map_err(|source| cluster.failed(source))?;
        }
        let found =
            consumer.offsets_for_times(asked, BROKER_TIMEOUT).map_err(|source| cluster.failed(source))?;
        let offset =
            |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
                Offset::Offset(offset) if offset >= 0 => Some((element.partition(), offset)),
                _ => None,
            };
        Ok(found.elements().iter().filter_map(offset).collect())
    };
    let (first, last) = (at(since)?, at(until)?);
    let mut spans = Spans::new();
    for (partition, high) in filled_partitions(cluster, &consumer, topic, partitions)? {
        // Without a record of that time or later there is nothing to read.
        let Some(&start) = first.get(&partition) else { continue };
        let end = last.get(&partition).copied().unwrap_or(high);
        if start < end {
            spans.insert(partition, (start, end));
        }
    }
    Ok(spans)
}

/// Time of the oldest record of a topic, over all its partitions; `None` for one without records. Blocks.
///
/// # Errors
/// When the brokers cannot be read.
pub fn oldest(cluster: &Cluster, topic: &str, partitions: i32) -> Result<Option<i64>, Error> {
    let consumer = cluster.consumer("read_committed")?;
    let mut oldest: Option<i64> = None;
    for (partition, high) in filled_partitions(cluster, &consumer, topic, partitions)? {
        let (low, _) = consumer
            .fetch_watermarks(topic, partition, BROKER_TIMEOUT)
            .map_err(|source| cluster.failed(source))?;
        let mut first = None;
        read_to_end(cluster, &consumer, topic, &Spans::from([(partition, (low, high))]), |message| {
            first = message.timestamp().to_millis();
            false
        })?;
        oldest = match (oldest, first) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    Ok(oldest)
}

/// Sends the committed records between some offsets whose key is wanted, in offset order per partition; what is not wanted
/// is not even copied. Says for each record read, wanted or not, that it was. Blocks.
///
/// # Errors
/// When the brokers cannot be read.
pub fn read_spans(
    cluster: &Cluster,
    topic: &str,
    spans: &Spans,
    wanted: impl Fn(&[u8]) -> bool,
    read: impl Fn(),
    records: &mpsc::Sender<Record>,
) -> Result<(), Error> {
    let consumer = cluster.consumer("read_committed")?;
    read_to_end(cluster, &consumer, topic, spans, |message| {
        read();
        !wanted(message.key().unwrap_or_default()) || records.blocking_send(Record::from(message)).is_ok()
    })
}

/// Reads until every partition has been read to where it is to stop, or has said that it is at its end; stops early when
/// `take` says so.
fn read_to_end(
    cluster: &Cluster,
    consumer: &BaseConsumer,
    topic: &str,
    spans: &Spans,
    mut take: impl FnMut(&BorrowedMessage<'_>) -> bool,
) -> Result<(), Error> {
    let mut assignment = TopicPartitionList::new();
    for (&partition, &(start, _)) in spans {
        assignment
            .add_partition_offset(topic, partition, Offset::Offset(start))
            .map_err(|source| cluster.failed(source))?;
    }
    consumer.assign(&assignment).map_err(|source| cluster.failed(source))?;
    let mut remaining: BTreeSet<i32> = spans.keys().copied().collect();
    let mut progressed = Instant::now();
    while !remaining.is_empty() {
        // A long log takes its time; one that does not move any more is not waited for.
        if progressed.elapsed() > READ_PATIENCE {
            return Err(Error::Slow {
                topic: topic.to_owned(),
                missing: remaining.len(),
                waited: READ_PATIENCE,
            });
        }
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Ok(message)) => {
                progressed = Instant::now();
                let (partition, next) = (message.partition(), message.offset() + 1);
                let end = spans.get(&partition).map_or(0, |(_, end)| *end);
                if next <= end && remaining.contains(&partition) && !take(&message) {
                    return Ok(());
                }
                if next >= end {
                    remaining.remove(&partition);
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                remaining.remove(&partition);
            }
            Some(Err(source)) => return Err(cluster.failed(source)),
        }
    }
    Ok(())
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

// === impl Follower ===

impl Follower {
    /// Sends every record committed to the topics from now on, each with the moment it was seen. Topics that do not
    /// exist are left out. Blocks until the positions are known; the reading itself has a thread of its own.
    ///
    /// # Errors
    /// When the brokers cannot be asked.
    pub fn start(
        cluster: &Cluster,
        topics: &[String],
        records: mpsc::UnboundedSender<(Record, SystemTime)>,
    ) -> Result<Self, Error> {
        let consumer = cluster.consumer("read_committed")?;
        let partitions = list(cluster, "")?;
        let mut assignment = TopicPartitionList::new();
        for topic in topics {
            for partition in 0..partitions.get(topic).copied().unwrap_or(0) {
                let (_, end) = consumer
                    .fetch_watermarks(topic, partition, BROKER_TIMEOUT)
                    .map_err(|source| cluster.failed(source))?;
                assignment
                    .add_partition_offset(topic, partition, Offset::Offset(end))
                    .map_err(|source| cluster.failed(source))?;
            }
        }
        consumer.assign(&assignment).map_err(|source| cluster.failed(source))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match consumer.poll(Duration::from_millis(100)) {
                    Some(Ok(message)) => {
                        let seen = SystemTime::now();
                        if records.send((Record::from(&message), seen)).is_err() {
                            return;
                        }
                    }
                    None | Some(Err(KafkaError::PartitionEOF(_))) => {}
                    // librdkafka reconnects by itself; what a follower misses, the examination still reads.
                    Some(Err(error)) => tracing::debug!(%error, "following a topic"),
                }
            }
        });
        Ok(Self { stop })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
