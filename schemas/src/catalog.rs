//! Every topic, in one table: what its key is, what its value is, how it is kept and how it is partitioned.
//!
//! Names here are without the deployment's prefix.

use crate::codec::Value;
use crate::{
    CrmChange, CustomerProfile, EnrichedEvent, PipelineError, PlatformEvent, QuarantinedPayload, QuotaLease,
    RoutingDecision, SchemaDrift, WriteBack, WriteBackResult,
};

/// What ingest took in, mapped to the envelope.
pub const EVENTS_NORMALIZED: &str = "events.normalized";
/// Each event once, in order, with the customer's profile.
pub const EVENTS_ENRICHED: &str = "events.enriched";
/// Where conversations should go.
pub const ROUTING_DECISIONS: &str = "routing.decisions";
/// Customer 360.
pub const CUSTOMER_PROFILES: &str = "customer.profiles";
/// Changes that CRMs reported.
pub const CRM_CHANGES: &str = "crm.changes";
/// What became of write-back commands.
pub const WRITEBACK_RESULTS: &str = "writeback.results";
/// Commands that a person has to decide on.
pub const WRITEBACK_DLQ: &str = "writeback.dlq";
/// Records that the processor could not process.
pub const PROCESSOR_DLQ: &str = "processor.dlq";
/// Payloads that could not become events.
pub const QUARANTINE: &str = "quarantine";
/// Payloads that differ from their schema.
pub const SCHEMA_DRIFT: &str = "schema.drift";
/// What an operator should know.
pub const PIPELINE_ERRORS: &str = "pipeline.errors";
/// The log of the processor's state.
pub const PROCESSOR_CHANGELOG: &str = "processor.changelog";
/// The log of the sink's state.
pub const SINK_STATE: &str = "sink.state";
/// Leases of calls to limited systems.
pub const QUOTA: &str = "quota";

/// Systems that commands are written for; each has its topic of commands.
pub const WRITEBACK_SYSTEMS: [&str; 5] = ["genesys", "cxone", "salesforce", "sap", "servicenow"];

/// The topic of commands for a system, for instance `writebacks.genesys`.
pub fn writebacks(system: &str) -> String {
    format!("writebacks.{system}")
}

/// One topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Name, without the deployment's prefix.
    pub name: &'static str,
    /// What its records are keyed by.
    pub key: KeyKind,
    /// What its values are.
    pub value: TopicValue,
    /// How old records go.
    pub cleanup: Cleanup,
    /// How many partitions it has.
    pub partitions: Partitions,
}

/// What the records of a topic are keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `platform/org/conversation`, else `platform/org/entity`.
    Entity,
    /// The customer.
    Customer,
    /// The resource that a command changes, `system/org/type/id`.
    Resource,
    /// The key of the record it stands for.
    Original,
    /// Hash of the payload.
    PayloadHash,
    /// Name of the source.
    Source,
    /// A key of the state store.
    State,
    /// A limit, `system/tenant/credential/class`.
    Limit,
}

/// What the values of a topic are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicValue {
    /// Avro in the Confluent wire format, under the subject of [`Topic::subject`].
    Avro(AvroValue),
    /// The value of the record it stands for, whatever that is.
    Original,
    /// Bytes that only their writer reads.
    State,
}

/// A value that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvroValue {
    /// Name of the record.
    pub name: &'static str,
    /// Text of the schema, as this build writes it.
    pub schema: &'static str,
}

/// How old records of a topic go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// They are deleted after this many milliseconds.
    Delete {
        /// `retention.ms`.
        retention_ms: i64,
    },
    /// The latest per key stays for ever; a tombstone removes it.
    Compact,
}

/// How many partitions a topic has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitions {
    /// The count of the deployment, shared by all keyed topics, so that equal keys meet in equal partitions.
    /// It can never be changed: keys would move, and order and state with them.
    Shared,
    /// That of another topic, whose partitions its own correspond to one by one.
    SameAs(&'static str),
}

