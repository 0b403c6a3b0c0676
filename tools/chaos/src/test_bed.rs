//! Everything that chaos stands on: a folder, the sandbox, brokers, proxies, configurations, topics and processes.
//!
//! # Layout
//!
//! - [`TestBed`]: all of it, running
//! - `allotted`: the ports of a test bed
//! - `launch`: configurations and processes

mod allotted;
mod launch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use tokio::process::Command;
use trunkline_load::sign::Secrets;
use trunkline_rig::collector::Collector;
use trunkline_rig::configuration::Layout;
use trunkline_rig::executables::executable;
use trunkline_rig::kafka::Java;
use trunkline_rig::kafka::properties::DURABLE;
use trunkline_rig::program::Spec;
use trunkline_rig::quotas;
use trunkline_rig::supervisor::Member;
use trunkline_simulators::{Credentials, Sandbox, SandboxSettings};

use self::allotted::Allotted;
use self::launch::Launch;
use crate::cluster::Cluster;
use crate::journal::Journal;
use crate::link::Link;
use crate::proxy::Proxies;
use crate::schedule::Rig;
use crate::small_disk::SmallDisk;

/// What to set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to run brokers.
    pub java: Java,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Folder of the pipeline's executables.
    pub binaries: PathBuf,
    /// Of the sandbox and of the day that is played.
    pub seed: u64,
    /// Deliveries per second.
    pub rate: f64,
    /// Folder to work in; it has to exist.
    pub folder: PathBuf,
}

/// A running pipeline on brokers of its own, ready to be broken.
#[derive(Debug)]
pub struct TestBed {
    /// Folder of everything.
    pub folder: PathBuf,
    /// The outside systems.
    pub sandbox: Sandbox,
    /// What the platforms prove themselves with.
    pub secrets: Secrets,
    /// Where everything is that suffers nothing.
    pub layout: Layout,
    /// The brokers.
    pub cluster: Cluster,
    /// The processors.
    pub processors: Vec<Processor>,
    /// Ingest.
    pub ingest: Member,
    /// The sink.
    pub sink: Member,
    /// The disk of the first processor, where the machine allows one.
    pub disk: Option<SmallDisk>,
    /// What this machine does not let us break, and why.
    pub not_possible: Vec<String>,
    /// What happened.
    pub journal: Arc<Journal>,
    _collector: Collector,
}

/// One processor with its connections and its state.
#[derive(Debug)]
pub struct Processor {
    /// The process.
    pub member: Member,
    /// Its connections to the brokers.
    pub link: Arc<Link>,
    /// Its state folder, as this program reaches it.
    pub state: PathBuf,
    _proxies: Proxies,
}

/// Brokers: one may be away and everything goes on.
pub const BROKERS: usize = 3;
/// Processors: while one is away and another has a fault, somebody works.
pub const PROCESSORS: usize = 3;
/// The processor whose state lies on the small disk.
const ON_SMALL_DISK: usize = 0;
const BREAKERS_OPEN_FOR: u32 = 5;
const READY_PATIENCE: Duration = Duration::from_secs(120);

// === impl TestBed ===

impl TestBed {
    /// Sets everything up and waits until every process is ready.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn set_up(settings: &Settings, journal: Arc<Journal>) -> anyhow::Result<Self> {
        let folder = settings.folder.clone();
        for name in ["secrets", "logs", "state", "served"] {
            std::fs::create_dir_all(folder.join(name))?;
        }
        let credentials = Credentials::kept_in(&folder.join("secrets"))?;
        let secrets = Secrets::kept_in(&folder.join("secrets"))?;
        let sandbox = start_sandbox(settings, &credentials).await?;
        let Allotted { ports, ingest, admin, mut others } = Allotted::free()?;
        journal.say(format!("starting {BROKERS} brokers"));
        let cluster = Cluster::start(&folder, settings.java.clone(), &ports, &DURABLE).await?;
        let collector = Collector::start(&traces(&folder)).await?;
        let collected = collector.url.clone();
        let layout = Layout { collector: Some(collected), ..layout(settings, &cluster, ingest, admin) };
        let launch =
            Launch { settings, addresses: &sandbox.addresses, credentials: &credentials, journal: &journal };
        let config = folder.join("trunkline.toml");
        launch.configure(&config, &layout)?;
        journal.say("making topics and schemas");
        apply(&settings.binaries, &config).await?;

