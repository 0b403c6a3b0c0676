//! What the engine works with: the clients, the store and the settings, put together.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::runtime::Handle;
use trunkline_config::{Config, Enrichment, SearchBy};
use trunkline_connect::{Directory, Reporter};
use trunkline_kafka::changelog::Reader;
use trunkline_kafka::group_consumer::SESSION_TIMEOUT;
use trunkline_kafka::logs::{LogGuard, LogReader, WatchThread};
use trunkline_kafka::{
    ClockSkew, CommittedOffsets, EndOffsets, GroupConsumer, GroupSettings, KafkaBrokers, Registry,
    SchemaFetcher, SteadyClock, limits, names, startup,
};
use trunkline_partition::Settings;
use trunkline_partition::conversation::Callers;
use trunkline_partition::entity::Retention;
use trunkline_partition::plugins::Plugins;
use trunkline_profiles::{AskedSource, Profiles};
use trunkline_rules::RuleSet;
use trunkline_schemas::{PipelineError, catalog};
use trunkline_telemetry::{Health, ProgressWatch};

use super::{RunError, state_path, transactional_id};
use crate::clock;
use crate::engine::{EngineError, Parts};
use crate::input_ends::EndsThread;
use crate::lookups::Lookups;
use crate::plugin_lookups::SourceLookups;
use crate::plugins::Threads;
use crate::profile_records::ProfileRecordsThread;
use crate::publisher::Publisher;
use crate::restore::{GroupOffsets, RestoreFailure, RestoreThread};
use crate::state::Store;

/// Bytes of records that the client gets at once.
const HAND_OVER_BYTES: usize = 1 << 20;

/// What is there before the engine's thread starts.
pub(super) struct Assembly {
    pub(super) config: Config,
    pub(super) instance: String,
    pub(super) rules: RuleSet,
    pub(super) plugins: (Threads, Plugins),
    pub(super) directory: Directory,
    pub(super) registry: Registry,
    pub(super) publisher: Publisher,
    /// Runs what the engine asks the outside for.
    pub(super) runtime: Handle,
    pub(super) health: Arc<Health>,
    pub(super) progress: Arc<ProgressWatch>,
    /// Learns when what is read was appended.
    pub(super) skew: ClockSkew,
    /// Reports that are made beside the engine.
    pub(super) notices: mpsc::Receiver<PipelineError>,
    /// Set when the processor is to stop.
    pub(super) stop: Arc<AtomicBool>,
}

// === impl Assembly ===

