//! What a case is played on: a deployment of its own, under a topic prefix of its own, on the broker of all cases.
//!
//! # Layout
//!
//! - [`load`]: what is posted to it, and what of it was accepted
//! - [`settling`]: waiting for what comes of it
//! - [`spans`]: whose spans are searched

pub mod load;
mod settling;
mod spans;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use trunkline_load::sign::Secrets;
use trunkline_rig::collector::Collector;
use trunkline_rig::configuration::{self, Choices, Layout, write_private};
use trunkline_rig::process::Ending;
use trunkline_rig::program::Spec;
use trunkline_rig::quotas;
use trunkline_rig::scrape::scrape;
use trunkline_rig::served;
use trunkline_simulators::{Credentials, Sandbox, SandboxSettings};
use trunkline_verifier::configuration::Configuration;
use trunkline_verifier::{Inputs, KNOWN, Report, SecretToFind, verify};

use super::calls::CUSTOMERS;
use super::evidence::Reader;
use super::expectation::Expectation;
use super::operator::Operator;
use super::run::Ground;
use crate::cluster::Cluster;
use crate::journal::Journal;
use crate::test_bed::{apply, traces};
use trunkline_rig::ports;
use trunkline_rig::supervisor::{Exit, Member, Restarts};

/// A deployment, with everything that a case does to it.
pub struct Scene {
    /// Folder of everything.
    pub folder: PathBuf,
    /// The outside systems.
    pub sandbox: Sandbox,
    /// Reads topics.
    pub reader: Reader,
    /// Does an operator's commands.
    pub operator: Operator,
    /// What happened.
    pub journal: Arc<Journal>,
    cluster: Arc<Cluster>,
    secrets: Secrets,
    credentials: Credentials,
    layout: Layout,
    /// Further lines of the section `[processor]`.
    processor_settings: &'static str,
    /// Further lines of the section `[sink]`.
    sink_settings: &'static str,
    binaries: PathBuf,
    /// By instance name.
    members: BTreeMap<String, Member>,
    /// Where each instance of ingest listens.
    doors: BTreeMap<String, String>,
    exits: Vec<Exit>,
    /// Programs of which an instance ended in order, and so exported its last spans.
    ended: BTreeSet<String>,
    /// What its processes exported before they were stopped, as [`trunkline_rig::scrape::Sample::series`] says it.
    series: BTreeSet<String>,
    ledgers: usize,
    _collector: Collector,
}

/// Deliveries per second that quotas are made for: more than any case plays.
const RATE: f64 = 200.0;
const BREAKERS_OPEN_FOR: u32 = 5;
/// An authority that is trusted beside the system's, in PEM.
const AUTHORITY: &str = include_str!("authority.pem");
/// How long a process may take to be ready.
const READY_PATIENCE: Duration = Duration::from_secs(60);

// === impl Scene ===

