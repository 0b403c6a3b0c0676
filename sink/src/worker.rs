//! The loop that owns the consumer, the transactions and the lanes.
//!
//! It runs on a thread of its own and is the only one to touch them, so nothing here needs a lock. Calls to targets run
//! on the asynchronous runtime and come back through a channel.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use trunkline_kafka::{
    ConsumerError, FetchedSchema, GroupConsumer, InboundRecord, Polled, ReportQueue, SchemaFetcher,
    SchemaWait, TopicPartition,
};
use trunkline_schemas::{PipelineError, WriteBack, error_codes};
use trunkline_telemetry::Health;

use crate::answer::{Answer, Failure, FailureKind};
use crate::caller::Caller;
use crate::clock::Clock;
use crate::command::{Command, Ended, Parsed, Poison};
use crate::lanes::{Action, Input, Lanes, Plan, Serial};
use crate::metrics;
use crate::parser::{Parser, SchemaNeeded};
use crate::reports::Reporter;
use crate::transactions::{self, Settled, Transactions};
use crate::truth::{self, Truth};

/// Longest wait for a record; answers wait at most so long.
const POLL: Duration = Duration::from_millis(5);

/// Records taken in one go before answers get their turn.
const RECORDS_PER_TURN: usize = 256;

/// What has ended waits so long for company, then it is committed.
const COMMIT_INTERVAL: Duration = Duration::from_millis(50);

/// So much is committed without waiting.
const COMMIT_RECORDS: usize = 1_000;

/// A transaction that came to nothing is not repeated at once.
const COMMIT_RETRY: Duration = Duration::from_millis(200);

/// Calls under way when a partition is taken away may end for so long; then they are cancelled.
const REVOKE_PATIENCE: Duration = Duration::from_secs(5);

