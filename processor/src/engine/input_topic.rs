//! The one topic that is read: the engine and its machines name its partitions by their numbers alone.

use trunkline_kafka::TopicPartition;

/// The input topic.
#[derive(Clone)]
pub(super) struct InputTopic(String);

// === impl InputTopic ===

impl InputTopic {
    /// The topic of this name, with its prefix.
    pub(super) fn new(name: String) -> Self {
        Self(name)
    }

    /// A partition of it.
    pub(super) fn partition(&self, number: i32) -> TopicPartition {
        TopicPartition::new(self.0.clone(), number)
    }

    /// Partitions of it.
    pub(super) fn partitions(&self, numbers: &[i32]) -> Vec<TopicPartition> {
        numbers.iter().map(|number| self.partition(*number)).collect()
    }
}
