//! A process that outlives a run which is killed outright, and ends what that left behind.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, Command};
use trunkline_rig::mark::{MARK, end_marked};

/// The verb that this program is started with as a guard.
pub const VERB: &str = "guard";
/// How long killed processes may take to be gone.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// Starts a guard over the run of this folder. It watches as long as the child's standard input stays open, which the
/// system closes however this process ends.
///
/// # Errors
/// When it cannot be started.
pub fn start(folder: &Path) -> anyhow::Result<Child> {
    let own = std::env::current_exe().context("this program's own path is unknown")?;
    let mut command = Command::new(own);
    command.arg(VERB).arg(folder).env_remove(MARK).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Out of the way of a Ctrl-C at the terminal.
    command.process_group(0).spawn().context("cannot start the guard over this run")
}

/// Waits until the run has ended; if it did not clear up after itself, ends what it left.
///
/// # Errors
/// When that is not possible.
pub async fn watch(folder: &Path) -> anyhow::Result<()> {
    // Nothing else is to be done meanwhile, so this may block.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    // The last thing that a run does in order is to remove its folder.
    if folder.exists() {
        end_marked(folder, "KILL", KILL_PATIENCE).await?;
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}
