//! Everything a demo stands on: a folder, secrets, the sandbox, the configuration, topics and processes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::RngExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline_load::sign::Secrets;
use trunkline_rig::collector::Collector;
use trunkline_rig::configuration::{self, Choices, Layout, write_private};
use trunkline_rig::executables::binaries;
use trunkline_rig::process::Ending;
use trunkline_rig::program::Spec;
use trunkline_rig::supervisor::{Listener, Member, Notice, Restarts};
use trunkline_rig::{ports, quotas, served};
use trunkline_simulators::{Addresses, Credentials, Sandbox, SandboxSettings};
use trunkline_verifier::topics::Cluster;

/// What to set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bootstrap servers.
    pub kafka: String,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Seed of the sandbox.
    pub seed: u64,
    /// Deliveries per second that the outside systems must bear.
    pub rate: f64,
    /// Instances of the processor.
    pub processors: u32,
    /// Folder to work in and keep; else one that goes away.
    pub keep: Option<PathBuf>,
}

/// A running pipeline with its outside world.
#[derive(Debug)]
pub struct TestBed {
    /// Folder of everything.
    pub folder: PathBuf,
    /// The outside systems.
    pub sandbox: Sandbox,
    /// What the platforms prove themselves with.
    pub secrets: Secrets,
    /// Where everything is.
    pub layout: Layout,
    /// The configuration that every verb of `trunkline` can be given.
    pub config: PathBuf,
    members: Vec<Member>,
    _collector: Collector,
    temporary: Option<TempDir>,
}

const BREAKERS_OPEN_FOR: u32 = 5;
const READY_PATIENCE: Duration = Duration::from_secs(60);
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// File, in the folder of everything, with the traces that the processes export.
const TRACES: &str = "traces";

// === impl TestBed ===

impl TestBed {
    /// Sets everything up and waits until every process is ready.
    pub async fn set_up(settings: &Settings) -> anyhow::Result<Self> {
        let started = Instant::now();
        let (folder, temporary) = folder(settings.keep.as_deref())?;
        for name in ["secrets", "logs", "state", "served"] {
            std::fs::create_dir_all(folder.join(name))?;
        }
        let credentials = Credentials::kept_in(&folder.join("secrets"))?;
        let secrets = Secrets::kept_in(&folder.join("secrets"))?;
        let quotas = quotas::granted(settings.rate);
        let sandbox = Sandbox::start(SandboxSettings {
            seed: settings.seed,
            credentials: Some(credentials.clone()),
            quotas: quotas::enforced(settings.rate),
            ..SandboxSettings::default()
        });
        let sandbox = sandbox.await.context("the sandbox does not start")?;
        let collector = Collector::start(&folder.join(TRACES)).await?;
        let mut ports = ports::free(3 + settings.processors as usize)?.into_iter();
        let mut address = move || format!("127.0.0.1:{}", ports.next().unwrap_or_default());
        let layout = Layout {
            kafka: settings.kafka.clone(),
            registry: settings.registry.clone(),
            replication: 1,
            prefix: format!("demo-{:08x}.", rand::rng().random::<u32>()),
            secrets: folder.join("secrets"),
            state: folder.join("state"),
            ingest: address(),
            admin: [address(), address(), address()],
            processors: settings.processors,
            quotas,
            breakers_open_for: Some(BREAKERS_OPEN_FOR),
            collector: Some(collector.url.clone()),
        };
        let config = folder.join("trunkline.toml");
        let mut bed = Self {
            folder,
            sandbox,
            secrets,
            layout,
            config,
            members: Vec::new(),
            _collector: collector,
            temporary,
        };
        let specs = bed.write_configurations(settings.processors, address, &credentials)?;
        // Standard output is for the report, or for the addresses.
        eprintln!("making topics {}* and their schemas", bed.layout.prefix);
        bed.make_topics().await?;
        eprintln!(
            "starting ingest, processor and sink; their logs are in {}",
            bed.folder.join("logs").display()
        );
        if let Err(error) = bed.start(specs).await {
            bed.remove_topics().await?;
            return Err(error);
        }
        eprintln!("everything is ready after {:.1} s", started.elapsed().as_secs_f64());
        Ok(bed)
    }

    /// One file for all, and one more for each further processor, whose admin port is another.
    fn write_configurations(
        &self,
        processors: u32,
        mut address: impl FnMut() -> String,
        credentials: &Credentials,
    ) -> anyhow::Result<Vec<Spec>> {
        let addresses = &self.sandbox.addresses;
        write(&self.config, &configuration::text(&self.layout, &Choices::default(), addresses, credentials))?;
        let [ingest, processor, sink] = &self.layout.admin;
        let mut specs = vec![
            self.spec("sink", 0, &self.config, sink),
            self.spec("processor", 0, &self.config, processor),
        ];
        for number in 1..processors {
            let mut layout = self.layout.clone();
            layout.admin[1] = address();
            let config = self.folder.join(format!("trunkline.processor-{number}.toml"));
            write(&config, &configuration::text(&layout, &Choices::default(), addresses, credentials))?;
            specs.push(self.spec("processor", number, &config, &layout.admin[1]));
        }
        specs.push(self.spec("ingest", 0, &self.config, ingest));
        Ok(specs)
    }

