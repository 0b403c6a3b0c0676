//! One trial: topics under a prefix of their own, the input in them, and a folder for state and logs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, poll};
use tokio::runtime::Handle;
use trunkline_config::Config;
use trunkline_kafka::topics::{self, Desired};
use trunkline_kafka::{Producer, Registry, schemas};
use trunkline_load::numbers::Numbering;
use trunkline_load::sign::Secrets;
use trunkline_rig::configuration::{Layout, text};
use trunkline_rig::executables::binaries;
use trunkline_rig::ports;
use trunkline_schemas::catalog;
use trunkline_simulators::{Credentials, Latency, Sandbox, SandboxSettings, System};

use super::configuration::{self, PARTITIONS, Profiles};
use super::contender::Contender;
use super::input::Input;
use super::workload::{self, Workload};
use super::{broker, kafka_streams, say};

/// Records of the input that may be unacknowledged: less than the producer's queue takes.
const IN_FLIGHT: usize = 20_000;

/// How long the last records may take.
const FLUSH_PATIENCE: Duration = Duration::from_secs(60);

/// What all trials of a run share.
#[derive(Debug)]
pub struct Bench {
    /// Bootstrap servers.
    pub kafka: String,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Where the release builds of `bench` and `processor` are.
    pub binaries: PathBuf,
    /// Folder of the Kafka Streams job's jars.
    pub kafka_streams: Option<PathBuf>,
    /// For what is asynchronous.
    pub runtime: Handle,
    /// State, logs and secrets; goes away with this.
    pub folder: tempfile::TempDir,
    /// The outside systems.
    pub sandbox: Sandbox,
}

/// Topics with the input, and a folder; both go away with this.
#[derive(Debug)]
pub struct Trial<'b> {
    /// What it runs on.
    pub bench: &'b Bench,
    /// Put before topics, groups and transactional ids.
    pub prefix: String,
    /// Folder of state and logs.
    pub folder: PathBuf,
    /// The configuration, as a file.
    pub config_path: PathBuf,
    /// The configuration.
    pub config: Config,
    /// Ids of the schemas.
    pub ids: schemas::Ids,
    /// Records in the input.
    pub events: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
}

// === impl Bench ===

impl Bench {
    /// Starts the outside systems, which answer at once and without limits.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(
        kafka: String,
        registry: String,
        kafka_streams: Option<PathBuf>,
        runtime: Handle,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("trunkline-bench-").tempdir()?;
        let secrets = folder.path().join("secrets");
        let credentials = Credentials::kept_in(&secrets)?;
        Secrets::kept_in(&secrets)?;
        let customers = u32::try_from(workload::CUSTOMERS)?;
        let sandbox = runtime.block_on(Sandbox::start(SandboxSettings {
            customers,
            credentials: Some(credentials),
            latency: System::ALL.map(|system| (system, Latency::NONE)).into(),
            quotas: BTreeMap::new(),
            // The load names customers by a number that all systems know.
            numbering: Numbering::Shared,
            ..SandboxSettings::default()
        }))?;
        let binaries = binaries()?;
        Ok(Self { kafka, registry, binaries, kafka_streams, runtime, folder, sandbox })
    }
}

// === impl Trial ===

impl<'b> Trial<'b> {
    /// Makes topics, schemas and configuration for these contenders, with profiles that last.
    ///
    /// # Errors
    /// When the broker or the registry refuses.
    pub fn new(bench: &'b Bench, name: &str, contenders: &[Contender]) -> anyhow::Result<Self> {
        Self::with(bench, name, contenders, Profiles::Lasting)
    }

    /// The same with other profiles.
    ///
    /// # Errors
    /// As [`Trial::new`].
    pub fn with(
        bench: &'b Bench,
        name: &str,
        contenders: &[Contender],
        profiles: Profiles,
    ) -> anyhow::Result<Self> {
        let prefix = format!("bench-{:08x}-{name}.", rand::random::<u32>());
        let folder = bench.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        let config_path = folder.join("trunkline.toml");
        // Only the processor runs; a configuration names the addresses of the others all the same, no two alike.
        let address = |port: u16| format!("127.0.0.1:{port}");
        let layout = Layout {
            kafka: bench.kafka.clone(),
            registry: bench.registry.clone(),
            replication: 1,
            prefix: prefix.clone(),
            secrets: bench.folder.path().join("secrets"),
            state: folder.join("state"),
            ingest: address(1),
            admin: [address(2), address(ports::free(1)?[0]), address(3)],
            processors: 1,
            quotas: Vec::new(),
            breakers_open_for: None,
            collector: None,
        };
        let Sandbox { addresses, credentials, .. } = &bench.sandbox;
        let text = text(&layout, &configuration::choices(profiles), addresses, credentials);
        std::fs::write(&config_path, text)?;
        let config =
            trunkline_config::load(&config_path).context("the bench's own configuration is wrong")?;
        let ids = bench.runtime.block_on(make_topics(&config, contenders))?;
        Ok(Self { bench, prefix, folder, config_path, config, ids, events: 0, value_bytes: 0 })
    }

