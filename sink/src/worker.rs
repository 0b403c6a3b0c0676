//! The loop that owns the membership, the transactions and the lanes.
//!
//! It runs on a thread of its own and is the only one to touch them, so nothing here needs a lock. Everything
//! outside it asks of its ports: those of [`trunkline_kafka::ports`] and of [`crate::ports`].
//!
//! # Layout
//!
//! - here: one turn of the loop, and what the lanes want done
//! - `records`: from a record to the lanes, by way of a schema that may have to be fetched
//! - `assignment`: partitions that come and go
//! - `logs`: partitions whose log is not what it was
//! - `commits`: when to commit, and what follows from how it went
//! - `putting_aside`: records that have their transaction aborted each time
//! - `settling`: a transaction whose outcome has to be found out, and brokers that do not answer

mod assignment;
mod commits;
mod logs;
mod putting_aside;
mod records;
mod settling;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use trunkline_kafka::ports::Clock;
use trunkline_kafka::{
    ConsumerError, LogGuard, LogLooks, LogWatch, Polled, ReportQueue, SchemaSource, SchemaWait,
    TopicPartition, Uncommitted,
};
use trunkline_schemas::PipelineError;
use trunkline_telemetry::{Health, InHand, ProgressWatch, progress};

use crate::lanes::{Action, Input, Lanes};
use crate::metrics;
use crate::parser::Parser;
use crate::ports::{GroupOffsets, SavedState, TargetCalls};
use crate::reports::Reporter;
use crate::transactions::{self, Transactions};

use putting_aside::Troubles;
use settling::{Away, Indeterminate};

/// Longest wait for a record; answers wait at most so long.
const POLL: Duration = Duration::from_millis(5);

/// Records taken in one go before answers get their turn.
const RECORDS_PER_TURN: usize = 256;

/// Why the worker stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The consumer cannot go on.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// No transaction can be made.
    #[error(transparent)]
    Transactions(#[from] transactions::Error),
}

/// Everything the worker owns; see the module's documentation.
pub struct Worker<B, S, C> {
    /// The lanes.
    pub lanes: Lanes,
    /// Membership, transactions and the group's offsets.
    pub brokers: B,
    /// What is saved beside the offsets.
    pub saved: S,
    /// What stands still because of what its log turned out to be.
    pub logs: LogGuard,
    /// Asks about logs when partitions are assigned.
    pub log_looks: Box<dyn LogLooks>,
    /// Looks at logs beside the worker.
    pub log_watch: Box<dyn LogWatch>,
    /// Makes transactions of plans.
    pub transactions: Transactions,
    /// Understands records.
    pub parser: Parser,
    /// Calls targets.
    pub calls: C,
    /// Fetches schemas that the parser needs.
    pub schemas: Box<dyn SchemaSource>,
    /// Reports of the policy stack.
    pub reports: Receiver<PipelineError>,
    /// Writes reports of its own.
    pub reporter: Reporter,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Whether partitions are assigned.
    pub health: Arc<Health>,
    /// Is told what is in hand and what took effect.
    pub progress: Arc<ProgressWatch>,
    /// The rest starts empty.
    pub state: WorkerState,
}

/// What the worker remembers between two turns.
pub struct WorkerState {
    pending: ReportQueue,
    /// Records that wait for a schema.
    schema_wait: SchemaWait<TopicPartition>,
    uncommitted: Uncommitted<TopicPartition>,
    paused: HashSet<TopicPartition>,
    /// When the watch last learned how far partitions are read; UTC milliseconds.
    watched_at: i64,
    /// Since when something may wait to be committed; UTC milliseconds.
    due_since: Option<i64>,
    /// No commit before this; UTC milliseconds.
    not_before: Option<i64>,
    /// Transactions in a row that came to nothing.
    failures: u32,
    /// What became of the last transaction is not known yet.
    indeterminate: Option<Indeterminate>,
    /// Records that cannot be passed on.
    troubles: Troubles,
    /// The brokers do not answer.
    away: Option<Away>,
    /// Partitions that the group has given, and of which it is not known yet where they were left.
    unplaced: Vec<TopicPartition>,
}

// === impl WorkerState ===

impl Default for WorkerState {
    fn default() -> Self {
        Self {
            pending: ReportQueue::new(metrics::REPORTS_DROPPED),
            schema_wait: SchemaWait::default(),
            uncommitted: Uncommitted::default(),
            paused: HashSet::new(),
            watched_at: 0,
            due_since: None,
            not_before: None,
            failures: 0,
            indeterminate: None,
            troubles: Troubles::default(),
            away: None,
            unplaced: Vec::new(),
        }
    }
}

// === impl Worker ===

impl<B: GroupOffsets, S: SavedState, C: TargetCalls> Worker<B, S, C> {
    /// Works until `stop` is set, then drains for at most `drain_timeout`.
    ///
    /// # Errors
    /// [`Error`] says why it stopped by itself; what was not committed is done again by whoever takes over.
    pub fn run(mut self, stop: &AtomicBool, drain_timeout: Duration) -> Result<(), Error> {
        self.health.watch(progress::PART, self.progress.clone());
        while !stop.load(Ordering::Acquire) {
            self.turn()?;
        }
        self.drain(drain_timeout)
    }

    /// One turn of the loop.
    ///
    /// # Errors
    /// [`Error`] when it cannot go on.
    pub fn turn(&mut self) -> Result<(), Error> {
        // A command that is tried, or waits for its target, is nothing to be committed yet. After a transaction that
        // came to nothing something is, until it is known that there is nothing left of it.
        let outstanding = self.lanes.ended_count() > 0 || self.state.failures > 0;
        self.progress.turned(InHand { outstanding, oldest_ms: self.state.uncommitted.oldest() });
        let mut wait = POLL;
        for _ in 0..RECORDS_PER_TURN {
            match self.brokers.poll(wait) {
                Ok(Polled::Record(record)) => {
                    let partition = record.topic_partition();
                    self.state.uncommitted.read(partition, record.offset, record.timestamp);
                    self.read(record)?;
                }
                Ok(Polled::Assigned(partitions)) => self.assigned(partitions)?,
                Ok(Polled::Revoked { partitions, lost }) => self.revoked(partitions, lost)?,
                Ok(Polled::OutOfRange) => self.look_now(),
                Ok(Polled::Idle) => break,
                Err(error @ ConsumerError::Call { .. }) => {
                    self.brokers_are_away(&error.to_string());
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            wait = Duration::ZERO;
        }
        self.place()?;
        self.probe_brokers();
        while let Some(answer) = self.calls.answer(Duration::ZERO) {
            self.apply(answer)?;
        }
        self.take_schemas()?;
        self.take_reports();
        self.look_at_logs()?;
        self.apply(Input::Tick)?;
        self.commit_when_due()?;
        metrics::held(self.lanes.partition_count(), self.state.paused.len(), self.lanes.unfinished_count());
        self.lanes.held_ms().for_each(|(target, held_ms)| metrics::target_held(target, held_ms));
        Ok(())
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
                    self.calls.start(serial, command, step);
                }
                Action::Cancel { serial } => {
                    self.calls.cancel(serial);
                }
                Action::Pause(partition) => {
                    self.brokers.pause(std::slice::from_ref(&partition))?;
                    self.state.paused.insert(partition);
                }
                Action::Resume(partition) => {
                    self.brokers.resume(std::slice::from_ref(&partition))?;
                    self.state.paused.remove(&partition);
                }
            }
        }
        Ok(())
    }
}
