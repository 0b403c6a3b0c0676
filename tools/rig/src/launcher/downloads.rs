//! What is downloaded is what was reviewed: each file's SHA-256 stands in `downloads.sha256`, in the form of
//! `sha256sum`, so that neither a mirror nor a repository can put other code in its place. `./run` reads the same list.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, ensure};
use sha2::{Digest, Sha256};

/// A line for each file: the digest in hexadecimal, two spaces, the file's name, which holds its version.
const PINNED: &str = include_str!("downloads.sha256");

/// Compares every file of a folder with the list.
///
/// # Errors
/// When a file is not in the list, has another digest, or cannot be read.
pub fn verify_folder(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        verify(&entry?.path())?;
    }
    Ok(())
}

/// Compares a file with the list.
///
/// # Errors
/// When it is not in the list, has another digest, or cannot be read.
pub fn verify(file: &Path) -> anyhow::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let pinned = pinned(&name).with_context(|| {
        format!("{name} was downloaded and is not in tools/rig/src/launcher/downloads.sha256: it is not used")
    })?;
    let mut digest = Sha256::new();
    io::copy(&mut File::open(file)?, &mut digest)?;
    let found = format!("{:x}", digest.finalize());
    ensure!(
        found == pinned,
        "{name} was downloaded and is not what it should be: its SHA-256 is {found}, not {pinned}. It is not used; look at \
         the mirror it came from, and remove it from ~/.m2/repository"
    );
    Ok(())
}

/// Each file's digest and name.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    PINNED.lines().filter_map(|line| line.split_once("  "))
}

fn pinned(name: &str) -> Option<&'static str> {
    entries().find_map(|(digest, file)| (file == name).then_some(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_file_that_was_reviewed_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let (digest, name) = entries().next().unwrap();
        assert_eq!(digest.len(), 64);
        let file = folder.path().join(name);
        std::fs::write(&file, "something else").unwrap();
        let said = verify_folder(folder.path()).unwrap_err().to_string();
        assert!(said.contains(name) && said.contains(digest), "{said}");
        std::fs::rename(&file, folder.path().join("unknown-1.0.jar")).unwrap();
        let said = verify_folder(folder.path()).unwrap_err().to_string();
        assert!(said.contains("unknown-1.0.jar was downloaded and is not in"), "{said}");
    }

    #[test]
    fn every_name_is_in_the_list_once_and_found() {
        let names: Vec<&str> = entries().map(|(_, name)| name).collect();
        assert_eq!(names.len(), PINNED.lines().count());
        for (index, name) in names.iter().enumerate() {
            assert!(!names[..index].contains(name), "{name}");
            assert!(pinned(name).is_some());
        }
    }
}
