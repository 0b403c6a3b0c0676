//! What is committed: read on assignment, and after a transaction whose outcome is not known.

use std::time::Duration;

use trunkline_kafka::changelog::RestoreError;
use trunkline_kafka::ports::Brokers;
use trunkline_kafka::{ConsumerError, LogLooks, LogNow, LogPosition, TopicPartition};

use crate::ports::{GroupOffsets, Saved, SavedState};

/// How long one question may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// What is committed of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Which.
    pub partition: TopicPartition,
    /// The offset to go on from; `None` when the group never committed one, and none is saved.
    pub watermark: Option<i64>,
    /// Whether the group has an offset.
    pub in_group: bool,
    /// Which log was read, and how far, as far as anything is saved.
    pub position: Option<LogPosition>,
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
fn combine(partition: &TopicPartition, offset: Option<i64>, state: Option<&Saved>) -> Committed {
    let offsets = state.and_then(|state| state.offsets.as_ref());
    let position = state.and_then(|state| state.position);
    let watermark = offset.max(offsets.map(|saved| saved.watermark)).max(position.map(|saved| saved.next));
    // An earlier build saved an offset and not which log it is of.
    let position = position.or(offsets.map(|saved| LogPosition::at(saved.watermark)));
    let position = position.zip(watermark).map(|(position, next)| LogPosition { next, ..position });
    let finished = offsets.map_or(&[][..], |saved| &saved.finished);
    let finished = finished
        .iter()
        .copied()
        .filter(|done| watermark.is_none_or(|watermark| *done >= watermark))
        .collect();
    let in_group = offset.is_some();
    Committed { partition: partition.clone(), watermark, in_group, position, finished }
}

/// What the brokers say of the logs of partitions, of each with what is saved of it.
///
/// # Errors
/// [`Error::Consumer`] when the brokers do not say; ask again then.
pub fn look(logs: &mut dyn LogLooks, committed: &[Committed]) -> Result<Vec<LogNow>, Error> {
    let partitions: Vec<_> =
        committed.iter().map(|committed| (committed.partition.clone(), committed.position)).collect();
    Ok(logs.look(&partitions)?)
}

#[cfg(test)]
mod tests {
    use trunkline_kafka::SavedOffsets;

    use super::*;

    #[test]
    fn the_later_watermark_of_the_two_halves_holds() {
        let partition = TopicPartition::new("writebacks.genesys", 3);
        let offsets = Some(SavedOffsets { watermark: 10, finished: vec![12, 15, 18] });
        let state = Saved { offsets, position: None };
        let check = |offset, state: Option<&Saved>, watermark, finished: &[i64]| {
            let committed = combine(&partition, offset, state);
            assert_eq!((committed.watermark, committed.finished.as_slice()), (watermark, finished));
            assert_eq!(committed.in_group, offset.is_some());
            assert_eq!(
                committed.position.map(|position| position.next),
                watermark.filter(|_| state.is_some())
            );
        };
        check(None, None, None, &[]);
        check(Some(7), None, Some(7), &[]);
        check(Some(14), Some(&state), Some(14), &[15, 18]);
        check(Some(9), Some(&state), Some(10), &[12, 15, 18]);
        check(None, Some(&state), Some(10), &[12, 15, 18]);
        // The position is written each time the watermark moves: it is all there is once the group's offset is gone.
        let state = Saved { position: Some(LogPosition::at(15)), ..state };
        check(None, Some(&state), Some(15), &[15, 18]);
        check(Some(12), Some(&state), Some(15), &[15, 18]);
        check(Some(17), Some(&state), Some(17), &[18]);
    }
}
