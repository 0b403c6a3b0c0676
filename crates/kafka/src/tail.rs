//! Reading topics outside any consumer group: from the start, the end or a time, to their end or on and on.
//!
//! Only committed records are seen. Used by views, by `trunkline explain` and by tests; nothing is committed and no
//! other reader is disturbed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use trunkline_config::Kafka;

use crate::arrivals::Arrivals;
use crate::client::{self, Following};
use crate::quiet::Quiet;
use trunkline_schemas::record::InboundRecord;

/// How long one question to a broker may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long [`read_all`] waits for the next record or the end of a partition before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a consumer goes without being polled.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Where reading starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// With the first record there is.
    Beginning,
    /// With the first record whose timestamp is at or after this; UTC milliseconds.
    Timestamp(i64),
    /// With the next record written.
    End,
}

/// What [`Tail::next`] came back with.
#[derive(Debug)]
pub enum Tailed {
    /// A record.
    Record(InboundRecord),
    /// The end of every partition has been reached; what is written later comes as records. Said each time it becomes
    /// true.
    CaughtUp,
    /// Nothing within the time given.
    Idle,
}

/// Why topics could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// There is no such topic.
    #[error("{topic} does not exist: run `trunkline topics apply`")]
    TopicMissing {
        /// Name of the topic, with its prefix.
        topic: String,
    },
    /// The user may not see or read it.
    #[error(
        "{topic} may not be read by the user of [kafka.security]: give it the ACL operations Read and Describe on this \
         topic (kafka-acls.sh --add --allow-principal User:NAME --operation Read --operation Describe --topic {topic})"
    )]
    NotAllowed {
        /// Name of the topic, with its prefix.
        topic: String,
    },
    /// A call to the brokers failed.
    #[error("{what} failed for {topic}: {source}")]
    Call {
        /// What was tried.
        what: &'static str,
        /// The topic or topics, with their prefix.
        topic: String,
        /// What the client said.
        source: KafkaError,
    },
    /// Neither a record nor the end of the topics came for half a minute: brokers are away, or a transaction hangs.
    #[error(
        "neither the end of {topic} nor a record was reached in {seconds} s; see the metric trunkline_last_stable_offset_lag"
    )]
    Stuck {
        /// The topic or topics, with their prefix.
        topic: String,
        /// Seconds waited.
        seconds: u64,
    },
    /// The reading task failed.
    #[error("reading {topic} was broken off: {reason}")]
    Task {
        /// The topic or topics, with their prefix.
        topic: String,
        /// Why.
        reason: String,
    },
}

/// A reader of topics. Its calls block: give it a thread of its own.
pub struct Tail {
    /// One consumer per topic: the client says which partition ended, but not of which topic.
    readers: Vec<Reader>,
    /// The reader to look at first, so that a busy topic does not starve the others.
    turn: usize,
    arrivals: Arc<Arrivals>,
    caught_up: bool,
}

struct Reader {
    topic: Arc<str>,
    consumer: Following<BaseConsumer<Quiet>>,
    partitions: usize,
    at_end: HashSet<i32>,
}

// === impl Reader ===

impl Reader {
    fn open(
        kafka: &Kafka,
        client_id: &str,
        topic: &str,
        from: From,
        arrivals: &Arc<Arrivals>,
    ) -> Result<Self, TailError> {
        let call = |what, source| refused(what, topic, source);
        let announced = Arc::clone(arrivals);
        let make = || {
            let mut consumer: BaseConsumer<Quiet> =
                client::reading(kafka, client_id).create_with_context(Quiet)?;
            consumer.set_nonempty_callback(move || announced.announce());
            Ok(consumer)
        };
        let consumer = Following::make(kafka, make).map_err(|source| call("creating a reader", source))?;
        let metadata = consumer
            .fetch_metadata(Some(topic), CALL_TIMEOUT)
            .map_err(|source| call("reading metadata", source))?;
        let found = metadata.topics().first();
        let error = found.and_then(|found| found.error()).map(RDKafkaErrorCode::from);
        let partitions = readable(topic, error, found.map_or(0, |topic| topic.partitions().len()))?;
        let mut list = TopicPartitionList::with_capacity(partitions);
        let offset = match from {
            From::Beginning => Offset::Beginning,
            // Taken for a timestamp below.
            From::Timestamp(timestamp) => Offset::Offset(timestamp.max(0)),
            From::End => Offset::End,
        };
        for partition in 0..i32::try_from(partitions).unwrap_or(i32::MAX) {
            list.add_partition_offset(topic, partition, offset)
                .map_err(|source| call("choosing an offset", source))?;
        }
        if matches!(from, From::Timestamp(_)) {
            // Partitions without a later record come back with the end.
            list = consumer
                .offsets_for_times(list, CALL_TIMEOUT)
                .map_err(|source| call("looking up a time", source))?;
        }
        consumer.assign(&list).map_err(|source| call("assigning", source))?;
        Ok(Self { topic: topic.into(), consumer, partitions, at_end: HashSet::new() })
    }

    /// The next record, if one is here.
    fn poll(&mut self) -> Result<Option<InboundRecord>, TailError> {
        loop {
            match self.consumer.poll(Duration::ZERO) {
                None => return Ok(None),
                Some(Ok(message)) => {
                    let record = crate::inbound::inbound(&message, self.topic.clone());
                    self.at_end.remove(&record.partition);
                    return Ok(Some(record));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.at_end.insert(partition);
                }
                Some(Err(source)) if passes_by_itself(&source) => {
                    tracing::warn!(error = %source, topic = &*self.topic, "reading; trying again");
                }
                Some(Err(source)) => {
                    return Err(refused("reading", &self.topic, source));
                }
            }
        }
    }
}

