//! How each topic should be.

use std::collections::BTreeMap;

use trunkline_config::Kafka;
use trunkline_schemas::catalog::{Cleanup, EVENTS_ENRICHED, TOPICS, Topic};

use crate::limits;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// How long a tombstone of a compacted topic can be read, in milliseconds: 7 days. A reader that was away for
/// longer may have missed a deletion.
pub const DELETE_RETENTION_MS: i64 = 7 * DAY_MS;

/// A topic as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Name, with the deployment's prefix.
    pub name: String,
    /// Partitions. All topics are keyed: order and state depend on this number, so it never changes.
    pub partitions: i32,
    /// Copies of each partition.
    pub replication: i32,
    /// Settings that Trunkline's promises rest on, or that the configuration names: kept as they are here. By
    /// their name in Kafka.
    pub settings: BTreeMap<&'static str, String>,
    /// Settings that a new topic begins with, and that belong to its operators from then on.
    pub initial: BTreeMap<&'static str, String>,
}

// === impl Desired ===

impl Desired {
    /// Everything that a new topic is made with.
    pub fn all_settings(&self) -> impl Iterator<Item = (&'static str, &String)> {
        self.settings.iter().chain(&self.initial).map(|(name, value)| (*name, value))
    }
}

/// Every topic of the catalog for this deployment.
pub fn desired(kafka: &Kafka) -> Vec<Desired> {
    TOPICS
        .iter()
        .map(|topic| {
            let (mut settings, mut initial) = (kept(topic, kafka.replication), initial(topic));
            if let Some(retention) = kafka.retention.get(topic.name) {
                settings.extend(
                    initial
                        .remove_entry("retention.ms")
                        .map(|(name, _)| (name, retention.milliseconds().to_string())),
                );
            }
            // Partitions::SameAs names a topic with the shared count (a test of the catalog sees to it), so
            // both are it.
            let (partitions, replication) = (kafka.partitions, kafka.replication);
            Desired { name: kafka.topic(topic.name), partitions, replication, settings, initial }
        })
        .collect()
}

/// The settings that `topics apply` keeps on existing topics: without them records are lost or refused, or readers of a
/// compacted topic miss deletions.
fn kept(topic: &Topic, replication: i32) -> BTreeMap<&'static str, String> {
    let mut settings = BTreeMap::from([
        // With acks=all a record survives the loss of all brokers but this many; one copy can be away and
        // writing goes on.
        ("min.insync.replicas", if replication >= 3 { replication - 1 } else { 1 }.to_string()),
        // A replica that lacks acknowledged records never becomes the leader.
        ("unclean.leader.election.enable", "false".to_owned()),
        // Bytes of a batch; the producer's limit for one record.
        ("max.message.bytes", limits::largest_record(topic.name).to_string()),
        ("message.timestamp.type", timestamps(topic).to_owned()),
    ]);
    match topic.cleanup {
        Cleanup::Delete { .. } => {
            settings.insert("cleanup.policy", "delete".to_owned());
        }
        Cleanup::Compact => {
            settings.insert("cleanup.policy", "compact".to_owned());
            // How long a tombstone stays for readers that were away: state that was away longer has to be rebuilt.
            settings.insert("delete.retention.ms", DELETE_RETENTION_MS.to_string());
            // Longer than state may lag behind on disk: the record that it was written up to is still there.
            settings.insert("min.compaction.lag.ms", (10 * MINUTE_MS).to_string());
            // What is superseded, or erased, is gone within a day even where little is written.
            settings.insert("max.compaction.lag.ms", DAY_MS.to_string());
        }
    }
    settings
}

/// Whose clock gives records their times.
fn timestamps(topic: &Topic) -> &'static str {
    match (topic.name, topic.cleanup) {
        // Its writer's, which is the time that ingest received the event at wherever the brokers' clock allows it.
        (EVENTS_ENRICHED, _) | (_, Cleanup::Compact) => "CreateTime",
        // The leader's: retention deletes by the times of records, and one whose writer's clock is days behind would
        // take what was just written for old; one ahead by more than an hour is refused
        // (`message.timestamp.after.max.ms`, KIP-937). It is also one clock for all of a partition, which never goes
        // back: how long events are held for their order is measured by it, whichever ingest took them in.
        (_, Cleanup::Delete { .. }) => "LogAppendTime",
    }
}

