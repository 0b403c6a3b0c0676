//! Records as the rest of Trunkline sees them: owned, with no client type in sight.

use std::sync::Arc;

use crate::headers::Headers;

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Topic name, with its prefix.
    pub topic: String,
    /// Partition number, from 0.
    pub partition: i32,
}

/// A record to produce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRecord {
    /// Topic name, with its prefix.
    pub topic: String,
    /// Partition; `None` is that of the key (murmur2), among the configured number.
    pub partition: Option<i32>,
    /// Key bytes.
    pub key: Option<Vec<u8>>,
    /// Value bytes; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers, in order.
    pub headers: Headers,
    /// UTC milliseconds; `None` means now.
    pub timestamp: Option<i64>,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundRecord {
    /// Topic name, with its prefix; shared by the records of a topic that wait.
    pub topic: Arc<str>,
    /// Partition number.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Key bytes.
    pub key: Option<Vec<u8>>,
    /// Value bytes; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers, in order.
    pub headers: Headers,
    /// UTC milliseconds; 0 when the record has none.
    pub timestamp: i64,
    /// The epoch of the leader that appended it (KIP-101), which is stored with the record; `None` where the client
    /// does not say.
    pub leader_epoch: Option<i32>,
}

// === impl OutboundRecord ===

impl OutboundRecord {
    /// Bytes of key, value and headers.
    pub fn bytes(&self) -> usize {
        self.key_and_value() + self.headers.bytes()
    }

    /// Bytes of key and value.
    pub fn key_and_value(&self) -> usize {
        let optional = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        optional(&self.key) + optional(&self.value)
    }
}

// === impl TopicPartition ===

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

// === impl InboundRecord ===

impl InboundRecord {
    /// Bytes of key, value and headers.
    pub fn bytes(&self) -> usize {
        let optional = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        optional(&self.key) + optional(&self.value) + self.headers.bytes()
    }

    /// The first header of that name, as bytes.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// The first header of that name, as text; `None` when it is not UTF-8.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The partition it was read from.
    pub fn topic_partition(&self) -> TopicPartition {
        TopicPartition::new(&*self.topic, self.partition)
    }
}
