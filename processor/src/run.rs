//! Puts the processor together and runs it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use trunkline_config::Config;
use trunkline_connect::{Directory, Reporter, Role};
use trunkline_kafka::changelog::Reader;
use trunkline_kafka::group_consumer::SESSION_TIMEOUT;
use trunkline_kafka::lag::LastStableOffset;
use trunkline_kafka::{
    CommittedOffsets, GroupConsumer, GroupSettings, Registry, SchemaFetcher, limits, names, startup,
};
use trunkline_partition::entity::Retention;
use trunkline_partition::plugins::Plugins;
use trunkline_partition::{Settings, StateError};
use trunkline_plugin::Factory;
use trunkline_profiles::Profiles;
use trunkline_rules::{RuleError, RuleSet};
use trunkline_schemas::{catalog, error_codes};
use trunkline_telemetry::{Health, admin, metrics as telemetry_metrics};

use crate::brokers::KafkaBrokers;
use crate::clock::{self, WallClock};
use crate::engine::{Engine, EngineError, Parts};
use crate::lookups::Lookups;
use crate::metrics;
use crate::plugins::{PluginError, Threads};
use crate::publisher::Publisher;
use crate::restore::{RestoreFailure, RestoreThread};
use crate::state::{Store, set_aside};

/// Bytes of records that the client gets at once.
const HAND_OVER_BYTES: usize = 1 << 20;

/// How often the lag of the last stable offset is measured.
const LAG_INTERVAL: Duration = Duration::from_secs(5);