/// What a topic is made with. Each of these can be another where a cluster has its own way of keeping records, such as
/// tiered storage, without anything of Trunkline being wrong.
fn initial(topic: &Topic) -> BTreeMap<&'static str, String> {
    let mut settings = BTreeMap::from([
        // As the producer compressed it; the broker does not do it again.
        ("compression.type", "producer".to_owned()),
    ]);
    match topic.cleanup {
        Cleanup::Delete { retention_ms } => {
            settings.insert("retention.ms", retention_ms.to_string());
            // Only closed segments are deleted: a quiet topic has to close them often enough.
            settings.insert("segment.ms", (retention_ms / 8).clamp(10 * MINUTE_MS, DAY_MS).to_string());
        }
        Cleanup::Compact => {
            // Compaction begins when a fifth of the log is superseded: restore time depends on it.
            settings.insert("min.cleanable.dirty.ratio", "0.2".to_owned());
            settings.insert("segment.ms", (DAY_MS / 4).to_string());
            // Bytes; small segments let compaction keep up with a busy state.
            settings.insert("segment.bytes", (128 * 1024 * 1024).to_string());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use trunkline_config::{Retention, Security};

    fn topics(replication: i32) -> Vec<Desired> {
        desired(&kafka(replication))
    }

    fn kafka(replication: i32) -> Kafka {
        Kafka {
            brokers: "127.0.0.1:1".into(),
            prefix: "acme.".into(),
            partitions: 24,
            replication,
            retention: Default::default(),
            security: Security::Plaintext,
        }
    }

    fn setting(topics: &[Desired], name: &str, setting: &str) -> Option<String> {
        let topic = topics.iter().find(|topic| topic.name == name)?;
        topic.settings.get(setting).or_else(|| topic.initial.get(setting)).cloned()
    }

    #[test]
    fn retention_is_kept_as_the_configuration_names_it_and_else_left_to_the_operators() {
        let day = Retention::For(Duration::from_secs(86_400));
        let retention = [("quarantine".to_owned(), Retention::Forever), ("crm.changes".to_owned(), day)];
        let topics = desired(&Kafka { retention: retention.into(), ..kafka(3) });
        for (name, kept, initial) in [
            ("acme.quarantine", Some("-1"), None),
            ("acme.crm.changes", Some("86400000"), None),
            ("acme.events.enriched", None, Some("2592000000")),
            ("acme.processor.changelog", None, None),
        ] {
            let topic = topics.iter().find(|topic| topic.name == name).unwrap();
            assert_eq!(topic.settings.get("retention.ms").map(String::as_str), kept, "{name}");
            assert_eq!(topic.initial.get("retention.ms").map(String::as_str), initial, "{name}");
        }
    }

    #[test]
    fn what_retention_deletes_is_timed_by_the_brokers_but_for_enriched_events() {
        let by_writers =
            ["acme.events.enriched", "acme.customer.profiles", "acme.processor.changelog", "acme.sink.state"];
        for topic in &topics(3) {
            let by_writer = by_writers.contains(&topic.name.as_str());
            let expected = if by_writer { "CreateTime" } else { "LogAppendTime" };
            assert_eq!(topic.settings["message.timestamp.type"], expected, "{}", topic.name);
        }
    }

    #[test]
    fn nothing_is_both_kept_and_left_to_the_operators() {
        for topic in topics(3) {
            assert!(topic.settings.keys().all(|name| !topic.initial.contains_key(name)), "{topic:?}");
            assert!(
                !topic.settings.contains_key("segment.bytes") && !topic.settings.contains_key("segment.ms")
            );
        }
    }

    #[test]
    fn names_have_the_prefix_and_all_topics_the_shared_count() {
        let topics = topics(3);
        assert!(topics.iter().all(|topic| topic.name.starts_with("acme.") && topic.partitions == 24));
        assert_eq!(topics.len(), TOPICS.len());
    }

    #[test]
    fn cleanup_and_retention_are_those_of_the_catalog() {
        let topics = topics(3);
        for (name, key, expected) in [
            ("acme.events.normalized", "retention.ms", Some("604800000")),
            ("acme.events.enriched", "retention.ms", Some("2592000000")),
            ("acme.crm.changes", "retention.ms", Some("86400000")),
            ("acme.quota", "retention.ms", Some("3600000")),
            ("acme.quota", "segment.ms", Some("600000")),
            ("acme.customer.profiles", "cleanup.policy", Some("compact")),
            ("acme.processor.changelog", "cleanup.policy", Some("compact")),
            ("acme.processor.changelog", "retention.ms", None),
            ("acme.writeback.dlq", "cleanup.policy", Some("delete")),
            ("acme.events.normalized", "max.message.bytes", Some("4194304")),
            ("acme.processor.dlq", "max.message.bytes", Some("33554432")),
        ] {
            assert_eq!(setting(&topics, name, key).as_deref(), expected, "{name} {key}");
        }
    }

    #[test]
    fn one_copy_may_be_away_where_there_are_three() {
        for (replication, expected) in [(1, "1"), (2, "1"), (3, "2"), (5, "4")] {
            assert_eq!(
                setting(&topics(replication), "acme.quota", "min.insync.replicas").as_deref(),
                Some(expected)
            );
        }
    }
}
