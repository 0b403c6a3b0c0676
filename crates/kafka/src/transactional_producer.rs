//! A producer whose records, and the offsets they stem from, take effect together or not at all.
//!
//! # Indeterminate outcomes
//!
//! librdkafka retries EndTxn by itself and lacks KIP-890, so a delayed first request can end the *next* transaction.
//! It does not say that it retried: a connection that breaks with a request under way is no error it reports. So a
//! retry waits for longer than [`INDETERMINATE_AFTER`] (`client::RETRY_AFTER`), and whenever a transactional call took
//! longer than that, timed out, or saw an error of the connection, its outcome is not trusted, even if success was
//! reported: the call returns [`CommitOutcome::Indeterminate`] (or an error), and the owner replaces the producer by
//! [`TransactionalProducer::reopen`], whose initialisation settles what was open, and then reads the committed offsets
//! and the changelog to learn what is committed.
//!
//! # Layout
//!
//! - [`TransactionError`]: what went wrong, named by what to do next
//! - [`CommitOutcome`] and when it cannot be trusted
//! - `deliveries`: what the client tells beside the calls
//! - `initialise`: a producer whose predecessor's transaction is settled
//! - `bounded`: calls that end, whatever the client does

mod bounded;
mod deliveries;
mod error;
mod initialise;
mod outcome;

pub use error::TransactionError;
pub use outcome::CommitOutcome;

pub use crate::transaction_timeouts::{INDETERMINATE_AFTER, TRANSACTION_TIMEOUT};

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use trunkline_config::Kafka;
use trunkline_schemas::record::{OutboundRecord, TopicPartition};

use self::bounded::bounded;
use self::deliveries::{Deliveries, TooLarge, WATCHED};
use self::error::classify;
use self::initialise::initialised;
use self::outcome::Scrutiny;
use crate::client::Following;
use crate::client_errors::Client;
use crate::group_consumer::GroupConsumer;
use crate::partitioner;

/// How long initialisation may take at the start: the coordinator may first have to settle what a predecessor
/// left open.
pub const INITIALISE_TIMEOUT: Duration = Duration::from_secs(60);

/// Between two looks at whether everything is delivered.
const DRAIN_WAIT: Duration = Duration::from_micros(300);

/// See the module's documentation.
pub struct TransactionalProducer {
    kafka: Kafka,
    id: String,
    producer: Following<BaseProducer<Deliveries>>,
    /// The topic whose delivered offsets are remembered.
    watched: Option<String>,
    open: bool,
}

// === impl TransactionalProducer ===

impl TransactionalProducer {
    /// Creates and initialises the producer: any transaction that a predecessor of the same id left open is
    /// settled before this returns. Who writes keeps to what each topic takes ([`crate::limits`]): the
    /// brokers' own refusal would abort the whole transaction.
    ///
    /// # Errors
    /// [`TransactionError::Indeterminate`] when the brokers do not answer within 60 s, others when they refuse.
    pub fn open(kafka: &Kafka, transactional_id: &str) -> Result<Self, TransactionError> {
        Client::Producer.begins();
        let producer = initialised(kafka, transactional_id, INITIALISE_TIMEOUT)?;
        Ok(Self {
            kafka: kafka.clone(),
            id: transactional_id.to_owned(),
            producer,
            watched: None,
            open: false,
        })
    }

    /// Remembers the highest offset delivered to each partition of `topic`, for [`Self::take_delivered`].
    pub fn watch(&mut self, topic: &str) {
        self.watched = Some(topic.to_owned());
    }

    /// The highest offset delivered to each partition of the watched topic since the last call.
    pub fn take_delivered(&mut self) -> BTreeMap<i32, i64> {
        self.producer.context().take()
    }

    /// True between [`Self::begin`] and the end of the transaction.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Starts a transaction.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do.
    pub fn begin(&mut self) -> Result<(), TransactionError> {
        self.producer.begin_transaction().map_err(|error| classify(&self.id, "begin", &error))?;
        self.open = true;
        Ok(())
    }

