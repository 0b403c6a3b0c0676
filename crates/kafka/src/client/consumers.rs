//! The settings of consumers.

use rdkafka::ClientConfig;
use trunkline_config::Kafka;

use super::base;
use crate::group_settings::GroupSettings;

/// [`base`], and what a reader outside any group needs: committed records only, from where it is told to start.
pub(crate) fn reading(kafka: &Kafka, client_id: &str) -> ClientConfig {
    let mut config = base(kafka, client_id);
    config
        // librdkafka insists on a name; without a subscription no group of it ever exists.
        .set("group.id", client_id)
        // What an aborted transaction wrote never happened.
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // An offset that retention has removed is no error for a reader of what there is.
        .set("auto.offset.reset", "earliest")
        // The reader wants to know when it has caught up.
        .set("enable.partition.eof", "true")
        // Milliseconds the broker waits for at least fetch.min.bytes: one byte, so that nothing waits for company.
        .set("fetch.min.bytes", "1")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "50")
        // Milliseconds between looks at a full local queue.
        .set("fetch.queue.backoff.ms", "50")
        // Bytes per partition and per answer.
        .set("fetch.message.max.bytes", "1048576")
        .set("fetch.max.bytes", "16777216")
        // KiB and records read ahead, all partitions together and each.
        .set("queued.max.messages.kbytes", "16384")
        .set("queued.min.messages", "1000")
        // Corruption on the way is caught here, not in the decoder.
        .set("check.crcs", "true");
    config
}

/// [`base`], and what a member of a group needs.
pub(crate) fn member(kafka: &Kafka, settings: &GroupSettings) -> ClientConfig {
    let mut config = base(kafka, &settings.instance);
    config
        .set("group.id", &settings.group)
        .set("group.instance.id", &settings.instance)
        // KIP-429: partitions that stay are not stopped by those that move.
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", settings.session_timeout.as_millis().to_string())
        // Three heartbeats fit into a session, as the brokers' documentation advises.
        .set("heartbeat.interval.ms", (settings.session_timeout.as_millis() / 3).clamp(100, 3000).to_string())
        // Offsets are committed inside transactions only.
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Where a partition begins is said with its assignment. An offset that the log does not have any more is never
        // replaced by another one: what lay between the two would be skipped without a word.
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        // A small wait: throughput comes from batches that form by themselves under load.
        .set("fetch.wait.max.ms", "20")
        .set("fetch.error.backoff.ms", "50")
        // Milliseconds between looks at a full local queue. The default of a second let it run empty: whatever the
        // processor could do, it got one queue's worth of records a second.
        .set("fetch.queue.backoff.ms", "10")
        // Bytes of a partition in one answer, as they were compressed; a larger record comes all the same.
        .set("fetch.message.max.bytes", "262144")
        // Records a partition, and KiB of all partitions, read ahead: a tenth of a second at full speed.
        .set("queued.min.messages", "10000")
        .set("queued.max.messages.kbytes", "8192");
    config
}

/// [`base`], and what a reader of a changelog needs: from exactly where it is told to start to the end.
pub(crate) fn restoring(kafka: &Kafka, client_id: &str) -> ClientConfig {
    let mut config = base(kafka, client_id);
    config
        // Never joins: the name only satisfies the client, which insists on one for assign().
        .set("group.id", format!("{client_id}-restore"))
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.error.backoff.ms", "20")
        .set("fetch.message.max.bytes", "8388608");
    config
}

/// [`restoring`], and what looking at one record here and there needs: no more is fetched than that.
pub(crate) fn looking(kafka: &Kafka, client_id: &str) -> ClientConfig {
    let mut config = restoring(kafka, client_id);
    config
        .set("group.id", format!("{client_id}-logs"))
        // Bytes of a partition in one answer; a larger record comes all the same.
        .set("fetch.message.max.bytes", "16384")
        // Records and KiB read ahead: what comes behind the first one is not looked at.
        .set("queued.min.messages", "1")
        .set("queued.max.messages.kbytes", "1024");
    config
}

/// [`base`], and what asking for a group's committed offsets needs, without being a member.
pub(crate) fn asking_for_offsets(kafka: &Kafka, group: &str, client_id: &str) -> ClientConfig {
    let mut config = base(kafka, client_id);
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        // KIP-447: committed offsets are then asked for as stable ones.
        .set("isolation.level", "read_committed");
    config
}

/// The same reader, but with what is not committed: only so a partition's real end is known (KAFKA-10167).
pub(crate) fn seeing_uncommitted(mut config: ClientConfig) -> ClientConfig {
    config.set("isolation.level", "read_uncommitted");
    config
}
