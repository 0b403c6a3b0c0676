//! Reads topics to their end, or over a range of time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;

use super::{BROKER_TIMEOUT, Cluster, Error, Record, extent};

/// Transactions of Trunkline time out after 10 s, and the coordinator looks every 10 s.
const TRANSACTION_PATIENCE: Duration = Duration::from_secs(40);
const READ_PATIENCE: Duration = Duration::from_secs(300);

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

/// Partitions that hold anything, with the offset each ends at, transactions under way included.
fn filled_partitions(
    cluster: &Cluster,
    consumer: &BaseConsumer,
    topic: &str,
    partitions: i32,
) -> Result<BTreeMap<i32, i64>, Error> {
    let mut filled = BTreeMap::new();
    for partition in 0..partitions {
        let (low, high) = extent(cluster, consumer, topic, partition)?;
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
        let (_, stable) = extent(cluster, consumer, topic, partition)?;
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

/// Offsets between which all records of a range of time lie, by partition: from the first record that is not
/// older than `since` to the first that is not older than `until` (both UTC milliseconds), or the end.
/// Blocks.
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

/// From when on each partition is whole, by partition: the time of its first record where it lost its
/// beginning, to retention or to somebody; the end of time where it lost everything. Partitions that lost
/// nothing are left out. Blocks.
///
/// # Errors
/// When the brokers cannot be read.
pub fn whole_since(cluster: &Cluster, topic: &str, partitions: i32) -> Result<BTreeMap<i32, i64>, Error> {
    let consumer = cluster.consumer("read_committed")?;
    let mut since = BTreeMap::new();
    for partition in 0..partitions {
        let (low, high) = extent(cluster, &consumer, topic, partition)?;
        if low == 0 {
            continue;
        }
        let mut first = i64::MAX;
        if high > low {
            read_to_end(cluster, &consumer, topic, &Spans::from([(partition, (low, high))]), |message| {
                first = message.timestamp().to_millis().unwrap_or(i64::MAX);
                false
            })?;
        }
        since.insert(partition, first);
    }
    Ok(since)
}

/// Sends the committed records between some offsets whose key is wanted, in offset order per partition; what
/// is not wanted is not even copied. Says for each record read, wanted or not, that it was. Blocks.
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

/// Reads until every partition has been read to where it is to stop, or has said that it is at its end; stops
/// early when `take` says so.
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
