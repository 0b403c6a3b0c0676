//! One transaction: outputs, changelog and offsets together; state only after it is committed.

use std::time::Instant;

use trunkline_kafka::{CommitOutcome, OutboundRecord, TopicPartition, TransactionError};

use super::{Engine, EngineError};
use crate::metrics;
use crate::output::Output;
use crate::task::Commit;

/// What follows from how a transaction went.
enum Ended {
    /// Apply it to state.
    Committed,
    /// It took no effect; start again from the committed offsets.
    Aborted,
    /// Nobody knows: replace the producer, and let the committed offsets say.
    Doubtful,
}

impl Engine {
    /// Commits what the tasks have finished since last time.
    pub(super) fn commit(&mut self) -> Result<(), EngineError> {
        self.last_commit = Instant::now();
        let mut commits = Vec::new();
        for (partition, owned) in &mut self.tasks {
            if let Some(commit) = owned.task.take_commit()? {
                commits.push((*partition, commit));
            }
        }
        if commits.is_empty() && self.reports.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let ended = match self.transact(&mut commits)? {
            Ok(CommitOutcome::Committed) => Ended::Committed,
            Ok(CommitOutcome::Doubtful) => Ended::Doubtful,
            Err(error @ TransactionError::Abort { .. }) => {
                tracing::warn!(code = "TL-3005", %error, "transaction aborted");
                match self.parts.producer.abort() {
                    Ok(()) => Ended::Aborted,
                    Err(error @ TransactionError::Fenced { .. }) => return Err(error.into()),
                    Err(error) => {
                        tracing::warn!(code = "TL-3005", %error, "aborting");
                        Ended::Doubtful
                    }
                }
            }
            Err(error @ TransactionError::Doubtful { .. }) => {
                tracing::warn!(code = "TL-3005", %error, "transaction in doubt");
                Ended::Doubtful
            }
            Err(error) => return Err(error.into()),
        };
        let seconds = started.elapsed().as_secs_f64();
        match ended {
            Ended::Committed => {
                metrics::commit("committed", seconds);
                self.reports.clear();
                self.apply(&commits)
            }
            Ended::Aborted => {
                metrics::commit("aborted", seconds);
                self.start_again(false)
            }
            Ended::Doubtful => {
                metrics::commit("doubtful", seconds);
                self.start_again(true)
            }
        }
    }

    fn transact(
        &mut self,
        commits: &mut [(i32, Commit)],
    ) -> Result<Result<CommitOutcome, TransactionError>, EngineError> {
        let mut records: Vec<OutboundRecord> = Vec::new();
        let mut offsets = Vec::new();
        for (partition, commit) in commits {
            for output in std::mem::take(&mut commit.outputs) {
                if let Output::Event(emission) = &output {
                    let rules = emission.write_backs.iter().map(|w| w.rule_id.clone());
                    metrics::rules(
                        emission.decision.as_ref().map(|d| d.rule_id.as_str()),
                        rules,
                        emission.errors.len(),
                    );
                }
                self.parts.publisher.records(output, &mut records)?;
            }
            for change in &commit.changes {
                records.push(OutboundRecord {
                    topic: self.changelog_topic.clone(),
                    partition: Some(*partition),
                    key: Some(change.key.clone()),
                    value: change.value.clone(),
                    headers: Vec::new(),
                    timestamp: None,
                });
            }
            offsets.push((TopicPartition::new(self.input.clone(), *partition), commit.offset));
        }
        for report in &self.reports {
            records.push(self.parts.publisher.report(report)?);
        }
        Ok(self.send(&records, &offsets))
    }

    fn send(
        &mut self,
        records: &[OutboundRecord],
        offsets: &[(TopicPartition, i64)],
    ) -> Result<CommitOutcome, TransactionError> {
        let producer = &mut self.parts.producer;
        producer.begin()?;
        for record in records {
            producer.produce(record)?;
        }
        producer.commit(offsets, &self.parts.consumer)
    }

    fn apply(&mut self, commits: &[(i32, Commit)]) -> Result<(), EngineError> {
        let delivered = self.parts.producer.take_delivered();
        for (partition, commit) in commits {
            if commit.changes.is_empty() {
                continue;
            }
            let changelog = TopicPartition::new(self.changelog_topic.clone(), *partition);
            let Some(offset) = delivered.get(&changelog) else {
                // Every change was delivered, or the transaction would not have committed; should a report be missing
                // all the same, the changelog has what state lacks.
                tracing::error!(partition, "no delivery report of a committed change; state is read back");
                return self.start_again(true);
            };
            self.parts.store.apply(*partition, &commit.changes, offset + 1)?;
        }
        for owned in self.tasks.values_mut() {
            owned.task.evict();
        }
        Ok(())
    }

    /// Drops everything since the last commit and reads the truth: committed offsets, and the changelog's tail.
    fn start_again(&mut self, replace_producer: bool) -> Result<(), EngineError> {
        if replace_producer {
            self.parts.producer.reopen()?;
        }
        let partitions: Vec<i32> = self.tasks.keys().copied().collect();
        let inputs = self.inputs(&partitions);
        self.parts.consumer.pause(&inputs)?;
        self.tasks.clear();
        self.paused.clear();
        for (partition, offset) in self.restore(&partitions)? {
            self.parts.consumer.seek(&TopicPartition::new(self.input.clone(), partition), offset)?;
        }
        self.parts.consumer.resume(&inputs)?;
        Ok(())
    }
}
