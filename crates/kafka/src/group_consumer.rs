//! A member of a consumer group whose owner decides when a partition is taken and when it is given back.
//!
//! librdkafka announces a change of assignment and then waits until the application has called assign or unassign.
//! Instead of doing that inside a callback, [`GroupConsumer::poll`] returns the change as a value: the owner restores
//! state, or commits its open transaction, and only then calls [`GroupConsumer::assign`] or [`GroupConsumer::release`].
//! That is how no transaction ever spans a change of assignment.

pub use crate::group_settings::{GroupSettings, SESSION_TIMEOUT};

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use trunkline_config::Kafka;
use trunkline_schemas::error_codes;
use trunkline_schemas::record::{InboundRecord, TopicPartition};

use crate::arrivals::Arrivals;
use crate::client::{self, Following};
use crate::client_errors::Client;
use crate::clock_skew::ClockSkew;
use crate::committed_offsets::committed;
use crate::consumer_error::ConsumerError;
use crate::last_topic::LastTopic;
use crate::partition_list::{from_list, to_list};
use crate::stamps::Stamps;

/// What [`GroupConsumer::poll`] came back with.
#[derive(Debug)]
pub enum Polled {
    /// A record.
    Record(InboundRecord),
    /// The group gives these partitions to this member; answer with [`GroupConsumer::assign`].
    Assigned(Vec<TopicPartition>),
    /// The group takes these partitions away; answer with [`GroupConsumer::release`]. When `lost`, another member may
    /// own them already: nothing may be committed for them.
    Revoked {
        /// The partitions concerned.
        partitions: Vec<TopicPartition>,
        /// True when the membership itself was lost.
        lost: bool,
    },
    /// A log that is read does not have the offset any more that comes next, or lost its end: nothing more is fetched
    /// of that partition until [`GroupConsumer::seek`]. The client does not say which one it is; [`crate::logs`] does.
    OutOfRange,
    /// Nothing within the time given.
    Idle,
}

/// How often the client's own thread is woken while there is nothing to read. It sends the heartbeats, and it waits
/// until a time of day: set back by ten minutes while it does, the machine's clock would cost the membership.
const WAKE_EVERY: Duration = Duration::from_secs(1);

/// A member of a consumer group; see the module's documentation.
pub struct GroupConsumer {
    group: String,
    consumer: Following<BaseConsumer<Context>>,
    arrivals: Arc<Arrivals>,
    /// When the client's own thread was woken last.
    woken: Cell<Instant>,
    stamps: Stamps,
    last_topic: LastTopic,
    /// Partitions that topics are configured to have.
    partitions: i32,
    /// Partitions beyond, of changes that the owner has not answered yet: answered with what the owner knows of.
    beyond: Mutex<Vec<TopicPartition>>,
}

/// Keeps the announced changes of assignment for the owner.
struct Context {
    changes: Mutex<VecDeque<Change>>,
    /// Set while the consumer closes: nobody polls for changes any more.
    closing: AtomicBool,
}

enum Change {
    Assign(Vec<TopicPartition>),
    Revoke { partitions: Vec<TopicPartition>, lost: bool },
}

// === impl Context ===

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        Client::Consumer.fails();
        tracing::warn!(%error, reason, "kafka consumer");
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.closing.load(Ordering::Acquire) {
            // The owner has already committed and stopped; close() waits for this call.
            if let Err(error) = consumer.incremental_unassign(list) {
                tracing::warn!(%error, "giving up partitions while closing");
            }
            return;
        }
        let partitions = from_list(list);
        let change = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Change::Assign(partitions),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                Change::Revoke { partitions, lost: consumer.assignment_lost() }
            }
            other => {
                tracing::error!(error = ?RDKafkaErrorCode::from(other), "rebalance failed");
                return;
            }
        };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push_back(change);
    }
}

// === impl GroupConsumer ===

impl GroupConsumer {
    /// Creates the member and subscribes it; it joins the group as it is polled.
    ///
    /// # Errors
    /// [`ConsumerError::Create`] when the client refuses its settings.
    pub fn open(kafka: &Kafka, settings: &GroupSettings) -> Result<Self, ConsumerError> {
        Client::Consumer.begins();
        let create = |source| ConsumerError::Create { group: settings.group.clone(), source };
        let context = Context { changes: Mutex::new(VecDeque::new()), closing: AtomicBool::new(false) };
        let arrivals = Arc::new(Arrivals::default());
        let announced = Arc::clone(&arrivals);
        let consumer = Following::make(kafka, || {
            let mut consumer: BaseConsumer<Context> =
                client::member(kafka, settings).create_with_context(context)?;
            consumer.set_nonempty_callback(move || announced.announce());
            Ok(consumer)
        })
        .map_err(create)?;
        let topics: Vec<&str> = settings.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(create)?;
        let (group, partitions) = (settings.group.clone(), settings.partitions);
        let woken = Cell::new(Instant::now());
        let stamps = Stamps::telling(ClockSkew::unknown());
        Ok(Self {
            group,
            consumer,
            arrivals,
            woken,
            stamps,
            last_topic: LastTopic::default(),
            partitions,
            beyond: Mutex::default(),
        })
    }

