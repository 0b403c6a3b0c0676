//! Taking partitions, with their state restored first, and giving them back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use trunkline_kafka::TopicPartition;
use trunkline_kafka::changelog::{Change, RestoreError, Start};

use super::{Engine, EngineError, Owned};
use crate::metrics;
use crate::state::{self, StateError, Store};
use crate::task::{Counters, Task};

/// How long a question about committed offsets may take: as long as a transaction may stay open, and some more.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a restore waits for other instances' open transactions.
const OPEN_TRANSACTION_PATIENCE: Duration = Duration::from_secs(60);

/// Changes written to the store at once while restoring.
const RESTORE_BATCH: usize = 1_000;

impl Engine {
    /// The group gives us partitions: commit, restore their state, then take them.
    pub(super) fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), EngineError> {
        let started = Instant::now();
        self.parts.health.set("assignment", false, "restoring state");
        self.commit()?;
        let numbers: Vec<i32> = partitions.iter().map(|p| p.partition).collect();
        let offsets = self.restore(&numbers)?;
        let taken: Vec<(TopicPartition, Option<i64>)> = offsets
            .into_iter()
            .map(|(partition, offset)| (TopicPartition::new(self.input.clone(), partition), Some(offset)))
            .collect();
        self.parts.consumer.assign(&taken)?;
        self.parts.consumer.resume(partitions)?;
        self.parts.health.set("assignment", true, "partitions restored");
        metrics::restored(started.elapsed().as_secs_f64());
        tracing::info!(partitions = ?numbers, took_ms = started.elapsed().as_millis() as u64, "partitions taken");
        Ok(())
    }

    /// The group takes partitions away: commit first, unless they are lost already; then let go.
    pub(super) fn revoked(&mut self, partitions: &[TopicPartition], lost: bool) -> Result<(), EngineError> {
        if lost {
            // Others may own them by now: what is not committed is theirs to do.
            for partition in partitions {
                self.tasks.remove(&partition.partition);
            }
        }
        self.commit()?;
        for partition in partitions {
            self.tasks.remove(&partition.partition);
            self.paused.remove(&partition.partition);
        }
        self.parts.consumer.release(partitions)?;
        tracing::info!(partitions = ?partitions.iter().map(|p| p.partition).collect::<Vec<_>>(), lost, "partitions given back");
        Ok(())
    }

    /// Brings state up to the end of what is committed, and starts the tasks. Returns where to read from.
    pub(super) fn restore(&mut self, partitions: &[i32]) -> Result<Vec<(i32, i64)>, EngineError> {
        // The committed offsets first: waiting for them to be stable settles transactions of earlier owners.
        let inputs = self.inputs(partitions);
        let committed = self.parts.consumer.committed(&inputs, COMMITTED_TIMEOUT)?;
        self.restore_state(partitions)?;
        let mut offsets = Vec::new();
        for (input, committed) in inputs.iter().zip(committed) {
            let offset = match committed {
                Some(offset) => offset,
                None => self.parts.consumer.watermarks(input, COMMITTED_TIMEOUT)?.0,
            };
            let state = self.parts.store.partition(input.partition);
            let task = Task::restored(offset, self.parts.settings.clone(), &state)?;
            self.tasks.insert(input.partition, Owned { task, reported: Counters::default() });
            offsets.push((input.partition, offset));
        }
        Ok(offsets)
    }

    fn restore_state(&mut self, partitions: &[i32]) -> Result<(), EngineError> {
        let mut starts = Vec::new();
        for partition in partitions {
            self.parts.store.ensure_partition(*partition)?;
            let start = self.parts.store.changelog_offset(*partition)?.map_or(Start::Beginning, Start::At);
            starts.push((*partition, start));
        }
        loop {
            let mut pending = Pending { store: &mut self.parts.store, changes: HashMap::new() };
            let result = self.parts.changelog.restore(&starts, OPEN_TRANSACTION_PATIENCE, |change| {
                pending.add(change).map_err(|e| e.to_string())
            });
            match result {
                Ok(restored) => {
                    let mut records = 0;
                    for (partition, restored) in restored {
                        records += restored.records;
                        pending.write(partition, restored.next_offset)?;
                    }
                    tracing::info!(?partitions, records, "state restored");
                    return Ok(());
                }
                Err(error @ RestoreError::OutOfRange { partition, .. }) => {
                    tracing::warn!(code = "TL-3004", %error, "restoring in full");
                    self.parts.store.clear_partition(partition)?;
                    for (candidate, start) in &mut starts {
                        if *candidate == partition {
                            *start = Start::Beginning;
                        }
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Changes read from the changelog and not yet in the store.
struct Pending<'s> {
    store: &'s mut Store,
    changes: HashMap<i32, Vec<state::Change>>,
}

impl Pending<'_> {
    fn add(&mut self, change: Change<'_>) -> Result<(), StateError> {
        let changes = self.changes.entry(change.partition).or_default();
        changes.push(state::Change { key: change.key.to_vec(), value: change.value.map(<[u8]>::to_vec) });
        if changes.len() >= RESTORE_BATCH {
            self.write(change.partition, change.offset + 1)?;
        }
        Ok(())
    }

    fn write(&mut self, partition: i32, next_offset: i64) -> Result<(), StateError> {
        let changes = self.changes.remove(&partition).unwrap_or_default();
        self.store.apply(partition, &changes, next_offset)
    }
}
