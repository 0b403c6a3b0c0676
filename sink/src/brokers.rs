//! What the brokers themselves answer to the worker, beside what they answer to both stream loops.

use std::collections::HashMap;
use std::time::Duration;

use trunkline_kafka::changelog::{Reader, RestoreError, Start, restore};
use trunkline_kafka::{ConsumerError, KafkaBrokers, LogPosition, TopicPartition};

use crate::ports::{GroupOffsets, Saved, SavedState};
use crate::saved_state;

/// How long reading the saved state may take: a transaction that is open has ended by then.
const RESTORE_PATIENCE: Duration = Duration::from_secs(60);

impl GroupOffsets for KafkaBrokers {
    fn committed(
        &mut self,
        partitions: &[TopicPartition],
        within: Duration,
    ) -> Result<Vec<Option<i64>>, ConsumerError> {
        self.consumer.committed(partitions, within)
    }
}

/// Of a reader of `sink.state`.
impl SavedState for Reader {
    fn saved(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, Saved>, Box<RestoreError>> {
        let by_key: HashMap<Vec<u8>, &TopicPartition> =
            partitions.iter().map(|partition| (saved_state::key(partition), partition)).collect();
        let by_log_key: HashMap<Vec<u8>, &TopicPartition> =
            partitions.iter().map(|partition| (saved_state::log_key(partition), partition)).collect();
        let mut numbers: Vec<(i32, Start)> =
            partitions.iter().map(|partition| (partition.partition, Start::Beginning)).collect();
        numbers.sort_by_key(|(number, _)| *number);
        numbers.dedup_by_key(|(number, _)| *number);
        let mut states: HashMap<TopicPartition, Saved> = HashMap::new();
        restore(self, &numbers, RESTORE_PATIENCE, |change| {
            if let Some(partition) = by_key.get(change.key) {
                let offsets = change.value.map(saved_state::decode).transpose();
                states.entry((*partition).clone()).or_default().offsets =
                    offsets.map_err(|error| error.to_string())?;
            } else if let Some(partition) = by_log_key.get(change.key) {
                let position = change.value.map(LogPosition::decode).transpose();
                states.entry((*partition).clone()).or_default().position =
                    position.map_err(|error| error.to_string())?;
            }
            Ok(())
        })?;
        Ok(states)
    }
}
