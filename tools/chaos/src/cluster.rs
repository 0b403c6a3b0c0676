//! Real brokers, killed and started again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use parking_lot::Mutex;
use rand::RngExt as _;
use tokio::time::Instant;
use trunkline_rig::kafka::properties::{self, Ports, Terms};
use trunkline_rig::kafka::{Broker, Java};
use trunkline_rig::process::{Process, end_of};
use trunkline_verifier::topics::{self, Standing};

/// A cluster of brokers that are controllers as well.
#[derive(Debug)]
pub struct Cluster {
    java: Java,
    brokers: Vec<Broker>,
    /// By the broker's number; none of one that does not run.
    processes: Vec<Mutex<Option<Process>>>,
}

/// How long a broker, or the whole cluster, may take to be whole again.
const WHOLE_PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// Lines of a log that say why a broker did not start.
const TAIL_LINES: usize = 20;

// === impl Cluster ===

impl Cluster {
    /// Formats and starts brokers in folders of their own below `folder`, and waits until they are whole.
    ///
    /// # Errors
    /// When one does not start; the message holds the end of its log.
    pub async fn start(folder: &Path, java: Java, ports: &[Ports], terms: &Terms) -> anyhow::Result<Self> {
        // Random, so that a stray node cannot join this cluster.
        let id = properties::cluster_id(rand::rng().random());
        let mut brokers = Vec::new();
        for number in 0..ports.len() {
            let home = folder.join(format!("broker-{number}"));
            brokers.push(Broker::prepare(&home, number, ports, terms)?);
        }
        futures_util::future::try_join_all(brokers.iter().map(|broker| broker.format(&java, &id))).await?;
        let processes = brokers.iter().map(|_| Mutex::new(None)).collect();
        let cluster = Self { java, brokers, processes };
        for broker in 0..cluster.brokers.len() {
            cluster.start_broker(broker)?;
        }
        if !cluster.whole().await {
            bail!("the brokers did not come up:\n{}", cluster.tails());
        }
        Ok(cluster)
    }

    /// Starts a broker that is not running.
    ///
    /// # Errors
    /// When java cannot be run.
    pub fn start_broker(&self, number: usize) -> anyhow::Result<()> {
        *self.processes[number].lock() = Some(self.brokers[number].start(&self.java)?);
        Ok(())
    }

    /// Ends a broker as `kill -9` does; false when it had ended before.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill_broker(&self, number: usize) -> anyhow::Result<bool> {
        let process = self.processes[number].lock().take();
        let Some(mut process) = process else { return Ok(false) };
        let lived = process.ended()?.is_none();
        process.kill().await?;
        Ok(lived)
    }

    /// Takes away the second half of what a broker that does not run has of each partition of a topic, as a power
    /// failure takes away what was not on the disk yet (a broker leaves that to the system); bytes that are gone.
    ///
    /// # Errors
    /// When a file cannot be cut, or there is none.
    pub fn lose_tail(&self, number: usize, topic: &str) -> anyhow::Result<u64> {
        let mut gone = 0;
        for entry in std::fs::read_dir(&self.brokers[number].data)? {
            let folder = entry?.path();
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let partition = name.strip_prefix(topic).and_then(|rest| rest.strip_prefix('-'));
            if partition.is_none_or(|number| number.parse::<i32>().is_err()) {
                continue;
            }
            let mut segments: Vec<PathBuf> =
                std::fs::read_dir(&folder)?.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>()?;
            segments.retain(|file| file.extension().is_some_and(|extension| extension == "log"));
            // Segments are named by their first offset, with zeros before it.
            let Some(last) = segments.into_iter().max() else { continue };
            let file = std::fs::OpenOptions::new().write(true).open(&last)?;
            let bytes = file.metadata()?.len();
            file.set_len(bytes / 2)?;
            gone += bytes - bytes / 2;
        }
        if gone == 0 {
            bail!("broker {number} has nothing of {topic}");
        }
        Ok(gone)
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
        let tail =
            |broker: &Broker| format!("{}:\n{}\n", broker.log.display(), end_of(&broker.log, TAIL_LINES));
        self.brokers.iter().map(tail).collect()
    }
}
