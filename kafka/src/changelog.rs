//! Reading a changelog partition back to the very end of what is committed.
//!
//! The end is the high watermark as a read_uncommitted client sees it: a read_committed one returns the last stable
//! offset, behind which a committed tail can hide while the marker of its transaction is not yet written
//! (KAFKA-10167). So the high watermark is taken first, then the last stable offset is awaited to reach it, which
//! waits out every transaction open at that moment, and only then is the partition read, read_committed, to its end.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientContext, Message};
use trunkline_config::Kafka;

use crate::client;

/// How long one question to a broker may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the reading of one partition starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// State was read up to this offset (the next one to read).
    At(i64),
    /// There is no state yet.
    Beginning,
}

/// What one partition's restore came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Offset to go on from next time.
    pub next_offset: i64,
    /// Records applied.
    pub records: u64,
}

/// A record of the changelog, as handed to the one who applies it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Key bytes.
    pub key: &'a [u8],
    /// Value bytes; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

/// Why a changelog could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The stored offset is not inside the changelog: it was truncated, recreated, or compacted away. The state of
    /// this partition must be dropped and read from the beginning.
    #[error(
        "changelog {topic}-{partition}: state was read up to {stored}, but the log now holds {low}..{high}; \
         the state of this partition is rebuilt from the beginning"
    )]
    OutOfRange {
        /// The changelog topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset stored with the state.
        stored: i64,
        /// First offset there is.
        low: i64,
        /// High watermark.
        high: i64,
    },
    /// A transaction stays open for longer than any of ours may.
    #[error(
        "changelog {topic}-{partition}: still behind an open transaction after {waited_s} s (stable to {stable}, end {high})"
    )]
    OpenTransaction {
        /// The changelog topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Last stable offset.
        stable: i64,
        /// High watermark.
        high: i64,
        /// Seconds waited.
        waited_s: u64,
    },
    /// A call to the brokers failed.
    #[error("changelog {topic}: {what} failed: {source}")]
    Call {
        /// The changelog topic.
        topic: String,
        /// What was tried.
        what: &'static str,
        /// What the client said.
        source: KafkaError,
    },
    /// Applying a change failed.
    #[error("changelog {topic}-{partition} offset {offset}: {reason}")]
    Apply {
        /// The changelog topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset.
        offset: i64,
        /// What went wrong.
        reason: String,
    },
}

/// Reads changelog partitions back.
pub struct Reader {
    topic: String,
    committed: BaseConsumer<Quiet>,
    uncommitted: BaseConsumer<Quiet>,
}

/// The end of a partition is what a restore looks for, not an error to log.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::warn!(%error, reason, "kafka changelog reader");
        }
    }
}

impl ConsumerContext for Quiet {}

// === impl Reader ===

impl Reader {
    /// Prepares to read `topic`.
    ///
    /// # Errors
    /// [`RestoreError::Call`] when the client refuses its settings.
    pub fn open(kafka: &Kafka, topic: &str, client_id: &str) -> Result<Self, RestoreError> {
        let reader = |isolation: &str| {
            client::base(kafka, client_id)
                // Never joins: the name only satisfies the client, which insists on one for assign().
                .set("group.id", format!("{client_id}-restore"))
                .set("enable.auto.commit", "false")
                .set("auto.offset.reset", "error")
                .set("isolation.level", isolation)
                .set("enable.partition.eof", "true")
                .set("fetch.wait.max.ms", "10")
                .set("fetch.error.backoff.ms", "20")
                .set("fetch.message.max.bytes", "8388608")
                .create_with_context::<_, BaseConsumer<Quiet>>(Quiet)
                .map_err(|source| call(topic, "creating a reader", source))
        };
        Ok(Self {
            topic: topic.to_owned(),
            committed: reader("read_committed")?,
            uncommitted: reader("read_uncommitted")?,
        })
    }

