//! One process of the pipeline: how it is started, found ready, and stopped.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

/// One process to run.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Name of the executable.
    pub binary: &'static str,
    /// Instance name; stays the same over restarts.
    pub instance: String,
    /// Its configuration.
    pub config: PathBuf,
    /// Where its output goes.
    pub log: PathBuf,
    /// Base URL of its admin port.
    pub admin: String,
    /// A command that runs it, with its arguments; empty when it is run directly.
    pub within: Vec<String>,
}

/// How a process ended that was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself and in order.
    Clean,
    /// It had to be killed, or said that something went wrong.
    Forced,
}

/// Longer than any `drain_timeout` in the configuration of such a run.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// Lines of a log that say why a process ended.
const TAIL_LINES: usize = 10;

/// The folder that holds the other executables: this one's own.
///
/// # Errors
/// When this program does not know its own path.
pub fn binaries() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program's own path is unknown")?;
    let folder = own.parent().context("this program's own path has no folder")?;
    Ok(folder.to_owned())
}

/// The path of an executable in `folder`.
///
/// # Errors
/// When it is not there.
pub fn executable(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let program = folder.join(name);
    if !program.is_file() {
        bail!(
            "{} is not there: build the whole workspace first (cargo build --workspace)",
            program.display()
        );
    }
    Ok(program)
}

// === impl Spec ===

impl Spec {
    /// Starts the process; its output is added to its log. It dies when the child is dropped.
    ///
    /// # Errors
    /// When its log cannot be written, or it cannot be started.
    pub fn start(&self, program: &Path) -> anyhow::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("cannot open {}", self.log.display()))?;
        let mut command = match self.within.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command
            .arg("--config")
            .arg(&self.config)
            .args(["--instance", &self.instance])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A Ctrl-C at the terminal is for this program, which then stops the others in order.
            .process_group(0)
            .kill_on_drop(true);
        command.spawn().with_context(|| format!("cannot start {}", program.display()))
    }

    /// Whether it says that it is ready; else what it says instead.
    ///
    /// # Errors
    /// What it answered, or why there was no answer.
    pub async fn ready(&self, client: &reqwest::Client) -> Result<(), String> {
        let url = format!("{}/readyz", self.admin);
        match client.get(&url).timeout(Duration::from_secs(2)).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(answer.text().await.unwrap_or_default().trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The last lines of its log.
    pub fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

/// Asks a process to end, and waits until it has; one that does not is killed.
///
/// # Errors
/// When no signal can be sent.
pub async fn stop(child: &mut Child) -> anyhow::Result<Ending> {
    if let Some(id) = child.id() {
        signal(id, "TERM").await?;
    }
    match tokio::time::timeout(STOP_PATIENCE, child.wait()).await {
        Ok(status) => Ok(if status?.success() { Ending::Clean } else { Ending::Forced }),
        Err(_) => {
            child.kill().await?;
            Ok(Ending::Forced)
        }
    }
}

/// Sends a signal, named as `kill` names it, for instance `STOP`. A process that has just ended is no error.
///
/// # Errors
/// When `kill` cannot be run.
pub async fn signal(process: u32, name: &str) -> anyhow::Result<()> {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).arg(process.to_string()).stderr(Stdio::null());
    kill.status().await.context("cannot run kill")?;
    Ok(())
}

/// Exit code 64 is a refusal of the configuration, which another start does not change.
pub fn refuses(status: ExitStatus) -> bool {
    status.code() == Some(64)
}
