//! Taking partitions, with their state restored first, and giving them back.

use trunkline_kafka::TransactionError;
use trunkline_schemas::error_codes;

use super::intake::Begin;
use super::{Engine, EngineError};
use crate::brokers::ChangelogBrokers;
use crate::metrics;
use crate::restore::{Progress, Step, Took};
use crate::state::{PartitionState, StateStore};

impl<B: ChangelogBrokers, S: StateStore> Engine<B, S> {
    /// The group gives us partitions: take them, and restore their state beside the others.
    pub(super) fn assigned(&mut self, partitions: &[i32]) -> Result<(), EngineError> {
        // No transaction spans a change of assignment.
        self.commit_for_change()?;
        // Paused: the offset to read from is known once the state is restored.
        let beginning: Vec<_> =
            self.input.partitions(partitions).into_iter().map(|partition| (partition, None)).collect();
        self.brokers.assign(&beginning)?;
        self.restore(partitions)?;
        self.report_assignment();
        Ok(())
    }

    /// The group takes partitions away: commit first, unless they are lost already; then let go.
    pub(super) fn revoked(&mut self, partitions: &[i32], lost: bool) -> Result<(), EngineError> {
        if lost {
            // Others may own them by now: what is not committed is theirs to do.
            self.let_go(partitions);
            self.transaction.doom(TransactionError::Abort {
                what: "revoke",
                id: self.instance.clone(),
                reason: format!("partitions {partitions:?} were lost"),
            });
        }
        self.commit_for_change()?;
        self.let_go(partitions);
        self.troubles.let_go(partitions);
        self.forget_logs(partitions);
        self.brokers.release(&self.input.partitions(partitions))?;
        self.report_assignment();
        tracing::info!(?partitions, lost, "partitions given back");
        Ok(())
    }

    /// Starts to restore partitions.
    pub(super) fn restore(&mut self, partitions: &[i32]) -> Result<(), EngineError> {
        Ok(self.assignment.restore(partitions, &mut self.store, self.clock.now_ms())?)
    }

    /// Writes what restores have read, and starts the tasks of partitions that are done.
    pub(super) fn take_restored(&mut self) -> Result<(), EngineError> {
        for Progress { ticket, step } in self.assignment.progress() {
            let awaited = |partition: i32| self.assignment.awaits(partition, ticket);
            match step {
                Step::Clear { partition, reason } if awaited(partition) => {
                    let code = error_codes::STATE_RESTORED_IN_FULL.as_str();
                    tracing::warn!(code, %reason, "restoring in full");
                    self.store.clear_partition(partition)?;
                }
                Step::Changes { partition, changes, anchor } if awaited(partition) => {
                    self.assignment.store(partition, &mut self.store, &changes, anchor)?;
                }
                Step::Ready(ready) if awaited(ready.partition) => {
                    self.assignment.finish(ready.partition, &mut self.store, self.clock.now_ms())?;
                    self.open(&ready)?;
                }
                Step::Done(took) => {
                    self.restored(took);
                    self.remove_unused()?;
                }
                Step::Failed(failure) => return Err(failure.into()),
                // Of a partition that was taken away meanwhile.
                Step::Clear { .. } | Step::Changes { .. } | Step::Ready(_) => {}
            }
        }
        Ok(())
    }

    /// Starts a partition's task where it was committed.
    pub(super) fn begin(&mut self, partition: i32, begin: Begin) -> Result<(), EngineError> {
        let state = PartitionState::new(&self.store, partition);
        self.intake.begin(partition, begin, &state)?;
        self.tasks.begin(partition, &state)?;
        self.brokers.start(&self.input.partition(partition), begin.position.next)?;
        Ok(())
    }

    /// Forgets everything about partitions that is not committed.
    pub(super) fn let_go(&mut self, partitions: &[i32]) {
        for partition in partitions.iter().copied() {
            self.tasks.let_go(partition);
            self.intake.let_go(partition);
            self.plugins.let_go(partition);
            self.assignment.let_go(partition);
            self.load.let_go(partition);
            self.ends.let_go(partition);
        }
    }

    /// Partitions come and go with instances and their names; what they leave behind is looked at when some have come.
    fn remove_unused(&mut self) -> Result<(), EngineError> {
        let mut ours = self.owned();
        ours.extend(self.assignment.restoring());
        Ok(self.store.remove_unused(&ours, self.clock.now_ms())?)
    }

    fn restored(&mut self, took: Took) {
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

    pub(super) fn report_assignment(&mut self) {
        let (ready, detail) = self.assignment.readiness(self.tasks.len());
        self.health.set("assignment", ready, detail);
        // What is restored first is outstanding only then: until it is, the assignment is what is not ready.
        let owned = self.owned();
        self.profile_records.owns(owned.len());
        self.progress.owns(owned);
    }
}
