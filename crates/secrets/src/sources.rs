//! Where the secrets of a configuration come from, and those who follow them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;
use trunkline_config::{SecretHandle, SecretReference, SecretSources};

use crate::files::{self, FileSource};
use crate::followed::Followed;
use crate::metrics;
use crate::vault::{self, VaultSource};

/// The sources of a configuration's secrets, each read once.
#[derive(Debug)]
pub struct Sources {
    files: Vec<FileSource>,
    vault: Option<VaultSource>,
    grace: Duration,
}

/// Reads sources again and again, until it is dropped.
#[derive(Debug)]
#[must_use = "secrets are followed until it is dropped"]
pub struct Following(Vec<AbortHandle>);

// === impl Sources ===

impl Sources {
    /// The sources of these secrets, which were read now; of those in Vault with the session that read them.
    pub(crate) fn new(
        settings: &SecretSources,
        session: Option<vault::Session>,
        now: Instant,
        random: impl Fn() -> f64,
    ) -> Self {
        let mut handles: BTreeMap<&SecretReference, Vec<SecretHandle>> = BTreeMap::new();
        for referred in &settings.referred {
            if let Some(reference) = referred.handle.reference() {
                handles.entry(reference).or_default().push(referred.handle.clone());
            }
        }
        let mut files = Vec::new();
        // All files in one look: a certificate and its key are exchanged together.
        let of_files = random();
        let mut vault = session.map(VaultSource::new);
        for (reference, handles) in handles {
            let followed = Followed::new(reference, handles);
            match reference {
                SecretReference::File(path) if may_be_followed(path) => {
                    files.push(FileSource::new(
                        path.clone(),
                        followed,
                        settings.check_interval,
                        now,
                        of_files,
                    ));
                }
                SecretReference::Vault(secret) => {
                    if let Some(vault) = &mut vault {
                        vault.add(secret, followed, now, random());
                    }
                }
                // The environment of a process does not change.
                SecretReference::File(_) | SecretReference::Environment(_) => {}
            }
        }
        Self { files, vault, grace: settings.grace }
    }

    /// Reads them again and again, and hands changes to the handles in the configuration. Needs the runtime, and the
    /// process's recorder of metrics.
    pub fn follow(self) -> Following {
        metrics::describe();
        let files = tokio::spawn(files::follow(self.files, self.grace)).abort_handle();
        let vault = self.vault.map(|vault| tokio::spawn(vault.follow(self.grace)).abort_handle());
        Following(std::iter::once(files).chain(vault).collect())
    }
}

/// What is there and is no regular file, such as a pipe, can be read once. What is not there at this moment, because it
/// is being exchanged, comes back.
fn may_be_followed(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |metadata| metadata.is_file())
}

// === impl Following ===

impl Drop for Following {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_at_this_moment_is_followed_and_what_is_no_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("there"), "x").unwrap();
        std::os::unix::fs::symlink("gone", path("dangling")).unwrap();
        for (name, expected) in [("there", true), ("gone", true), ("dangling", true), ("", false)] {
            assert_eq!(may_be_followed(&path(name)), expected, "{name}");
        }
        assert!(!may_be_followed(Path::new("/dev/null")));
    }
}
