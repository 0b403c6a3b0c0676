//! A producer whose records, and the offsets they stem from, take effect together or not at all.
//!
//! # Doubt
//!
//! librdkafka retries EndTxn by itself and lacks KIP-890, so a delayed first request can end the *next* transaction.
//! It does not say that it retried: a connection that breaks with a request under way is no error it reports. So a
//! retry waits for longer than [`DOUBT_AFTER`] (`RETRY_AFTER`), and whenever a transactional call took longer than that,
//! timed out, or saw an error of the connection, its outcome is not trusted, even if success was reported: the call
//! returns [`CommitOutcome::Doubtful`] (or an error), and the owner replaces the producer by
//! [`TransactionalProducer::reopen`], whose initialisation settles what was open, and then reads the committed offsets
//! and the changelog for the truth.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use trunkline_config::Kafka;

use crate::client;
use crate::group_consumer::GroupConsumer;
use trunkline_schemas::record::{OutboundRecord, TopicPartition};

/// A transactional call that takes longer is doubted.
pub const DOUBT_AFTER: Duration = Duration::from_secs(1);

/// How long the client waits before it repeats a request: with the fifth that it takes off at random still longer than
/// [`DOUBT_AFTER`], so that no call in which a request was repeated passes for a quick one.
const RETRY_AFTER: Duration = Duration::from_millis(1_300);

/// … and the most, when it repeats it again and again.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(2);

/// A coordinator aborts a transaction that its producer left open for this long.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two looks at whether everything is delivered.
const DRAIN_WAIT: Duration = Duration::from_micros(300);

/// How long a call may take that the client itself should end after [`TRANSACTION_TIMEOUT`].
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// How long initialisation may take at the start: the coordinator may first have to settle what a predecessor left open.
pub const INITIALISE_TIMEOUT: Duration = Duration::from_secs(60);

/// How a commit went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Committed beyond doubt.
    Committed,
    /// Committed or not: replace the producer and read the truth.
    Doubtful,
}

/// What went wrong in a transaction, named by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Abort, rewind to the committed offsets and go on.
    #[error(
        "{what} failed in transaction of {id}: {reason}; the transaction is given up and its input read again"
    )]
    Abort {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// Another producer with the same transactional id took over: this one must stop.
    #[error("{what} failed: {id} was fenced ({reason}); another instance runs under the same name")]
    Fenced {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// The outcome is unknown, or the producer is beyond use: replace it and read the truth.
    #[error("{what} has no known outcome for {id}: {reason}; the producer is replaced")]
    Doubtful {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// The brokers, or the client, refuse this producer whatever is done: a permission or a setting.
    #[error(
        "{what} failed for {id}: {reason}; check the permissions of its user for this transactional id, and [kafka]"
    )]
    Refused {
        /// What was tried.
        what: &'static str,
        /// The transactional id.
        id: String,
        /// What the client said.
        reason: String,
    },
    /// One record can not be produced whatever is done.
    #[error("record of {bytes} bytes for {topic} is refused: {reason}")]
    Record {
        /// The topic.
        topic: String,
        /// Size of key and value.
        bytes: usize,
        /// What the client said.
        reason: String,
    },
}

/// See the module's documentation.
pub struct TransactionalProducer {
    kafka: Kafka,
    id: String,
    largest: usize,
    producer: Arc<BaseProducer<Context>>,
    open: bool,
}

/// Follows deliveries and transport errors.
#[derive(Default)]
struct Context {
    transport_errors: AtomicU64,
    /// Highest offset delivered to each partition asked for by [`TransactionalProducer::watch`].
    delivered: Mutex<HashMap<TopicPartition, i64>>,
    watched: Mutex<Option<String>>,
}

// === impl Context ===

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.transport_errors.fetch_add(1, Ordering::AcqRel);
        tracing::warn!(%error, reason, "kafka producer");
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) => {
                let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
                if watched.as_deref() == Some(message.topic()) {
                    let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
                    let entry = delivered
                        .entry(TopicPartition::new(message.topic(), message.partition()))
                        .or_insert(i64::MIN);
                    *entry = (*entry).max(message.offset());
                }
            }
            // The commit fails with an abortable error and says so; the details help whoever reads the log.
            Err((error, message)) => {
                tracing::warn!(%error, topic = message.topic(), "record of a transaction was not delivered");
            }
        }
    }
}

// === impl TransactionalProducer ===

