//! What is committed: read on assignment, and after a transaction whose outcome is not known.

use std::time::Duration;

use trunkline_kafka::changelog::RestoreError;
use trunkline_kafka::ports::Brokers;
use trunkline_kafka::{ConsumerError, SavedOffsets, TopicPartition};

use crate::ports::{GroupOffsets, SavedState};

/// How long one question may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// What is committed of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Which.
    pub partition: TopicPartition,
    /// The offset to go on from; `None` when the group never committed one.
    pub watermark: Option<i64>,
    /// The offsets finished above it, ascending.
    pub finished: Vec<i64>,
}

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The group's offsets.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// The saved state.
    #[error(transparent)]
    State(#[from] Box<RestoreError>),
}

/// What is committed of these partitions.
///
/// # Errors
/// [`Error`] when the brokers do not say; ask again then.
pub fn read<B: GroupOffsets, S: SavedState>(
    brokers: &mut B,
    saved: &mut S,
    partitions: &[TopicPartition],
) -> Result<Vec<Committed>, Error> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    // The offsets first: they wait for an open transaction, so the state read after them is not older.
    let offsets = brokers.committed(partitions, CALL_TIMEOUT)?;
    let states = saved.saved(partitions)?;
    Ok(partitions
        .iter()
        .zip(offsets)
        .map(|(partition, offset)| combine(partition, offset, states.get(partition)))
        .collect())
}

/// The end of a partition: a record below it may have been tried before.
///
/// # Errors
/// [`Error::Consumer`] when the brokers do not say; ask again then.
pub fn end<B: Brokers>(brokers: &mut B, partition: &TopicPartition) -> Result<i64, Error> {
    Ok(brokers.end(partition, CALL_TIMEOUT)?)
}

/// The two halves of one commit. The saved state is written only when it changes, so its watermark may be the older
/// one; it may also be the newer one, when a transaction was committed between the two readings.
fn combine(partition: &TopicPartition, offset: Option<i64>, state: Option<&SavedOffsets>) -> Committed {
    let watermark = offset.max(state.map(|state| state.watermark));
    let finished = state.map_or(&[][..], |state| &state.finished);
    let finished = finished
        .iter()
        .copied()
        .filter(|done| watermark.is_none_or(|watermark| *done >= watermark))
        .collect();
    Committed { partition: partition.clone(), watermark, finished }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_watermark_of_the_two_halves_holds() {
        let partition = TopicPartition::new("writebacks.genesys", 3);
        let state = SavedOffsets { watermark: 10, finished: vec![12, 15, 18] };
        let check = |offset, state: Option<&SavedOffsets>, watermark, finished: &[i64]| {
            let committed = combine(&partition, offset, state);
            assert_eq!((committed.watermark, committed.finished.as_slice()), (watermark, finished));
        };
        check(None, None, None, &[]);
        check(Some(7), None, Some(7), &[]);
        check(Some(14), Some(&state), Some(14), &[15, 18]);
        check(Some(9), Some(&state), Some(10), &[12, 15, 18]);
        check(None, Some(&state), Some(10), &[12, 15, 18]);
    }
}
