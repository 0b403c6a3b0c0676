//! One run: what it starts, it ends.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::process::{Child, Command};
use trunkline_rig::mark::{MARK, end_marked};
use trunkline_rig::process::signal;

use super::guard;
use super::services::Services;
use crate::arguments::Arguments;

/// A run under way.
#[derive(Debug)]
pub struct Run {
    /// Folder of the repository.
    pub root: PathBuf,
    /// Folder of downloads and build output.
    pub cache: PathBuf,
    /// This run's own folder, for data and logs. Its path is the mark of everything that the run starts.
    pub folder: PathBuf,
    /// Broker and registry.
    pub services: Services,
    began: Instant,
    elapsed: Duration,
    /// The command in the foreground.
    foreground: Option<Child>,
    _guard: Child,
}

/// How long what was told to stop may take before it is killed; the first stop also writes a class-data archive.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// How long killed processes may take to be gone.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

// === impl Run ===

impl Run {
    /// Makes the run's folder and a guard over it.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn open(arguments: &Arguments) -> anyhow::Result<Self> {
        let folder = make_folder(&std::env::temp_dir(), "trunkline")?;
        Ok(Self {
            root: arguments.root.clone(),
            cache: arguments.cache.clone(),
            services: Services::given(arguments.kafka.clone(), arguments.registry.clone()),
            began: Instant::now(),
            elapsed: arguments.elapsed,
            foreground: None,
            _guard: guard::start(&folder)?,
            folder,
        })
    }

    /// Tells the person at the terminal; standard output is the verb's.
    pub fn say(&self, what: &str) {
        eprintln!("[{:4} s] {what}", (self.elapsed + self.began.elapsed()).as_secs());
    }

    /// A command that has this run's mark, and is killed when its child is dropped.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env(MARK, &self.folder).kill_on_drop(true);
        command
    }

    /// Runs a command to its end. It keeps the terminal, standard input as well, and its own way of ending: when this
    /// run is told to end, it is asked to stop and waited for.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn foreground(&mut self, command: &mut Command) -> anyhow::Result<u8> {
        command.kill_on_drop(false);
        let child = command.spawn();
        let child =
            child.with_context(|| format!("cannot run {}", command.as_std().get_program().display()))?;
        let status = self.foreground.insert(child).wait().await?;
        self.foreground = None;
        Ok(exit_code(status))
    }

    /// Ends everything that was started, and removes the run's folder.
    pub async fn close(mut self) {
        if let Err(error) = self.end().await {
            eprintln!("run: not everything could be ended: {error:#}");
        }
        self.services.keep_class_data(&self.cache, &self.folder);
        // What is left of it is in the system's folder for temporary files.
        let _removed = std::fs::remove_dir_all(&self.folder);
    }

    async fn end(&mut self) -> anyhow::Result<()> {
        if let Some(child) = &mut self.foreground
            && let Some(id) = child.id()
        {
            signal(&[id], "TERM").await?;
            let _in_time = tokio::time::timeout(STOP_PATIENCE, child.wait()).await;
        }
        end_marked(&self.folder, "TERM", STOP_PATIENCE).await?;
        end_marked(&self.folder, "KILL", KILL_PATIENCE).await
    }
}

/// Makes a folder that nobody else has, for nobody else to read.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(parent: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = parent.join(format!("{name}.{:08x}", rand::random::<u32>()));
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.with_context(|| format!("cannot make a folder in {}: is it full?", parent.display()))?;
    Ok(folder)
}

/// The exit code of a shell for this end.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(exit_code(ExitStatus::from_raw(15)), 143);
    }
}