    fn spec(&self, binary: &str, number: u32, config: &Path, admin: &str) -> Spec {
        let instance = format!("{binary}-{number}");
        Spec {
            binary: binary.to_owned(),
            config: config.to_owned(),
            log: self.folder.join("logs").join(format!("{instance}.log")),
            admin: format!("http://{admin}"),
            within: Vec::new(),
            instance,
        }
    }

    async fn make_topics(&self) -> anyhow::Result<()> {
        let config = trunkline_config::load(&self.config).context("the demo's own configuration is wrong")?;
        super::topics::apply(&config).await
    }

    async fn start(&mut self, specs: Vec<Spec>) -> anyhow::Result<()> {
        let binaries = binaries()?;
        let client = client()?;
        // Deaths are counted and shown as such; only one that nothing follows is worth a line of its own.
        let listener: Listener = Arc::new(|notice| {
            if let Notice::GivenUp(_) = notice {
                eprintln!("{notice}");
            }
        });
        for spec in specs {
            self.members.push(Member::start(spec, &binaries, Restarts::AT_ONCE, listener.clone())?);
        }
        for member in &self.members {
            member.ready(&client, READY_PATIENCE).await?;
        }
        Ok(())
    }

    /// The processes.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// How often each process died and was started again; those that never did are left out.
    pub fn restarts(&self) -> BTreeMap<String, u32> {
        let restarts = self.members.iter().map(|member| (member.spec().instance.clone(), member.restarts()));
        restarts.filter(|(_, times)| *times > 0).collect()
    }

    /// How to reach the brokers.
    pub fn cluster(&self) -> Cluster {
        Cluster { brokers: self.layout.kafka.clone(), options: BTreeMap::new() }
    }

    /// Log files of all processes.
    pub fn logs(&self) -> Vec<PathBuf> {
        self.members.iter().map(|member| member.spec().log.clone()).filter(|log| log.is_file()).collect()
    }

    /// Folder with what the processes served at their admin ports when they were stopped.
    pub fn served(&self) -> PathBuf {
        self.folder.join("served")
    }

    /// File with the traces that they exported.
    pub fn traces(&self) -> PathBuf {
        self.folder.join(TRACES)
    }

    /// Stops the processes in the order of the stream, each in its own way; true when all of them ended in order.
    pub async fn stop_members(&mut self) -> anyhow::Result<bool> {
        let (client, folder) = (client()?, self.served());
        let mut clean = true;
        for binary in ["ingest", "processor", "sink"] {
            let (stopping, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.members)
                .into_iter()
                .partition(|member| member.spec().binary == binary);
            self.members = others;
            for member in stopping {
                anyhow::ensure!(
                    !member.is_given_up(),
                    "{} was given up; its log ends:\n{}",
                    member.spec().instance,
                    member.spec().tail()
                );
                for missing in served::keep(&client, member.spec(), &folder).await? {
                    eprintln!("not searched for secrets: {missing}");
                }
                clean &= member.stop().await == Ending::Clean;
            }
        }
        Ok(clean)
    }

    /// Removes what the demo made in Kafka.
    pub async fn remove_topics(&self) -> anyhow::Result<()> {
        let config = trunkline_config::load(&self.config)?;
        super::topics::remove(&config).await
    }

    /// Leaves the folder where it is, for a person to look at.
    pub fn keep_folder(&mut self) -> &Path {
        if let Some(temporary) = self.temporary.take() {
            let _ = temporary.keep();
        }
        &self.folder
    }

    /// Addresses of everything, for people and their tools.
    pub fn describe(&self) -> Value {
        let admin = |binary: &str| {
            let members = self.members.iter().filter(|member| member.spec().binary == binary);
            members.map(|member| member.spec().admin.clone()).collect::<Vec<_>>()
        };
        let Layout { kafka, registry, prefix, ingest, secrets, .. } = &self.layout;
        let addresses: &Addresses = &self.sandbox.addresses;
        json!({
            "kafka": kafka,
            "registry": registry,
            "prefix": prefix,
            "ingest": format!("http://{ingest}"),
            "webhooks": {
                "genesys-eventbridge": format!("http://{ingest}/v1/webhooks/genesys-eventbridge"),
                "genesys-open-messaging": format!("http://{ingest}/v1/webhooks/genesys-open-messaging"),
                "cxone-digital": format!("http://{ingest}/v1/webhooks/cxone-digital"),
            },
            "admin": {"ingest": admin("ingest"), "processor": admin("processor"), "sink": admin("sink")},
            "sandbox": addresses,
            "config": self.config,
            "folder": self.folder,
            "secrets": {
                "genesys-eventbridge": secrets.join("eventbridge-api-key"),
                "genesys-open-messaging": secrets.join("open-messaging-secret"),
                "cxone-digital": secrets.join("cxone-bearer"),
            },
        })
    }
}

/// A client for the admin ports.
pub fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().connect_timeout(CONNECT_PATIENCE).build()?)
}

fn folder(keep: Option<&Path>) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    match keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            Ok((folder.canonicalize()?, None))
        }
        None => {
            let temporary = tempfile::Builder::new().prefix("trunkline-demo-").tempdir()?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    write_private(path, text).with_context(|| format!("cannot write {}", path.display()))
}
