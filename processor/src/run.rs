//! Puts the processor together and runs it.
//!
//! # Layout
//!
//! - [`run`]: from the configuration to the last commit
//! - `assembly`: what the engine works with
//! - `measuring`: what is measured beside it
//! - [`RunError`]: why it did not start, or stopped

mod assembly;
mod error;
mod measuring;

pub use error::RunError;

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::runtime::Handle;
use trunkline_config::Config;
use trunkline_connect::{Directory, Role};
use trunkline_kafka::{CERTIFICATES, CertificatesInUse, ClockSkew, Registry, names, startup};
use trunkline_partition::plugins::Plugins;
use trunkline_plugin::Factory;
use trunkline_rules::RuleSet;
use trunkline_schemas::{catalog, error_codes};
use trunkline_telemetry::health::Part;
use trunkline_telemetry::progress::Process;
use trunkline_telemetry::{Health, ProgressWatch, admin, metrics as telemetry_metrics};

use self::assembly::Assembly;
use crate::clock;
use crate::engine::{Engine, EngineError};
use crate::metrics;
use crate::plugins::Threads;
use crate::publisher::Publisher;
use crate::state::set_aside;

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
    watch_certificates(&config, &health);
    let admin = admin::serve(config.processor.admin, health.clone()).await?;
    tracing::info!(%admin, instance, rules = config.rules.version, "processor starting");

    let rules = RuleSet::compile(&config)?;
    let plugins = start_plugins(&factories, &config)?;
    let directory = outside_systems(&config)?;
    let registry = Registry::new(&config.registry)?;
    tokio::pin!(shutdown);
    let announce = |part, ready, detail: &str| health.set(part, ready, detail);
    let topics: Vec<&str> = catalog::TOPICS.iter().map(|topic| topic.name).collect();
    let ids = tokio::select! {
        ids = startup::schema_ids(&registry, &config.kafka, &topics, &announce) => ids?,
        () = &mut shutdown => return Ok(()),
    };
    let publisher = Publisher::new(&config.kafka, &ids, &instance).ok_or(RunError::Schemas)?;
    let progress = Arc::new(ProgressWatch::new(Process::Processor, measuring::limits(&config)));
    let (notices_sender, notices) = mpsc::channel();
    metrics::configured(config.kafka.partitions, measuring::longest_hold(&config));
    let skew = ClockSkew::unknown();
    let _measuring = measuring::start(&config, &instance, &progress, skew.clone(), notices_sender)?;

    let drain_timeout = config.processor.drain_timeout;
    let stop = Arc::new(AtomicBool::new(false));
    let engine = start_engine(Assembly {
        config,
        instance,
        rules,
        plugins,
        directory,
        registry,
        publisher,
        runtime: Handle::current(),
        health,
        progress,
        skew,
        notices,
        stop: stop.clone(),
    })?;
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

/// Starts the plugins, which have as many sources looked up at once as there may be lookups of profiles.
fn start_plugins(factories: &[Factory], config: &Config) -> Result<(Threads, Plugins), RunError> {
    let sources: Vec<&str> = config.enrichment.sources.keys().map(String::as_str).collect();
    let (threads, plugins) = Threads::start(factories, &config.plugins, &sources)?;
    Ok((threads, plugins.looking_up_at_most(config.processor.max_in_flight_lookups)))
}

/// The systems that lookups ask, whose tokens are on their way.
fn outside_systems(config: &Config) -> Result<Directory, RunError> {
    let directory = Directory::from_config(config, Role::Enrichment)?;
    directory.await_predecessor();
    directory.fetch_tokens();
    Ok(directory)
}

fn watch_certificates(config: &Config, health: &Health) {
    health.watch_clients();
    if let Some(certificates) = CertificatesInUse::of(&config.kafka) {
        health.watch(CERTIFICATES, Arc::new(move || Part { ready: true, detail: certificates.look() }));
    }
}

/// Starts the engine on a thread of its own, which first makes what blocks.
fn start_engine(assembly: Assembly) -> Result<JoinHandle<Result<(), RunError>>, RunError> {
    let stop = assembly.stop.clone();
    let path = state_path(&assembly.config, &assembly.instance);
    let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
        let ended = Engine::new(assembly.parts()?).run(&stop);
        if let Err(EngineError::State(damage)) = &ended
            && damage.is_damage()
        {
            // Otherwise the next start would open it and end at the same place.
            if let Err(error) = set_aside(&path, clock::now(), damage) {
                tracing::error!(code = %error_codes::STATE_NOT_WRITABLE, %error, path = %path.display(), "setting damaged state aside");
            }
        }
        Ok(ended?)
    });
    engine.map_err(|error| RunError::Thread(error.to_string()))
}

/// Where an instance has its state. Named with prefix and group: state of other topics is none of its business.
fn state_path(config: &Config, instance: &str) -> PathBuf {
    config.processor.state_dir.join(transactional_id(config, instance))
}

fn transactional_id(config: &Config, instance: &str) -> String {
    names::transactional_id(&config.kafka, &config.processor.group, instance)
}
