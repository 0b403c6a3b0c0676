//! Where the programs of the pipeline are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The folder that holds the other executables: this one's own.
///
/// # Errors
/// When this program does not know its own path.
pub fn binaries() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program's own path is unknown")?;
    let folder = own.parent().context("this program's own path has no folder")?;
    Ok(folder.to_owned())
}

/// The path of an executable in `folder`.
///
/// # Errors
/// When it is not there.
pub fn executable(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let program = folder.join(name);
    if !program.is_file() {
        bail!(
            "{} is not there: build the whole workspace first (cargo build --workspace)",
            program.display()
        );
    }
    Ok(program)
}
