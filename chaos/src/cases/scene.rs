//! What a case is played on: a deployment of its own, under a topic prefix of its own, on the broker of all cases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::task::JoinHandle;
use trunkline_fleet::configuration::{self, Layout, write_private};
use trunkline_fleet::program::{Ending, Spec};
use trunkline_fleet::quotas;
use trunkline_sandbox::generator::Delivery;
use trunkline_sandbox::load::{self, LoadSettings, ledger, play};
use trunkline_sandbox::sign::Secrets;
use trunkline_sandbox::{Credentials, Sandbox, SandboxSettings};
use trunkline_verifier::{Inputs, Report, SecretToFind, verify};

use super::calls::{CUSTOMERS, Calls};
use super::evidence::Reader;
use super::operator::Operator;
use super::run::Ground;
use super::wait::{until, until_quiet};
use crate::cluster::Cluster;
use crate::journal::Journal;
use crate::ports;
use crate::stage::apply;
use crate::supervisor::{Exit, Member};

/// A deployment, with everything that a case does to it.
pub struct Scene {
    /// Folder of everything.
    pub folder: PathBuf,
    /// The outside systems.
    pub sandbox: Sandbox,
    /// Reads topics.
    pub reader: Reader,
    /// Does an operator's deeds.
    pub operator: Operator,
    /// What happened.
    pub journal: Arc<Journal>,
    cluster: Arc<Cluster>,
    secrets: Secrets,
    credentials: Credentials,
    layout: Layout,
    binaries: PathBuf,
    /// By instance name.
    members: BTreeMap<String, Member>,
    exits: Vec<Exit>,
    ledgers: usize,
}

/// A load that is being played.
pub struct Playing {
    playing: JoinHandle<Result<load::Counts, load::Error>>,
    ledger: PathBuf,
}

/// Deliveries per second that quotas are made for: more than any case plays.
const RATE: f64 = 200.0;
const BREAKERS_OPEN_FOR: u32 = 5;
/// How long a process may take to be ready.
const READY_PATIENCE: Duration = Duration::from_secs(60);
/// When so long nothing new has come out, nothing will: longer than every wait of the pipeline that cases run into, but
/// for those that are faults themselves.
const QUIET: Duration = Duration::from_secs(5);
/// A command that may have been tried before is read back after 5 s, a request's lifetime, and then ends.
const COMMANDS_DOUBTED: Duration = Duration::from_secs(8);
/// How long a process may take to notice that nothing it does takes effect: what readiness is asked to say.
const UNREADY_PATIENCE: Duration = Duration::from_secs(8);

// === impl Scene ===

impl Scene {
    /// Starts a sandbox and makes topics and schemas; no process runs yet.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn set_up(ground: &Ground, name: &str) -> anyhow::Result<Self> {
        let folder = ground.folder.join(name);
        for sub in ["secrets", "logs", "state"] {
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
            breakers_open_for: BREAKERS_OPEN_FOR,
        };
        let scene = Self {
            reader: Reader { cluster: access.clone(), registry: ground.registry.clone(), prefix },
            operator: Operator::new(access, ground.java.clone())?,
            cluster: ground.cluster.clone(),
            journal: ground.journal.clone(),
            binaries: ground.binaries.clone(),
            members: BTreeMap::new(),
            exits: Vec::new(),
            ledgers: 0,
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
        let text = configuration::text(&layout, &self.sandbox.addresses, &self.credentials);
        write_private(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Starts an instance, for example `processor-0`, and waits until it is ready. Started again it has its old name and
    /// state, and another port.
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
        if !member.ready(&client, READY_PATIENCE).await {
            bail!("{instance} does not get ready; its log ends:\n{}", member.spec().tail());
        }
        Ok(())
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
            binary,
            instance: instance.to_owned(),
            config: self.write_configuration(instance, &layout)?,
            log: self.folder.join("logs").join(format!("{instance}.log")),
            admin: format!("http://{}", layout.admin[place]),
            within,
        };
        if binary == "ingest" {
            std::fs::write(self.folder.join(format!("{instance}.address")), &layout.ingest)?;
        }
        let member = Member::start(spec, &self.binaries, self.journal.clone())?;
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
        let ending = member.stop().await;
        self.exits.extend(member.exits());
        Ok(ending)
    }

