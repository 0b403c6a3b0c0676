//! One program of the pipeline: how it is started, and found ready.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Command;

use crate::process::{Process, end_of};

/// One program to run.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Name of the executable.
    pub binary: String,
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

/// Lines of a log that say why a process ended.
const TAIL_LINES: usize = 25;
/// How long the answer of an admin port is waited for.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

// === impl Spec ===

impl Spec {
    /// Starts the process; its output is added to its log. It dies when the process is dropped.
    ///
    /// # Errors
    /// When its log cannot be written, or it cannot be started.
    pub fn start(&self, program: &Path) -> anyhow::Result<Process> {
        let mut command = match self.within.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        // A Ctrl-C at the terminal is for the program that runs this one, which then stops it in order.
        command.arg("--config").arg(&self.config).args(["--instance", &self.instance]).process_group(0);
        Process::start(&mut command, &self.log)
    }

    /// Whether it says that it is ready; else what it says instead.
    ///
    /// # Errors
    /// What it answered, or why there was no answer.
    pub async fn ready(&self, client: &reqwest::Client) -> Result<(), String> {
        let url = format!("{}/readyz", self.admin);
        match client.get(&url).timeout(ANSWER_PATIENCE).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(answer.text().await.unwrap_or_default().trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The last lines of its log.
    pub fn tail(&self) -> String {
        end_of(&self.log, TAIL_LINES)
    }
}

/// Exit code 64 is a refusal of the configuration, which another start does not change.
pub fn refuses(status: ExitStatus) -> bool {
    status.code() == Some(64)
}
