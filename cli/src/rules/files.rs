//! Where the cases are: every `*.rules-test.toml` beside the configuration, unless files are named.

use std::path::{Path, PathBuf};

use anyhow::Context;
use trunkline_config::{Case, Config, Mistake, Mistakes, load_rules_test};
use trunkline_schemas::event_type;

/// The end of a name that makes a file one of cases.
pub(super) const SUFFIX: &str = ".rules-test.toml";

/// A file of cases.
pub(super) struct TestFile {
    pub(super) path: PathBuf,
    pub(super) cases: Vec<Case>,
}

/// The files beside a configuration, by name.
pub(super) fn beside(config: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = match config.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.with_context(|| format!("cannot list {}", folder.display()))?.file_name();
        if name.to_string_lossy().ends_with(SUFFIX) {
            // As the configuration was named, so that places read alike.
            files.push(config.with_file_name(name));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads files of cases.
///
/// # Errors
/// Every mistake in every one of them.
pub(super) fn load(paths: Vec<PathBuf>, config: &Config) -> Result<Vec<TestFile>, Mistakes> {
    let mut files = Vec::new();
    let mut mistakes: Vec<Mistake> = Vec::new();
    for path in paths {
        match load_rules_test(&path, config, event_type::ALL) {
            Ok(cases) => files.push(TestFile { path, cases }),
            Err(found) => mistakes.extend(found.iter().cloned()),
        }
    }
    match Mistakes::new(mistakes) {
        Some(mistakes) => Err(mistakes),
        None => Ok(files),
    }
}
