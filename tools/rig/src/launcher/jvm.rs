//! The virtual machines of broker and registry, with class data of earlier starts.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Small ones: 1 GB for broker and registry together would be a third of a laptop's free memory.
pub const SMALL: &[&str] = &[
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxMetaspaceSize=160m",
    "-XX:ReservedCodeCacheSize=64m",
    "-Xss512k",
    "-Xms64m",
    "-Xmx256m",
];

/// Compiled as well as in production, for a broker that is not to be what limits a benchmark.
pub const LARGE: &[&str] = &["-XX:+UseParallelGC", "-Xms1g", "-Xmx1g"];

/// The archive of a service's classes. It halves the next start, and fits one build of Java only.
///
/// # Errors
/// When java cannot be run.
pub fn class_data(cache: &Path, service: &str) -> anyhow::Result<PathBuf> {
    let version = Command::new("java").arg("-Xinternalversion").output().context("cannot run java")?;
    let mut hasher = DefaultHasher::new();
    (version.stdout, version.stderr).hash(&mut hasher);
    let folder = cache.join("class-data");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.join(format!("{service}-{:016x}.jsa", hasher.finish())))
}

/// The option that uses an archive; without one, the option that makes it when the machine ends.
pub fn class_data_option(archive: &Path, made_at_exit: &Path) -> String {
    if archive.exists() {
        format!("-XX:SharedArchiveFile={}", archive.display())
    } else {
        format!("-XX:ArchiveClassesAtExit={}", made_at_exit.display())
    }
}