impl Assembly {
    /// Makes the rest: the store, the clients that may block, and the settings of the tasks.
    pub(super) fn parts(self) -> Result<Parts<KafkaBrokers, Store>, RunError> {
        let store = Store::open_or_set_aside(&state_path(&self.config, &self.instance), clock::now())?;
        let input_topic = self.config.kafka.topic(catalog::EVENTS_NORMALIZED);
        let changelog_topic = self.config.kafka.topic(catalog::PROCESSOR_CHANGELOG);
        let (brokers, restorer) = self.connect(&input_topic, &changelog_topic)?;
        let ends = EndOffsets::open(&self.config.kafka, &input_topic, &self.instance);
        let input_ends = EndsThread::start(ends.map_err(EngineError::from)?)
            .map_err(|error| RunError::Thread(error.to_string()))?;
        let clock = SteadyClock::start();
        let log_watch = WatchThread::start(&self.config.kafka, &self.instance).map_err(EngineError::from)?;
        let (kafka, runtime) = (&self.config.kafka, self.runtime.clone());
        let profile_records =
            ProfileRecordsThread::start(kafka, &self.instance, runtime, self.registry.clone())
                .map_err(|error| RunError::Thread(error.to_string()))?;
        let (plugin_threads, plugins) = self.plugins;
        let settings = settings(&self.config, &self.instance, &plugins);
        let (processor, enrichment) = (&self.config.processor, &self.config.enrichment);
        let freshness = milliseconds(enrichment.freshness);
        Ok(Parts {
            brokers,
            store,
            restorer: Box::new(restorer),
            schemas: Box::new(SchemaFetcher::new(self.runtime.clone(), self.registry)),
            events: self.directory.events(),
            reporter: Reporter::new("processor", &self.instance),
            input_ends: Box::new(input_ends),
            notices: self.notices,
            plugin_lookups: Box::new(SourceLookups::new(
                clock.clone(),
                self.runtime.clone(),
                self.directory.clone(),
            )),
            lookups: Box::new(Lookups::new(
                clock.clone(),
                self.runtime,
                self.directory,
                enrichment.deadline,
                processor.max_in_flight_lookups,
            )),
            profile_records: Box::new(profile_records),
            clock: Box::new(clock),
            profiles: Profiles::new(freshness, enrichment.cache_entries, enrichment.fields.clone())
                .asking(sources_asked(&self.config))
                .with_critical(enrichment.critical_fields.clone()),
            rules: self.rules,
            plugins,
            plugin_threads: Box::new(plugin_threads),
            publisher: self.publisher,
            settings: Arc::new(settings),
            commit_interval_ms: milliseconds(processor.commit_interval),
            hand_over_bytes: HAND_OVER_BYTES,
            max_held_events: processor.max_held_events,
            max_entities_in_memory: processor.max_entities_in_memory,
            health: self.health,
            progress: self.progress,
            logs: LogGuard::new(processor.on_log_change, processor.on_loss, "processor", &self.instance),
            log_watch: Box::new(log_watch),
            input_topic,
            changelog_topic,
        })
    }

    /// Opens the clients of Kafka, and starts the thread that restores.
    fn connect(
        &self,
        input_topic: &str,
        changelog_topic: &str,
    ) -> Result<(KafkaBrokers, RestoreThread), RunError> {
        let Self { config, instance, health, stop, .. } = self;
        let group = names::group_id(&config.kafka, &config.processor.group);
        // The producer first: its initialisation settles what an earlier life of this instance left open, so that the
        // committed offsets read later are stable.
        let transactional_id = transactional_id(config, instance);
        let announce = |part, ready, detail: &str| health.set(part, ready, detail);
        let mut producer = startup::transactional_producer(&config.kafka, &transactional_id, stop, &announce)
            .map_err(EngineError::from)?;
        producer.watch(changelog_topic);
        let changelog = Reader::open(&config.kafka, changelog_topic, instance, stop.clone())
            .map_err(|error| EngineError::from(RestoreFailure::from(Box::new(error))))?;
        let offsets = CommittedOffsets::open(&config.kafka, &group, instance).map_err(EngineError::from)?;
        let logs = LogReader::open(&config.kafka, instance).map_err(EngineError::from)?;
        let offsets = GroupOffsets { client: offsets, logs, input: input_topic.to_owned() };
        let restorer = RestoreThread::start(offsets, changelog, stop.clone())
            .map_err(|error| RunError::Thread(error.to_string()))?;
        let consumer = GroupConsumer::open(
            &config.kafka,
            &GroupSettings {
                group,
                instance: instance.clone(),
                topics: vec![input_topic.to_owned()],
                partitions: config.kafka.partitions,
                session_timeout: SESSION_TIMEOUT,
            },
        )
        .map_err(EngineError::from)?
        .telling(self.skew.clone());
        Ok((KafkaBrokers { consumer, producer }, restorer))
    }
}

