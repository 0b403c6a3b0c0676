//! One transaction: outputs, changelog and offsets together; state only after it is committed.

use std::time::{Duration, Instant};

use trunkline_kafka::transactional_producer::TRANSACTION_TIMEOUT;
use trunkline_kafka::{CommitOutcome, OutboundRecord, TransactionError};
use trunkline_schemas::headers::Headers;

use super::{Engine, EngineError};
use crate::brokers::Brokers;
use crate::metrics;
use crate::state::{Reached, StateStore};
use crate::task::Commit;

/// How long a commit may hold up a change of assignment, each of its steps.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(5);

/// What follows from how a transaction went.
enum Ended {
    /// Apply it to state.
    Committed,
    /// It took no effect; start again from the committed offsets.
    Aborted,
    /// Nobody knows: replace the producer, and let the committed offsets say.
    Doubtful,
    /// Another producer took over.
    Fenced(TransactionError),
}

impl Ended {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Doubtful => "doubtful",
            Self::Fenced(_) => "fenced",
        }
    }
}

impl<B: Brokers, S: StateStore> Engine<B, S> {
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
        self.last_commit = self.parts.clock.now();
        if self.trouble.is_on_standby() {
            return Ok(());
        }
        let mut commits = Vec::new();
        for (partition, owned) in &mut self.tasks {
            if let Some(commit) = owned.task.take_commit()? {
                commits.push((*partition, commit));
            }
        }
        if commits.is_empty() && self.reports.is_empty() && !self.transaction.is_open() {
            return Ok(());
        }
        let within = if changing { GIVE_BACK_WITHIN } else { TRANSACTION_TIMEOUT };
        let started = Instant::now();
        let ended = match self.transact(&commits, within)? {
            Ok(CommitOutcome::Committed) => Ended::Committed,
            Ok(CommitOutcome::Indeterminate) => Ended::Doubtful,
            Err(error @ TransactionError::Abort { .. }) if changing => {
                // Aborting takes time as well; the next producer does it.
                tracing::warn!(code = "TL-3005", %error, "transaction aborted");
                Ended::Doubtful
            }
            Err(error @ TransactionError::Abort { .. }) => {
                tracing::warn!(code = "TL-3005", %error, "transaction aborted");
                match self.parts.brokers.abort() {
                    Ok(()) => Ended::Aborted,
                    Err(error @ TransactionError::Fenced { .. }) => Ended::Fenced(error),
                    Err(error) => {
                        tracing::warn!(code = "TL-3005", %error, "aborting");
                        Ended::Doubtful
                    }
                }
            }
            Err(error @ TransactionError::Fenced { .. }) => Ended::Fenced(error),
            Err(error @ TransactionError::Indeterminate { .. }) => {
                tracing::warn!(code = "TL-3005", %error, "transaction in doubt");
                Ended::Doubtful
            }
            Err(error) => return Err(error.into()),
        };
        metrics::commit(ended.as_str(), started.elapsed().as_secs_f64());
        match ended {
            Ended::Committed => {
                self.trouble.succeeded();
                self.reports.take();
                self.apply(&commits)
            }
            Ended::Aborted => {
                let wait = self.trouble.failed();
                self.rewind()?;
                self.parts.brokers.wait(wait);
                Ok(())
            }
            Ended::Doubtful if changing => {
                self.trouble.failed();
                self.step_aside()?;
                self.trouble.stand_by_until(self.parts.clock.now());
                Ok(())
            }
            Ended::Doubtful => {
                let wait = self.trouble.failed();
                self.start_again()?;
                self.parts.brokers.wait(wait);
                Ok(())
            }
            Ended::Fenced(error) => self.fenced(error),
        }
    }

    /// Adds what changed to the open transaction, and ends it.
    fn transact(
        &mut self,
        commits: &[(i32, Commit)],
        within: Duration,
    ) -> Result<Result<CommitOutcome, TransactionError>, EngineError> {
        for (partition, commit) in commits {
            for change in &commit.changes {
                self.produce(OutboundRecord {
                    topic: self.parts.changelog_topic.clone(),
                    partition: Some(*partition),
                    key: Some(change.key.clone()),
                    value: change.value.clone(),
                    headers: Headers::new(),
                    // Known here, so that state can remember the very record.
                    timestamp: Some(self.last_commit),
                });
            }
        }
        let mut reports = self.reports.take();
        reports.retain(|report| match self.parts.publisher.report(report) {
            Some(record) => {
                self.produce(record);
                true
            }
            None => false,
        });
        // Until the transaction is committed.
        self.reports.give_back(reports);
        self.hand_over();
        self.begin_if_closed();
        let offsets: Vec<(i32, i64)> =
            commits.iter().map(|(partition, commit)| (*partition, commit.offset)).collect();
        Ok(match self.transaction.end() {
            Some(failure) => Err(failure),
            None => self.parts.brokers.commit(&offsets, within),
        })
    }

    fn apply(&mut self, commits: &[(i32, Commit)]) -> Result<(), EngineError> {
        let delivered = self.parts.brokers.take_delivered();
        let at = self.parts.clock.now();
        for (partition, commit) in commits {
            if let Some(owned) = self.tasks.get_mut(partition) {
                owned.committed = commit.offset;
            }
            let Some(last) = commit.changes.last() else { continue };
            let Some(offset) = delivered.get(partition) else {
                // Every change was delivered, or the transaction would not have committed; should a report be missing
                // all the same, the changelog has what state lacks.
                tracing::error!(partition, "no delivery report of a committed change; state is read back");
                return self.start_again();
            };
            self.parts.store.apply(
                *partition,
                &commit.changes,
                Reached { anchor: last.anchor(*offset, self.last_commit), at },
            )?;
        }
        let limit = self.parts.max_entities_in_memory / self.tasks.len().max(1);
        for owned in self.tasks.values_mut() {
            owned.task.evict(limit);
        }
        Ok(())
    }

    /// After an abort: what is committed is known, and state is at it. Everything since is read again.
    fn rewind(&mut self) -> Result<(), EngineError> {
        self.parts.brokers.take_delivered();
        let committed: Vec<(i32, i64)> = self.tasks.iter().map(|(p, owned)| (*p, owned.committed)).collect();
        let partitions: Vec<i32> = committed.iter().map(|(partition, _)| *partition).collect();
        self.parts.brokers.pause(&partitions)?;
        self.let_go(&partitions);
        self.parts.profiles.clear();
        for (partition, offset) in committed {
            self.begin(partition, offset)?;
        }
        Ok(())
    }

    /// After doubt: replaces the producer, and reads the truth from committed offsets and the changelog's tail.
    fn start_again(&mut self) -> Result<(), EngineError> {
        let partitions = self.step_aside()?;
        match self.parts.brokers.reopen() {
            Ok(()) => {}
            Err(error @ TransactionError::Fenced { .. }) => return self.fenced(error),
            Err(error @ TransactionError::Refused { .. }) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(code = "TL-3005", %error, "no new producer yet: trying again");
                self.parts.health.set("engine", false, &format!("no producer: {error}"));
                self.trouble.stand_by(self.parts.clock.now());
                return Ok(());
            }
        }
        self.parts.health.set("engine", true, "running");
        self.parts.brokers.take_delivered();
        if partitions.is_empty() { Ok(()) } else { self.request_restore(&partitions) }
    }

    /// Another producer has our name, or the coordinator gave up on us after a long silence. Nothing more is done until
    /// the group has had time to say that somebody else bears our name: then the consumer ends with a fatal error.
    fn fenced(&mut self, error: TransactionError) -> Result<(), EngineError> {
        tracing::error!(code = "TL-3006", %error, "fenced: watching the group before going on");
        self.step_aside()?;
        self.parts.health.set("engine", false, "fenced: another instance may have this name");
        Ok(self.trouble.fenced(error, self.parts.clock.now())?)
    }

    /// Forgets what is not committed, and processes nothing until partitions are restored anew. They stay ours until the group
    /// says otherwise; no ticket is like this one, so no restore of before brings them back.
    fn step_aside(&mut self) -> Result<Vec<i32>, EngineError> {
        let partitions: Vec<i32> = self.tasks.keys().chain(self.restoring.keys()).copied().collect();
        self.parts.brokers.pause(&partitions)?;
        self.let_go(&partitions);
        self.parts.profiles.clear();
        self.restoring.extend(partitions.iter().map(|partition| (*partition, u64::MAX)));
        Ok(partitions)
    }

    /// While fenced, or without a producer: polling goes on elsewhere, and once the time is over everything starts again.
    pub(super) fn stand_by(&mut self) -> Result<(), EngineError> {
        if self.trouble.standby_ends(self.parts.clock.now()) {
            tracing::warn!(code = "TL-3005", "starting again");
            self.start_again()?;
        }
        Ok(())
    }
}