    /// Lets this one learn when records were appended.
    #[must_use]
    pub fn telling(mut self, skew: ClockSkew) -> Self {
        self.stamps = Stamps::telling(skew);
        self
    }

    /// Waits at most `timeout` for a record or a change of assignment.
    ///
    /// # Errors
    /// [`ConsumerError::Fatal`] when the member is fenced or otherwise beyond repair; [`ConsumerError::Call`] for what
    /// passes by itself.
    pub fn poll(&self, timeout: Duration) -> Result<Polled, ConsumerError> {
        if let Some(change) = self.next_change() {
            return Ok(change);
        }
        let message = self.consumer.poll(Duration::ZERO).or_else(|| {
            if timeout.is_zero() || self.is_changing() {
                return None;
            }
            self.wake();
            self.arrivals.wait(timeout);
            self.consumer.poll(Duration::ZERO)
        });
        match message {
            Some(Ok(message)) => {
                // A change announced meanwhile is returned by the next poll; the record belongs to a partition that
                // is still ours, since nothing is unassigned before the owner says so.
                self.stamps.compare(&message);
                Ok(Polled::Record(crate::inbound::inbound(&message, self.last_topic.shared(message.topic()))))
            }
            Some(Err(source @ KafkaError::MessageConsumptionFatal(_))) => {
                Err(ConsumerError::Fatal { group: self.group.clone(), source })
            }
            Some(Err(source)) if source.rdkafka_error_code().is_some_and(is_out_of_range) => {
                tracing::debug!(%source, group = self.group, "the client stopped reading a partition");
                Ok(Polled::OutOfRange)
            }
            Some(Err(source)) => Err(self.call("polling", source)),
            None => Ok(self.next_change().unwrap_or(Polled::Idle)),
        }
    }

