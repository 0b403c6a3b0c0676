//! The alert rules that ship watch metrics that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Crates whose sources export metrics.
const CRATES: [&str; 6] = ["telemetry", "kafka", "connect", "ingest", "processor", "sink"];

#[test]
fn every_metric_in_an_alert_is_exported() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
    let mut exported = BTreeSet::new();
    for name in CRATES {
        for file in sources(&root.join(name).join("src"))? {
            exported.extend(metric_names(&std::fs::read_to_string(file)?));
        }
    }
    let alerts = std::fs::read_to_string(root.join("deploy/prometheus/alerts.yaml"))?;
    let expressions: String = alerts.lines().filter(|line| line.trim_start().starts_with("expr:")).collect();
    let watched = metric_names(&expressions);
    assert!(watched.len() > 10, "only {} metrics found in the alerts", watched.len());
    let unknown: Vec<&String> = watched.iter().filter(|name| !exported.contains(base(name))).collect();
    assert!(unknown.is_empty(), "alerts watch metrics that no binary exports: {unknown:?}");
    Ok(())
}

#[test]
fn every_page_that_an_alert_names_exists() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
    let alerts = std::fs::read_to_string(root.join("deploy/prometheus/alerts.yaml"))?;
    let pages: BTreeSet<&str> = alerts
        .match_indices("docs/errors/")
        .map(|(at, _)| &alerts[at..at + "docs/errors/TL-0000.md".len()])
        .collect();
    assert!(!pages.is_empty());
    for page in pages {
        assert!(root.join(page).exists(), "{page} is missing");
    }
    Ok(())
}

/// Words that begin with `trunkline_`.
fn metric_names(text: &str) -> BTreeSet<String> {
    let words =
        text.split(|letter: char| !(letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'));
    words.filter(|word| word.starts_with("trunkline_")).map(str::to_owned).collect()
}

/// What Prometheus makes of a histogram has the histogram's name in front.
fn base(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}
