//! Prometheus' `promtool`, which evaluates the alert rules in the tests of `tools/tidy`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};

use super::run::{Run, make_folder};

/// Where promtool is, if it is not on the path already. Debian and Ubuntu have it in the package `prometheus`, which
/// would start a server when it is installed: it is unpacked into the cache instead. Elsewhere, and where it cannot be
/// fetched, this is said, and the tests read the rules without evaluating them.
pub async fn promtool(run: &Run) -> Option<PathBuf> {
    if answers(run, "promtool").await {
        return None;
    }
    let own = run.cache.join("promtool/usr/bin/promtool");
    if !own.is_file() {
        if !answers(run, "apt-get").await || !answers(run, "dpkg").await {
            run.say("no promtool here: Homebrew and others have it in the package prometheus");
            return None;
        }
        run.say("fetching promtool with apt-get, from the package prometheus (19 MB)");
        if let Err(error) = fetch(run, &run.cache.join("promtool")).await {
            run.say(&format!("promtool cannot be fetched, alert rules are not evaluated: {error:#}"));
            return None;
        }
    }
    Some(own)
}

async fn fetch(run: &Run, target: &Path) -> anyhow::Result<()> {
    let folder = make_folder(&run.cache, "fetch")?;
    let fetched = unpack(run, &folder, target).await;
    std::fs::remove_dir_all(&folder).context("a temporary folder cannot be removed")?;
    fetched
}

async fn unpack(run: &Run, folder: &Path, target: &Path) -> anyhow::Result<()> {
    let mut download = run.command("apt-get");
    download.args(["download", "-q", "prometheus"]).current_dir(folder);
    let output = download.output().await.context("cannot run apt-get")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let package = std::fs::read_dir(folder)?.next().context("apt-get downloaded nothing")??.path();
    let out = folder.join("out");
    let mut dpkg = run.command("dpkg");
    ensure!(dpkg.arg("-x").arg(package).arg(&out).status().await?.success(), "dpkg cannot unpack it");
    // Another run may have been quicker.
    if !target.exists() {
        std::fs::rename(&out, target).context("it cannot be moved into the cache")?;
    }
    Ok(())
}

async fn answers(run: &Run, program: &str) -> bool {
    let mut version = run.command(program);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().await.is_ok_and(|status| status.success())
}
