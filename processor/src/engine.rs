//! The loop around the tasks: reads, asks, ticks, commits. It owns every client; decisions are the tasks' own.

mod assignment;
mod commit;
mod error;
mod intake;
mod pressure;

pub use error::EngineError;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::broadcast;
use trunkline_config::Kafka;
use trunkline_connect::{Event, Reporter};
use trunkline_kafka::changelog;
use trunkline_kafka::{GroupConsumer, Polled, Registry, TopicPartition, TransactionalProducer};
use trunkline_schemas::codec::Decoder;
use trunkline_schemas::{PipelineError, PlatformEvent};
use trunkline_telemetry::Health;

use self::pressure::Pressure;
use crate::clock;
use crate::lookups::Lookups;
use crate::metrics;
use crate::profiles::Profiles;
use crate::publisher::Publisher;
use crate::rules::RuleSet;
use crate::state::Store;
use crate::task::{Context, Counters, Settings, Task};

/// Longest wait for a record; also how late a tick can be.
const POLL: Duration = Duration::from_millis(5);

/// Records taken in between two looks at everything else.
const BATCH: usize = 500;

/// Outputs after which a commit is due before its time.
const OUTPUTS_PER_COMMIT: usize = 2_000;

/// Between two attempts to read while the brokers do not answer.
const UNREACHABLE_WAIT: Duration = Duration::from_millis(200);

/// How long the question may take whether they are back.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Reports kept while nothing can be committed.
const REPORTS_LIMIT: usize = 1_000;

/// Everything the engine works with.
pub struct Parts {
    /// Topics and brokers.
    pub kafka: Kafka,
    /// Member of the group.
    pub consumer: GroupConsumer,
    /// Publishes outputs, changelog and offsets.
    pub producer: TransactionalProducer,
    /// Reads the changelog back.
    pub changelog: changelog::Reader,
    /// State.
    pub store: Store,
    /// Schemas of records that this build does not know.
    pub registry: Registry,
    /// For the registry, which is asked from this thread.
    pub runtime: Handle,
    /// Asks the CRMs.
    pub lookups: Lookups,
    /// What happens to the connections to them.
    pub events: broadcast::Receiver<Event>,
    /// Makes reports of it.
    pub reporter: Reporter,
    /// Profiles at hand.
    pub profiles: Profiles,
    /// Rules.
    pub rules: RuleSet,
    /// Encodes.
    pub publisher: Publisher,
    /// For the tasks.
    pub settings: Arc<Settings>,
    /// How often to commit.
    pub commit_interval: Duration,
    /// Events under way per instance after which partitions pause.
    pub max_held_events: usize,
    /// Readiness.
    pub health: Arc<Health>,
}

/// The loop; see the module's documentation.
pub struct Engine {
    parts: Parts,
    input: String,
    changelog_topic: String,
    tasks: BTreeMap<i32, Owned>,
    paused: HashSet<i32>,
    /// Reports that are not committed yet.
    reports: Vec<PipelineError>,
    /// The brokers did not answer last time.
    unreachable: bool,
    decoder: Decoder<PlatformEvent>,
    last_commit: Instant,
}

struct Owned {
    task: Task,
    reported: Counters,
}

// === impl Engine ===

impl Engine {
    /// Reads `input`, keeps state in `changelog_topic` (both with their prefix).
    pub fn new(mut parts: Parts, input: String, changelog_topic: String) -> Self {
        parts.producer.watch(&changelog_topic);
        Self {
            parts,
            input,
            changelog_topic,
            tasks: BTreeMap::new(),
            paused: HashSet::new(),
            reports: Vec::new(),
            unreachable: false,
            decoder: Decoder::new(),
            last_commit: Instant::now(),
        }
    }

