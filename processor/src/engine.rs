//! The loop around the tasks: reads, asks, ticks, commits. It owns every client; decisions are the tasks'
//! own, and those of the machines below. The engine itself only wires them to each other and to the ports.
//!
//! # Layout
//!
//! - [`Engine`]: the loop; [`Parts`]: what it is made of
//! - `membership`, `commit`, `holds`: taking and giving back partitions; transactions, and starting again; the ends of
//!   holds
//! - machines with their own fields:
//!   - `input_topic`: the partitions of the input by their numbers
//!   - `intake`: records become events, and offsets are finished
//!   - `ends`: whether there is more to read
//!   - `tasks`: the partitions' tasks; `plugin_calls`: what they ask plugins;
//!     `plugin_reports`: what operators see of plugins
//!   - `assignment`: partitions that are being restored; `logs`: those whose log is not what it was
//!   - `load`, `pressure`: which partitions pause
//!   - `transaction`: the open transaction; `recovery`: what follows from how one went
//!   - `troubles`: records whose transaction is aborted each time
//!   - `reports`: what operators should know; `numbering`: what is said of sources that number across conversations
//!   - `profiles`: what was fetched of customers, and what other instances know of them; `retelling`: what the
//!     records of `customer.profiles` lack
//! - `ports`: what it asks of its surroundings, beside [`trunkline_kafka::ports`]

mod assignment;
mod commit;
mod ends;
mod error;
mod holds;
mod input_topic;
mod intake;
mod load;
mod logs;
mod membership;
mod numbering;
mod parts;
mod plugin_calls;
mod plugin_reports;
mod ports;
mod pressure;
mod profiles;
mod recovery;
mod reports;
mod retelling;
mod tasks;
mod transaction;
mod troubles;

pub use error::EngineError;
pub use parts::Parts;
pub use ports::{InputEnds, PluginLookups, PluginThreads, ProfileLookups, ProfileRecords};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use trunkline_kafka::ports::Clock;
use trunkline_kafka::{ConsumerError, LogGuard, LogWatch, Polled, startup};
use trunkline_partition::{Context, StateError, Task};
use trunkline_schemas::{InboundRecord, TopicPartition, error_codes};
use trunkline_telemetry::{Health, ProgressWatch, progress};

use self::assignment::Assignment;
use self::ends::Ends;
use self::input_topic::InputTopic;
use self::intake::{Intake, Taken};
use self::load::{Load, UnderWay};
use self::logs::LogLooks;
use self::plugin_calls::PluginCalls;
use self::plugin_reports::PluginReports;
use self::recovery::Recovery;
use self::reports::Reports;
use self::retelling::Retelling;
use self::tasks::Tasks;
use self::transaction::Transaction;
use self::troubles::Troubles;
use crate::brokers::ChangelogBrokers;
use crate::metrics;
use crate::state::StateStore;

/// Longest wait for a record; also how late a tick can be.
const POLL: Duration = Duration::from_millis(5);

/// Records taken in between two looks at everything else.
const BATCH: usize = 500;

/// Between two attempts to read while the brokers do not answer.
const UNREACHABLE_WAIT: Duration = Duration::from_millis(200);

/// How long the question may take whether the brokers are back.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// The loop; see the module's documentation.
pub struct Engine<B, S> {
    brokers: B,
    input: InputTopic,
    store: S,
    clock: Box<dyn Clock>,
    lookups: Box<dyn ProfileLookups>,
    profile_records: Box<dyn ProfileRecords>,
    retelling: Retelling,
    health: Arc<Health>,
    progress: Arc<ProgressWatch>,
    /// Name of the instance.
    instance: String,
    intake: Intake,
    ends: Ends,
    tasks: Tasks,
    plugins: PluginCalls,
    assignment: Assignment,
    load: Load,
    logs: LogGuard,
    log_watch: Box<dyn LogWatch>,
    /// What the engine remembers of its looks at logs.
    log_looks: LogLooks,
    transaction: Transaction,
    recovery: Recovery,
    troubles: Troubles,
    reports: Reports,
}

// === impl Engine ===

