//! What is committed: read on assignment, and after a transaction whose outcome is in doubt.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use trunkline_config::Kafka;
use trunkline_kafka::changelog::{Reader, RestoreError, Start};
use trunkline_kafka::{ConsumerError, GroupConsumer, SavedOffsets, TopicPartition};

use crate::saved_state;

/// How long a broker may be gone before the process gives up and is started anew.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long one question may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two trials.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// What is committed of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Which.
    pub partition: TopicPartition,
    /// The offset to go on from; `None` when the group never committed one.
    pub watermark: Option<i64>,
    /// The offsets done above it, ascending.
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

/// Reads what is committed.
pub struct Truth {
    reader: Reader,
}

// === impl Truth ===

impl Truth {
    /// Prepares to read the saved state from `topic`; a reading under way ends when `stop` is set.
    ///
    /// # Errors
    /// [`Error::State`] when the client refuses its settings.
    pub fn open(kafka: &Kafka, topic: &str, instance: &str, stop: Arc<AtomicBool>) -> Result<Self, Error> {
        Ok(Self { reader: Reader::open(kafka, topic, instance, stop).map_err(Box::new)? })
    }

    /// What is committed of these partitions.
    ///
    /// # Errors
    /// [`Error`] when the brokers do not say for a minute.
    pub fn read(
        &mut self,
        consumer: &GroupConsumer,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Committed>, Error> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        // The offsets first: they wait for an open transaction, so the state read after them is not older.
        let offsets = patiently("committed offsets", || consumer.committed(partitions, CALL_TIMEOUT))?;
        let states = patiently("saved state", || self.states(partitions))?;
        Ok(partitions
            .iter()
            .zip(offsets)
            .map(|(partition, offset)| combine(partition, offset, states.get(partition)))
            .collect())
    }

    /// The end of a partition: a record below it may have been tried before.
    ///
    /// # Errors
    /// [`Error::Consumer`] when the brokers do not say for a minute.
    pub fn end(&self, consumer: &GroupConsumer, partition: &TopicPartition) -> Result<i64, Error> {
        let (_, end) = patiently("the end of a partition", || consumer.watermarks(partition, CALL_TIMEOUT))?;
        Ok(end)
    }

    fn states(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, SavedOffsets>, Box<RestoreError>> {
        let by_key: HashMap<Vec<u8>, &TopicPartition> =
            partitions.iter().map(|partition| (saved_state::key(partition), partition)).collect();
        let mut numbers: Vec<(i32, Start)> =
            partitions.iter().map(|partition| (partition.partition, Start::Beginning)).collect();
        numbers.sort_by_key(|(number, _)| *number);
        numbers.dedup_by_key(|(number, _)| *number);
        let mut states = HashMap::new();
        self.reader.restore(&numbers, PATIENCE, |change| {
            if let Some(partition) = by_key.get(change.key) {
                match change.value {
                    Some(value) => {
                        let state = saved_state::decode(value).map_err(|error| error.to_string())?;
                        states.insert((*partition).clone(), state);
                    }
                    None => {
                        states.remove(*partition);
                    }
                }
            }
            Ok(())
        })?;
        Ok(states)
    }
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

fn patiently<T, E: std::fmt::Display>(
    what: &'static str,
    mut call: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let started = Instant::now();
    loop {
        match call() {
            Ok(answer) => return Ok(answer),
            Err(error) if started.elapsed() > PATIENCE => return Err(error),
            Err(error) => {
                tracing::warn!(%error, what, "reading what is committed; trying again");
                std::thread::sleep(RETRY_AFTER);
            }
        }
    }
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