    /// Reads the partitions from where their state stands to the end of what is committed, handing each change to
    /// `apply`. Waits out open transactions for at most `patience`.
    ///
    /// # Errors
    /// The first [`RestoreError`]; changes applied until then stay applied and may be applied again.
    pub fn restore(
        &self,
        partitions: &[(i32, Start)],
        patience: Duration,
        mut apply: impl FnMut(Change<'_>) -> Result<(), String>,
    ) -> Result<HashMap<i32, Restored>, RestoreError> {
        let mut restored = HashMap::new();
        let mut list = TopicPartitionList::new();
        let mut behind = HashSet::new();
        for (partition, start) in partitions {
            let (low, high) = self.watermarks(&self.uncommitted, *partition)?;
            let from = match *start {
                Start::Beginning => low,
                Start::At(stored) if stored < low || stored > high => {
                    return Err(RestoreError::OutOfRange {
                        topic: self.topic.clone(),
                        partition: *partition,
                        stored,
                        low,
                        high,
                    });
                }
                Start::At(stored) => stored,
            };
            restored.insert(*partition, Restored { next_offset: from, records: 0 });
            if from < high {
                self.await_stable(*partition, high, patience)?;
                list.add_partition_offset(&self.topic, *partition, Offset::Offset(from))
                    .map_err(|source| call(&self.topic, "choosing an offset", source))?;
                behind.insert(*partition);
            }
        }
        if behind.is_empty() {
            return Ok(restored);
        }
        self.committed.assign(&list).map_err(|source| call(&self.topic, "assigning", source))?;
        while !behind.is_empty() {
            match self.committed.poll(Duration::from_millis(100)) {
                None => {}
                // The fetch position has passed the last stable offset, which was at or beyond the end we look for.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    behind.remove(&partition);
                }
                Some(Err(source)) if source.rdkafka_error_code().is_some_and(is_transient) => {
                    tracing::warn!(error = %source, topic = %self.topic, "reading the changelog; trying again");
                }
                Some(Err(source)) => return Err(call(&self.topic, "reading", source)),
                Some(Ok(message)) => {
                    let (partition, offset) = (message.partition(), message.offset());
                    if let Some(key) = message.key() {
                        apply(Change { partition, offset, key, value: message.payload() }).map_err(
                            |reason| RestoreError::Apply {
                                topic: self.topic.clone(),
                                partition,
                                offset,
                                reason,
                            },
                        )?;
                    }
                    if let Some(entry) = restored.get_mut(&partition) {
                        entry.next_offset = offset + 1;
                        entry.records += 1;
                    }
                }
            }
        }
        self.committed.unassign().map_err(|source| call(&self.topic, "unassigning", source))?;
        Ok(restored)
    }

    fn await_stable(&self, partition: i32, high: i64, patience: Duration) -> Result<(), RestoreError> {
        let started = Instant::now();
        loop {
            let (_, stable) = self.watermarks(&self.committed, partition)?;
            if stable >= high {
                return Ok(());
            }
            if started.elapsed() > patience {
                return Err(RestoreError::OpenTransaction {
                    topic: self.topic.clone(),
                    partition,
                    stable,
                    high,
                    waited_s: started.elapsed().as_secs(),
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn watermarks(&self, consumer: &BaseConsumer<Quiet>, partition: i32) -> Result<(i64, i64), RestoreError> {
        consumer
            .fetch_watermarks(&self.topic, partition, CALL_TIMEOUT)
            .map_err(|source| call(&self.topic, "reading watermarks", source))
    }
}

fn call(topic: &str, what: &'static str, source: KafkaError) -> RestoreError {
    RestoreError::Call { topic: topic.to_owned(), what, source }
}

fn is_transient(code: rdkafka::error::RDKafkaErrorCode) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::NotLeaderForPartition
            | Code::LeaderNotAvailable
            | Code::NetworkException
            | Code::Resolve
    )
}
