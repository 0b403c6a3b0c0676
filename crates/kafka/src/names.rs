//! Names that brokers know a program by: its group and its transactional id.

use trunkline_config::Kafka;

/// The consumer group of a deployment: `group` with the deployment's prefix.
pub fn group_id(kafka: &Kafka, group: &str) -> String {
    kafka.topic(group)
}

/// The transactional id of an instance, `prefix-group-instance`: stable across restarts, so that a successor
/// of the same name settles what this one leaves open.
pub fn transactional_id(kafka: &Kafka, group: &str, instance: &str) -> String {
    format!("{}-{instance}", group_id(kafka, group))
}