    /// Runs until `stop` is set, then commits what is finished and gives the partitions back.
    ///
    /// # Errors
    /// [`EngineError`] when it can not go on; nothing that was not committed took effect.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), EngineError> {
        self.parts.health.set("engine", true, "running");
        while !stop.load(Ordering::Acquire) {
            self.take_in()?;
            if self.unreachable {
                self.probe()?;
            }
            self.learn_profiles()?;
            self.tick()?;
            self.ask();
            self.collect_reports();
            if self.commit_is_due() {
                self.commit()?;
                self.report();
            }
            self.balance_load()?;
            self.parts.store.flush_if_due()?;
        }
        self.parts.health.set("engine", false, "draining");
        self.commit()?;
        self.parts.store.flush()?;
        tracing::info!(partitions = self.tasks.len(), "drained: everything finished is committed");
        Ok(())
    }

    fn take_in(&mut self) -> Result<(), EngineError> {
        let mut wait = POLL;
        for _ in 0..BATCH {
            match self.parts.consumer.poll(wait) {
                Ok(Polled::Record(record)) => self.record(record)?,
                Ok(Polled::Assigned(partitions)) => self.assigned(&partitions)?,
                Ok(Polled::Revoked { partitions, lost }) => self.revoked(&partitions, lost)?,
                Ok(Polled::Idle) => return Ok(()),
                Err(error @ trunkline_kafka::ConsumerError::Fatal { .. }) => return Err(error.into()),
                Err(error) => {
                    // Passing by itself: the client reconnects.
                    if !std::mem::replace(&mut self.unreachable, true) {
                        tracing::warn!(code = "TL-5001", %error, "reading");
                        self.parts.health.set("kafka", false, &error.to_string());
                    }
                    std::thread::sleep(UNREACHABLE_WAIT);
                    return Ok(());
                }
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Asks the brokers for anything at all, to know when they are back.
    fn probe(&mut self) -> Result<(), EngineError> {
        let first = TopicPartition::new(self.input.clone(), 0);
        if self.unreachable && self.parts.consumer.watermarks(&first, PROBE_TIMEOUT).is_ok() {
            self.unreachable = false;
            self.parts.health.set("kafka", true, "reachable again");
        }
        Ok(())
    }

    fn learn_profiles(&mut self) -> Result<(), EngineError> {
        for fetched in self.parts.lookups.take_answers() {
            let now = clock::now();
            let profile = self.parts.profiles.learn(fetched, now);
            let customer = profile.customer_id.clone();
            let mut published = profile.source_systems.is_empty();
            let partitions: Vec<i32> = self.tasks.keys().copied().collect();
            for partition in partitions {
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

    fn tick(&mut self) -> Result<(), EngineError> {
        let partitions: Vec<i32> = self.tasks.keys().copied().collect();
        for partition in partitions {
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

    /// What an operator should hear of the outside systems goes out with the next transaction.
    fn collect_reports(&mut self) {
        // Events that a slow moment made us miss were logged where they happened.
        while let Ok(event) = self.parts.events.try_recv() {
            let id = uuid::Uuid::new_v4().to_string();
            let report = self.parts.reporter.report(&event, id, clock::now());
            self.reports.extend(report.filter(|_| self.reports.len() < REPORTS_LIMIT));
        }
    }

    fn commit_is_due(&self) -> bool {
        self.last_commit.elapsed() >= self.parts.commit_interval
            || self.tasks.values().map(|o| o.task.pending_outputs()).sum::<usize>() >= OUTPUTS_PER_COMMIT
    }

    /// Pauses partitions that hold too much, and resumes them once they hold half of that.
    fn balance_load(&mut self) -> Result<(), EngineError> {
        let limit = (self.parts.max_held_events / self.tasks.len().max(1)).max(1);
        let saturated = self.parts.lookups.is_saturated();
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        for (partition, owned) in &self.tasks {
            let pressure = Pressure {
                outstanding: owned.task.outstanding(),
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
            self.parts.consumer.pause(&self.inputs(&pause))?;
            self.paused.extend(pause);
        }
        if !resume.is_empty() {
            self.parts.consumer.resume(&self.inputs(&resume))?;
            for partition in resume {
                self.paused.remove(&partition);
            }
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
        metrics::under_way(outstanding, self.parts.lookups.in_flight(), self.tasks.len());
    }

    fn inputs(&self, partitions: &[i32]) -> Vec<TopicPartition> {
        partitions.iter().map(|p| TopicPartition::new(self.input.clone(), *p)).collect()
    }

    /// Runs one step of a task with everything it may look at. Partitions that are not ours are passed over.
    fn with_task(
        &mut self,
        partition: i32,
        step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), crate::state::StateError>,
    ) -> Result<(), EngineError> {
        let Some(owned) = self.tasks.get_mut(&partition) else { return Ok(()) };
        let state = self.parts.store.partition(partition);
        let mut ctx = Context {
            now: clock::now(),
            state: &state,
            profiles: &mut self.parts.profiles,
            rules: &self.parts.rules,
        };
        Ok(step(&mut owned.task, &mut ctx)?)
    }
}
