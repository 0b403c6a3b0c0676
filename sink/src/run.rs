//! Puts the sink together and runs it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use trunkline_config::{Config, Target};
use trunkline_connect::{Directory, Role, directory};
use trunkline_kafka::changelog::Reader;
use trunkline_kafka::group_consumer::SESSION_TIMEOUT;
use trunkline_kafka::logs::{LogGuard, LogReader, WatchThread};
use trunkline_kafka::{
    CERTIFICATES, CertificatesInUse, ClockSkew, ConsumerError, GroupConsumer, GroupSettings, KafkaBrokers,
    Registry, RegistryError, SchemaFetcher, SteadyClock, TransactionError, names, startup,
};
use trunkline_schemas::codec::Value;
use trunkline_schemas::{WriteBack, catalog};
use trunkline_telemetry::health::Part;
use trunkline_telemetry::progress::{Limits, Process};
use trunkline_telemetry::{Health, ProgressWatch, admin};

use crate::caller::Caller;
use crate::lanes::{Lanes, Settings};
use crate::outputs::{Outputs, Topics};
use crate::parser::Parser;
use crate::parts::{Ids, Parts};
use crate::reports::Reporter;
use crate::transactions::Transactions;
use crate::worker::{Worker, WorkerState};
use crate::{measuring, metrics};

/// A command is kept as its record, decoded, and as the request that it makes.
const COPIES: usize = 3;

/// Records of one partition that may be read and not done, however small they are.
const BUFFERED_MAX: usize = 256;

/// Offsets of one partition that may be done above the watermark.
const FINISHED_MAX: usize = 10_000;