impl<B: ChangelogBrokers, S: StateStore> Engine<B, S> {
    /// An engine that owns no partition yet.
    pub fn new(parts: Parts<B, S>) -> Self {
        let instance = parts.settings.instance.clone();
        let input = InputTopic::new(parts.input_topic);
        let reporting = PluginReports::new(&parts.plugins, parts.health.clone());
        Self {
            brokers: parts.brokers,
            input: input.clone(),
            store: parts.store,
            clock: parts.clock,
            lookups: parts.lookups,
            profile_records: parts.profile_records,
            retelling: Retelling::default(),
            health: parts.health,
            progress: parts.progress,
            intake: Intake::new(parts.schemas),
            ends: Ends::new(parts.input_ends),
            tasks: Tasks::new(parts.settings, parts.profiles, parts.rules, parts.max_entities_in_memory),
            plugins: PluginCalls::new(parts.plugins, parts.plugin_threads, parts.plugin_lookups, reporting),
            assignment: Assignment::new(parts.restorer),
            load: Load::new(parts.max_held_events),
            logs: parts.logs,
            log_watch: parts.log_watch,
            log_looks: LogLooks::default(),
            transaction: Transaction::new(
                parts.publisher,
                input,
                parts.changelog_topic,
                parts.hand_over_bytes,
                parts.commit_interval_ms,
            ),
            recovery: Recovery::default(),
            troubles: Troubles::new(),
            reports: Reports::new(parts.events, parts.reporter, parts.notices, instance.clone()),
            instance,
        }
    }