impl Scene {
    /// Starts a sandbox and makes topics and schemas; no process runs yet.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn set_up(ground: &Ground, name: &str) -> anyhow::Result<Self> {
        let folder = ground.folder.join(name);
        for sub in ["secrets", "logs", "state", "served"] {
            std::fs::create_dir_all(folder.join(sub))?;
        }
        let credentials = Credentials::kept_in(&folder.join("secrets"))?;
        let secrets = Secrets::kept_in(&folder.join("secrets"))?;
        let sandbox = Sandbox::start(SandboxSettings {
            credentials: Some(credentials.clone()),
            quotas: quotas::enforced(RATE),
            customers: CUSTOMERS,
            ..SandboxSettings::default()
        });
        let sandbox = sandbox.await.context("the sandbox does not start")?;
        let collector = Collector::start(&traces(&folder)).await?;
        let prefix = format!("{name}.");
        let access = ground.cluster.access();
        let layout = Layout {
            kafka: access.brokers.clone(),
            registry: ground.registry.clone(),
            replication: 1,
            prefix: prefix.clone(),
            secrets: folder.join("secrets"),
            state: folder.join("state"),
            ingest: String::new(),
            admin: [String::new(), String::new(), String::new()],
            processors: 1,
            quotas: quotas::granted(RATE),
            breakers_open_for: Some(BREAKERS_OPEN_FOR),
            collector: Some(collector.url.clone()),
        };
        let scene = Self {
            reader: Reader { cluster: access.clone(), registry: ground.registry.clone(), prefix },
            operator: Operator::new(access, ground.java.clone())?,
            cluster: ground.cluster.clone(),
            journal: ground.journal.clone(),
            binaries: ground.binaries.clone(),
            members: BTreeMap::new(),
            processor_settings: "",
            sink_settings: "",
            doors: BTreeMap::new(),
            exits: Vec::new(),
            ended: BTreeSet::new(),
            series: BTreeSet::new(),
            ledgers: 0,
            _collector: collector,
            folder,
            sandbox,
            secrets,
            credentials,
            layout,
        };
        scene.make_topics().await?;
        Ok(scene)
    }

    /// Notes what happens.
    pub fn say(&self, what: impl Into<String>) {
        self.journal.say(format!("    {}", what.into()));
    }

    /// The name of a topic or group with this deployment's prefix.
    pub fn named(&self, name: &str) -> String {
        format!("{}{name}", self.reader.prefix)
    }

    /// Makes the topics and schemas that are missing, as an operator would: `trunkline topics apply`.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn make_topics(&self) -> anyhow::Result<()> {
        let config = self.write_configuration("trunkline", &self.layout)?;
        apply(&self.binaries, &config).await
    }

    fn write_configuration(&self, name: &str, layout: &Layout) -> anyhow::Result<PathBuf> {
        let mut layout = layout.clone();
        // A configuration names all addresses, and no two the same, also those of programs that it is not for.
        for (port, address) in (1..).zip([&mut layout.ingest].into_iter().chain(&mut layout.admin)) {
            if address.is_empty() {
                *address = format!("127.0.0.1:{port}");
            }
        }
        let path = self.folder.join(format!("{name}.toml"));
        let choices = Choices {
            processor: self.processor_settings.to_owned(),
            sink: self.sink_settings.to_owned(),
            ..Choices::default()
        };
        let mut text = configuration::text(&layout, &choices, &self.sandbox.addresses, &self.credentials);
        let authority = self.folder.join("authority.pem");
        write_private(&authority, AUTHORITY)?;
        // Nobody here has a certificate of it; when it ends is told all the same.
        let _ = write!(text, "\n[http]\nca = \"file:{}\"\n", authority.display());
        write_private(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Adds lines to the section `[processor]` of processors that are started from now on.
    pub fn set_processor(&mut self, lines: &'static str) {
        self.processor_settings = lines;
    }

    /// The same for the section `[sink]`.
    pub fn set_sink(&mut self, lines: &'static str) {
        self.sink_settings = lines;
    }

    /// Starts an instance and does not wait until it is ready: it is expected not to be.
    ///
    /// # Errors
    /// When it does not start.
    pub fn launch(&mut self, instance: &str) -> anyhow::Result<()> {
        self.begin(instance, Vec::new()).map(drop)
    }

    /// Starts an instance, for example `processor-0`, and waits until it is ready. Started again it has its old name
    /// and state, and another port.
    ///
    /// # Errors
    /// When it does not get ready; the message holds the end of its log.
    pub async fn start(&mut self, instance: &str) -> anyhow::Result<()> {
        self.start_within(instance, Vec::new()).await
    }

    /// As [`Scene::start`], run by another command, for example with another clock.
    ///
    /// # Errors
    /// As [`Scene::start`].
    pub async fn start_within(&mut self, instance: &str, within: Vec<String>) -> anyhow::Result<()> {
        let member = self.begin(instance, within)?;
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        member.ready(&client, READY_PATIENCE).await
    }

    fn begin(&mut self, instance: &str, within: Vec<String>) -> anyhow::Result<&Member> {
        let (binary, place) = match instance.split_once('-') {
            Some(("ingest", _)) => ("ingest", 0),
            Some(("processor", _)) => ("processor", 1),
            Some(("sink", _)) => ("sink", 2),
            _ => bail!("{instance} is no instance of ingest, processor or sink"),
        };
        let mut ports = ports::free(2)?.into_iter().map(|port| format!("127.0.0.1:{port}"));
        let mut layout = self.layout.clone();
        layout.admin[place] = ports.next().unwrap_or_default();
        if binary == "ingest" {
            layout.ingest = ports.next().unwrap_or_default();
        }
        let spec = Spec {
            binary: binary.to_owned(),
            instance: instance.to_owned(),
            config: self.write_configuration(instance, &layout)?,
            log: self.folder.join("logs").join(format!("{instance}.log")),
            admin: format!("http://{}", layout.admin[place]),
            within,
        };
        if binary == "ingest" {
            self.doors.insert(instance.to_owned(), layout.ingest);
        }
        let member = Member::start(spec, &self.binaries, Restarts::PATIENT, self.journal.listener())?;
        self.members.insert(instance.to_owned(), member);
        self.member(instance)
    }

    /// A running instance.
    ///
    /// # Errors
    /// When it was not started.
    pub fn member(&self, instance: &str) -> anyhow::Result<&Member> {
        self.members.get(instance).with_context(|| format!("{instance} does not run"))
    }

    /// Stops an instance in order; [`Ending::Forced`] when it had to be killed.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn stop(&mut self, instance: &str) -> anyhow::Result<Ending> {
        let member = self.members.remove(instance).with_context(|| format!("{instance} does not run"))?;
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let samples = scrape(&client, &member.spec().admin).await;
        self.series.extend(samples.iter().map(|sample| sample.series(&member.spec().binary)));
        for missing in served::keep(&client, member.spec(), &self.served()).await? {
            self.say(format!("not searched for secrets: {missing}"));
        }
        let ending = member.stop().await;
        if ending == Ending::Clean {
            self.ended.insert(member.spec().binary.clone());
        }
        self.exits.extend(member.exits());
        Ok(ending)
    }

    /// Kills the broker and starts it again: every client loses its connection.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn restart_broker(&self) -> anyhow::Result<()> {
        self.cluster.kill_broker(0).await?;
        self.start_broker().await
    }

    /// The broker dies, loses the second half of each partition of this topic, and comes back.
    ///
    /// # Errors
    /// When there is nothing to lose, or the broker does not come back.
    pub async fn lose_tail(&self, topic: &str) -> anyhow::Result<()> {
        self.cluster.kill_broker(0).await?;
        let gone = self.cluster.lose_tail(0, &self.named(topic))?;
        self.say(format!("the broker lost {gone} bytes of {topic}"));
        self.start_broker().await
    }

    async fn start_broker(&self) -> anyhow::Result<()> {
        self.cluster.start_broker(0)?;
        if !self.cluster.whole().await {
            bail!("the broker does not come back");
        }
        Ok(())
    }

    /// Stops everything that still runs, in order; true when all of it did.
    pub async fn end(&mut self) -> bool {
        let mut clean = true;
        // Ingest first, the sink last: what is still under way comes to its end.
        let instances: Vec<String> = self.members.keys().cloned().collect();
        for instance in instances {
            clean &= match self.stop(&instance).await {
                Ok(ending) => ending == Ending::Clean,
                Err(error) => {
                    self.say(format!("{instance} was not stopped in order: {error:#}"));
                    false
                }
            };
        }
        clean
    }

    /// Whether an instance of this program was ever started.
    pub fn had(&self, program: &str) -> bool {
        self.folder.join("logs").join(format!("{program}-0.log")).exists()
    }

    /// Folder with what its processes served when they were stopped.
    fn served(&self) -> PathBuf {
        self.folder.join("served")
    }

    /// What its processes exported, up to when each was stopped.
    pub fn series(&self) -> &BTreeSet<String> {
        &self.series
    }

    /// Processes that ended by themselves.
    pub fn exits(&self) -> &[Exit] {
        &self.exits
    }

    /// Has the verifier judge what the deployment left behind. Known failures that the case is not about are
    /// told apart.
    ///
    /// # Errors
    /// When the evidence cannot be read.
    pub async fn judge(&self, stopped_cleanly: bool, expected: Expectation) -> anyhow::Result<Report> {
        let audit = self.folder.join("audit.jsonl");
        std::fs::write(&audit, self.sandbox.audit().json_lines(None))?;
        let webhooks = self.secrets.secrets().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let outside = self.sandbox.secrets().into_iter().enumerate();
        let outside = outside.map(|(number, value)| (format!("outside system's secret {number}"), value));
        let secrets = webhooks.into_iter().chain(outside).map(|(name, value)| SecretToFind { name, value });
        let inputs = Inputs {
            cluster: self.reader.cluster.clone(),
            registry: self.reader.registry.clone(),
            prefix: self.reader.prefix.clone(),
            ledger: Some(self.one_ledger()?),
            audits: vec![audit],
            logs: files(&self.folder.join("logs"))?,
            served: vec![self.served()],
            traces: vec![traces(&self.folder)],
            exporters: self.exporters().await?,
            secrets: secrets.collect(),
            state_folders: vec![self.layout.state.clone()],
            stopped_cleanly,
            quotas: self.layout.quotas.clone(),
            configuration: Some(Configuration::read(&self.folder.join("trunkline.toml"))?),
            // How long breakers stay open is no part of a case.
            allow_unjudged: BTreeSet::from(["I10".to_owned()]),
            known: KNOWN
                .iter()
                .filter(|known| !expected.is_about(known.invariant, known.kind))
                .copied()
                .collect(),
            ..Inputs::default()
        };
        verify(&inputs).await.context("the verifier cannot read the evidence")
    }
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    Ok(files)
}
