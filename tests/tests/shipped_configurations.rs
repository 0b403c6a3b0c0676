//! The configurations that ship under `deploy` are valid.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Where the containers find their secrets.
const MOUNTED: &str = "/run/secrets/trunkline";

#[test]
fn kubernetes() -> Result<()> {
    check("deploy/kubernetes/trunkline.toml")
}

#[test]
fn compose() -> Result<()> {
    check("deploy/compose/trunkline.toml")
}

/// Reads a configuration with a file of its own for every secret that it refers to.
fn check(file: &str) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
    let text = std::fs::read_to_string(root.join(file))?;
    let folder = tempfile::tempdir()?;
    let mounted = format!("file:{MOUNTED}/");
    for (at, _) in text.match_indices(&mounted) {
        let name = text[at + mounted.len()..].split('"').next().context("an unfinished reference")?;
        std::fs::write(folder.path().join(name), "secret")?;
    }
    let text = text.replace(MOUNTED, &folder.path().display().to_string());
    let config = trunkline_config::parse(&text, file).map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    assert!(!config.sources.is_empty() && !config.targets.is_empty(), "an example that shows something");
    Ok(())
}