impl TransactionalProducer {
    /// Creates and initialises the producer: any transaction that a predecessor of the same id left open is settled
    /// before this returns. Of its records none has more than `largest` bytes: what the brokers take of the largest of its
    /// topics. The brokers' own refusal would abort the whole transaction.
    ///
    /// # Errors
    /// [`TransactionError::Doubtful`] when the brokers do not answer within 60 s, others when they refuse.
    pub fn open(kafka: &Kafka, transactional_id: &str, largest: usize) -> Result<Self, TransactionError> {
        let producer = create(kafka, transactional_id, largest, INITIALISE_TIMEOUT)?;
        Ok(Self { kafka: kafka.clone(), id: transactional_id.to_owned(), largest, producer, open: false })
    }

    /// Remembers the highest offset delivered to each partition of `topic`, for [`Self::take_delivered`].
    pub fn watch(&mut self, topic: &str) {
        *self.producer.context().watched.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(topic.to_owned());
    }

    /// The highest offsets delivered to the watched topic since the last call.
    pub fn take_delivered(&mut self) -> HashMap<TopicPartition, i64> {
        std::mem::take(&mut *self.producer.context().delivered.lock().unwrap_or_else(PoisonError::into_inner))
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
        self.producer.begin_transaction().map_err(|error| self.classify("begin", &error))?;
        self.open = true;
        Ok(())
    }

    /// Adds a record to the open transaction. Blocks while the client's queue is full.
    ///
    /// # Errors
    /// [`TransactionError::Record`] when this record can never be produced; else what to do with the transaction.
    pub fn produce(&mut self, record: &OutboundRecord) -> Result<(), TransactionError> {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (key, value) in record.headers.iter() {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut message: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&record.topic).headers(headers);
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.partition = record.partition;
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
                        _ => self.classify("produce", &error),
                    });
                }
            }
        }
    }

    /// Serves delivery reports without waiting.
    pub fn poll(&self) {
        self.producer.poll(Duration::ZERO);
    }

    /// Adds the group's offsets (each the next to read) and commits. Each of the three steps of it, delivery, offsets and
    /// commit, is given up after `within`, which [`TRANSACTION_TIMEOUT`] is enough for.
    ///
    /// # Errors
    /// [`TransactionError`] says what to do. [`CommitOutcome::Doubtful`] is a success that must not be trusted.
    pub fn commit(
        &mut self,
        offsets: &[(TopicPartition, i64)],
        consumer: &GroupConsumer,
        within: Duration,
    ) -> Result<CommitOutcome, TransactionError> {
        let within = within.min(TRANSACTION_TIMEOUT);
        let errors_before = self.producer.context().transport_errors.load(Ordering::Acquire);
        let mut slowest = Duration::ZERO;
        if !offsets.is_empty() {
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
            let started = Instant::now();
            self.bounded("adding offsets", move |producer| {
                producer.send_offsets_to_transaction(&list, &group, within)
            })?;
            slowest = slowest.max(started.elapsed());
        } else {
            self.drain(within)?;
        }
        let started = Instant::now();
        self.bounded("commit", move |producer| producer.commit_transaction(within))?;
        slowest = slowest.max(started.elapsed());
        self.open = false;
        let errors = self.producer.context().transport_errors.load(Ordering::Acquire) - errors_before;
        if errors > 0 || slowest > DOUBT_AFTER {
            tracing::warn!(errors, slowest_ms = slowest.as_millis() as u64, id = %self.id, "doubtful commit");
            return Ok(CommitOutcome::Doubtful);
        }
        Ok(CommitOutcome::Committed)
    }

    /// Gives the open transaction up. Whatever goes wrong here makes the producer doubtful.
    ///
    /// # Errors
    /// [`TransactionError::Fenced`] or [`TransactionError::Doubtful`].
    pub fn abort(&mut self) -> Result<(), TransactionError> {
        if !self.open {
            return Ok(());
        }
        self.open = false;
        let errors_before = self.producer.context().transport_errors.load(Ordering::Acquire);
        let started = Instant::now();
        self.bounded("abort", |producer| producer.abort_transaction(TRANSACTION_TIMEOUT)).map_err(
            |error| match error {
                TransactionError::Abort { what, id, reason } => {
                    TransactionError::Doubtful { what, id, reason }
                }
                other => other,
            },
        )?;
        self.take_delivered();
        let errors = self.producer.context().transport_errors.load(Ordering::Acquire) - errors_before;
        if errors > 0 || started.elapsed() > DOUBT_AFTER {
            let took = started.elapsed().as_millis();
            return Err(TransactionError::Doubtful {
                what: "abort",
                id: self.id.clone(),
                reason: format!("it took {took} ms and saw {errors} transport errors"),
            });
        }
        Ok(())
    }

    /// Replaces the producer by a fresh one of the same id, which settles whatever was open. Tries again for as long as
    /// `patience`, but once at least, which takes 10 s when the brokers do not answer.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reopen(&mut self, patience: Duration) -> Result<(), TransactionError> {
        let watched = self.producer.context().watched.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // The old client must not send its queue, nor retry, once the new one is there; it is dropped below.
        self.producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        self.producer.poll(Duration::ZERO);
        self.open = false;
        self.producer = create(&self.kafka, &self.id, self.largest, patience)?;
        *self.producer.context().watched.lock().unwrap_or_else(PoisonError::into_inner) = watched;
        Ok(())
    }

    fn bounded(
        &self,
        what: &'static str,
        call: impl FnOnce(&BaseProducer<Context>) -> Result<(), KafkaError> + Send + 'static,
    ) -> Result<(), TransactionError> {
        bounded(&self.producer, &self.id, what, call)
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

    fn classify(&self, what: &'static str, error: &KafkaError) -> TransactionError {
        classify(&self.id, what, error)
    }
}

