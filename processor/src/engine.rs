//! The loop around the tasks: reads, asks, ticks, commits. It owns every client; decisions are the tasks' own.

mod assignment;
mod commit;
mod error;
mod intake;
mod ports;
mod pressure;
mod transaction;
mod trouble;

pub use error::EngineError;
pub use ports::{Clock, ProfileLookups, SchemaSource};

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::broadcast;
use trunkline_connect::{Event, Reporter};
use trunkline_kafka::{ConsumerError, Polled, ReportQueue, SchemaWait, TopicPartition};
use trunkline_profiles::Profiles;
use trunkline_rules::RuleSet;
use trunkline_schemas::codec::EventReader;
use trunkline_telemetry::Health;

use self::pressure::Pressure;
use self::transaction::Transaction;
use self::trouble::Trouble;
use crate::brokers::Brokers;
use crate::metrics;
use crate::plugins::Plugins;
use crate::publisher::Publisher;
use crate::restore::Restorer;
use crate::state::{PartitionState, StateError, StateStore};
use crate::task::{Context, Counters, Settings, Task};

/// Longest wait for a record; also how late a tick can be.
const POLL: Duration = Duration::from_millis(5);

/// Records taken in between two looks at everything else.
const BATCH: usize = 500;

/// Between two attempts to read while the brokers do not answer.
const UNREACHABLE_WAIT: Duration = Duration::from_millis(200);

/// Bytes of events under way per instance after which partitions pause, however few they are.
const HELD_BYTES: usize = 256 << 20;

/// Everything the engine works with.
pub struct Parts<B, S> {
    /// Membership and transactions.
    pub brokers: B,
    /// State.
    pub store: S,
    /// Brings state up to date.
    pub restorer: Box<dyn Restorer>,
    /// Schemas of records that this build does not know.
    pub schemas: Box<dyn SchemaSource>,
    /// Asks the CRMs.
    pub lookups: Box<dyn ProfileLookups>,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// What happens to the connections to the CRMs.
    pub events: broadcast::Receiver<Event>,
    /// Makes reports of it.
    pub reporter: Reporter,
    /// Profiles at hand.
    pub profiles: Profiles,
    /// Rules.
    pub rules: RuleSet,
    /// Plugins that events wait for.
    pub plugins: Plugins,
    /// Encodes.
    pub publisher: Publisher,
    /// For the tasks.
    pub settings: Arc<Settings>,
    /// How often to commit; milliseconds.
    pub commit_interval_ms: i64,
    /// Bytes of encoded records after which the client gets them before the commit: enough for large batches, little enough
    /// that the brokers have most of a transaction before it ends.
    pub hand_over_bytes: usize,
    /// Events under way per instance after which partitions pause.
    pub max_held_events: usize,
    /// Entities kept in memory per instance.
    pub max_entities_in_memory: usize,
    /// Readiness.
    pub health: Arc<Health>,
    /// The changelog topic, with its prefix.
    pub changelog_topic: String,
}

/// The loop; see the module's documentation.
pub struct Engine<B, S> {
    parts: Parts<B, S>,
    tasks: BTreeMap<i32, Owned>,
    /// Partitions that are ours and whose state is being restored, each with the ticket of its restore.
    restoring: BTreeMap<i32, u64>,
    tickets: u64,
    /// Partitions that pause because too much of them is under way.
    paused: HashSet<i32>,
    /// Records that wait for their schema; their partitions pause meanwhile.
    schema_wait: SchemaWait<i32>,
    /// Reports that are not committed yet.
    reports: ReportQueue,
    /// The brokers did not answer last time.
    unreachable: bool,
    trouble: Trouble,
    transaction: Transaction,
    reader: EventReader,
    last_commit: i64,
}

struct Owned {
    task: Task,
    /// The input offset that was committed last.
    committed: i64,
    reported: Counters,
}

// === impl Engine ===

impl<B: Brokers, S: StateStore> Engine<B, S> {
    /// An engine that owns no partition yet.
    pub fn new(parts: Parts<B, S>) -> Self {
        Self {
            parts,
            tasks: BTreeMap::new(),
            restoring: BTreeMap::new(),
            tickets: 0,
            paused: HashSet::new(),
            schema_wait: SchemaWait::default(),
            reports: ReportQueue::new(metrics::REPORTS_DROPPED),
            unreachable: false,
            trouble: Trouble::default(),
            transaction: Transaction::default(),
            reader: EventReader::new(),
            last_commit: 0,
        }
    }

