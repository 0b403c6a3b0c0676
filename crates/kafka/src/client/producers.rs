//! The settings of producers.

use std::time::Duration;

use rdkafka::ClientConfig;
use trunkline_config::Kafka;

use super::base;
use crate::limits::MAX_DEAD_LETTER_BYTES;
use crate::transaction_timeouts::TRANSACTION_TIMEOUT;

/// How long the client of a transactional producer waits before it repeats a request: with the fifth that it
/// takes off at random still longer than [`crate::transaction_timeouts::INDETERMINATE_AFTER`], so that no
/// call in which a request was repeated passes for a quick one.
const RETRY_AFTER: Duration = Duration::from_millis(1_300);

/// The longest wait before a request is repeated once more: the wait doubles with each repetition.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(2);

/// [`base`], and what a producer outside transactions needs: every record once, in order, on all in-sync replicas.
pub(crate) fn producing(kafka: &Kafka, client_id: &str) -> ClientConfig {
    let mut config = base(kafka, client_id);
    config
        // The broker drops what a retry sends twice and refuses what would come out of order.
        .set("enable.idempotence", "true")
        // A record counts when every in-sync replica has it; with min.insync.replicas that survives a lost broker.
        .set("acks", "all")
        // The most that idempotence allows; order is kept all the same.
        .set("max.in.flight.requests.per.connection", "5")
        // As long as message.timeout.ms allows.
        .set("retries", "2147483647")
        // Milliseconds. How long the broker may wait for its replicas.
        .set("request.timeout.ms", "10000")
        // Milliseconds from send() to giving up, retries included. Outlasts the 9 s after which KRaft takes a dead
        // broker out of the in-sync replicas.
        .set("message.timeout.ms", "30000")
        // Milliseconds a record waits for company. Under load batches are full before; alone it costs just this.
        .set("linger.ms", "2")
        // Bytes and records of one batch.
        .set("batch.size", "1000000")
        .set("batch.num.messages", "10000")
        // JSON inside Avro shrinks to about a third, for less CPU than any other codec takes.
        .set("compression.type", "lz4")
        // As Java clients do it: equal keys meet in one partition whoever wrote them.
        .set("partitioner", "murmur2_random")
        // Records and KiB in memory; beyond, send() says that the queue is full instead of growing.
        .set("queue.buffering.max.messages", "100000")
        .set("queue.buffering.max.kbytes", "65536");
    config
}

/// [`base`], and what a producer of transactions with this id needs.
pub(crate) fn transactional(kafka: &Kafka, id: &str) -> ClientConfig {
    let mut config = base(kafka, id);
    config
        .set("transactional.id", id)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("transaction.timeout.ms", milliseconds(TRANSACTION_TIMEOUT))
        // The client insists that a request ends before its transaction does.
        .set("socket.timeout.ms", milliseconds(TRANSACTION_TIMEOUT / 2))
        // A record that cannot be delivered while its transaction lives is of no use.
        .set("message.timeout.ms", milliseconds(TRANSACTION_TIMEOUT))
        .set("retry.backoff.ms", milliseconds(RETRY_AFTER))
        .set("retry.backoff.max.ms", milliseconds(RETRY_AFTER_MAX))
        // Bytes. Of the topics that transactions write to, one takes records as large as this; who writes keeps to what
        // each topic takes.
        .set("message.max.bytes", MAX_DEAD_LETTER_BYTES.to_string())
        .set("linger.ms", "2")
        .set("compression.type", "lz4")
        .set("partitioner", "murmur2_random")
        .set("queue.buffering.max.messages", "200000")
        .set("queue.buffering.max.kbytes", "131072");
    config
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}
