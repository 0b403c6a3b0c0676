//! One running binary.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use trunkline_rig::process::Process;
use trunkline_rig::program::Spec;
use trunkline_rig::served;

use crate::wait::until;

/// How long a program may take to drain before a test calls it hung.
const DRAIN_PATIENCE: Duration = Duration::from_secs(60);

/// A binary that runs until it is stopped or dropped; then it is killed.
#[derive(Debug)]
pub struct Program {
    spec: Spec,
    process: Process,
    served: PathBuf,
}

// === impl Program ===

impl Program {
    /// Starts a binary, and waits until it is ready. What it serves when it is asked to stop is kept in `served`.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not become ready; the message holds the end of its log.
    pub async fn start(spec: Spec, binary: &Path, served: PathBuf) -> Result<Self> {
        let process = spec.start(binary)?;
        let mut program = Self { spec, process, served };
        let ready = program.ready().await;
        ready.with_context(|| format!("the end of its log:\n{}", program.spec.tail()))?;
        Ok(program)
    }

    /// The URL of its admin port.
    pub fn admin(&self) -> String {
        self.spec.admin.clone()
    }

    /// Which of the binaries it is.
    pub fn binary(&self) -> &str {
        &self.spec.binary
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.spec.log
    }

    /// The most memory that it ever took (resident), in bytes; none where the system does not say.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1_024)
    }

    /// Ends it as `kill -9` does: no drain, no commit.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(mut self) -> Result<()> {
        self.process.kill().await.with_context(|| format!("cannot kill {}", self.spec.instance))
    }

    /// Asks it to stop, as a supervisor does, and waits until it has drained.
    ///
    /// # Errors
    /// When it has ended before, does not end in time, or ends with an error.
    pub async fn stop(mut self) -> Result<()> {
        let Spec { instance, .. } = &self.spec;
        anyhow::ensure!(self.process.ended()?.is_none(), "{instance} has ended before");
        let missing = served::keep(&reqwest::Client::new(), &self.spec, &self.served).await?;
        anyhow::ensure!(missing.is_empty(), "not searched for secrets: {missing:?}");
        let ended = self.process.terminate(DRAIN_PATIENCE).await?;
        let status = ended.with_context(|| format!("{instance} does not drain:\n{}", self.spec.tail()))?;
        anyhow::ensure!(status.success(), "{instance} ended with {status}:\n{}", self.spec.tail());
        Ok(())
    }

    async fn ready(&mut self) -> Result<()> {
        let client = reqwest::Client::new();
        let what = format!("{} is ready", self.spec.instance);
        until(&what, async || {
            if let Some(status) = self.process.ended()? {
                bail!("{} ended with {status}", self.spec.instance);
            }
            Ok(self.spec.ready(&client).await.ok())
        })
        .await
    }
}