    /// Runs until `stop` is set, then commits what is finished and gives the partitions back.
    ///
    /// # Errors
    /// [`EngineError`] when it can not go on; nothing that was not committed took effect.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), EngineError> {
        self.parts.health.set("engine", true, "running");
        while !stop.load(Ordering::Acquire) {
            self.turn()?;
        }
        self.drain()
    }

    /// One turn of the loop.
    ///
    /// # Errors
    /// [`EngineError`] when it can not go on.
    pub fn turn(&mut self) -> Result<(), EngineError> {
        self.take_in()?;
        if self.unreachable {
            self.probe();
        }
        if self.trouble.is_on_standby() {
            return self.stand_by();
        }
        self.take_schemas()?;
        self.take_restored()?;
        self.learn_profiles()?;
        self.hear_plugins()?;
        self.tick()?;
        self.ask();
        self.collect_reports();
        if self.commit_is_due() {
            self.commit()?;
            self.report();
        }
        self.balance_load()?;
        let now = self.parts.clock.now();
        Ok(self.parts.store.flush_if_due(&self.owned(), now)?)
    }

    /// Commits what is finished, for the last time.
    ///
    /// # Errors
    /// [`EngineError`] when that fails; what was not committed is read again by whoever comes next.
    pub fn drain(mut self) -> Result<(), EngineError> {
        self.parts.health.set("engine", false, "draining");
        self.commit()?;
        let now = self.parts.clock.now();
        self.parts.store.flush(&self.owned(), now)?;
        tracing::info!(partitions = self.tasks.len(), "drained: everything finished is committed");
        Ok(())
    }

    /// What it works with, for those who made it.
    pub fn parts(&mut self) -> &mut Parts<B, S> {
        &mut self.parts
    }

    /// Partitions whose state is at the end of the changelog.
    pub fn owned(&self) -> Vec<i32> {
        self.tasks.keys().copied().collect()
    }

    fn take_in(&mut self) -> Result<(), EngineError> {
        let mut wait = POLL;
        for _ in 0..BATCH {
            match self.parts.brokers.poll(wait) {
                Ok(Polled::Record(record)) => self.record(record)?,
                Ok(Polled::Assigned(partitions)) => self.assigned(&numbers(&partitions))?,
                Ok(Polled::Revoked { partitions, lost }) => self.revoked(&numbers(&partitions), lost)?,
                Ok(Polled::Idle) => return Ok(()),
                Err(error @ ConsumerError::Fatal { .. }) => return Err(error.into()),
                Err(error) => {
                    // Passing by itself: the client reconnects.
                    if !std::mem::replace(&mut self.unreachable, true) {
                        tracing::warn!(code = "TL-5001", %error, "reading");
                        self.parts.health.set("kafka", false, &error.to_string());
                    }
                    self.parts.brokers.wait(UNREACHABLE_WAIT);
                    return Ok(());
                }
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Asks the brokers for anything at all, to know when they are back.
    fn probe(&mut self) {
        if self.parts.brokers.answer() {
            self.unreachable = false;
            self.parts.health.set("kafka", true, "reachable again");
        }
    }

    fn learn_profiles(&mut self) -> Result<(), EngineError> {
        for fetched in self.parts.lookups.take_answers() {
            if self.tasks.is_empty() {
                // Nobody could publish it or keep it. Whose event it was for asks again.
                continue;
            }
            let now = self.parts.clock.now();
            let profile = self.parts.profiles.learn(fetched, now);
            let customer = profile.customer_id.clone();
            let mut published = profile.source_systems.is_empty();
            for partition in self.owned() {
                self.with_task(partition, |task, ctx| {
                    if !published {
                        task.publish(crate::output::Output::Profile(profile.clone()));
                        published = true;
                    }
                    task.profile_learned(&customer, ctx)
                })?;
            }
        }
        Ok(())
    }

    /// Events whose plugins have answered, or are not waited for any longer, go on.
    fn hear_plugins(&mut self) -> Result<(), EngineError> {
        for (ticket, answers) in self.parts.plugins.poll(self.parts.clock.now()) {
            let owner = self.tasks.iter().find(|(_, owned)| owned.task.consults(ticket));
            // Its partition may be another's by now, who asks again.
            if let Some(partition) = owner.map(|(partition, _)| *partition) {
                self.with_task(partition, |task, ctx| task.plugins_answered(ticket, answers, ctx))?;
            }
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<(), EngineError> {
        for partition in self.owned() {
            self.with_task(partition, |task, ctx| task.tick(ctx))?;
        }
        Ok(())
    }

    fn ask(&mut self) {
        for owned in self.tasks.values_mut() {
            for (customer, traceparent) in owned.task.take_lookups() {
                self.parts.lookups.request(customer, traceparent);
            }
        }
    }

    /// What an operator should hear of outside systems and plugins goes out with the next transaction.
    fn collect_reports(&mut self) {
        // Events that a slow moment made us miss were logged where they happened.
        while let Ok(event) = self.parts.events.try_recv() {
            let id = uuid::Uuid::new_v4().to_string();
            let report = self.parts.reporter.report(&event, id, self.parts.clock.now());
            if let Some(report) = report {
                self.reports.push(report);
            }
        }
        for turning in self.parts.plugins.take_turnings() {
            self.reports.push(turning.report(&self.parts.settings.instance, self.parts.clock.now()));
        }
    }

    fn commit_is_due(&self) -> bool {
        self.transaction.is_due()
            || self.parts.clock.now() - self.last_commit >= self.parts.commit_interval_ms
    }

    /// Pauses partitions that hold too much, and resumes them once they hold half of that.
    fn balance_load(&mut self) -> Result<(), EngineError> {
        let tasks = self.tasks.len().max(1);
        let limit = (self.parts.max_held_events / tasks).max(1);
        let saturated = self.parts.lookups.is_saturated();
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        for (partition, owned) in &self.tasks {
            let pressure = Pressure {
                outstanding: owned.task.outstanding(),
                bytes: owned.task.outstanding_bytes(),
                bytes_limit: HELD_BYTES / tasks,
                finished: owned.task.finished_above_watermark(),
                limit,
                saturated,
            };
            match self.paused.contains(partition) {
                false if pressure.pauses() => pause.push(*partition),
                true if pressure.resumes() => resume.push(*partition),
                _ => {}
            }
        }
        if !pause.is_empty() {
            tracing::info!(partitions = ?pause, saturated, "paused: too much is under way");
            self.parts.brokers.pause(&pause)?;
            self.paused.extend(pause);
        }
        if !resume.is_empty() {
            for partition in &resume {
                self.paused.remove(partition);
            }
            resume.retain(|partition| !self.schema_wait.is_waiting(partition));
            self.parts.brokers.resume(&resume)?;
        }
        Ok(())
    }

    fn report(&mut self) {
        for owned in self.tasks.values_mut() {
            let now = owned.task.counters();
            metrics::events(owned.reported, now);
            owned.reported = now;
        }
        let outstanding = self.tasks.values().map(|o| o.task.outstanding()).sum();
        self.parts.plugins.report();
        metrics::under_way(outstanding, self.parts.lookups.in_flight(), self.tasks.len());
    }

    /// Runs one step of a task with everything it may look at. Partitions that are not ours are passed over.
    fn with_task(
        &mut self,
        partition: i32,
        step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), StateError>,
    ) -> Result<(), EngineError> {
        let Some(owned) = self.tasks.get_mut(&partition) else { return Ok(()) };
        let state = PartitionState::new(&self.parts.store, partition);
        let mut ctx = Context {
            now: self.parts.clock.now(),
            state: &state,
            profiles: &mut self.parts.profiles,
            rules: &mut self.parts.rules,
            plugins: &mut self.parts.plugins,
        };
        step(&mut owned.task, &mut ctx)?;
        let outputs = owned.task.take_outputs();
        self.publish(outputs)
    }
}

fn numbers(partitions: &[TopicPartition]) -> Vec<i32> {
    partitions.iter().map(|p| p.partition).collect()
}
