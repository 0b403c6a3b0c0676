//! Where the secrets of a configuration come from, and those who follow them.

use std::collections::BTreeMap;
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
        let mut vault = session.map(VaultSource::new);
        for (reference, handles) in handles {
            let followed = Followed::new(reference, handles);
            match reference {
                // What is no regular file, such as a pipe, can be read once.
                SecretReference::File(path) if path.is_file() => {
                    files.push(FileSource::new(
                        path.clone(),
                        followed,
                        settings.check_interval,
                        now,
                        random(),
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

// === impl Following ===

impl Drop for Following {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}
