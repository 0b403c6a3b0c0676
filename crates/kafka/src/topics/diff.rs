//! From topics as they should be and as they are to what is to be done.

use std::collections::BTreeMap;
use std::fmt;

use super::Desired;

/// A topic as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// Partitions.
    pub partitions: i32,
    /// Copies of each partition.
    pub replication: i32,
    /// Effective settings, by their name in Kafka.
    pub settings: BTreeMap<String, String>,
}

/// What there is to do about one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It does not exist.
    Create(Desired),
    /// Some of its settings differ.
    Set {
        /// Name, with prefix.
        topic: String,
        /// Setting, value it has (none when the broker names none), value it should have.
        settings: Vec<(&'static str, Option<String>, String)>,
    },
    /// Its partition count differs. That is never changed: equal keys would meet in other partitions than before, and
    /// order and state with them.
    Refused {
        /// Name, with prefix.
        topic: String,
        /// Partitions it has.
        has: i32,
        /// Partitions the configuration asks for.
        wanted: i32,
    },
    /// It has other copies than asked for. A client cannot change that; it is a task for the cluster's own tools.
    Replication {
        /// Name, with prefix.
        topic: String,
        /// Copies it has.
        has: i32,
        /// Copies the configuration asks for.
        wanted: i32,
    },
}

/// Everything there is to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the catalog.
    pub changes: Vec<Change>,
}

/// What is to be done so that `actual` (by name) becomes as `desired`. Topics that are none of ours are left
/// alone, and so is every setting of a topic that is there but those of [`Desired::settings`].
pub fn diff(desired: &[Desired], actual: &BTreeMap<String, Actual>) -> Plan {
    let mut changes = Vec::new();
    for wanted in desired {
        let Some(has) = actual.get(&wanted.name) else {
            changes.push(Change::Create(wanted.clone()));
            continue;
        };
        let topic = || wanted.name.clone();
        if has.partitions != wanted.partitions {
            changes.push(Change::Refused { topic: topic(), has: has.partitions, wanted: wanted.partitions });
        }
        if has.replication != wanted.replication {
            changes.push(Change::Replication {
                topic: topic(),
                has: has.replication,
                wanted: wanted.replication,
            });
        }
        let settings: Vec<_> = wanted
            .settings
            .iter()
            .map(|(name, value)| (*name, has.settings.get(*name).cloned(), value.clone()))
            .filter(|(_, has, wanted)| has.as_ref() != Some(wanted))
            .collect();
        if !settings.is_empty() {
            changes.push(Change::Set { topic: topic(), settings });
        }
    }
    Plan { changes }
}

// === impl Plan ===

impl Plan {
    /// Whether everything is as it should be.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes of partition counts, which are refused.
    pub fn refused(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| matches!(change, Change::Refused { .. }))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(formatter, "every topic is as it should be");
        }
        self.changes.iter().try_for_each(|change| writeln!(formatter, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(topic) => {
                write!(
                    formatter,
                    "+ {}: {} partitions, {} copies",
                    topic.name, topic.partitions, topic.replication
                )?;
                topic.all_settings().try_for_each(|(name, value)| write!(formatter, ", {name}={value}"))
            }
            Self::Set { topic, settings } => {
                write!(formatter, "~ {topic}:")?;
                let mut separator = ' ';
                for (name, has, wanted) in settings {
                    let has = has.as_deref().unwrap_or("?");
                    write!(formatter, "{separator}{name} {has} -> {wanted}")?;
                    separator = ',';
                }
                Ok(())
            }
            Self::Refused { topic, has, wanted } => write!(
                formatter,
                "! {topic}: has {has} partitions, the configuration asks for {wanted}; refused, because keys would move \
                 to other partitions and break order and state. Set kafka.partitions = {has}, or move to a new prefix"
            ),
            Self::Replication { topic, has, wanted } => write!(
                formatter,
                "? {topic}: has {has} copies of each partition, the configuration asks for {wanted}; \
                 reassign its replicas with the cluster's own tools"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(partitions: i32, replication: i32, retention: &str) -> Desired {
        let settings =
            BTreeMap::from([("cleanup.policy", "delete".to_owned()), ("retention.ms", retention.to_owned())]);
        let initial = BTreeMap::from([("segment.ms", "600000".to_owned())]);
        Desired { name: "acme.t".into(), partitions, replication, settings, initial }
    }

    /// What a team sets on its topics, and the catalog does not know.
    const TIERED: (&str, &str) = ("remote.storage.enable", "true");

    fn has(partitions: i32, replication: i32, retention: &str) -> BTreeMap<String, Actual> {
        let settings =
            [("cleanup.policy", "delete"), ("retention.ms", retention), ("segment.ms", "3600000"), TIERED]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let topic = Actual { partitions, replication, settings: settings.into() };
        BTreeMap::from([("acme.t".to_owned(), topic.clone()), ("others".to_owned(), topic)])
    }

    #[test]
    fn a_topic_as_it_should_be_needs_nothing() {
        let plan = diff(&[wanted(6, 1, "1000")], &has(6, 1, "1000"));
        assert!(plan.is_empty());
        assert_eq!(plan.to_string(), "every topic is as it should be\n");
    }

    #[test]
    fn a_missing_topic_is_made() {
        let topic = wanted(6, 1, "1000");
        let plan = diff(std::slice::from_ref(&topic), &BTreeMap::new());
        assert_eq!(plan.changes, [Change::Create(topic)]);
        let shown =
            "+ acme.t: 6 partitions, 1 copies, cleanup.policy=delete, retention.ms=1000, segment.ms=600000\n";
        assert_eq!(plan.to_string(), shown);
    }

    #[test]
    fn what_an_operator_set_on_a_topic_is_left_alone() {
        let mut topic = wanted(6, 1, "1000");
        topic.settings.remove("retention.ms");
        topic.initial.insert("retention.ms", "1000".to_owned());
        let plan = diff(&[topic], &has(6, 1, "7776000000"));
        assert!(plan.is_empty(), "{plan}");
    }

    #[test]
    fn settings_that_differ_are_set_and_no_others() {
        let plan = diff(&[wanted(6, 1, "2000")], &has(6, 1, "1000"));
        let settings = vec![("retention.ms", Some("1000".to_owned()), "2000".to_owned())];
        assert_eq!(plan.changes, [Change::Set { topic: "acme.t".into(), settings }]);
        assert_eq!(plan.to_string(), "~ acme.t: retention.ms 1000 -> 2000\n");
    }

    #[test]
    fn every_change_of_the_partition_count_is_refused() {
        for (count, asked) in [(6, 12), (6, 3), (1, 2)] {
            let plan = diff(&[wanted(asked, 1, "1000")], &has(count, 1, "1000"));
            assert_eq!(plan.changes, [Change::Refused { topic: "acme.t".into(), has: count, wanted: asked }]);
            assert_eq!(plan.refused().count(), 1);
        }
    }

    #[test]
    fn other_copies_are_told() {
        let plan = diff(&[wanted(6, 3, "1000")], &has(6, 1, "1000"));
        assert_eq!(plan.changes, [Change::Replication { topic: "acme.t".into(), has: 1, wanted: 3 }]);
        assert_eq!(plan.refused().count(), 0);
    }
}
