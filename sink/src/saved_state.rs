//! What `sink.state` holds: per partition, the offsets done above the committed watermark.
//!
//! Key: `<topic>/<partition>` with the topic's prefix. Value: a version byte, then [`SavedState`] in postcard with
//! offsets as differences, so that 10,000 of them stay below the usual limits of a record.

use serde::{Deserialize, Serialize};
use trunkline_kafka::TopicPartition;

/// The format written by this build.
const VERSION: u8 = 1;

/// What is saved of one partition, in the transaction that commits its offset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedState {
    /// The committed offset at that time. A later transaction may have moved it on without saving again.
    pub watermark: i64,
    /// The offsets done above it, ascending.
    pub finished: Vec<i64>,
}

/// A value of `sink.state` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Written by a later build.
    #[error("saved state has format {found}, this build reads up to {VERSION}; run the newer build")]
    Newer {
        /// Its format.
        found: u8,
    },
    /// Not what was written.
    #[error("saved state cannot be decoded: {0}")]
    Malformed(String),
}

/// The body on disk: first the watermark, then the distance of each offset to the one before.
#[derive(Serialize, Deserialize)]
struct Body {
    watermark: i64,
    distances: Vec<u64>,
}

/// The record key of a partition's state.
pub fn key(partition: &TopicPartition) -> Vec<u8> {
    format!("{}/{}", partition.topic, partition.partition).into_bytes()
}

// === impl SavedState ===

impl SavedState {
    /// The record value.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the offsets are not ascending from the watermark.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut before = self.watermark;
        let mut distances = Vec::with_capacity(self.finished.len());
        for offset in &self.finished {
            let distance = offset.checked_sub(before).and_then(|distance| u64::try_from(distance).ok());
            distances
                .push(distance.ok_or_else(|| Error::Malformed(format!("offset {offset} after {before}")))?);
            before = *offset;
        }
        postcard::to_extend(&Body { watermark: self.watermark, distances }, vec![VERSION])
            .map_err(|error| Error::Malformed(error.to_string()))
    }

    /// Reads a record value back.
    ///
    /// # Errors
    /// [`Error`] when it is from a later build, or not what was written.
    pub fn decode(value: &[u8]) -> Result<Self, Error> {
        match value.split_first() {
            Some((&VERSION, body)) => {
                let body: Body =
                    postcard::from_bytes(body).map_err(|error| Error::Malformed(error.to_string()))?;
                let mut offset = body.watermark;
                let mut finished = Vec::with_capacity(body.distances.len());
                for distance in body.distances {
                    offset = offset
                        .checked_add_unsigned(distance)
                        .ok_or_else(|| Error::Malformed("offset out of range".to_owned()))?;
                    finished.push(offset);
                }
                Ok(Self { watermark: body.watermark, finished })
            }
            Some((&found, _)) if found > VERSION => Err(Error::Newer { found }),
            Some(_) | None => Err(Error::Malformed("no format version".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            watermark in 0i64..1 << 60,
            distances in prop::collection::vec(1i64..1000, 0..200),
        ) {
            let finished = distances.iter().scan(watermark, |at, d| { *at += d; Some(*at) }).collect();
            let state = SavedState { watermark, finished };
            prop_assert_eq!(SavedState::decode(&state.encode().unwrap()), Ok(state));
        }

        #[test]
        fn any_bytes_give_a_state_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = SavedState::decode(&bytes);
        }
    }

    #[test]
    fn ten_thousand_offsets_fit_into_a_small_record() {
        let finished = (0..10_000).map(|n| 1_000_000_000 + n * 100).collect();
        let value = SavedState { watermark: 1_000_000_000, finished }.encode().unwrap();
        assert!(value.len() < 11_000, "{}", value.len());
    }

    #[test]
    fn a_later_format_is_refused_by_name() {
        assert_eq!(SavedState::decode(&[9, 0, 0]), Err(Error::Newer { found: 9 }));
    }
}