    /// Adds a record to the open transaction. Blocks while the client's queue is full.
    ///
    /// # Errors
    /// [`TransactionError::Record`] when this record can never be produced; else what to do with the transaction.
    pub fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        let mark = if self.watched.as_ref() == Some(&record.topic) { WATCHED } else { 0 };
        let mut message: BaseRecord<'_, [u8], [u8], usize> = BaseRecord::with_opaque_to(&record.topic, mark);
        // A changelog's records, which are every second one, have none: the client need not make a list of them.
        if !record.headers.is_empty() {
            let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
            for (key, value) in record.headers.iter() {
                headers = headers.insert(Header { key, value: Some(value) });
            }
            message = message.headers(headers);
        }
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.partition = partitioner::of(record, self.kafka.partitions);
        message.timestamp = record.timestamp;
        let started = Instant::now();
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    if started.elapsed() > TRANSACTION_TIMEOUT {
                        return Err(self.abort_error("produce", "the brokers take no records"));
                    }
                    self.producer.poll(Duration::from_millis(10));
                    message = back;
                }
                Err((error, back)) => {
                    let size = back.key.map_or(0, <[u8]>::len) + back.payload.map_or(0, <[u8]>::len);
                    return Err(match error.rdkafka_error_code() {
                        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidRecord) => {
                            TransactionError::Record {
                                topic: record.topic.clone(),
                                bytes: size,
                                reason: error.to_string(),
                            }
                        }
                        _ => classify(&self.id, "produce", &error),
                    });
                }
            }
        }
    }

    /// Serves delivery reports without waiting.
    pub fn poll(&self) {
        self.producer.poll(Duration::ZERO);
    }

    /// Adds the group's offsets (each the next to read) and commits. Each of the three steps of it, delivery,
    /// offsets and commit, is given up after `within`, which [`TRANSACTION_TIMEOUT`] is enough for.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do; [`TransactionError::Record`] where the brokers refuse a record for its
    /// size. [`CommitOutcome::Indeterminate`] is a success that must not be trusted.
    pub fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        consumer: &GroupConsumer,
        within: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        let committed = self.commit_all(offsets, consumer, within);
        let too_large = self.producer.context().take_too_large();
        match (committed, too_large) {
            (Err(TransactionError::Abort { .. }), Some(TooLarge { topic, bytes, reason })) => {
                Err(TransactionError::Record { topic, bytes, reason })
            }
            (committed, _) => committed,
        }
    }

    fn commit_all(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        consumer: &GroupConsumer,
        within: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        let within = within.min(TRANSACTION_TIMEOUT);
        let mut scrutiny = Scrutiny::begin(self.producer.context());
        if offsets.is_empty() {
            self.drain(within)?;
        } else {
            let mut list = TopicPartitionList::with_capacity(offsets.len());
            for (partition, offset) in offsets {
                list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(*offset))
                    .map_err(|error| self.abort_error("adding offsets", &error.to_string()))?;
            }
            let group = consumer
                .group_metadata()
                .ok_or_else(|| self.abort_error("adding offsets", "the consumer has no group"))?;
            // Records first: a failed one is then known before the offsets are added.
            self.drain(within)?;
            scrutiny.call(|| {
                self.bounded("adding offsets", move |producer| {
                    producer.send_offsets_to_transaction(&list, &group, within)
                })
            })?;
        }
        scrutiny.call(|| self.bounded("commit", move |producer| producer.commit_transaction(within)))?;
        self.open = false;
        match scrutiny.suspicion(self.producer.context()) {
            None => Ok(CommitOutcome::Committed),
            Some(reason) => {
                tracing::warn!(reason, id = %self.id, "the outcome of a commit is indeterminate");
                Ok(CommitOutcome::Indeterminate)
            }
        }
    }

    /// Gives the open transaction up. Whatever goes wrong here makes the producer unfit for another.
    ///
    /// # Errors
    /// [`TransactionError::Fenced`] or [`TransactionError::Indeterminate`].
    pub fn abort(&mut self) -> Result<(), TransactionError> {
        if !self.open {
            return Ok(());
        }
        self.open = false;
        let mut scrutiny = Scrutiny::begin(self.producer.context());
        scrutiny
            .call(|| self.bounded("abort", |producer| producer.abort_transaction(TRANSACTION_TIMEOUT)))
            .map_err(|error| match error {
            TransactionError::Abort { what, id, reason } => {
                TransactionError::Indeterminate { what, id, reason }
            }
            other => other,
        })?;
        self.take_delivered();
        // A refusal that is only known now is another one of the transaction that is made again.
        self.producer.context().take_too_large();
        match scrutiny.suspicion(self.producer.context()) {
            None => Ok(()),
            Some(reason) => {
                Err(TransactionError::Indeterminate { what: "abort", id: self.id.clone(), reason })
            }
        }
    }

    /// Replaces the producer by a fresh one of the same id, which settles whatever was open. Tries again for as long
    /// as `patience`, but once at least, which takes 10 s when the brokers do not answer.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reopen(&mut self, patience: Duration) -> Result<(), TransactionError> {
        // The old client must not send its queue, nor retry, once the new one is there; it is dropped below.
        self.producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        self.producer.poll(Duration::ZERO);
        self.open = false;
        self.producer = initialised(&self.kafka, &self.id, patience)?;
        Ok(())
    }

    fn bounded(
        &self,
        what: &'static str,
        call: impl FnOnce(&BaseProducer<Deliveries>) -> Result<(), KafkaError> + Send + 'static,
    ) -> Result<(), TransactionError> {
        bounded(self.producer.shared(), &self.id, what, call)
    }

    /// Waits until every record is delivered or failed. The client's own flush looks up only every 100 ms.
    fn drain(&self, within: Duration) -> Result<(), TransactionError> {
        let started = Instant::now();
        while self.producer.in_flight_count() > 0 {
            if started.elapsed() > within {
                return Err(self.abort_error("flush", "records were not delivered in time"));
            }
            self.producer.poll(Duration::ZERO);
            // The client's own wait spins through its last millisecond: a quarter of the processor's time went there.
            std::thread::sleep(DRAIN_WAIT);
        }
        Ok(())
    }

    fn abort_error(&self, what: &'static str, reason: &str) -> TransactionError {
        TransactionError::Abort { what, id: self.id.clone(), reason: reason.to_owned() }
    }
}