/// The sources that are asked for profiles, in the order in which the directory gives their parts.
fn sources_asked(config: &Config) -> Vec<AskedSource> {
    let enrichment = &config.enrichment;
    let asked = |name: &str, target: &str, freshness: Duration| {
        let system = config.targets.get(target)?.system.as_str().into();
        Some(AskedSource { name: name.into(), system, freshness_ms: milliseconds(freshness) })
    };
    let targets = enrichment.targets.iter().filter_map(|name| asked(name, name, enrichment.freshness));
    // One that keeps its answers for longer is not asked again before, and need not be.
    let of_profiles = enrichment.sources_of_profiles();
    let sources = of_profiles.filter_map(|s| asked(&s.name, &s.target, s.cache.max(enrichment.freshness)));
    targets.chain(sources).collect()
}

/// The settings of the tasks.
fn settings(config: &Config, instance: &str, plugins: &Plugins) -> Settings {
    let (processor, enrichment) = (&config.processor, &config.enrichment);
    Settings {
        sources: config.sources.iter().map(|(n, s)| (n.clone(), (s.order, milliseconds(s.hold)))).collect(),
        retention: Retention {
            ids_ms: milliseconds(processor.dedup_window),
            // Not before its ids: an event that comes again must be known.
            ended_ms: milliseconds(processor.forget_ended_after.max(processor.dedup_window)),
            silent_ms: milliseconds(processor.forget_silent_after.max(processor.dedup_window)),
        },
        repeat_window_ms: milliseconds(processor.repeat_window),
        profile_keep_ms: milliseconds(enrichment.keep),
        enrich_deadline_ms: if enrichment.is_on() { milliseconds(enrichment.deadline) } else { 0 },
        callers: callers(enrichment),
        max_record_bytes: limits::MAX_RECORD_BYTES,
        include_data: processor.include_data,
        plugin_events: plugins.events().map(str::to_owned).collect(),
        instance: instance.to_owned(),
    }
}

/// By which addresses customers are searched whom no event names: those by which customers are searched at all, and
/// none where no profiles are fetched, so that no state keeps an address that nobody needs. That the region is a
/// country was made sure of when the outside systems were set up.
fn callers(enrichment: &Enrichment) -> Callers {
    if !enrichment.is_on() {
        return Callers::default();
    }
    let identity = &enrichment.identity;
    let by = |kind| identity.by.contains(&kind);
    let region = identity.region.as_ref().and_then(|region| region.parse().ok());
    Callers { phones: by(SearchBy::Phone), emails: by(SearchBy::Email), region }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_callers_are_read_only_where_profiles_are_fetched() {
        let text = r#"
            [kafka]
            brokers = "a:1"
            [registry]
            url = "http://localhost:1"
            [enrichment.identity]
            by = ["phone"]
        "#;
        let mut enrichment = trunkline_config::parse(text, "trunkline.toml").unwrap().enrichment;
        assert_eq!(callers(&enrichment), Callers::default());
        enrichment.targets = vec!["crm".to_owned()];
        assert_eq!(callers(&enrichment), Callers { phones: true, ..Callers::default() });
    }

    #[test]
    fn a_source_is_fresh_for_as_long_as_its_answers_are_kept() {
        let text = r#"
            [kafka]
            brokers = "a:1"
            [registry]
            url = "http://localhost:1"
            [targets.service]
            system = "http"
            base_url = "http://localhost:2"
            login = "none"
            [enrichment]
            freshness = "30s"
            [enrichment.sources.slow]
            target = "service"
            path = "/{customerId}"
            values = { a = "/a" }
            cache = "1h"
            [enrichment.sources.quick]
            target = "service"
            path = "/{customerId}"
            values = { a = "/a" }
            cache = "1s"
            [enrichment.sources.asked]
            target = "service"
            path = "/"
            values = { a = "/a" }
            asked = "by_plugins"
        "#;
        let config = trunkline_config::parse(text, "trunkline.toml").unwrap();
        let asked = sources_asked(&config);
        let seen: Vec<_> =
            asked.iter().map(|asked| (&*asked.name, &*asked.system, asked.freshness_ms)).collect();
        assert_eq!(seen, [("quick", "http", 30_000), ("slow", "http", 3_600_000)]);
    }
}
