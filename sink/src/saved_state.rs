//! What `sink.state` holds: per partition, the offsets finished above the committed watermark, and which log they are
//! of.
//!
//! Key: `<topic>/<partition>` with the topic's prefix; value: [`SavedOffsets`], written where they change. Key:
//! `<topic>/<partition>/log`; value: [`LogPosition`](trunkline_kafka::LogPosition), written with each transaction that
//! moves the watermark.

use trunkline_kafka::TopicPartition;
use trunkline_kafka::offset_tracker::{Earlier, SavedOffsets, SavedOffsetsError};

/// The record key of a partition's state.
pub fn key(partition: &TopicPartition) -> Vec<u8> {
    format!("{}/{}", partition.topic, partition.partition).into_bytes()
}

/// The record key of the log that a partition's state is of.
pub fn log_key(partition: &TopicPartition) -> Vec<u8> {
    format!("{}/{}/log", partition.topic, partition.partition).into_bytes()
}

/// Reads a record value back.
///
/// # Errors
/// [`SavedOffsetsError`] when it is from a later build, or not what was written.
pub fn decode(value: &[u8]) -> Result<SavedOffsets, SavedOffsetsError> {
    SavedOffsets::decode(value, Earlier::SinkState)
}