    /// Appends events to the input, as ingest writes them, and says how many. Their times follow those of the
    /// events that are there.
    ///
    /// # Errors
    /// When the broker does not take one.
    pub fn load(&mut self, mut settings: workload::Settings) -> anyhow::Result<u64> {
        let runtime = self.bench.runtime.clone();
        let before = self.events;
        settings.start_ms += i64::try_from(before)?;
        runtime.block_on(self.write(Workload::new(settings)))?;
        Ok(self.events - before)
    }

    async fn write(&mut self, events: Workload) -> anyhow::Result<()> {
        let mut input = Input::of(self)?;
        let producer = Producer::new(&self.config.kafka, "trunkline-bench")?;
        let mut under_way = FuturesUnordered::new();
        for event in events {
            let record = input.record(&event)?;
            self.events += 1;
            self.value_bytes += record.value.as_ref().map_or(0, Vec::len) as u64;
            let mut sent = Box::pin(producer.send(record));
            // The first poll hands it to the client: records go out in the order they are made.
            match poll!(&mut sent) {
                std::task::Poll::Ready(result) => drop(result?),
                std::task::Poll::Pending => under_way.push(sent),
            }
            while under_way.len() >= IN_FLIGHT {
                under_way.next().await.transpose()?;
            }
        }
        while under_way.next().await.transpose()?.is_some() {}
        Ok(producer.flush(FLUSH_PATIENCE).await?)
    }

    /// The group's progress through the input.
    ///
    /// # Errors
    /// When the client refuses its settings.
    pub fn progress(&self, contender: Contender) -> anyhow::Result<broker::Progress> {
        let topic = self.config.kafka.topic(catalog::EVENTS_NORMALIZED);
        broker::Progress::of(&self.bench.kafka, &contender.group(&self.config), &topic, PARTITIONS)
    }

    /// Folder of a contender's state.
    pub fn state(&self, contender: Contender) -> PathBuf {
        match contender {
            Contender::Trunkline => self.folder.join("state"),
            other => self.folder.join(format!("state-{}", other.name())),
        }
    }

    /// Log of a contender.
    pub fn log(&self, contender: Contender) -> PathBuf {
        self.folder.join(format!("{}.log", contender.name()))
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        let removed = self.bench.runtime.block_on(broker::remove_topics(&self.bench.kafka, &self.prefix));
        if let Err(error) = removed {
            say(&format!("the topics {}* stay: {error:#}", self.prefix));
        }
        // Whatever is left of it goes with the folder of all trials.
        let _removed = std::fs::remove_dir_all(&self.folder);
    }
}

/// The catalog's topics, and for each other contender its own of the same settings.
async fn make_topics(config: &Config, contenders: &[Contender]) -> anyhow::Result<schemas::Ids> {
    let mut catalog = topics::desired(&config.kafka);
    // What is read is written within minutes and stands for hours: its records keep the times that it was made with,
    // so that events are held, and found late, as they would be live.
    let input = config.kafka.topic(catalog::EVENTS_NORMALIZED);
    for topic in catalog.iter_mut().filter(|topic| topic.name == input) {
        topic.settings.insert("message.timestamp.type", "CreateTime".to_owned());
    }
    let copies =
        contenders.iter().filter(|contender| **contender != Contender::Trunkline).flat_map(|contender| {
            catalog.iter().filter_map(|topic| {
                let name = topic.name.strip_prefix(&config.kafka.prefix)?;
                let name = contender.topic(config, OUTPUTS.into_iter().find(|output| *output == name)?);
                Some(Desired { name, ..topic.clone() })
            })
        });
    let profiles =
        contenders.iter().filter(|contender| **contender == Contender::KafkaStreams).flat_map(|contender| {
            let like = config.kafka.topic(catalog::CUSTOMER_PROFILES);
            let name = contender.topic(config, kafka_streams::PROFILES);
            catalog.iter().find(|topic| topic.name == like).map(|topic| Desired { name, ..topic.clone() })
        });
    let wanted: Vec<Desired> = copies.chain(profiles).chain(catalog.iter().cloned()).collect();
    let plan = topics::plan_for(&config.kafka, &wanted).await?;
    topics::apply(&config.kafka, &plan).await?;
    let registry = Registry::new(&config.registry)?;
    let steps = schemas::plan(&registry, &config.kafka).await.context("the registry does not answer")?;
    schemas::apply(&registry, &steps).await?;
    Ok(schemas::ids(&registry, &config.kafka).await?)
}

/// Topics that every contender writes; Kafka Streams makes its own changelog.
const OUTPUTS: [&str; 4] = [
    catalog::EVENTS_ENRICHED,
    catalog::ROUTING_DECISIONS,
    catalog::CUSTOMER_PROFILES,
    catalog::PROCESSOR_CHANGELOG,
];
