//! What may be depended on, as deny.toml says: cargo-deny, where it is installed. Building it takes minutes
//! and the network, so its absence is reported and does not end a check.

use anyhow::bail;
use tokio::process::Command;

use crate::launcher::run::Run;

const CARGO_DENY_VERSION: &str = "0.20.2";

/// Licences, bans and sources; advisories where their database can be fetched.
///
/// # Errors
/// When a dependency is not allowed.
pub async fn check(run: &mut Run) -> anyhow::Result<()> {
    if !deny(run).arg("--version").output().await.is_ok_and(|output| output.status.success()) {
        run.say(&format!(
            "*** NO CARGO-DENY HERE: LICENCES AND ADVISORIES ARE NOT CHECKED. \
             `cargo install --locked cargo-deny@{CARGO_DENY_VERSION}` installs it. ***"
        ));
        return Ok(());
    }
    let mut allowed = deny(run);
    allowed.args(["--all-features", "--log-level", "error", "check", "--hide-inclusion-graph"]);
    allowed.args(["licenses", "bans", "sources"]);
    if run.foreground(&mut allowed).await? != 0 {
        bail!("a dependency is not allowed: see above; deny.toml says what is, and why");
    }
    let output = deny(run).args(["--all-features", "check", "advisories"]).output().await?;
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

fn deny(run: &Run) -> Command {
    let mut cargo = run.cargo();
    cargo.arg("deny");
    cargo
}
