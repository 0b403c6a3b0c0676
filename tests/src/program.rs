//! One running binary.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::{Child, Command};

use crate::wait::until;

/// How long a program may take to drain before a test calls it hung.
const DRAIN_PATIENCE: Duration = Duration::from_secs(60);

/// A binary that runs until it is stopped or dropped; then it is killed.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    admin: u16,
    log: PathBuf,
}

// === impl Program ===

impl Program {
    /// Starts a binary with a configuration, and waits until it is ready. Its log is appended to `log`.
    ///
    /// # Errors
    ///
    /// When it cannot be started, ends, or does not become ready; the message holds the end of its log.
    pub async fn start(
        binary: &Path,
        configuration: &Path,
        instance: &str,
        admin: u16,
        log: &Path,
    ) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let child = Command::new(binary)
            .arg("--config")
            .arg(configuration)
            .args(["--instance", instance])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut program = Self { name: instance.to_owned(), child, admin, log: log.to_owned() };
        program.ready().await?;
        Ok(program)
    }

    /// The URL of its admin port.
    pub fn admin(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin)
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Ends it as `kill -9` does: no drain, no commit.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.with_context(|| format!("cannot kill {}", self.name))
    }

    /// Asks it to stop, as a supervisor does, and waits until it has drained.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or ends with an error.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.child.id().with_context(|| format!("{} has ended before", self.name))?;
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        anyhow::ensure!(asked.success(), "cannot send SIGTERM to {}", self.name);
        let ended = tokio::time::timeout(DRAIN_PATIENCE, self.child.wait()).await;
        let status: ExitStatus =
            ended.with_context(|| format!("{} does not drain:\n{}", self.name, self.tail()))??;
        anyhow::ensure!(status.success(), "{} ended with {status}:\n{}", self.name, self.tail());
        Ok(())
    }

    async fn ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.admin());
        let client = reqwest::Client::new();
        let name = self.name.clone();
        let what = format!("{name} is ready");
        let ready = until(&what, async || {
            if let Some(status) = self.child.try_wait()? {
                bail!("{name} ended with {status}");
            }
            let answer = client.get(&url).timeout(Duration::from_secs(2)).send().await;
            Ok(answer.ok().filter(|answer| answer.status().is_success()).map(|_| ()))
        });
        let outcome = ready.await;
        outcome.with_context(|| format!("the end of its log:\n{}", self.tail()))
    }

    fn tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }
}
