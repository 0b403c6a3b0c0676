//! How large records may be: one table for topics, clients and those who write.

use trunkline_schemas::OutboundRecord;
use trunkline_schemas::catalog::{PROCESSOR_DLQ, WRITEBACK_DLQ};

/// The largest record that travels, in bytes, headers included.
///
/// A payload may have 2 MiB (`ingest.body_limit_bytes`), and becomes at most twice as long as text within an envelope.
/// Topics are made with the same limit.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// The largest dead letter, in bytes: the record that could not be read and why not. Brokers measure
/// batches compressed, so what another producer wrote within [`MAX_RECORD_BYTES`] can be many times as long once it is
/// read; half of what a reader takes at once (`receive.message.max.bytes`).
pub const MAX_DEAD_LETTER_BYTES: usize = 32 * 1024 * 1024;

/// Bytes that the protocol adds to a record: the head of a batch, lengths, where it lies.
const FRAMING_BYTES: usize = 1 << 10;

/// The largest record that a topic (without prefix) takes, in bytes.
pub fn largest_record(topic: &str) -> usize {
    if [PROCESSOR_DLQ, WRITEBACK_DLQ].contains(&topic) { MAX_DEAD_LETTER_BYTES } else { MAX_RECORD_BYTES }
}

/// Whether the brokers take a record on a topic of [`MAX_RECORD_BYTES`], or why not. Their own refusal would abort the
/// whole transaction.
///
/// # Errors
/// The reason, for whoever reads a report.
pub fn fits(record: &OutboundRecord) -> Result<(), String> {
    fits_into(record, MAX_RECORD_BYTES)
}

/// What the brokers turn out to take on a topic of [`MAX_RECORD_BYTES`]: less, where somebody made it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TakenSizes {
    /// Bytes of key and value of the smallest record that was refused.
    refused: Option<usize>,
}

impl TakenSizes {
    /// A record was refused for its size, so many bytes of key and value.
    pub fn refused(&mut self, bytes: usize) {
        self.refused = Some(self.refused.map_or(bytes, |known| known.min(bytes)));
    }

    /// As [`fits`], and whether it is smaller than all that were refused.
    ///
    /// # Errors
    /// As [`fits`].
    pub fn fits(&self, record: &OutboundRecord) -> Result<(), String> {
        fits(record)?;
        let bytes = record.key_and_value();
        match self.refused {
            Some(refused) if bytes >= refused => {
                let topic = &record.topic;
                Err(format!(
                    "it has {bytes} bytes, and {topic} did not take {refused}: raise its max.message.bytes"
                ))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the brokers take a record on a topic of this limit, in bytes, or why not.
///
/// # Errors
/// As [`fits`].
pub fn fits_into(record: &OutboundRecord, largest: usize) -> Result<(), String> {
    let bytes = record.bytes() + FRAMING_BYTES;
    if bytes <= largest {
        Ok(())
    } else {
        Err(format!("it has {bytes} bytes, and the brokers take {largest}"))
    }
}