/// A target's refused token is reported so often.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Why the worker stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The consumer cannot go on.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// No transaction can be made.
    #[error(transparent)]
    Transactions(#[from] transactions::Error),
    /// What is committed cannot be read.
    #[error(transparent)]
    Truth(#[from] truth::Error),
}

/// Everything the worker owns; see the module's documentation.
pub struct Worker {
    /// The lanes.
    pub lanes: Lanes,
    /// The member of the group.
    pub consumer: GroupConsumer,
    /// Commits.
    pub transactions: Transactions,
    /// Reads what is committed.
    pub truth: Truth,
    /// Understands records.
    pub parser: Parser,
    /// Calls targets.
    pub caller: Caller,
    /// Answers of the calls.
    pub answers: Receiver<Input>,
    /// Fetches schemas that the parser needs.
    pub schemas: SchemaFetcher,
    /// Reports of the policy stack.
    pub reports: Receiver<PipelineError>,
    /// Writes reports of its own.
    pub reporter: Reporter,
    /// The time.
    pub clock: Clock,
    /// Whether partitions are assigned.
    pub health: Arc<Health>,
    /// The rest starts empty.
    pub state: WorkerState,
}

/// What the worker remembers between two turns.
pub struct WorkerState {
    pending: ReportQueue,
    /// Records that wait for a schema.
    schema_wait: SchemaWait<TopicPartition>,
    commands: HashMap<Serial, Arc<Command>>,
    /// When a refused token was last reported, by target.
    reported: HashMap<String, Instant>,
    paused: HashSet<TopicPartition>,
    /// Since when something may wait to be committed.
    due_since: Option<Instant>,
    /// No commit before this.
    not_before: Option<Instant>,
}

// === impl WorkerState ===

impl Default for WorkerState {
    fn default() -> Self {
        Self {
            pending: ReportQueue::new(metrics::REPORTS_DROPPED),
            schema_wait: SchemaWait::default(),
            commands: HashMap::new(),
            reported: HashMap::new(),
            paused: HashSet::new(),
            due_since: None,
            not_before: None,
        }
    }
}

// === impl Worker ===

impl Worker {
    /// Works until `stop` is set, then drains for at most `drain_timeout`.
    ///
    /// # Errors
    /// [`Error`] says why it stopped by itself; what was not committed is done again by whoever takes over.
    pub fn run(mut self, stop: &AtomicBool, drain_timeout: Duration) -> Result<(), Error> {
        while !stop.load(Ordering::Acquire) {
            self.turn()?;
        }
        tracing::info!(unfinished = self.lanes.unfinished_count(), "draining");
        let all = self.lanes.partitions();
        // Half of the time for calls, the rest for the last transaction and for leaving the group.
        self.settle(&all, REVOKE_PATIENCE.min(drain_timeout / 2))?;
        self.apply(Input::Released(all))?;
        tracing::info!("drained");
        Ok(())
    }

    fn turn(&mut self) -> Result<(), Error> {
        let mut wait = POLL;
        for _ in 0..RECORDS_PER_TURN {
            match self.consumer.poll(wait) {
                Ok(Polled::Record(record)) => self.read(record)?,
                Ok(Polled::Assigned(partitions)) => self.assigned(&partitions)?,
                Ok(Polled::Revoked { partitions, lost }) => self.revoked(partitions, lost)?,
                Ok(Polled::Idle) => break,
                Err(error @ ConsumerError::Call { .. }) => {
                    tracing::warn!(%error, "polling goes on");
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            wait = Duration::ZERO;
        }
        self.take_answers()?;
        self.take_schemas()?;
        self.take_reports();
        self.apply(Input::Tick)?;
        self.commit_when_due()?;
        metrics::held(self.lanes.partition_count(), self.state.paused.len(), self.lanes.unfinished_count());
        Ok(())
    }

    // ## Records

    fn read(&mut self, record: InboundRecord) -> Result<(), Error> {
        let partition = record.topic_partition();
        if self.state.schema_wait.is_waiting(&partition) {
            self.state.schema_wait.wait(partition, record.clone());
            return self.apply(Input::Undecided(record));
        }
        let SchemaNeeded { id, record } = match self.parser.parse(record, self.clock.now_ms()) {
            Ok(parsed) => return self.apply(Input::Read(parsed)),
            Err(needed) => needed,
        };
        let at_ms = self.clock.now_ms();
        if let Some(message) = self.state.schema_wait.refusal(id, at_ms) {
            let code = error_codes::UNKNOWN_SCHEMA_ID.as_str();
            return self.apply(Input::Read(Parsed::Poison(Poison { record: *record, code, message, at_ms })));
        }
        self.schemas.fetch(id);
        self.state.schema_wait.wait(partition, record.as_ref().clone());
        self.apply(Input::Undecided(*record))
    }

    fn take_schemas(&mut self) -> Result<(), Error> {
        let mut any = false;
        while let Some(FetchedSchema { id, schema }) = self.schemas.fetched() {
            any = true;
            let added = match schema {
                Some(schema) => self.parser.add_schema(id, &schema).map_err(|error| error.to_string()),
                None => Err("the registry does not know it".to_owned()),
            };
            if let Err(reason) = added {
                tracing::error!(
                    code = %error_codes::UNKNOWN_SCHEMA_ID,
                    reason,
                    id,
                    "commands of this schema cannot be read now"
                );
                self.state.schema_wait.refuse(id, reason, self.clock.now_ms());
            }
        }
        if any {
            for (partition, records) in self.state.schema_wait.take() {
                tracing::info!(%partition, records = records.len(), "decoding records that waited for a schema");
                for record in records {
                    self.read(record)?;
                }
            }
        }
        Ok(())
    }

    // ## Calls

    fn take_answers(&mut self) -> Result<(), Error> {
        while let Ok(answer) = self.answers.try_recv() {
            self.answered(answer)?;
        }
        Ok(())
    }

    fn answered(&mut self, input: Input) -> Result<(), Error> {
        if let Input::Answered { serial, answer, .. } = &input {
            self.caller.answered(*serial);
            let command = self.state.commands.remove(serial);
            if let (Some(command), Answer::Failed(failure)) = (command, answer)
                && failure.kind == FailureKind::Unauthorized
            {
                self.token_refused(&command.issued.write_back, failure);
            }
        }
        self.apply(input)
    }

    /// Reports the first command that a refused token stops, so that its conversation can be found.
    fn token_refused(&mut self, write_back: &WriteBack, failure: &Failure) {
        let last = self.state.reported.get(&write_back.target);
        if last.is_none_or(|last| last.elapsed() > REPORT_INTERVAL) {
            self.state.reported.insert(write_back.target.clone(), Instant::now());
            self.state.pending.push(self.reporter.token_refused(write_back, failure, self.clock.now_ms()));
        }
    }

    fn take_reports(&mut self) {
        while let Ok(report) = self.reports.try_recv() {
            self.state.pending.push(report);
        }
    }

    fn apply(&mut self, input: Input) -> Result<(), Error> {
        let mut actions = Vec::new();
        self.lanes.apply(input, self.clock.now_ms(), &mut actions);
        for action in actions {
            match action {
                Action::Call { serial, command, step } => {
                    self.state.commands.insert(serial, Arc::clone(&command));
                    self.caller.start(serial, command, step);
                }
                Action::Cancel { serial } => {
                    self.state.commands.remove(&serial);
                    self.caller.cancel(serial);
                }
                Action::Pause(partition) => {
                    self.consumer.pause(std::slice::from_ref(&partition))?;
                    self.state.paused.insert(partition);
                }
                Action::Resume(partition) => {
                    self.consumer.resume(std::slice::from_ref(&partition))?;
                    self.state.paused.remove(&partition);
                }
            }
        }
        Ok(())
    }

    // ## Assignment

    fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let started = Instant::now();
        let committed = self.truth.read(&self.consumer, partitions)?;
        let positions: Vec<(TopicPartition, Option<i64>)> =
            committed.iter().map(|committed| (committed.partition.clone(), committed.watermark)).collect();
        self.consumer.assign(&positions)?;
        for truth::Committed { partition, watermark, finished } in committed {
            let end = self.truth.end(&self.consumer, &partition)?;
            self.state.paused.insert(partition.clone());
            self.apply(Input::Assigned { partition, watermark, finished, end })?;
        }
        let held = self.lanes.partition_count();
        tracing::info!(
            new = partitions.len(),
            held,
            took_ms = started.elapsed().as_millis() as u64,
            "assigned"
        );
        self.health.set("kafka", true, &format!("{held} partitions"));
        Ok(())
    }

    fn revoked(&mut self, partitions: Vec<TopicPartition>, lost: bool) -> Result<(), Error> {
        tracing::info!(partitions = partitions.len(), lost, "revoked");
        if !lost {
            self.settle(&partitions, REVOKE_PATIENCE)?;
        }
        for partition in &partitions {
            self.state.schema_wait.forget(partition);
            self.state.paused.remove(partition);
        }
        self.apply(Input::Released(partitions.clone()))?;
        self.consumer.release(&partitions)?;
        self.health.set("kafka", true, &format!("{} partitions", self.lanes.partition_count()));
        Ok(())
    }

    /// Starts nothing more for these partitions, lets their calls end, and commits what has ended.
    fn settle(&mut self, partitions: &[TopicPartition], patience: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + patience;
        self.apply(Input::Revoking(partitions.to_vec()))?;
        while self.lanes.calls_under_way(partitions) > 0 {
            match self.answers.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(answer) => self.answered(answer)?,
                Err(RecvTimeoutError::Timeout) => {
                    let calls = self.lanes.calls_under_way(partitions);
                    tracing::warn!(
                        calls,
                        "calls are given up; whoever takes over reads their resources back"
                    );
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.take_reports();
        // A second time only if the first came to nothing.
        for _ in 0..2 {
            if self.commit()? == Some(Settled::Committed) || self.lanes.ended_count() == 0 {
                break;
            }
        }
        Ok(())
    }

    // ## Transactions

    fn commit_when_due(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        if self.state.not_before.is_some_and(|not_before| now < not_before) {
            return Ok(());
        }
        // Records that were only skipped move the watermark too, so there may be something to commit though none ended.
        let since = *self.state.due_since.get_or_insert(now);
        if self.lanes.ended_count() < COMMIT_RECORDS && now.duration_since(since) < COMMIT_INTERVAL {
            return Ok(());
        }
        self.commit()?;
        Ok(())
    }

    /// Commits everything that can be; `None` when there was nothing.
    fn commit(&mut self) -> Result<Option<Settled>, Error> {
        self.state.due_since = None;
        let plan = match self.lanes.plan() {
            Some(plan) => plan,
            None if self.state.pending.is_empty() => return Ok(None),
            None => Plan { ended: Vec::new(), progress: Vec::new() },
        };
        let reports = self.state.pending.take();
        let settled = self.transactions.commit(&plan, &reports, &self.consumer)?;
        match settled {
            Settled::Committed => {
                self.state.not_before = None;
                count(&plan);
                self.apply(Input::Committed)?;
            }
            Settled::Unknown => {
                self.state.not_before = Some(Instant::now() + COMMIT_RETRY);
                self.state.pending.give_back(reports);
                let partitions = self.lanes.partitions();
                for truth::Committed { partition, watermark, finished } in
                    self.truth.read(&self.consumer, &partitions)?
                {
                    self.apply(Input::Recovered { partition, watermark, finished })?;
                }
            }
        }
        Ok(Some(settled))
    }
}

/// Counts what is committed.
fn count(plan: &Plan) {
    for ended in &plan.ended {
        match ended.as_ref() {
            Ended::Poison(_) => metrics::poison_ended(),
            Ended::Command { issued, ending, finished_at_ms, .. } => {
                let command = &issued.write_back;
                metrics::command_ended(&command.target, ending.outcome, finished_at_ms - command.issued_at);
            }
        }
    }
}
