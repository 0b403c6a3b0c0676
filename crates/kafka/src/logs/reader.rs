//! Asks the brokers about logs, with a client that is a member of no group.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use trunkline_config::Kafka;
use trunkline_schemas::record::TopicPartition;

use super::LogLooks;
use super::judge::{AtLast, FirstUnread, LogNow};
use super::position::{LogPosition, Mark, TopicId, digest_of};
use super::topic_ids::topic_ids;
use crate::client::{self, Following};
use crate::consumer_error::ConsumerError;
use crate::leader_epoch::leader_epoch;
use crate::quiet::Quiet;

/// How long one question to a broker may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long reading one record of each partition may take.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for a record before the deadline is looked at again.
const POLL: Duration = Duration::from_millis(50);

/// Asks about logs.
pub struct LogReader {
    consumer: Following<BaseConsumer<Quiet>>,
    client_id: String,
    /// The brokers do not say ids, which is logged once.
    without_ids: bool,
}

// === impl LogReader ===

impl LogReader {
    /// Prepares to ask.
    ///
    /// # Errors
    /// [`ConsumerError::Create`] when the client refuses its settings.
    pub fn open(kafka: &Kafka, client_id: &str) -> Result<Self, ConsumerError> {
        let make = || client::looking(kafka, client_id).create_with_context(Quiet);
        let consumer = Following::make(kafka, make)
            .map_err(|source| ConsumerError::Create { group: client_id.to_owned(), source })?;
        Ok(Self { consumer, client_id: client_id.to_owned(), without_ids: false })
    }

    /// The ids of topics, as far as the brokers say them.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when they do not answer.
    pub(super) fn ids(&mut self, topics: &[&str]) -> Result<HashMap<String, TopicId>, ConsumerError> {
        match topic_ids(self.consumer.client(), topics, CALL_TIMEOUT) {
            Ok(ids) => Ok(ids),
            Err(source) if source.rdkafka_error_code().is_none_or(passes) => {
                Err(self.call("asking for the ids of topics", source))
            }
            Err(error) => {
                if !std::mem::replace(&mut self.without_ids, true) {
                    tracing::warn!(%error, "the brokers do not say the ids of topics; logs are told apart by their records alone");
                }
                Ok(HashMap::new())
            }
        }
    }

    /// The first offset and the end of a partition, as a reader of committed records sees it.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the broker does not answer.
    pub(super) fn ends(&self, partition: &TopicPartition) -> Result<(i64, i64), ConsumerError> {
        self.consumer
            .fetch_watermarks(&partition.topic, partition.partition, CALL_TIMEOUT)
            .map_err(|source| self.call("reading watermarks", source))
    }

    /// The first committed record of each partition from its offset on. Where the time is over before one comes, nobody
    /// has looked.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the client refuses.
    pub(super) fn first_from(
        &self,
        partitions: &[(TopicPartition, i64)],
    ) -> Result<HashMap<TopicPartition, FirstUnread>, ConsumerError> {
        // Topic by topic: the client names the partition whose end it has reached, and not the topic.
        let mut topics: BTreeMap<&str, HashMap<i32, i64>> = BTreeMap::new();
        for (partition, offset) in partitions {
            topics.entry(&partition.topic).or_default().insert(partition.partition, *offset);
        }
        let mut first = HashMap::new();
        for (topic, offsets) in topics {
            let read = self.first_of(topic, &offsets);
            self.consumer.unassign().map_err(|source| self.call("unassigning", source))?;
            for (number, found) in read? {
                first.insert(TopicPartition::new(topic, number), found);
            }
        }
        Ok(first)
    }

