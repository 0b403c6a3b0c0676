//! Commits: outputs, changelog and offsets together; state only after that. [`Recovery`] decides what follows
//! from how a transaction ended.
//!
//! [`Recovery`]: super::recovery::Recovery

use std::time::{Duration, Instant};

use trunkline_kafka::{Ended, TransactionError};
use trunkline_schemas::error_codes;

use super::recovery::Next;
use super::transaction::{Commit, Refused};
use super::{Engine, EngineError};
use crate::brokers::ChangelogBrokers;
use crate::metrics;
use crate::state::{Checkpoint, StateStore, anchor};

impl<B: ChangelogBrokers, S: StateStore> Engine<B, S> {
    /// Commits what the tasks have finished since last time.
    pub(super) fn commit(&mut self) -> Result<(), EngineError> {
        self.end_transaction(false)
    }

    /// The same for a change of assignment, which all members of the group wait for: what does not succeed in time is
    /// given up, and settled and read again once the change is over.
    pub(super) fn commit_for_change(&mut self) -> Result<(), EngineError> {
        self.end_transaction(true)
    }

    fn end_transaction(&mut self, changing: bool) -> Result<(), EngineError> {
        self.transaction.begin_ending(self.clock.now_ms());
        if self.recovery.is_on_standby() {
            return Ok(());
        }
        let commits = self.take_commits()?;
        if commits.is_empty() && self.reports.is_empty() && !self.transaction.is_open() {
            return Ok(());
        }
        let started = Instant::now();
        let ended = self.transaction.end(&commits, &mut self.reports, &mut self.brokers, changing)?;
        metrics::commit(ended.as_str(), started.elapsed().as_secs_f64());
        let (received, refused) = (self.transaction.take_received(), self.transaction.take_refused());
        match ended {
            Ended::Committed => metrics::committed(&received, self.clock.now_ms()),
            _ => self.progress.failed(self.transaction.why()),
        }
        let next = self.recovery.after(ended, changing);
        if !matches!(next, Next::Apply | Next::Rewind(_)) {
            self.troubles.forget_content();
        }
        match next {
            Next::Apply => {
                self.troubles.committed();
                self.apply(&commits)
            }
            Next::Rewind(wait) => {
                self.aborted(refused);
                self.rewind()?;
                self.brokers.wait(wait);
                Ok(())
            }
            Next::StepAside => {
                self.step_aside()?;
                self.recovery.stand_by_until(self.clock.now_ms());
                Ok(())
            }
            Next::StartAgain(wait) => {
                self.start_again()?;
                self.brokers.wait(wait);
                Ok(())
            }
            Next::Fenced(error) => self.fenced(error),
        }
    }

    /// A transaction was aborted: a record that is known to be the cause is put aside.
    fn aborted(&mut self, refused: Option<Refused>) {
        let of_record = match refused {
            None => None,
            Some(Refused::OfRecord(reason)) => Some(reason),
            // No record is the cause, however few the transaction held.
            Some(Refused::OfNoRecord) => return self.troubles.forget_content(),
        };
        if let Some(((partition, offset), aside)) = self.troubles.aborted(of_record) {
            let input = self.input.partition(partition);
            self.reports.put_aside(input, offset, &aside, self.clock.now_ms());
        }
    }

    /// What there is to commit, by partition. The finished offsets come first in a partition's changes and
    /// its entities last: the last record of a commit is the store's checkpoint.
    fn take_commits(&mut self) -> Result<Vec<Commit>, EngineError> {
        let mut commits = Vec::new();
        for partition in self.tasks.partitions() {
            let mut changes = Vec::new();
            let Some((offset, moved)) = self.intake.take_offset(partition, &mut changes)? else { continue };
            let published = self.tasks.take_changes(partition, &mut changes)?;
            if moved || published || !changes.is_empty() {
                commits.push(Commit { partition, offset, changes });
            }
        }
        Ok(commits)
    }