    /// Begins to play calls against `ingest-0`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn begin_load(&mut self, calls: &Calls) -> anyhow::Result<Playing> {
        self.begin_load_at("ingest-0", calls.deliveries(), calls.start_ms)
    }

    /// Begins to play deliveries against an instance of ingest; their time zero is `start_ms`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn begin_load_at(
        &mut self,
        ingest: &str,
        deliveries: Vec<Delivery>,
        start_ms: i64,
    ) -> anyhow::Result<Playing> {
        self.member(ingest)?;
        let address = std::fs::read_to_string(self.folder.join(format!("{ingest}.address")))?;
        self.ledgers += 1;
        let ledger = self.folder.join(format!("ledger-{}.jsonl", self.ledgers));
        let settings = LoadSettings {
            ledger: Some(ledger.clone()),
            ..LoadSettings::new(&format!("http://{address}"), self.secrets.clone())
        };
        // Nobody stops it early: the sender is dropped, the load is played to its end.
        let (_, stop) = tokio::sync::watch::channel(false);
        let progress = Arc::new(load::Progress::default());
        let playing = tokio::spawn(play(deliveries.into_iter(), start_ms, settings, progress, stop));
        Ok(Playing { playing, ledger })
    }

    /// Plays calls against `ingest-0` to their end; the ids of the events that were accepted.
    ///
    /// # Errors
    /// When one of them is not accepted.
    pub async fn load(&mut self, calls: &Calls) -> anyhow::Result<BTreeSet<String>> {
        let accepted = self.begin_load(calls)?.accepted().await?;
        self.say(format!("{} events accepted", accepted.len()));
        Ok(accepted)
    }

    /// Waits until accepted events have come out; those that have not when nothing new has come for a while.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub async fn missing(&self, accepted: &BTreeSet<String>) -> anyhow::Result<BTreeSet<String>> {
        self.missing_after(accepted, QUIET).await
    }

    /// As [`Scene::missing`], for when the pipeline has waits of its own to end first: `quiet` is longer than they are.
    ///
    /// # Errors
    /// As [`Scene::missing`].
    pub async fn missing_after(
        &self,
        accepted: &BTreeSet<String>,
        quiet: Duration,
    ) -> anyhow::Result<BTreeSet<String>> {
        let missing = until_quiet(quiet, BTreeSet::is_empty, async || {
            let enriched = self.reader.enriched().await?;
            Ok(accepted.difference(&enriched).cloned().collect::<BTreeSet<_>>())
        })
        .await?;
        self.say(format!("{} of {} accepted events have not come out", missing.len(), accepted.len()));
        Ok(missing)
    }

    /// Waits until accepted events have come out.
    ///
    /// # Errors
    /// When one never comes.
    pub async fn settle(&self, accepted: &BTreeSet<String>) -> anyhow::Result<()> {
        let missing = self.missing(accepted).await?;
        if !missing.is_empty() {
            bail!("{} events do not come out before anything went wrong: {missing:?}", missing.len());
        }
        Ok(())
    }

    /// Waits until every command has a result; those that have none when no new one has come for a while.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub async fn unfinished(&self) -> anyhow::Result<BTreeSet<String>> {
        let ask = async || self.reader.open_commands(&["genesys", "salesforce"]).await;
        until_quiet(QUIET, BTreeSet::is_empty, ask).await
    }

    /// Waits until no result of a command has come for so long that no more will.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub async fn no_more_results(&self) -> anyhow::Result<()> {
        let results = async || Ok(self.reader.values("writeback.results").await?.len());
        let results = until_quiet(COMMANDS_DOUBTED, |_| false, results).await?;
        self.say(format!("{results} results of commands"));
        Ok(())
    }

    /// Kills the broker and starts it again: every client loses its connection.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn restart_broker(&self) -> anyhow::Result<()> {
        self.cluster.kill_broker(0).await?;
        self.cluster.start_broker(0)?;
        if !self.cluster.whole().await {
            bail!("the broker does not come back");
        }
        Ok(())
    }

    /// Waits until an instance says that it is not ready: what it says, or nothing when it stays ready.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn becomes_unready(&self, instance: &str) -> anyhow::Result<Option<String>> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let spec = self.member(instance)?.spec();
        let unready =
            until("it is not ready", UNREADY_PATIENCE, async || Ok(spec.ready(&client).await.err()));
        let said = unready.await.ok();
        self.say(match &said {
            Some(said) => format!("{instance} is not ready: {said}"),
            None => format!("{instance} says for {UNREADY_PATIENCE:?} that it is ready"),
        });
        Ok(said)
    }

    /// Stops everything that still runs, in order; true when all of it did.
    pub async fn end(&mut self) -> bool {
        let mut clean = true;
        // Ingest first, the sink last: what is still under way comes to its end.
        let instances: Vec<String> = self.members.keys().cloned().collect();
        for instance in instances {
            clean &= matches!(self.stop(&instance).await, Ok(Ending::Clean));
        }
        clean
    }

    /// Whether an instance of this program was ever started.
    pub fn had(&self, program: &str) -> bool {
        self.folder.join("logs").join(format!("{program}-0.log")).exists()
    }

    /// Processes that ended by themselves.
    pub fn exits(&self) -> &[Exit] {
        &self.exits
    }

    /// Has the verifier judge what the deployment left behind.
    ///
    /// # Errors
    /// When the evidence cannot be read.
    pub async fn judge(&self, stopped_cleanly: bool) -> anyhow::Result<Report> {
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
            secrets: secrets.collect(),
            state_folders: vec![self.layout.state.clone()],
            stopped_cleanly,
            quotas: self.layout.quotas.clone(),
            ..Inputs::default()
        };
        verify(&inputs).await.context("the verifier cannot read the evidence")
    }

    /// The ledgers of all loads in one file.
    fn one_ledger(&self) -> anyhow::Result<PathBuf> {
        let whole = self.folder.join("ledger.jsonl");
        let mut text = String::new();
        for number in 1..=self.ledgers {
            text.push_str(&std::fs::read_to_string(self.folder.join(format!("ledger-{number}.jsonl")))?);
        }
        std::fs::write(&whole, text)?;
        Ok(whole)
    }
}

// === impl Playing ===

impl Playing {
    /// Waits for the end of the load; the ids of the events that were accepted.
    ///
    /// # Errors
    /// When a delivery was not accepted.
    pub async fn accepted(self) -> anyhow::Result<BTreeSet<String>> {
        self.playing.await??;
        let lines = ledger::read(&self.ledger)?;
        if let Some(line) = lines.iter().find(|line| line.status != 202) {
            bail!("delivery {} was answered {}", line.delivery_id, line.status);
        }
        Ok(lines.into_iter().flat_map(|line| line.event_ids).collect())
    }
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    Ok(files)
}
