//! The mark in the environment of everything that one run starts, however deep: it finds processes whose parents are
//! gone already.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::process::Command;

use crate::process::signal;

/// Name of the environment variable; its value is the run's own folder.
pub const MARK: &str = "TRUNKLINE_RUN";

/// How often it is looked whether the last of them has gone.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Process ids of everything that has this mark.
///
/// # Errors
/// When the system's processes cannot be listed.
pub async fn marked(folder: &Path) -> anyhow::Result<Vec<u32>> {
    let mark = format!("{MARK}={}", folder.display());
    if Path::new("/proc/self/environ").exists() {
        return Ok(listed_in_proc(&mark)?);
    }
    // Elsewhere only ps sees environments.
    let output = Command::new("ps").args(["-axEww", "-o", "pid=,command="]).output().await;
    let output = output.context("cannot run ps")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let with_mark = text.lines().filter(|line| line.split_whitespace().any(|word| word == mark));
    Ok(with_mark.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect())
}

fn listed_in_proc(mark: &str) -> std::io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the two looks; one of another user has nothing to do with this run.
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Sends a signal, once, to each process that has this mark, and waits until all are gone, for at most `patience`.
///
/// A process that is just becoming its program shows no environment for a moment: none is left when two looks in a row
/// find none, and what only the second finds is signalled then.
///
/// # Errors
/// When processes cannot be listed or signalled.
pub async fn end_marked(folder: &Path, name: &str, patience: Duration) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut signalled = BTreeSet::new();
    let mut looks_without_any = 0;
    while looks_without_any < 2 && begun.elapsed() < patience {
        let left = marked(folder).await?;
        looks_without_any = if left.is_empty() { looks_without_any + 1 } else { 0 };
        let new: Vec<u32> = left.into_iter().filter(|process| signalled.insert(*process)).collect();
        signal(&new, name).await?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_started_under_a_mark_is_found_and_ended_though_its_parent_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut parent = Command::new("sh");
        parent.args(["-c", "sleep 600 >/dev/null 2>&1 &"]).env(MARK, folder.path());
        assert!(parent.status().await.unwrap().success());
        // A child shows its environment once it has become its program, which may be after its parent is gone.
        let begun = Instant::now();
        while marked(folder.path()).await.unwrap().len() != 1 {
            assert!(begun.elapsed() < Duration::from_secs(20), "it is not found");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        end_marked(folder.path(), "TERM", Duration::from_secs(20)).await.unwrap();
        assert!(marked(folder.path()).await.unwrap().is_empty());
    }
}