/// Why the processor did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The rules.
    #[error("{code} {0}", code = error_codes::CONFIGURATION_INVALID)]
    Rules(#[from] RuleError),
    /// A plugin.
    #[error("{code} {0}", code = error_codes::PLUGIN_FAILED)]
    Plugins(#[from] PluginError),
    /// The outside systems' clients.
    #[error("{code} {0}", code = error_codes::CONFIGURATION_INVALID)]
    Directory(#[from] trunkline_connect::directory::Error),
    /// The admin port.
    #[error("{code} {0}", code = error_codes::CONFIGURATION_INVALID)]
    Admin(#[from] admin::Error),
    /// The registry.
    #[error("{code} {0}", code = error_codes::REGISTRY_UNREACHABLE)]
    Registry(#[from] trunkline_kafka::RegistryError),
    /// A schema of the catalog has no id.
    #[error(
        "{code} the registry gave no id for one of the processor's schemas; run trunkline schemas plan",
        code = error_codes::SCHEMA_INCOMPATIBLE
    )]
    Schemas,
    /// The state store.
    #[error("{code} {0}", code = .0.code())]
    State(#[from] StateError),
    /// The lag of the last stable offset cannot be measured.
    #[error("{code} measuring the lag of the last stable offset: {0}", code = error_codes::BROKER_UNREACHABLE)]
    Lag(String),
    /// The engine.
    #[error("{0}")]
    Engine(Box<EngineError>),
    /// The engine did not come to an end in time.
    #[error("the engine did not drain within {0:?}: what was not committed is read again after a restart")]
    Drain(Duration),
    /// The engine's thread is gone.
    #[error("the engine stopped without a word: {0}")]
    Thread(String),
}

impl From<EngineError> for RunError {
    fn from(error: EngineError) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// Runs a processor, with plugins made by these factories, until `shutdown` resolves and what is finished is committed.
///
/// # Errors
/// [`RunError`] when it cannot start or cannot go on.
pub async fn run(
    config: Config,
    instance: String,
    factories: Vec<Factory>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    telemetry_metrics::install();
    metrics::describe();
    trunkline_connect::metrics::describe();
    let health = Health::new();
    health.set("engine", false, "starting");
    health.set("assignment", false, "no partitions yet");
    let admin = admin::serve(config.processor.admin, health.clone()).await?;
    tracing::info!(%admin, instance, rules = config.rules.version, "processor starting");

    let rules = RuleSet::compile(&config)?;
    let plugins = Threads::start(&factories, &config.plugins)?;
    let directory = Directory::from_config(&config, Role::Enrichment)?;
    directory.await_predecessor();
    let registry = Registry::new(&config.registry)?;
    tokio::pin!(shutdown);
    let announce = |part, ready, detail: &str| health.set(part, ready, detail);
    let topics: Vec<&str> = catalog::TOPICS.iter().map(|topic| topic.name).collect();
    let ids = tokio::select! {
        ids = startup::schema_ids(&registry, &config.kafka, &topics, &announce) => ids?,
        () = &mut shutdown => return Ok(()),
    };
    let publisher = Publisher::new(&config.kafka, &ids, &instance).ok_or(RunError::Schemas)?;
    let runtime = tokio::runtime::Handle::current();

    let topics = [catalog::EVENTS_NORMALIZED, catalog::EVENTS_ENRICHED, catalog::PROCESSOR_CHANGELOG];
    let topics = topics.map(|topic| config.kafka.topic(topic));
    // One hung transaction freezes every read_committed reader: the lag of the last stable offset shows it.
    let _lag = LastStableOffset::new(&config.kafka, &instance, &topics)
        .map_err(|error| RunError::Lag(error.to_string()))?
        .every(LAG_INTERVAL)
        .map_err(|error| RunError::Lag(error.to_string()))?;

    let drain_timeout = config.processor.drain_timeout;
    let stop = Arc::new(AtomicBool::new(false));
    let engine = std::thread::Builder::new().name("engine".to_owned()).spawn({
        let stop = stop.clone();
        let path = state_path(&config, &instance);
        move || -> Result<(), RunError> {
            let parts = assemble(
                &config,
                &instance,
                rules,
                plugins,
                directory,
                registry,
                publisher,
                runtime,
                health,
                stop.clone(),
            )?;
            let ended = Engine::new(parts).run(&stop);
            if let Err(EngineError::State(damage)) = &ended
                && damage.is_damage()
            {
                // Else the next life would open it, and end at the same place.
                if let Err(error) = set_aside(&path, clock::now(), damage) {
                    tracing::error!(code = %error_codes::STATE_NOT_WRITABLE, %error, path = %path.display(), "setting damaged state aside");
                }
            }
            Ok(ended?)
        }
    });
    let engine = engine.map_err(|error| RunError::Thread(error.to_string()))?;
    let mut ended = tokio::task::spawn_blocking(move || engine.join());
    let joined = tokio::select! {
        joined = &mut ended => joined,
        () = &mut shutdown => {
            tracing::info!("draining");
            stop.store(true, Ordering::Release);
            match tokio::time::timeout(drain_timeout, ended).await {
                Ok(joined) => joined,
                // What is not committed takes no effect, and is read again.
                Err(_) => return Err(RunError::Drain(drain_timeout)),
            }
        }
    };
    match joined {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(RunError::Thread("it panicked; the log has the message".to_owned())),
        Err(error) => Err(RunError::Thread(error.to_string())),
    }
}

/// Where an instance has its state. Named with prefix and group: state of other topics is none of its business.
fn state_path(config: &Config, instance: &str) -> PathBuf {
    config.processor.state_dir.join(transactional_id(config, instance))
}

fn transactional_id(config: &Config, instance: &str) -> String {
    names::transactional_id(&config.kafka, &config.processor.group, instance)
}

#[expect(clippy::too_many_arguments, reason = "each is made elsewhere, asynchronously, and used once")]
fn assemble(
    config: &Config,
    instance: &str,
    rules: RuleSet,
    (plugin_threads, plugins): (Threads, Plugins),
    directory: Directory,
    registry: Registry,
    publisher: Publisher,
    runtime: tokio::runtime::Handle,
    health: Arc<Health>,
    stop: Arc<AtomicBool>,
) -> Result<Parts<KafkaBrokers, Store>, RunError> {
    let group = names::group_id(&config.kafka, &config.processor.group);
    // The producer first: its initialisation settles what an earlier life of this instance left open, so that the
    // committed offsets read later are stable.
    let transactional_id = transactional_id(config, instance);
    let store = Store::open_or_set_aside(&state_path(config, instance), clock::now())?;
    let announce = |part, ready, detail: &str| health.set(part, ready, detail);
    let producer = startup::transactional_producer(&config.kafka, &transactional_id, &stop, &announce)
        .map_err(EngineError::from)?;
    let changelog_topic = config.kafka.topic(catalog::PROCESSOR_CHANGELOG);
    let input = config.kafka.topic(catalog::EVENTS_NORMALIZED);
    let changelog = Reader::open(&config.kafka, &changelog_topic, instance, stop.clone())
        .map_err(|error| EngineError::from(RestoreFailure::from(Box::new(error))))?;
    let offsets = CommittedOffsets::open(&config.kafka, &group, instance).map_err(EngineError::from)?;
    let restorer = RestoreThread::start(offsets, input.clone(), changelog, stop)
        .map_err(|error| RunError::Thread(error.to_string()))?;
    let consumer = GroupConsumer::open(
        &config.kafka,
        &GroupSettings {
            group,
            instance: instance.to_owned(),
            topics: vec![input.clone()],
            session_timeout: SESSION_TIMEOUT,
        },
    )
    .map_err(EngineError::from)?;
    let milliseconds = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let enrichment = &config.enrichment;
    let settings = Settings {
        sources: config.sources.iter().map(|(n, s)| (n.clone(), (s.order, milliseconds(s.hold)))).collect(),
        retention: Retention {
            ids_ms: milliseconds(config.processor.dedup_window),
            // Not before its ids: an event that comes again must be known.
            ended_ms: milliseconds(config.processor.forget_ended_after.max(config.processor.dedup_window)),
            silent_ms: milliseconds(config.processor.forget_silent_after.max(config.processor.dedup_window)),
        },
        profile_keep_ms: milliseconds(enrichment.keep),
        enrich_deadline_ms: if enrichment.targets.is_empty() { 0 } else { milliseconds(enrichment.deadline) },
        max_record_bytes: limits::MAX_RECORD_BYTES,
        include_data: config.processor.include_data,
        plugin_events: plugins.events().map(str::to_owned).collect(),
        instance: instance.to_owned(),
    };
    let freshness = milliseconds(enrichment.freshness);
    Ok(Parts {
        brokers: KafkaBrokers::new(consumer, producer, input, &changelog_topic),
        store,
        restorer: Box::new(restorer),
        schemas: Box::new(SchemaFetcher::new(runtime.clone(), registry)),
        events: directory.events(),
        reporter: Reporter::new("processor", instance),
        lookups: Box::new(Lookups::new(
            runtime,
            directory,
            enrichment.deadline,
            config.processor.max_in_flight_lookups,
        )),
        clock: Box::new(WallClock),
        profiles: Profiles::new(freshness, enrichment.cache_entries, enrichment.fields.clone()),
        rules,
        plugins,
        plugin_threads: Box::new(plugin_threads),
        publisher,
        settings: Arc::new(settings),
        commit_interval_ms: milliseconds(config.processor.commit_interval),
        hand_over_bytes: HAND_OVER_BYTES,
        max_held_events: config.processor.max_held_events,
        max_entities_in_memory: config.processor.max_entities_in_memory,
        health,
        changelog_topic,
    })
}