    /// Takes partitions, paused, each at the offset given (`None`: one that is sought before it is read). Resume them
    /// with [`GroupConsumer::resume`] once their state is restored.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the client refuses.
    pub fn assign(&self, partitions: &[(TopicPartition, Option<i64>)]) -> Result<(), ConsumerError> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for (partition, offset) in partitions {
            // No number where none is known yet: the client may ask for it before it is paused, and would report a log
            // that does not have it any more.
            let offset = offset.map_or(Offset::Beginning, Offset::Offset);
            list.add_partition_offset(&partition.topic, partition.partition, offset)
                .map_err(|source| self.call("assigning", source))?;
        }
        for partition in self.take_beyond() {
            list.add_partition_offset(&partition.topic, partition.partition, Offset::Beginning)
                .map_err(|source| self.call("assigning", source))?;
        }
        self.consumer.incremental_assign(&list).map_err(|source| self.call("assigning", source))?;
        // Nothing polls between these two calls, so no record of a paused partition can slip through.
        self.consumer.pause(&list).map_err(|source| self.call("pausing", source))
    }

    /// Gives partitions back. Call it only after everything that concerned them is committed or dropped.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the client refuses.
    pub fn release(&self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        let partitions: Vec<TopicPartition> = partitions.iter().cloned().chain(self.take_beyond()).collect();
        self.consumer
            .incremental_unassign(&to_list(&partitions))
            .map_err(|source| self.call("unassigning", source))
    }

    /// Stops fetching from partitions.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the client refuses.
    pub fn pause(&self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.consumer.pause(&to_list(partitions)).map_err(|source| self.call("pausing", source))
    }

    /// Fetches from partitions again.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the client refuses.
    pub fn resume(&self, partitions: &[TopicPartition]) -> Result<(), ConsumerError> {
        self.consumer.resume(&to_list(partitions)).map_err(|source| self.call("resuming", source))
    }

    /// Moves the position of an assigned partition; the next record read from it is the one at `offset`. A partition
    /// that the client stopped reading ([`Polled::OutOfRange`]) is read again.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the client refuses.
    pub fn seek(&self, partition: &TopicPartition, offset: i64) -> Result<(), ConsumerError> {
        let to = Offset::Offset(offset);
        match self.consumer.seek(&partition.topic, partition.partition, to, Duration::from_secs(10)) {
            // The client does not seek where it does not read ("Erroneous state").
            Err(KafkaError::Seek(reason)) => {
                tracing::debug!(reason, %partition, offset, "taking a partition anew");
                self.take_anew(partition, to)
            }
            sought => sought.map_err(|source| self.call("seeking", source)),
        }
    }

    /// Gives a partition back to the client and takes it again, which the group does not notice. Whether it is paused
    /// stays as it was.
    fn take_anew(&self, partition: &TopicPartition, offset: Offset) -> Result<(), ConsumerError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&partition.topic, partition.partition, offset)
            .map_err(|source| self.call("choosing an offset", source))?;
        self.consumer
            .incremental_unassign(&to_list(std::slice::from_ref(partition)))
            .map_err(|source| self.call("giving up a partition to seek", source))?;
        self.consumer
            .incremental_assign(&list)
            .map_err(|source| self.call("taking a partition to seek", source))
    }

    /// The stable committed offsets (KIP-447: waits out offsets that hang in an open transaction); `None` where
    /// nothing was ever committed.
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the coordinator does not answer in `timeout`.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> Result<Vec<Option<i64>>, ConsumerError> {
        committed(&self.consumer, &self.group, partitions, timeout)
    }

    /// First and end offset of a partition, as a read_committed reader sees them (the end is the last stable offset).
    ///
    /// # Errors
    /// [`ConsumerError::Call`] when the broker does not answer in `timeout`.
    pub fn watermarks(
        &self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> Result<(i64, i64), ConsumerError> {
        self.consumer
            .fetch_watermarks(&partition.topic, partition.partition, timeout)
            .map_err(|source| self.call("reading watermarks", source))
    }

    /// The next offset that [`Self::poll`] would return of a partition, behind what is no record of its own: what was
    /// aborted, and the marks of transactions. `None` before anything was returned since the partition was taken or its
    /// position moved.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        let positions = self.consumer.position().ok()?;
        match positions.find_partition(&partition.topic, partition.partition)?.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// What a transaction needs to commit this group's offsets.
    pub(crate) fn group_metadata(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.group_metadata()
    }

    /// Asks the client's own thread something that it knows, now and then: so it does not oversleep.
    fn wake(&self) {
        if self.woken.get().elapsed() >= WAKE_EVERY {
            self.woken.set(Instant::now());
            drop(self.group_metadata());
        }
    }

    fn is_changing(&self) -> bool {
        !self.consumer.context().changes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn next_change(&self) -> Option<Polled> {
        let change =
            self.consumer.context().changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
        Some(match change {
            Change::Assign(partitions) => Polled::Assigned(self.configured(partitions)),
            Change::Revoke { partitions, lost } => {
                Polled::Revoked { partitions: self.configured(partitions), lost }
            }
        })
    }

    /// Those of a change that the owner has to do with; the others are kept for its answer.
    fn configured(&self, changed: Vec<TopicPartition>) -> Vec<TopicPartition> {
        let (configured, beyond) = split(changed, self.partitions);
        if !beyond.is_empty() {
            let (code, configured) = (error_codes::TOPIC_WRONG.as_str(), self.partitions);
            tracing::warn!(code, configured, ?beyond, "partitions beyond the configured number are not read");
            self.beyond.lock().unwrap_or_else(PoisonError::into_inner).extend(beyond);
        }
        configured
    }

    fn take_beyond(&self) -> Vec<TopicPartition> {
        std::mem::take(&mut *self.beyond.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn call(&self, what: &'static str, source: KafkaError) -> ConsumerError {
        ConsumerError::Call { what, group: self.group.clone(), source }
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        let context: &Arc<Context> = self.consumer.context();
        context.closing.store(true, Ordering::Release);
        // A change that was announced but never answered would keep close() waiting for ever.
        let pending = std::mem::take(&mut *context.changes.lock().unwrap_or_else(PoisonError::into_inner));
        for change in pending {
            let result = match change {
                Change::Assign(partitions) => self.consumer.incremental_assign(&to_list(&partitions)),
                Change::Revoke { partitions, .. } => {
                    self.consumer.incremental_unassign(&to_list(&partitions))
                }
            };
            if let Err(error) = result {
                tracing::warn!(%error, "answering a change of assignment while closing");
            }
        }
    }
}

/// The partitions within the configured number, and those beyond.
fn split(changed: Vec<TopicPartition>, configured: i32) -> (Vec<TopicPartition>, Vec<TopicPartition>) {
    changed.into_iter().partition(|changed| changed.partition < configured)
}

/// Whether the client stopped reading because of what the log is, and not of who was to answer.
fn is_out_of_range(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation | Code::NoOffset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_beyond_the_configured_number_are_none_of_the_owners() {
        let changed = [5, 6, 0, 7].map(|number| TopicPartition::new("t", number)).to_vec();
        let numbers = |partitions: Vec<TopicPartition>| -> Vec<i32> {
            partitions.iter().map(|partition| partition.partition).collect()
        };
        let (configured, beyond) = split(changed, 6);
        assert_eq!((numbers(configured), numbers(beyond)), (vec![5, 0], vec![6, 7]));
    }
}
