//! The build, and what `./run` sets for it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use tokio::process::Command;

use super::run::Run;

/// What runs in a demo: the three programs and the command-line tool.
pub const PIPELINE: [&str; 4] =
    ["trunkline-ingest", "trunkline-processor", "trunkline-sink", "trunkline-cli"];

// === impl Run ===

impl Run {
    /// Cargo in the repository.
    pub fn cargo(&self) -> Command {
        let mut command = self.command("cargo");
        command.current_dir(&self.root);
        command
    }

    /// Builds the binaries of these packages, or of the whole workspace where there are none.
    ///
    /// # Errors
    /// When they do not build.
    pub async fn build(&mut self, packages: &[&str]) -> anyhow::Result<()> {
        self.say("building; the first time takes minutes");
        let mut cargo = self.cargo();
        cargo.args(["build", "--bins"]);
        if packages.is_empty() {
            cargo.arg("--workspace");
        }
        for package in packages {
            cargo.args(["-p", package]);
        }
        if self.foreground(&mut cargo).await? != 0 {
            bail!("the build failed: its messages are above");
        }
        self.say("built");
        Ok(())
    }
}

/// Folder of the binaries of a build of this profile.
///
/// # Errors
/// When `./run` did not say where they are built.
pub fn binaries(profile: &str) -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").context("CARGO_TARGET_DIR is not set")?;
    Ok(PathBuf::from(target).join(profile))
}
