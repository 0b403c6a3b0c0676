//! A configuration whose secrets in Vault are still to be read.

use std::collections::BTreeSet;

use crate::{Config, Mistake, Mistakes, Secret, SecretReference, Vault, VaultSecret};

/// A configuration without mistakes of its own. Only when its secrets in Vault are known as well is it a [`Config`].
#[derive(Debug)]
pub struct Unresolved {
    config: Config,
    file: String,
}

// === impl Unresolved ===

impl Unresolved {
    pub(crate) fn new(config: Config, file: &str) -> Self {
        Self { config, file: file.to_owned() }
    }

    /// Where its secrets in Vault are to be read, and which; `None` when there are none.
    pub fn in_vault(&self) -> Option<(&Vault, BTreeSet<VaultSecret>)> {
        let secrets: BTreeSet<VaultSecret> =
            self.config.secrets.referred.iter().filter_map(|one| in_vault(one.handle.reference())).collect();
        let vault = self.config.vault.as_ref()?;
        (!secrets.is_empty()).then_some((vault, secrets))
    }

    /// The configuration, with what `read` gives for each of its secrets in Vault.
    ///
    /// # Errors
    /// A mistake for each place that refers to a secret for which `read` gives a reason instead, or which is not what
    /// it has to be there. A reason is the end of a sentence about the secret.
    pub fn resolve(self, read: impl Fn(&VaultSecret) -> Result<Secret, String>) -> Result<Config, Mistakes> {
        let mut mistakes = Vec::new();
        for referred in &self.config.secrets.referred {
            let Some(secret) = in_vault(referred.handle.reference()) else { continue };
            let taken = read(&secret)
                .and_then(|value| referred.handle.begin(value).map_err(|wrong| format!("is {wrong}")));
            if let Err(reason) = taken {
                let (line, column) = (referred.place.line, referred.place.column);
                let message = format!("{secret} {reason}");
                mistakes.push(Mistake { file: self.file.clone(), line, column, message });
            }
        }
        match Mistakes::new(mistakes) {
            None => Ok(self.config),
            Some(mistakes) => Err(mistakes),
        }
    }
}

fn in_vault(reference: Option<&SecretReference>) -> Option<VaultSecret> {
    match reference {
        Some(SecretReference::Vault(secret)) => Some(secret.clone()),
        _ => None,
    }
}
