//! Taking partitions, with their state restored first, and giving them back.

use trunkline_kafka::TransactionError;
use trunkline_kafka::changelog::Start;
use trunkline_kafka::topics::DELETE_RETENTION_MS;

use super::{Engine, EngineError, Owned};
use crate::brokers::Brokers;
use crate::metrics;
use crate::restore::{Progress, Request, Step};
use crate::state::{PartitionState, Reached, StateStore};
use crate::task::{Counters, Task};

/// State is rebuilt when it was away for more than half of the time for which tombstones stay: deletions that it missed
/// could be gone from the changelog. Half, because compaction does not keep to the minute.
const LONGEST_ABSENCE_MS: i64 = DELETE_RETENTION_MS / 2;

impl<B: Brokers, S: StateStore> Engine<B, S> {
    /// The group gives us partitions: take them, and restore their state beside the others.
    pub(super) fn assigned(&mut self, partitions: &[i32]) -> Result<(), EngineError> {
        // No transaction spans a change of assignment.
        self.commit_for_change()?;
        self.parts.brokers.assign(partitions)?;
        self.request_restore(partitions)?;
        self.report_assignment();
        Ok(())
    }

    /// The group takes partitions away: commit first, unless they are lost already; then let go.
    pub(super) fn revoked(&mut self, partitions: &[i32], lost: bool) -> Result<(), EngineError> {
        if lost {
            // Others may own them by now: what is not committed is theirs to do.
            self.let_go(partitions);
            if self.transaction.is_open() {
                self.transaction.doom(TransactionError::Abort {
                    what: "revoke",
                    id: self.parts.settings.instance.clone(),
                    reason: format!("partitions {partitions:?} were lost"),
                });
            }
        }
        self.commit_for_change()?;
        self.let_go(partitions);
        self.parts.brokers.release(partitions)?;
        self.report_assignment();
        tracing::info!(?partitions, lost, "partitions given back");
        Ok(())
    }

    /// Starts to bring the state of partitions that are ours up to the end of what is committed.
    pub(super) fn request_restore(&mut self, partitions: &[i32]) -> Result<(), EngineError> {
        self.tickets += 1;
        let mut starts = Vec::new();
        for partition in partitions {
            self.parts.store.ensure_partition(*partition)?;
            let start = match self.parts.store.reached(*partition)? {
                Some(reached) if self.is_recent(*partition, reached) => Start::After(reached.anchor),
                _ => {
                    self.parts.store.clear_partition(*partition)?;
                    Start::Beginning
                }
            };
            starts.push((*partition, start));
            self.restoring.insert(*partition, self.tickets);
        }
        self.parts.restorer.request(Request { ticket: self.tickets, partitions: starts });
        Ok(())
    }

    /// Writes what restores have read, and starts the tasks of partitions that are done.
    pub(super) fn take_restored(&mut self) -> Result<(), EngineError> {
        for Progress { ticket, step } in self.parts.restorer.progress() {
            let current = |partition: &i32| self.restoring.get(partition) == Some(&ticket);
            match step {
                Step::Clear { partition, reason } if current(&partition) => {
                    tracing::warn!(code = "TL-3004", %reason, "restoring in full");
                    self.parts.store.clear_partition(partition)?;
                }
                Step::Changes { partition, changes, anchor } if current(&partition) => {
                    let at = self.parts.clock.now();
                    self.parts.store.apply(partition, &changes, Reached { anchor, at })?;
                }
                Step::Ready { partition, offset } if current(&partition) => self.begin(partition, offset)?,
                Step::Done(took) => {
                    metrics::restored(took);
                    tracing::info!(
                        partitions = ?self.owned(),
                        records = took.records,
                        in_full = took.in_full,
                        settlement_ms = took.settlement.as_millis() as u64,
                        restore_ms = took.restore.as_millis() as u64,
                        "partitions taken"
                    );
                    self.report_assignment();
                }
                Step::Failed(failure) => return Err(failure.into()),
                // Of a partition that was taken away meanwhile.
                Step::Clear { .. } | Step::Changes { .. } | Step::Ready { .. } => {}
            }
        }
        Ok(())
    }

    /// Starts a partition's task where it was committed.
    pub(super) fn begin(&mut self, partition: i32, offset: i64) -> Result<(), EngineError> {
        self.restoring.remove(&partition);
        let state = PartitionState::new(&self.parts.store, partition);
        let task = Task::restored(offset, self.parts.settings.clone(), &state)?;
        self.tasks.insert(partition, Owned { task, committed: offset, reported: Counters::default() });
        self.parts.brokers.start(partition, offset)?;
        Ok(())
    }

    /// Forgets everything about partitions that is not committed.
    pub(super) fn let_go(&mut self, partitions: &[i32]) {
        for partition in partitions {
            self.tasks.remove(partition);
            self.restoring.remove(partition);
            self.paused.remove(partition);
            self.schema_wait.forget(partition);
        }
    }

    fn is_recent(&self, partition: i32, reached: Reached) -> bool {
        let away_ms = self.parts.clock.now() - reached.at;
        if away_ms > LONGEST_ABSENCE_MS {
            let days = away_ms / (24 * 3_600_000);
            tracing::warn!(
                code = "TL-3004",
                partition,
                days,
                "state was away for too long: restoring in full"
            );
        }
        away_ms <= LONGEST_ABSENCE_MS
    }

    fn report_assignment(&self) {
        let (ready, detail) = match (self.tasks.is_empty(), self.restoring.is_empty()) {
            (_, false) => (false, "restoring state"),
            (true, true) => (false, "no partitions"),
            (false, true) => (true, "partitions restored"),
        };
        self.parts.health.set("assignment", ready, detail);
    }
}