        journal.say(format!("starting ingest, {PROCESSORS} processors and sink"));
        let [ingest_admin, _, sink_admin] = &layout.admin;
        let sink = launch.start("sink", 0, &config, sink_admin, Vec::new())?;
        let (disk, not_possible) = small_disk(&folder).await?;
        let mut processors = Vec::new();
        for number in 0..PROCESSORS {
            let mut own = layout.clone();
            if number > 0 {
                own.admin[1] = others.next().unwrap_or_default();
            }
            let disk = disk.as_ref().filter(|_| number == ON_SMALL_DISK);
            processors.push(launch.start_processor(number, own, &ports, disk).await?);
        }
        let ingest = launch.start("ingest", 0, &config, ingest_admin, Vec::new())?;
        let bed = Self {
            folder,
            sandbox,
            secrets,
            layout,
            cluster,
            processors,
            ingest,
            sink,
            disk,
            not_possible,
            journal,
            _collector: collector,
        };
        if let Err(late) = bed.ready(READY_PATIENCE).await {
            bail!("{} did not get ready; its log ends:\n{}", late.instance, late.tail());
        }
        Ok(bed)
    }

    /// Waits until every process is ready.
    ///
    /// # Errors
    /// The first that is not in time.
    pub async fn ready(&self, patience: Duration) -> Result<(), Spec> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        for member in self.members() {
            if member.ready(&client, patience).await.is_err() {
                return Err(member.spec().clone());
            }
        }
        Ok(())
    }

    /// All processes.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        [&self.ingest].into_iter().chain(self.processors.iter().map(|one| &one.member)).chain([&self.sink])
    }

    /// What there is to break.
    pub fn rig(&self) -> Rig {
        Rig {
            processors: self.processors.len(),
            brokers: BROKERS,
            small_disk: self.disk.is_some().then_some(ON_SMALL_DISK),
        }
    }

    /// Brings what is on the small disk into the folder of everything else, where it outlives the disk.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub async fn keep_small_disk(&self) -> anyhow::Result<()> {
        let Some(disk) = &self.disk else { return Ok(()) };
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(disk.folder().join(".")).arg(state_folder(&self.folder, ON_SMALL_DISK));
        let output = copy.output().await.context("cannot run cp")?;
        if !output.status.success() {
            bail!("the small disk cannot be copied: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Folders of the processors' stores, without those that were set aside as damaged.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn stores(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut stores = Vec::new();
        for number in 0..PROCESSORS {
            for entry in std::fs::read_dir(state_folder(&self.folder, number))? {
                let path = entry?.path();
                if path.is_dir() && !path.to_string_lossy().contains(".damaged-") {
                    stores.push(path);
                }
            }
        }
        Ok(stores)
    }
}

/// File, in the folder of everything, with the traces that the processes export.
pub(crate) fn traces(folder: &Path) -> PathBuf {
    folder.join("traces")
}

fn state_folder(folder: &Path, number: usize) -> PathBuf {
    folder.join("state").join(format!("processor-{number}"))
}

async fn start_sandbox(settings: &Settings, credentials: &Credentials) -> anyhow::Result<Sandbox> {
    let sandbox = Sandbox::start(SandboxSettings {
        seed: settings.seed,
        credentials: Some(credentials.clone()),
        quotas: quotas::enforced(settings.rate),
        ..SandboxSettings::default()
    });
    sandbox.await.context("the sandbox does not start")
}

/// Where everything is, for those whose connections suffer nothing. `admin` as in [`Layout::admin`].
fn layout(settings: &Settings, cluster: &Cluster, ingest: String, admin: [String; 3]) -> Layout {
    Layout {
        kafka: cluster.access().brokers,
        registry: settings.registry.clone(),
        replication: BROKERS as i32,
        prefix: format!("chaos-{:08x}.", rand::rng().random::<u32>()),
        secrets: settings.folder.join("secrets"),
        state: settings.folder.join("state"),
        ingest,
        admin,
        processors: PROCESSORS as u32,
        quotas: quotas::granted(settings.rate),
        breakers_open_for: Some(BREAKERS_OPEN_FOR),
        collector: None,
    }
}

async fn small_disk(folder: &Path) -> anyhow::Result<(Option<SmallDisk>, Vec<String>)> {
    let state = state_folder(folder, ON_SMALL_DISK);
    std::fs::create_dir_all(&state)?;
    Ok(match SmallDisk::mount(&state).await {
        Ok(disk) => (Some(disk), Vec::new()),
        Err(error) => (None, vec![format!("full disks: no small disk can be mounted here: {error:#}")]),
    })
}

/// Makes the topics and schemas that a configuration asks for.
pub(crate) async fn apply(binaries: &Path, config: &Path) -> anyhow::Result<()> {
    let trunkline = executable(binaries, "trunkline")?;
    for what in ["topics", "schemas"] {
        let mut command = Command::new(&trunkline);
        command.args([what, "apply", "--config"]).arg(config).kill_on_drop(true);
        let output = command.output().await?;
        if !output.status.success() {
            let printed = [output.stdout, output.stderr].concat();
            bail!("trunkline {what} apply failed:\n{}", String::from_utf8_lossy(&printed));
        }
    }
    Ok(())
}