/// Why the sink could not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The admin port.
    #[error(transparent)]
    Admin(#[from] admin::Error),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A target.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The consumer.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
    /// The producer.
    #[error(transparent)]
    Producer(#[from] TransactionError),
    /// Something else that is needed from the start.
    #[error("cannot start: {0}")]
    Start(String),
    /// The worker.
    #[error("the sink stopped: {0}")]
    Worker(String),
    /// No thread could be started, or it panicked.
    #[error("the worker thread cannot run: {0}")]
    Thread(String),
}

/// Runs the sink until `shutdown` completes and everything under way is drained, or until it cannot go on.
///
/// # Errors
/// [`Error`] when it cannot start or stopped by itself; a restart goes on from what is committed.
pub async fn run(
    config: Config,
    instance: String,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let health = Health::new();
    if config.targets.is_empty() {
        // A deployment that only collects events is a sound one: its sink waits for its first target.
        health.set("targets", true, "none is configured: there is nothing to write back to");
        admin::serve(config.sink.admin, health).await?;
        metrics::held(0, 0, 0);
        shutdown.await;
        return Ok(());
    }
    health.set("kafka", false, "joining the group");
    admin::serve(config.sink.admin, Arc::clone(&health)).await?;
    if let Some(certificates) = CertificatesInUse::of(&config.kafka) {
        health.watch(CERTIFICATES, Arc::new(move || Part { ready: true, detail: certificates.look() }));
    }
    health.watch_clients();
    metrics::describe();
    metrics::begin(config.targets.keys());
    metrics::held(0, 0, 0);
    trunkline_connect::metrics::describe();

    let registry = Registry::new(&config.registry)?;
    tokio::pin!(shutdown);
    let ids = tokio::select! {
        ids = schema_ids(&config, &registry, &health) => ids?,
        () = &mut shutdown => return Ok(()),
    };
    let directory = Directory::from_config(&config, Role::WriteBack)?;
    directory.await_predecessor();
    let reporter = Reporter::new(&instance);
    let clock = SteadyClock::start();
    let (report_sender, reports) = mpsc::channel();
    tokio::spawn(reporter.clone().follow(directory.events(), report_sender.clone(), clock.clone()));
    let progress = Arc::new(ProgressWatch::new(Process::Sink, Limits::of(config.sink.stuck_after)));
    let inputs = targets_by_topic(&config).into_keys().collect();
    let drain_timeout = config.sink.drain_timeout;
    let parts = Parts {
        config,
        instance,
        registry,
        ids,
        directory,
        reporter,
        reports,
        clock,
        health,
        progress,
        skew: ClockSkew::unknown(),
    };
    let _measuring =
        measuring::start(&parts, inputs, report_sender).map_err(|error| Error::Start(error.to_string()))?;

    let stop = Arc::new(AtomicBool::new(false));
    let mut ended = start(parts, Handle::current(), Arc::clone(&stop))?;
    tokio::select! {
        result = &mut ended => return finished(result),
        () = &mut shutdown => stop.store(true, Ordering::Release),
    }
    match tokio::time::timeout(drain_timeout, ended).await {
        Ok(result) => finished(result),
        Err(_) => {
            tracing::warn!("the drain took too long; what was not committed is done again after the restart");
            Ok(())
        }
    }
}

/// Starts the worker on a thread of its own; what comes back tells how it ended.
fn start(
    parts: Parts,
    runtime: Handle,
    stop: Arc<AtomicBool>,
) -> Result<oneshot::Receiver<Result<(), Error>>, Error> {
    let (sender, ended) = oneshot::channel();
    let drain_timeout = parts.config.sink.drain_timeout;
    let work = move || {
        let worker = worker(parts, runtime, stop.clone())?;
        worker.run(&stop, drain_timeout).map_err(|error| Error::Worker(error.to_string()))
    };
    std::thread::Builder::new()
        .name("sink-worker".to_owned())
        // The receiver is gone only when nobody waits any more.
        .spawn(move || drop(sender.send(work())))
        .map_err(|error| Error::Thread(error.to_string()))?;
    Ok(ended)
}

/// Connects to Kafka; this blocks until the brokers answer.
fn worker(
    parts: Parts,
    runtime: Handle,
    stop: Arc<AtomicBool>,
) -> Result<Worker<KafkaBrokers, Reader, Caller>, Error> {
    let Parts { config, instance, registry, ids, directory, reporter, reports, clock, health, .. } = parts;
    let topics = Topics::of(&config.kafka);
    let saved = Reader::open(&config.kafka, &topics.state, &instance, Arc::clone(&stop))
        .map_err(|error| Error::Start(error.to_string()))?;
    let mut parser = Parser::new(&config.targets, config.sink.expire_after);
    for id in ids.commands {
        parser.add_schema(id, WriteBack::SCHEMA).map_err(|error| Error::Start(error.to_string()))?;
    }
    // The producer first: what a predecessor left open is settled before a partition is taken.
    let transactional_id = names::transactional_id(&config.kafka, &config.sink.group, &instance);
    // Ready is only who has partitions.
    let announce = |part, reachable, detail: &str| {
        health.set(part, false, if reachable { "joining the group" } else { detail });
    };
    let producer = startup::transactional_producer(&config.kafka, &transactional_id, &stop, &announce)?;
    let consumer =
        GroupConsumer::open(&config.kafka, &group_settings(&config, &instance))?.telling(parts.skew);
    let log_watch = WatchThread::start(&config.kafka, &instance)?;
    let log_looks = LogReader::open(&config.kafka, &instance)?;
    let targets: Vec<Arc<Target>> = config.targets.values().cloned().map(Arc::new).collect();
    Ok(Worker {
        lanes: Lanes::new(lane_settings(&config)),
        brokers: KafkaBrokers { consumer, producer },
        saved,
        logs: LogGuard::new(config.sink.on_log_change, config.sink.on_loss, "sink", &instance),
        log_looks: Box::new(log_looks),
        log_watch: Box::new(log_watch),
        transactions: Transactions::new(Outputs::new(topics, ids.results, ids.reports, &instance)),
        parser,
        calls: Caller::new(runtime.clone(), directory, targets),
        schemas: Box::new(SchemaFetcher::new(runtime, registry)),
        reports,
        reporter,
        clock: Box::new(clock),
        health,
        progress: parts.progress,
        state: WorkerState::default(),
    })
}

fn finished(result: Result<Result<(), Error>, oneshot::error::RecvError>) -> Result<(), Error> {
    result.unwrap_or_else(|_| Err(Error::Thread("it panicked, see the log".to_owned())))
}

/// The schema ids of what is written and of what is read; waits for a registry that does not answer.
async fn schema_ids(config: &Config, registry: &Registry, health: &Health) -> Result<Ids, Error> {
    let commands: Vec<String> = config.targets.values().filter_map(commands_of).collect();
    let mut topics: Vec<&str> = commands.iter().map(String::as_str).collect();
    topics.extend([catalog::WRITEBACK_RESULTS, catalog::PIPELINE_ERRORS]);
    let announce = |part, ready, detail: &str| health.set(part, ready, detail);
    let ids = startup::schema_ids(registry, &config.kafka, &topics, &announce).await?;
    let id = |topic: &str| {
        ids.get(topic).ok_or_else(|| Error::Start(format!("the registry gave no schema id for {topic}")))
    };
    Ok(Ids {
        commands: commands.iter().map(|topic| id(topic)).collect::<Result<_, _>>()?,
        results: id(catalog::WRITEBACK_RESULTS)?,
        reports: id(catalog::PIPELINE_ERRORS)?,
    })
}

fn group_settings(config: &Config, instance: &str) -> GroupSettings {
    GroupSettings {
        group: names::group_id(&config.kafka, &config.sink.group),
        instance: instance.to_owned(),
        topics: targets_by_topic(config).into_keys().collect(),
        partitions: config.kafka.partitions,
        session_timeout: SESSION_TIMEOUT,
    }
}

fn lane_settings(config: &Config) -> Settings {
    Settings {
        targets: config.targets.keys().cloned().collect(),
        topics: targets_by_topic(config),
        max_in_flight: config.sink.max_in_flight,
        max_buffered: BUFFERED_MAX,
        max_bytes: config.sink.max_held_bytes / COPIES,
        max_finished: FINISHED_MAX,
    }
}

/// The topics of commands of the configured targets, with prefix, each with its targets.
fn targets_by_topic(config: &Config) -> BTreeMap<String, Vec<usize>> {
    let mut topics: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, target) in config.targets.values().enumerate() {
        if let Some(topic) = commands_of(target) {
            topics.entry(config.kafka.topic(&topic)).or_default().push(index);
        }
    }
    topics
}

/// The topic of a target's commands, without prefix; `None` where nothing can be written to its system.
fn commands_of(target: &Target) -> Option<String> {
    let system = target.system.as_str();
    catalog::WRITEBACK_SYSTEMS.contains(&system).then(|| catalog::writebacks(system))
}
