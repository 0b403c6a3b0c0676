//! Which partitions are ours without being processed yet: their state is being restored.

use std::collections::BTreeMap;

use trunkline_kafka::changelog::Start;
use trunkline_kafka::topics::DELETE_RETENTION_MS;
use trunkline_partition::state::StateError;
use trunkline_schemas::error_codes;

use crate::restore::{Progress, Request, Restorer};
use crate::state::{Checkpoint, StateStore};

/// State is rebuilt when it was away for more than half of the time for which tombstones stay: deletions that it missed
/// could be gone from the changelog. Half, because compaction does not keep to the minute.
const LONGEST_ABSENCE_MS: i64 = DELETE_RETENTION_MS / 2;

/// No restore has this ticket.
const NO_TICKET: u64 = u64::MAX;

/// Partitions that are ours and not processed yet.
pub(super) struct Assignment {
    restorer: Box<dyn Restorer>,
    /// Each with the ticket of its restore.
    restoring: BTreeMap<i32, u64>,
    tickets: u64,
}

// === impl Assignment ===

impl Assignment {
    /// No partition is ours yet.
    pub(super) fn new(restorer: Box<dyn Restorer>) -> Self {
        Self { restorer, restoring: BTreeMap::new(), tickets: 0 }
    }

    /// Starts to bring the state of partitions that are ours up to the end of what is committed.
    pub(super) fn restore<S: StateStore>(
        &mut self,
        partitions: &[i32],
        store: &mut S,
        now: i64,
    ) -> Result<(), StateError> {
        self.tickets += 1;
        let mut starts = Vec::new();
        for partition in partitions {
            store.ensure_partition(*partition)?;
            let start = match store.checkpoint(*partition)? {
                Some(checkpoint) if is_recent(*partition, checkpoint, now) => Start::After(checkpoint.anchor),
                _ => {
                    store.clear_partition(*partition)?;
                    Start::Beginning
                }
            };
            starts.push((*partition, start));
            self.restoring.insert(*partition, self.tickets);
        }
        self.restorer.request(Request { ticket: self.tickets, partitions: starts });
        Ok(())
    }

    /// What came of restores since the last call.
    pub(super) fn progress(&mut self) -> Vec<Progress> {
        self.restorer.progress()
    }

    /// Whether a partition waits for the restore of this ticket: else it was taken away meanwhile, or is restored anew.
    pub(super) fn awaits(&self, partition: i32, ticket: u64) -> bool {
        self.restoring.get(&partition) == Some(&ticket)
    }

    /// A partition is restored, or not ours any more.
    pub(super) fn let_go(&mut self, partition: i32) {
        self.restoring.remove(&partition);
    }

    /// Partitions stay ours until the group says otherwise, and are not processed until they are restored
    /// anew: no restore of before brings them back.
    pub(super) fn hold_back(&mut self, partitions: &[i32]) {
        self.restoring.extend(partitions.iter().map(|partition| (*partition, NO_TICKET)));
    }

    /// The partitions that are not processed yet.
    pub(super) fn restoring(&self) -> impl Iterator<Item = i32> {
        self.restoring.keys().copied()
    }

    /// Whether all that is ours is processed, where `processed` partitions are; and the detail for the readiness.
    pub(super) fn readiness(&self, processed: usize) -> (bool, &'static str) {
        match (processed, self.restoring.is_empty()) {
            (_, false) => (false, "restoring state"),
            (0, true) => (false, "no partitions"),
            (_, true) => (true, "partitions restored"),
        }
    }
}

fn is_recent(partition: i32, checkpoint: Checkpoint, now: i64) -> bool {
    let away_ms = now - checkpoint.at;
    if away_ms > LONGEST_ABSENCE_MS {
        let (code, days) = (error_codes::STATE_RESTORED_IN_FULL.as_str(), away_ms / (24 * 3_600_000));
        tracing::warn!(code, partition, days, "state was away for too long: restoring in full");
    }
    away_ms <= LONGEST_ABSENCE_MS
}