    /// Runs until `stop` is set, then commits what is finished and gives the partitions back.
    ///
    /// # Errors
    /// [`EngineError`] when it cannot go on; nothing that was not committed took effect.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), EngineError> {
        self.health.set("engine", true, "running");
        self.health.watch(progress::PART, self.progress.clone());
        while !stop.load(Ordering::Acquire) {
            self.turn()?;
        }
        self.drain()
    }

    /// One turn of the loop.
    ///
    /// # Errors
    /// [`EngineError`] when it cannot go on.
    pub fn turn(&mut self) -> Result<(), EngineError> {
        self.progress.turned(self.intake.in_hand());
        self.take_in()?;
        self.probe();
        if self.recovery.is_on_standby() {
            return self.stand_by();
        }
        self.take_schemas()?;
        self.take_restored()?;
        self.look_at_logs()?;
        self.learn_ends()?;
        // What is answered after this is taken in with the next turn, and no wait ends before that.
        let answered_before = self.clock.now_ms();
        self.commit_carefully()?;
        self.take_profiles()?;
        self.take_records_of_profiles()?;
        self.commit_carefully()?;
        self.take_plugin_answers()?;
        self.commit_carefully()?;
        self.tick(answered_before)?;
        self.look_up();
        self.reports.collect(self.plugins.report(), self.clock.now_ms());
        if self.transaction.is_due(self.clock.now_ms()) {
            self.commit()?;
            self.report();
        }
        self.balance_load()?;
        let now = self.clock.now_ms();
        Ok(self.store.flush_if_due(&self.owned(), now)?)
    }

    /// Commits what is finished, for the last time.
    ///
    /// # Errors
    /// [`EngineError`] when that fails; what was not committed is read again by whoever comes next.
    pub fn drain(mut self) -> Result<(), EngineError> {
        self.health.set("engine", false, "draining");
        self.commit()?;
        let now = self.clock.now_ms();
        self.store.flush(&self.owned(), now)?;
        tracing::info!(partitions = self.tasks.len(), "drained: everything finished is committed");
        Ok(())
    }

    /// Partitions whose state is at the end of the changelog.
    pub fn owned(&self) -> Vec<i32> {
        self.tasks.partitions()
    }

    fn take_in(&mut self) -> Result<(), EngineError> {
        let mut wait = POLL;
        for _ in 0..BATCH {
            match self.brokers.poll(wait) {
                Ok(Polled::Record(record)) => {
                    self.record(record)?;
                    self.commit_carefully()?;
                }
                Ok(Polled::Assigned(partitions)) => self.assigned(&numbers(&partitions))?,
                Ok(Polled::Revoked { partitions, lost }) => self.revoked(&numbers(&partitions), lost)?,
                Ok(Polled::OutOfRange) => self.look_now(),
                Ok(Polled::Idle) => return Ok(()),
                Err(error @ ConsumerError::Fatal { .. }) => return Err(error.into()),
                Err(error) => {
                    // Passing by itself: the client reconnects.
                    if self.recovery.lost_brokers() {
                        tracing::warn!(code = error_codes::BROKER_UNREACHABLE.as_str(), %error, "reading");
                        self.health.set("kafka", false, &error.to_string());
                    }
                    self.brokers.wait(UNREACHABLE_WAIT);
                    return Ok(());
                }
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// While the cause of aborts is looked for, what is finished is committed for itself. Nothing that was read before
    /// may be taken in after this: an abort goes back to what is committed.
    fn commit_carefully(&mut self) -> Result<(), EngineError> {
        if self.troubles.is_due() { self.commit() } else { Ok(()) }
    }

    /// Asks brokers that did not answer for anything at all, to know when they are back.
    fn probe(&mut self) {
        if self.recovery.is_unreachable() && self.brokers.end(&self.input.partition(0), PROBE_TIMEOUT).is_ok()
        {
            self.recovery.found_brokers();
            self.health.set("kafka", true, "reachable again");
        }
    }

    fn record(&mut self, record: InboundRecord) -> Result<(), EngineError> {
        let partition = record.partition;
        let taken = match self.troubles.aside((partition, record.offset)) {
            Some(aside) => self.intake.put_aside(record, aside),
            None => self.intake.take(record, &*self.clock),
        };
        match taken {
            Taken::Event(arrived) => self.step(partition, |task, ctx| task.record(arrived, ctx)),
            Taken::Finished(arrival) => self.step(partition, |task, ctx| task.skip(arrival, ctx)),
            Taken::DeadLetter(letter) => self.step(partition, |task, _| {
                task.dead_letter(letter);
                Ok(())
            }),
            Taken::Waits => Ok(self.brokers.pause(&[self.input.partition(partition)])?),
            Taken::Nothing => Ok(()),
        }
    }

    /// Takes in schemas that have arrived, and then the records that waited for them.
    fn take_schemas(&mut self) -> Result<(), EngineError> {
        for (partition, records) in self.intake.take_schemas(&*self.clock) {
            for record in records {
                self.record(record)?;
            }
            if self.may_be_read(partition) {
                self.brokers.resume(&[self.input.partition(partition)])?;
            }
        }
        let now = self.clock.now_ms();
        self.reports.waits_for_schema(&self.intake.overdue(now), now);
        if let Some((ready, detail)) = self.intake.schema_readiness(now) {
            self.health.set(startup::REGISTRY, ready, &detail);
        }
        Ok(())
    }

    /// Events whose plugins have answered, or are not waited for any longer, go on.
    fn take_plugin_answers(&mut self) -> Result<(), EngineError> {
        for settled in self.plugins.take_settled(self.clock.now_ms()) {
            self.step(settled.partition, |task, ctx| {
                task.plugins_answered(settled.number, settled.answers, ctx)
            })?;
        }
        Ok(())
    }

    fn tick(&mut self, answered_before: i64) -> Result<(), EngineError> {
        for partition in self.owned() {
            self.step(partition, |task, ctx| task.tick_after_answers(answered_before, ctx))?;
            self.commit_carefully()?;
        }
        Ok(())
    }

    fn look_up(&mut self) {
        for request in self.tasks.take_lookups() {
            self.lookups.request(request);
        }
    }

    /// Pauses partitions that hold too much, and resumes them once they hold half of that.
    fn balance_load(&mut self) -> Result<(), EngineError> {
        self.cut_holds_short()?;
        let saturated = self.lookups.is_saturated();
        let under_way: Vec<UnderWay> = self.owned().into_iter().map(|p| self.under_way(p)).collect();
        let mut balance = self.load.balance(self.tasks.len(), under_way.into_iter(), saturated);
        if !balance.pause.is_empty() {
            tracing::info!(partitions = ?balance.pause, saturated, "paused: too much is under way");
            self.brokers.pause(&self.input.partitions(&balance.pause))?;
            self.load.pause(&balance.pause);
        }
        if !balance.resume.is_empty() {
            balance.resume.iter().for_each(|partition| self.load.let_go(*partition));
            balance.resume.retain(|partition| self.may_be_read(*partition));
            self.brokers.resume(&self.input.partitions(&balance.resume))?;
        }
        Ok(())
    }

    fn under_way(&self, partition: i32) -> UnderWay {
        let (outstanding, finished) = self.intake.under_way(partition);
        UnderWay { partition, outstanding, bytes: self.tasks.outstanding_bytes(partition), finished }
    }

    fn report(&mut self) {
        self.tasks.count(self.clock.now_ms());
        self.plugins.count();
        metrics::under_way(self.intake.outstanding(), self.lookups.in_flight(), self.tasks.len());
    }

    /// Runs one step of a task, and takes over what it returns. Partitions that are not ours are passed over.
    fn step(
        &mut self,
        partition: i32,
        step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), StateError>,
    ) -> Result<(), EngineError> {
        let now = self.clock.now_ms();
        let stepped = self.tasks.step(partition, &self.store, now, &mut self.plugins, step)?;
        let Some(task) = stepped else { return Ok(()) };
        let finished: Vec<i64> = task.drain_finished().collect();
        let outputs = task.take_outputs();
        self.intake.finish(partition, finished.iter().copied());
        self.troubles.finished(partition, &finished, &outputs);
        Ok(self.transaction.publish(outputs, now, &mut self.brokers)?)
    }
}

fn numbers(partitions: &[TopicPartition]) -> Vec<i32> {
    partitions.iter().map(|p| p.partition).collect()
}
