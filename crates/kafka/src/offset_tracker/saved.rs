//! What is saved of a partition's finished offsets: in `processor.changelog` and in `sink.state` the same bytes.
//!
//! A version byte, then the watermark and the distance of each offset to the one before it in postcard, so
//! that 10,000 offsets stay far below the limit of a record. Builds of before wrote two other formats;
//! [`Earlier`] says which of them a topic may still hold. They refuse this one by its version instead of
//! misreading it.

use serde::{Deserialize, Serialize};

/// The format that this build writes. Its number is above those of both earlier formats.
const VERSION: u8 = 3;

/// What is saved of one partition, in the transaction that commits its offset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedOffsets {
    /// The committed offset at that time. A later transaction may have moved it on without saving again.
    pub watermark: i64,
    /// The offsets finished above it, ascending.
    pub finished: Vec<i64>,
}

/// The format that earlier builds wrote to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// `sink.state`: version 1, otherwise as today.
    SinkState,
    /// `processor.changelog`: versions 1 and 2, a list of offsets without a watermark.
    ProcessorChangelog,
}

/// A saved value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SavedOffsetsError {
    /// A later build wrote it.
    #[error("saved offsets have format {found}, this build reads up to {VERSION}; run the newer build")]
    Newer {
        /// Its format.
        found: u8,
    },
    /// It is not what any build wrote.
    #[error("saved offsets cannot be decoded: {0}")]
    Malformed(String),
}

/// The body: first the watermark, then the distance of each offset to the one before.
#[derive(Serialize, Deserialize)]
struct Body {
    watermark: i64,
    distances: Vec<u64>,
}

// === impl SavedOffsets ===

impl SavedOffsets {
    /// The bytes to save.
    ///
    /// # Errors
    /// [`SavedOffsetsError::Malformed`] when the offsets are not ascending from the watermark.
    pub fn encode(&self) -> Result<Vec<u8>, SavedOffsetsError> {
        let mut before = self.watermark;
        let mut distances = Vec::with_capacity(self.finished.len());
        for offset in &self.finished {
            let distance = offset.checked_sub(before).and_then(|distance| u64::try_from(distance).ok());
            distances.push(distance.ok_or_else(|| malformed(format!("offset {offset} after {before}")))?);
            before = *offset;
        }
        postcard::to_extend(&Body { watermark: self.watermark, distances }, vec![VERSION]).map_err(malformed)
    }

    /// Reads saved bytes back, this build's or an earlier one's.
    ///
    /// # Errors
    /// [`SavedOffsetsError`] when they are from a later build, or not what was saved.
    pub fn decode(value: &[u8], earlier: Earlier) -> Result<Self, SavedOffsetsError> {
        let Some((&version, body)) = value.split_first() else {
            return Err(malformed("no format version"));
        };
        match (version, earlier) {
            (VERSION, _) | (1, Earlier::SinkState) => from_distances(body),
            (1 | 2, Earlier::ProcessorChangelog) => from_list(body),
            (found, _) if found > VERSION => Err(SavedOffsetsError::Newer { found }),
            (unknown, _) => Err(malformed(format!("format {unknown} was never written here"))),
        }
    }
}

fn from_distances(body: &[u8]) -> Result<SavedOffsets, SavedOffsetsError> {
    let Body { watermark, distances } = postcard::from_bytes(body).map_err(malformed)?;
    let mut offset = watermark;
    let mut finished = Vec::with_capacity(distances.len());
    for distance in distances {
        offset = offset.checked_add_unsigned(distance).ok_or_else(|| malformed("offset out of range"))?;
        finished.push(offset);
    }
    Ok(SavedOffsets { watermark, finished })
}

/// Earlier builds did not save the watermark. The first finished offset stands for it: the group's committed
/// offset, which decides, is either below it, or makes the finished offsets before it superfluous.
fn from_list(body: &[u8]) -> Result<SavedOffsets, SavedOffsetsError> {
    let finished: Vec<i64> = postcard::from_bytes(body).map_err(malformed)?;
    Ok(SavedOffsets { watermark: finished.first().copied().unwrap_or_default(), finished })
}

fn malformed(reason: impl ToString) -> SavedOffsetsError {
    SavedOffsetsError::Malformed(reason.to_string())
}
