//! One broker that is a controller as well.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::java::Java;
use super::properties::{self, Ports, Terms};
use crate::process::Process;

/// A broker's files and addresses. Its process is whoever's who started it.
#[derive(Debug, Clone)]
pub struct Broker {
    properties: PathBuf,
    /// The folder of what it stores.
    pub data: PathBuf,
    /// Its log file.
    pub log: PathBuf,
    /// `host:port` of the listener that no proxy stands before.
    pub address: String,
}

/// A line of the log by which a broker says that it is up.
const STARTED: &str = "Kafka Server started";

// === impl Broker ===

impl Broker {
    /// Writes the settings of broker `number` of a cluster with these ports into the folder `home`, which is made.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn prepare(home: &Path, number: usize, cluster: &[Ports], terms: &Terms) -> anyhow::Result<Self> {
        std::fs::create_dir_all(home).with_context(|| format!("cannot make {}", home.display()))?;
        let path = home.join("server.properties");
        let data = home.join("data");
        let text = properties::text(number, cluster, &data, terms);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            properties: path,
            data,
            log: home.join("broker.log"),
            address: format!("127.0.0.1:{}", cluster[number].direct),
        })
    }

    /// Formats its data folder for the cluster of this id.
    ///
    /// # Errors
    /// When that fails; the message holds what Kafka's tool printed.
    pub async fn format(&self, java: &Java, cluster_id: &str) -> anyhow::Result<()> {
        let output = java
            .command()
            .args(["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c"])
            .arg(&self.properties)
            .output()
            .await
            .context("cannot run java")?;
        if !output.status.success() {
            let printed = [output.stdout, output.stderr].concat();
            bail!(
                "a broker's folder cannot be formatted: is the disk full?\n{}",
                String::from_utf8_lossy(&printed)
            );
        }
        Ok(())
    }

    /// Starts it; it is up when [`Self::has_started`].
    ///
    /// # Errors
    /// When java cannot be run.
    pub fn start(&self, java: &Java) -> anyhow::Result<Process> {
        let mut command = java.command();
        command.arg("kafka.Kafka").arg(&self.properties);
        Process::start(&mut command, &self.log).context("cannot run java")
    }

    /// Whether its log says that it is up, now or once before.
    pub fn has_started(&self) -> bool {
        std::fs::read_to_string(&self.log).is_ok_and(|log| log.contains(STARTED))
    }
}