/// Every topic.
pub const TOPICS: &[Topic] = &[
    avro::<PlatformEvent>(EVENTS_NORMALIZED, KeyKind::Entity, days(7)),
    avro::<EnrichedEvent>(EVENTS_ENRICHED, KeyKind::Entity, days(30)),
    avro::<RoutingDecision>(ROUTING_DECISIONS, KeyKind::Entity, days(30)),
    avro::<CustomerProfile>(CUSTOMER_PROFILES, KeyKind::Customer, Cleanup::Compact),
    avro::<CrmChange>(CRM_CHANGES, KeyKind::Customer, days(1)),
    avro::<WriteBack>("writebacks.genesys", KeyKind::Resource, days(7)),
    avro::<WriteBack>("writebacks.cxone", KeyKind::Resource, days(7)),
    avro::<WriteBack>("writebacks.salesforce", KeyKind::Resource, days(7)),
    avro::<WriteBack>("writebacks.sap", KeyKind::Resource, days(7)),
    avro::<WriteBack>("writebacks.servicenow", KeyKind::Resource, days(7)),
    avro::<WriteBackResult>(WRITEBACK_RESULTS, KeyKind::Resource, days(30)),
    original(WRITEBACK_DLQ),
    original(PROCESSOR_DLQ),
    avro::<QuarantinedPayload>(QUARANTINE, KeyKind::PayloadHash, days(30)),
    avro::<SchemaDrift>(SCHEMA_DRIFT, KeyKind::Source, days(30)),
    avro::<PipelineError>(PIPELINE_ERRORS, KeyKind::Entity, days(30)),
    state(PROCESSOR_CHANGELOG, Partitions::SameAs(EVENTS_NORMALIZED)),
    state(SINK_STATE, Partitions::Shared),
    avro::<QuotaLease>(QUOTA, KeyKind::Limit, Cleanup::Delete { retention_ms: 3_600_000 }),
];

/// The topic of this name, without prefix.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

// === impl Topic ===

impl Topic {
    /// The subject of its values under TopicNameStrategy, for a deployment with this prefix; none for values without a
    /// schema of their own.
    pub fn subject(&self, prefix: &str) -> Option<String> {
        self.avro().map(|_| format!("{prefix}{}-value", self.name))
    }

    /// The schema of its values, where they have one.
    pub fn avro(&self) -> Option<AvroValue> {
        match self.value {
            TopicValue::Avro(value) => Some(value),
            TopicValue::Original | TopicValue::State => None,
        }
    }
}

const fn avro<T: Value>(name: &'static str, key: KeyKind, cleanup: Cleanup) -> Topic {
    let value = TopicValue::Avro(AvroValue { name: T::NAME, schema: T::SCHEMA });
    Topic { name, key, value, cleanup, partitions: Partitions::Shared }
}

const fn original(name: &'static str) -> Topic {
    let (key, value) = (KeyKind::Original, TopicValue::Original);
    Topic { name, key, value, cleanup: days(30), partitions: Partitions::Shared }
}

const fn state(name: &'static str, partitions: Partitions) -> Topic {
    Topic { name, key: KeyKind::State, value: TopicValue::State, cleanup: Cleanup::Compact, partitions }
}

const fn days(days: i64) -> Cleanup {
    Cleanup::Delete { retention_ms: days * 24 * 3_600_000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_writeback_system_has_its_topic() {
        let names: std::collections::HashSet<_> = TOPICS.iter().map(|topic| topic.name).collect();
        assert_eq!(names.len(), TOPICS.len());
        for system in WRITEBACK_SYSTEMS {
            assert!(topic(&writebacks(system)).is_some(), "{system}");
        }
        let commands = TOPICS.iter().filter(|topic| topic.name.starts_with("writebacks.")).count();
        assert_eq!(commands, WRITEBACK_SYSTEMS.len());
    }

    #[test]
    fn partitions_of_others_are_those_of_topics_with_the_shared_count() {
        for entry in TOPICS {
            if let Partitions::SameAs(other) = entry.partitions {
                assert_eq!(
                    topic(other).map(|other| other.partitions),
                    Some(Partitions::Shared),
                    "{}",
                    entry.name
                );
            }
        }
    }

    #[test]
    fn subjects_follow_the_topic_name_strategy() {
        let subject = |name, prefix| topic(name).and_then(|topic: &Topic| topic.subject(prefix));
        assert_eq!(subject(EVENTS_ENRICHED, "acme."), Some("acme.events.enriched-value".to_owned()));
        assert_eq!(subject(PROCESSOR_CHANGELOG, ""), None);
        assert_eq!(subject(WRITEBACK_DLQ, ""), None);
    }
}