/// The number of a topic's partitions, by what the brokers say of it. To who may not see it they say so whether it is
/// there or not.
fn readable(topic: &str, error: Option<RDKafkaErrorCode>, partitions: usize) -> Result<usize, TailError> {
    let topic = || topic.to_owned();
    match (error, partitions) {
        (Some(RDKafkaErrorCode::TopicAuthorizationFailed), _) => {
            Err(TailError::NotAllowed { topic: topic() })
        }
        (_, 0) => Err(TailError::TopicMissing { topic: topic() }),
        _ => Ok(partitions),
    }
}

fn refused(what: &'static str, topic: &str, source: KafkaError) -> TailError {
    let topic = topic.to_owned();
    match source.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => TailError::NotAllowed { topic },
        _ => TailError::Call { what, topic, source },
    }
}

// === impl Tail ===

impl Tail {
    /// Starts reading `topics` (with their prefix), every partition of each.
    ///
    /// # Errors
    /// [`TailError`] when a topic is missing or the brokers do not answer within 10 s.
    pub fn open(kafka: &Kafka, client_id: &str, topics: &[String], from: From) -> Result<Self, TailError> {
        let arrivals = Arc::new(Arrivals::default());
        let mut readers = Vec::with_capacity(topics.len());
        for topic in topics {
            readers.push(Reader::open(kafka, client_id, topic, from, &arrivals)?);
        }
        Ok(Self { readers, turn: 0, arrivals, caught_up: false })
    }

    /// Waits at most `timeout` for a record or for the end.
    ///
    /// # Errors
    /// [`TailError::Call`] for what does not pass by itself; brokers that are away for a while give [`Tailed::Idle`].
    pub fn next(&mut self, timeout: Duration) -> Result<Tailed, TailError> {
        let deadline = Instant::now() + timeout;
        loop {
            let count = self.readers.len();
            for step in 0..count {
                let at = (self.turn + step) % count;
                if let Some(record) = self.readers[at].poll()? {
                    self.turn = at + 1;
                    self.caught_up = false;
                    return Ok(Tailed::Record(record));
                }
            }
            if !self.caught_up && self.readers.iter().all(|reader| reader.at_end.len() == reader.partitions) {
                self.caught_up = true;
                return Ok(Tailed::CaughtUp);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Tailed::Idle);
            }
            // The client wants to be polled now and then even when it has announced nothing.
            self.arrivals.wait(left.min(LONGEST_WAIT));
        }
    }

    /// Whether every partition has been read to its end.
    pub fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    /// Reads on to the end, handing each record to `each`. For topics that are written to all the time the end is the
    /// first moment at which nothing more was there.
    ///
    /// # Errors
    /// [`TailError::Stuck`] when neither a record nor the end comes for 30 s; those of [`Tail::next`].
    pub fn read_to_end(&mut self, mut each: impl FnMut(InboundRecord)) -> Result<(), TailError> {
        while !self.caught_up {
            match self.next(PATIENCE)? {
                Tailed::Record(record) => each(record),
                Tailed::CaughtUp => {}
                Tailed::Idle => {
                    let behind = self.readers.iter().filter(|reader| reader.at_end.len() < reader.partitions);
                    let topic = behind.map(|reader| &*reader.topic).collect::<Vec<_>>().join(", ");
                    return Err(TailError::Stuck { topic, seconds: PATIENCE.as_secs() });
                }
            }
        }
        Ok(())
    }
}

/// Reads `topics` (with their prefix) to their end, in the order of arrival within each partition.
///
/// # Errors
/// As [`Tail::open`] and [`Tail::read_to_end`].
pub async fn read_all(kafka: &Kafka, topics: &[String], from: From) -> Result<Vec<InboundRecord>, TailError> {
    let (kafka, topics) = (kafka.clone(), topics.to_vec());
    let names = topics.join(", ");
    tokio::task::spawn_blocking(move || {
        let mut records = Vec::new();
        Tail::open(&kafka, "trunkline-read", &topics, from)?.read_to_end(|record| records.push(record))?;
        Ok(records)
    })
    .await
    .unwrap_or_else(|error| Err(TailError::Task { topic: names, reason: error.to_string() }))
}

/// Whether the client goes on by itself after this error.
fn passes_by_itself(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::OperationTimedOut
                | Code::RequestTimedOut
                | Code::NotLeaderForPartition
                | Code::LeaderNotAvailable
                | Code::NetworkException
                | Code::Resolve
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_read_a_topic_is_told_the_acl_and_not_that_it_is_missing() {
        let denied = RDKafkaErrorCode::TopicAuthorizationFailed;
        let unknown = RDKafkaErrorCode::UnknownTopicOrPartition;
        let said = |error, partitions| readable("acme.customer.profiles", error, partitions);
        assert_eq!(said(None, 6).unwrap(), 6);
        for error in [None, Some(unknown)] {
            assert!(matches!(said(error, 0), Err(TailError::TopicMissing { .. })));
        }
        // Who may see it and not read it learns that from the partitions.
        let reading = refused("reading", "acme.customer.profiles", KafkaError::MessageConsumption(denied));
        for error in [said(Some(denied), 0).unwrap_err(), reading] {
            let error = error.to_string();
            assert!(error.contains("--operation Read --operation Describe"), "{error}");
            assert!(error.contains("--topic acme.customer.profiles"), "{error}");
        }
        let other = refused("reading", "t", KafkaError::MessageConsumption(RDKafkaErrorCode::Fail));
        assert!(matches!(other, TailError::Call { what: "reading", .. }));
    }
}