fn create(
    kafka: &Kafka,
    id: &str,
    largest: usize,
    patience: Duration,
) -> Result<Arc<BaseProducer<Context>>, TransactionError> {
    let mut config = client::base(kafka, id);
    config
        .set("transactional.id", id)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("transaction.timeout.ms", TRANSACTION_TIMEOUT.as_millis().to_string())
        // The client insists that a request ends before its transaction does.
        .set("socket.timeout.ms", (TRANSACTION_TIMEOUT / 2).as_millis().to_string())
        // A record that can not be delivered while its transaction lives is of no use.
        .set("message.timeout.ms", TRANSACTION_TIMEOUT.as_millis().to_string())
        .set("retry.backoff.ms", RETRY_AFTER.as_millis().to_string())
        .set("retry.backoff.max.ms", RETRY_AFTER_MAX.as_millis().to_string())
        .set("message.max.bytes", largest.to_string())
        .set("linger.ms", "2")
        .set("compression.type", "lz4")
        .set("partitioner", "murmur2_random")
        .set("queue.buffering.max.messages", "200000")
        .set("queue.buffering.max.kbytes", "131072");
    let started = Instant::now();
    loop {
        let producer: BaseProducer<Context> =
            config.create_with_context(Context::default()).map_err(|error| TransactionError::Refused {
                what: "create",
                id: id.to_owned(),
                reason: error.to_string(),
            })?;
        let producer = Arc::new(producer);
        match bounded(&producer, id, "initialise", |p| p.init_transactions(TRANSACTION_TIMEOUT)) {
            Ok(()) => return Ok(producer),
            Err(error) => {
                let passing =
                    matches!(error, TransactionError::Abort { .. } | TransactionError::Doubtful { .. });
                if !passing || started.elapsed() >= patience {
                    return Err(error);
                }
                tracing::warn!(%error, id, "initialising transactions; trying again");
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

/// Makes a call that blocks, and waits for it no longer than [`CALL_LIMIT`]: the client enforces its own time limits
/// on its own thread, and after the loss of a coordinator an answer sometimes never comes. Such a call cannot be
/// cancelled; its thread keeps the old client alive, and the caller goes on with a new one.
fn bounded(
    producer: &Arc<BaseProducer<Context>>,
    id: &str,
    what: &'static str,
    call: impl FnOnce(&BaseProducer<Context>) -> Result<(), KafkaError> + Send + 'static,
) -> Result<(), TransactionError> {
    let producer = Arc::clone(producer);
    let (answer, answered) = mpsc::sync_channel(1);
    // Nobody waits any longer when the limit has passed.
    let spawned = std::thread::Builder::new().spawn(move || drop(answer.send(call(&producer))));
    let doubtful = |reason: String| TransactionError::Doubtful { what, id: id.to_owned(), reason };
    spawned.map_err(|error| doubtful(format!("no thread for the call: {error}")))?;
    match answered.recv_timeout(CALL_LIMIT) {
        Ok(result) => result.map_err(|error| classify(id, what, &error)),
        Err(_) => Err(doubtful(format!("the client did not come back within {CALL_LIMIT:?}"))),
    }
}

fn classify(id: &str, what: &'static str, error: &KafkaError) -> TransactionError {
    let id = id.to_owned();
    let reason = error.to_string();
    let fenced = matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::ProducerFenced
                | RDKafkaErrorCode::InvalidProducerEpoch
                | RDKafkaErrorCode::FencedInstanceId
        )
    );
    if fenced {
        return TransactionError::Fenced { what, id, reason };
    }
    let refused = matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::InvalidTransactionTimeout
        )
    );
    if refused {
        return TransactionError::Refused { what, id, reason };
    }
    match error {
        KafkaError::Transaction(inner) if inner.txn_requires_abort() => {
            TransactionError::Abort { what, id, reason }
        }
        KafkaError::Flush(_) | KafkaError::MessageProduction(_) => {
            TransactionError::Abort { what, id, reason }
        }
        _ => TransactionError::Doubtful { what, id, reason },
    }
}
