//! Real brokers, killed and started again.

pub mod settings;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use rand::RngExt as _;
use tokio::process::{Child, Command};
use tokio::time::Instant;
use trunkline_verifier::topics::{self, Standing};

use settings::{Ports, Terms};

/// How brokers are run.
#[derive(Debug, Clone)]
pub struct Java {
    /// Where Kafka's classes are.
    pub classpath: String,
    /// Options of the virtual machine.
    pub options: Vec<String>,
}

/// A cluster of brokers that are controllers as well.
#[derive(Debug)]
pub struct Cluster {
    java: Java,
    brokers: Vec<Broker>,
}

#[derive(Debug)]
struct Broker {
    properties: PathBuf,
    log: PathBuf,
    /// `host:port` of the listener that no proxy stands before.
    address: String,
    child: Mutex<Option<Child>>,
}

/// How long a broker, or the whole cluster, may take to be whole again.
const WHOLE_PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Lines of a log that say why a broker did not start.
const TAIL_LINES: usize = 20;

// === impl Java ===

impl Java {
    /// `options` are separated by spaces.
    pub fn new(classpath: String, options: &str) -> Self {
        Self { classpath, options: options.split_whitespace().map(str::to_owned).collect() }
    }

    /// A virtual machine to be told which class to run. It dies when the child is dropped.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("java");
        command.args(&self.options).arg("-cp").arg(&self.classpath);
        command.stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        command
    }
}

// === impl Cluster ===

impl Cluster {
    /// Formats and starts brokers in folders of their own below `folder`, and waits until they are whole.
    ///
    /// # Errors
    /// When one does not start; the message holds the end of its log.
    pub async fn start(folder: &Path, java: Java, ports: &[Ports], terms: &Terms) -> anyhow::Result<Self> {
        // Random, so that a stray node cannot join this cluster.
        let id = settings::cluster_id(rand::rng().random());
        let mut brokers = Vec::new();
        for (number, own) in ports.iter().enumerate() {
            let home = folder.join(format!("broker-{number}"));
            std::fs::create_dir_all(&home)?;
            let properties = home.join("server.properties");
            std::fs::write(&properties, settings::properties(number, ports, &home.join("data"), terms))?;
            brokers.push(Broker {
                properties,
                log: home.join("broker.log"),
                address: format!("127.0.0.1:{}", own.direct),
                child: Mutex::new(None),
            });
        }
        let cluster = Self { java, brokers };
        let formatting = cluster.brokers.iter().map(|broker| cluster.format(broker, &id));
        futures_util::future::try_join_all(formatting).await?;
        for broker in 0..cluster.brokers.len() {
            cluster.start_broker(broker)?;
        }
        if !cluster.whole().await {
            bail!("the brokers did not come up:\n{}", cluster.tails());
        }
        Ok(cluster)
    }

    async fn format(&self, broker: &Broker, cluster_id: &str) -> anyhow::Result<()> {
        let output = self
            .java()
            .args(["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c"])
            .arg(&broker.properties)
            .output()
            .await
            .context("cannot run java")?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            bail!(
                "a broker's folder cannot be formatted:\n{text}{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    fn java(&self) -> Command {
        self.java.command()
    }

    /// Starts a broker that is not running.
    ///
    /// # Errors
    /// When java cannot be run.
    pub fn start_broker(&self, number: usize) -> anyhow::Result<()> {
        let broker = &self.brokers[number];
        let log = File::options().create(true).append(true).open(&broker.log)?;
        let mut command = self.java();
        command.arg("kafka.Kafka").arg(&broker.properties).stdout(log.try_clone()?).stderr(log);
        *broker.child.lock() = Some(command.spawn().context("cannot run java")?);
        Ok(())
    }

    /// Ends a broker as `kill -9` does; false when it had ended before.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill_broker(&self, number: usize) -> anyhow::Result<bool> {
        let child = self.brokers[number].child.lock().take();
        let Some(mut child) = child else { return Ok(false) };
        let lived = child.try_wait()?.is_none();
        child.kill().await?;
        Ok(lived)
    }

    /// Waits until every broker is up and every replica in sync; false when that takes too long.
    pub async fn whole(&self) -> bool {
        let started = Instant::now();
        while started.elapsed() < WHOLE_PATIENCE {
            if let Some(Standing { brokers, lagging: 0 }) = self.standing().await
                && brokers == self.brokers.len()
            {
                return true;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        false
    }

    async fn standing(&self) -> Option<Standing> {
        let cluster = self.access();
        tokio::task::spawn_blocking(move || topics::standing(&cluster)).await.ok()?.ok()
    }

    /// How to reach the brokers without a proxy.
    pub fn access(&self) -> topics::Cluster {
        let addresses: Vec<&str> = self.brokers.iter().map(|broker| broker.address.as_str()).collect();
        topics::Cluster { brokers: addresses.join(","), ..topics::Cluster::default() }
    }

    /// The brokers' log files.
    pub fn logs(&self) -> Vec<PathBuf> {
        self.brokers.iter().map(|broker| broker.log.clone()).collect()
    }

    fn tails(&self) -> String {
        let tail = |broker: &Broker| {
            let text = std::fs::read_to_string(&broker.log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            format!(
                "{}:\n{}\n",
                broker.log.display(),
                lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
            )
        };
        self.brokers.iter().map(tail).collect()
    }
}
