//! What `sink.state` holds: per partition, the offsets finished above the committed watermark.
//!
//! Key: `<topic>/<partition>` with the topic's prefix. Value: [`SavedOffsets`].

use trunkline_kafka::TopicPartition;
use trunkline_kafka::offset_tracker::{Earlier, SavedOffsets, SavedOffsetsError};

/// The record key of a partition's state.
pub fn key(partition: &TopicPartition) -> Vec<u8> {
    format!("{}/{}", partition.topic, partition.partition).into_bytes()
}

/// Reads a record value back.
///
/// # Errors
/// [`SavedOffsetsError`] when it is from a later build, or not what was written.
pub fn decode(value: &[u8]) -> Result<SavedOffsets, SavedOffsetsError> {
    SavedOffsets::decode(value, Earlier::SinkState)
}
