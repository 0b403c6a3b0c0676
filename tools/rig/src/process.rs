//! A child process: started with its output in a log file, asked to stop, killed, signalled.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// How a process ended that was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself and in order.
    Clean,
    /// It had to be killed, or said that something went wrong.
    Forced,
}

// === impl Process ===

impl Process {
    /// Starts a command without standard input; what it prints is appended to `log`. Has to be called within a Tokio
    /// runtime.
    ///
    /// # Errors
    /// When the log cannot be written, or the command cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log);
        let output = output.with_context(|| format!("cannot open {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start {:?}", command.as_std().get_program()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its process id; none once it was seen to have ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The end of its log: so many lines.
    pub fn log_end(&self, lines: usize) -> String {
        end_of(&self.log, lines)
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When the system does not say how.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.wait().await.context("waiting for a process")
    }

    /// How it ended; none while it runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("asking about a process")
    }

    /// Ends it as `kill -9` does, and waits until it is gone. One that has ended already is no error.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("a process cannot be killed")
    }

    /// Asks it to stop, as a supervisor of services does, and waits for at most `patience`; none when it still runs
    /// then.
    ///
    /// # Errors
    /// When no signal can be sent.
    pub async fn terminate(&mut self, patience: Duration) -> anyhow::Result<Option<ExitStatus>> {
        if let Some(id) = self.id() {
            signal(&[id], "TERM").await?;
        }
        match tokio::time::timeout(patience, self.wait()).await {
            Ok(status) => status.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Asks it to stop, and kills it when it still runs after `patience`.
    ///
    /// # Errors
    /// When no signal can be sent.
    pub async fn stop(&mut self, patience: Duration) -> anyhow::Result<Ending> {
        match self.terminate(patience).await? {
            Some(status) if status.success() => Ok(Ending::Clean),
            Some(_) => Ok(Ending::Forced),
            None => {
                self.kill().await?;
                Ok(Ending::Forced)
            }
        }
    }

    /// Sends it a signal, named as `kill` names it, for instance `STOP`.
    ///
    /// # Errors
    /// When it has ended, or `kill` cannot be run.
    pub async fn signal(&self, name: &str) -> anyhow::Result<()> {
        match self.id() {
            Some(id) => signal(&[id], name).await,
            None => bail!("the process has ended"),
        }
    }
}

/// Sends a signal, named as `kill` names it, to processes. Those that have just ended are no error.
///
/// # Errors
/// When `kill` cannot be run.
pub async fn signal(processes: &[u32], name: &str) -> anyhow::Result<()> {
    if processes.is_empty() {
        return Ok(());
    }
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).args(processes.iter().map(u32::to_string)).stderr(Stdio::null());
    kill.status().await.context("cannot run kill")?;
    Ok(())
}

/// The last lines of a file; nothing where there is none.
pub fn end_of(file: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn what_it_prints_is_in_its_log_and_it_stops_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut script = shell("trap 'echo drained; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
        let mut process = Process::start(&mut script, &log).unwrap();
        while process.log_end(1) != "ready" {
            assert_eq!(process.ended().unwrap(), None);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(process.stop(PATIENCE).await.unwrap(), Ending::Clean);
        assert_eq!(process.log_end(5), "ready\ndrained");
        assert_eq!(process.id(), None);
    }

    #[tokio::test]
    async fn one_that_does_not_stop_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process =
            Process::start(&mut shell("trap '' TERM; echo deaf; exec sleep 600"), &log).unwrap();
        while process.log_end(1) != "deaf" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(process.stop(Duration::from_millis(50)).await.unwrap(), Ending::Forced);
        assert!(process.ended().unwrap().is_some());
    }
}
