//! What may be depended on: cargo-deny, installed where it is missing.

use anyhow::{Context as _, bail};
use tokio::process::Command;

use crate::launcher::run::Run;

const CARGO_DENY_VERSION: &str = "0.20.2";

/// Licences, bans and sources; advisories where their database can be fetched.
///
/// # Errors
/// When a dependency is not allowed, or cargo-deny cannot be installed.
pub async fn check(run: &mut Run) -> anyhow::Result<()> {
    if !deny(run)?.arg("--version").output().await.is_ok_and(|output| output.status.success()) {
        install(run).await?;
    }
    let mut allowed = deny(run)?;
    allowed.args(["--all-features", "--log-level", "error", "check", "--hide-inclusion-graph"]);
    allowed.args(["licenses", "bans", "sources"]);
    if run.foreground(&mut allowed).await? != 0 {
        bail!("a dependency is not allowed: see above; deny.toml says what is, and why");
    }
    let output = deny(run)?.args(["--all-features", "check", "advisories"]).output().await?;
    if output.status.success() {
        return Ok(());
    }
    let findings = [output.stdout, output.stderr].concat();
    let findings = String::from_utf8_lossy(&findings);
    if findings.contains("failed to fetch advisory database") {
        run.say("advisories not checked: their database could not be fetched");
        return Ok(());
    }
    eprintln!("{findings}");
    bail!("an advisory stands against a dependency: see above")
}

async fn install(run: &mut Run) -> anyhow::Result<()> {
    let tools = run.cache.join("tools");
    run.say(&format!("installing cargo-deny {CARGO_DENY_VERSION} into {} (minutes)", tools.display()));
    let mut cargo = run.cargo();
    cargo.args(["install", "--quiet", "--locked", "--root"]).arg(&tools);
    cargo.arg("--target-dir").arg(tools.join("target")).arg(format!("cargo-deny@{CARGO_DENY_VERSION}"));
    if run.foreground(&mut cargo).await? != 0 {
        bail!("could not install cargo-deny {CARGO_DENY_VERSION}: install it by hand and start again");
    }
    std::fs::remove_dir_all(tools.join("target")).context("what it was built in cannot be removed")
}

/// `cargo deny`: the user's, or else ours.
fn deny(run: &Run) -> anyhow::Result<Command> {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&own).chain([run.cache.join("tools/bin")]);
    let mut cargo = run.cargo();
    cargo.arg("deny").env("PATH", std::env::join_paths(folders)?);
    Ok(cargo)
}