    fn first_of(
        &self,
        topic: &str,
        offsets: &HashMap<i32, i64>,
    ) -> Result<HashMap<i32, FirstUnread>, ConsumerError> {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (number, offset) in offsets {
            list.add_partition_offset(topic, *number, Offset::Offset(*offset))
                .map_err(|source| self.call("choosing an offset", source))?;
        }
        self.consumer.assign(&list).map_err(|source| self.call("assigning", source))?;
        let until = Instant::now() + READ_TIMEOUT;
        let mut found = HashMap::new();
        while found.len() < offsets.len() && Instant::now() < until {
            match self.consumer.poll(POLL) {
                None => {}
                Some(Err(KafkaError::PartitionEOF(number))) => {
                    found.entry(number).or_insert(FirstUnread::Nothing);
                }
                // Out of range, or the brokers are away: what is not there when the time is over was not looked at.
                Some(Err(error)) => tracing::debug!(%error, topic, "looking at a log"),
                Some(Ok(message)) => {
                    let (number, offset) = (message.partition(), message.offset());
                    let timestamp = message.timestamp().to_millis().unwrap_or(0);
                    let digest = digest_of(timestamp, message.key(), message.payload());
                    let mark = Mark { offset, digest, leader_epoch: leader_epoch(&message) };
                    found.entry(number).or_insert(FirstUnread::Record { mark, timestamp });
                }
            }
        }
        Ok(found)
    }

    /// What lies at an offset of each partition, of which the first offset and the end are these; [`AtLast::NotLooked`]
    /// where there is no offset to look at, or the log does not reach it. A partition is left out where the time was
    /// over before the broker answered: what nobody saw proves nothing.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the client refuses.
    pub(super) fn at(
        &self,
        partitions: &[(TopicPartition, Option<i64>, (i64, i64))],
    ) -> Result<HashMap<TopicPartition, AtLast>, ConsumerError> {
        let within = partitions.iter().map(|(partition, offset, (start, end))| {
            (partition, offset.filter(|offset| (*start..*end).contains(offset)))
        });
        let asked: Vec<(TopicPartition, i64)> =
            within.clone().filter_map(|(partition, offset)| Some((partition.clone(), offset?))).collect();
        let first = self.first_from(&asked)?;
        let found = within.filter_map(|(partition, offset)| {
            let found = match (offset, first.get(partition)) {
                (None, _) => AtLast::NotLooked,
                (Some(offset), Some(FirstUnread::Record { mark, .. })) if mark.offset == offset => {
                    AtLast::Record { digest: mark.digest, leader_epoch: mark.leader_epoch }
                }
                (Some(_), Some(FirstUnread::Record { .. } | FirstUnread::Nothing)) => AtLast::Nothing,
                (Some(_), None | Some(FirstUnread::NotLooked)) => return None,
            };
            Some((partition.clone(), found))
        });
        Ok(found.collect())
    }

    fn call(&self, what: &'static str, source: KafkaError) -> ConsumerError {
        ConsumerError::Call { what, group: self.client_id.clone(), source }
    }
}

impl LogLooks for LogReader {
    fn look(
        &mut self,
        partitions: &[(TopicPartition, Option<LogPosition>)],
    ) -> Result<Vec<LogNow>, ConsumerError> {
        let mut topics: Vec<&str> =
            partitions.iter().map(|(partition, _)| partition.topic.as_str()).collect();
        topics.sort_unstable();
        topics.dedup();
        let ids = self.ids(&topics)?;
        let mut read = Vec::with_capacity(partitions.len());
        for (partition, position) in partitions {
            let last = position.and_then(|position| position.last).map(|last| last.offset);
            read.push((partition.clone(), last, self.ends(partition)?));
        }
        let lasts = self.at(&read)?;
        let looked = read.into_iter().map(|(partition, _, (start, end))| {
            let last = lasts.get(&partition).copied().ok_or_else(|| {
                let timed_out = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
                self.call("reading the last finished record", timed_out)
            })?;
            Ok(LogNow { topic_id: ids.get(&partition.topic).copied(), start, end, last })
        });
        looked.collect()
    }
}

/// Whether asking again may go better; else the brokers have no ids, or do not let this client describe topics.
fn passes(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    !matches!(
        code,
        Code::UnsupportedFeature
            | Code::UnsupportedVersion
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::InvalidRequest
    )
}