    fn apply(&mut self, commits: &[Commit]) -> Result<(), EngineError> {
        self.reports.committed();
        let delivered = self.brokers.take_delivered();
        let at = self.clock.now_ms();
        let mut moved = false;
        for Commit { partition, offset, .. } in commits {
            moved |= self.intake.committed(*partition, *offset);
        }
        if moved {
            self.progress.committed();
        }
        for Commit { partition, changes, .. } in commits {
            let Some(last) = changes.last() else { continue };
            let Some(offset) = delivered.get(partition) else {
                // Every change was delivered, or the transaction would not have committed; should a report be missing
                // all the same, the changelog has what state lacks.
                tracing::error!(partition, "no delivery report of a committed change; state is read back");
                return self.start_again();
            };
            let anchor = anchor(last, *offset, self.transaction.ending_since());
            self.store.apply(*partition, changes, Checkpoint { anchor, at })?;
        }
        self.tasks.evict();
        Ok(())
    }

    /// After an abort: what is committed is known, and state is at it. Everything since is read again.
    fn rewind(&mut self) -> Result<(), EngineError> {
        self.brokers.take_delivered();
        let committed = self.intake.committed_offsets();
        let partitions: Vec<i32> = committed.iter().map(|(partition, _)| *partition).collect();
        self.brokers.pause(&self.input.partitions(&partitions))?;
        self.let_go(&partitions);
        self.tasks.forget_profiles();
        self.retelling.clear();
        for (partition, begin) in committed {
            // What stands still is not read again, and has nothing to be read again where its log is gone.
            if self.logs.stopped(&self.input.partition(partition)).is_none() {
                self.begin(partition, begin)?;
            }
        }
        Ok(())
    }

    /// After an indeterminate commit: replaces the producer, and reads the committed state from committed
    /// offsets and the changelog's tail.
    fn start_again(&mut self) -> Result<(), EngineError> {
        let partitions = self.step_aside()?;
        // One attempt: the engine polls before it tries again.
        match self.brokers.reopen(Duration::ZERO) {
            Ok(()) => {}
            Err(error @ TransactionError::Fenced { .. }) => return self.fenced(error),
            Err(error @ TransactionError::Refused { .. }) => return Err(error.into()),
            Err(error) => {
                let code = error_codes::TRANSACTION_ABORTED.as_str();
                tracing::warn!(code, %error, "no new producer yet: trying again");
                self.health.set("engine", false, &format!("no producer: {error}"));
                self.progress.failed(error.to_string());
                self.recovery.stand_by(self.clock.now_ms());
                return Ok(());
            }
        }
        self.health.set("engine", true, "running");
        self.brokers.take_delivered();
        if partitions.is_empty() { Ok(()) } else { self.restore(&partitions) }
    }

    /// Another producer has our name, or the coordinator gave up on us after a long silence. Nothing more is done until
    /// the group has had time to say that somebody else bears our name: then the consumer ends with a fatal error.
    fn fenced(&mut self, error: TransactionError) -> Result<(), EngineError> {
        let code = error_codes::FENCED.as_str();
        tracing::error!(code, %error, "fenced: watching the group before going on");
        self.step_aside()?;
        self.health.set("engine", false, "fenced: another instance may have this name");
        Ok(self.recovery.fenced(error, self.clock.now_ms())?)
    }

    /// Forgets what is not committed, and processes nothing until partitions are restored anew.
    fn step_aside(&mut self) -> Result<Vec<i32>, EngineError> {
        let processed = self.tasks.partitions();
        let partitions: Vec<i32> = processed.into_iter().chain(self.assignment.restoring()).collect();
        self.brokers.pause(&self.input.partitions(&partitions))?;
        self.let_go(&partitions);
        self.tasks.forget_profiles();
        self.retelling.clear();
        self.assignment.hold_back(&partitions);
        Ok(partitions)
    }

    /// While fenced, or without a producer: polling goes on elsewhere, and once the time is over everything
    /// starts again.
    pub(super) fn stand_by(&mut self) -> Result<(), EngineError> {
        if self.recovery.standby_ends(self.clock.now_ms()) {
            tracing::warn!(code = error_codes::TRANSACTION_ABORTED.as_str(), "starting again");
            self.start_again()?;
        }
        Ok(())
    }
}
