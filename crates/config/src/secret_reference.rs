//! Where the value of a secret is: what stands in the configuration in its place.

use std::fmt;
use std::path::PathBuf;

/// Where the value of a secret is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretReference {
    /// `file:/path`: the content of a file, without its last line break. It is looked at again and again.
    File(PathBuf),
    /// `env:NAME`: an environment variable, which does not change while a process runs.
    Environment(String),
    /// `vault:path#key`: a key of a secret in Vault or OpenBao. It is read again and again.
    Vault(VaultSecret),
}

/// A key of a secret in a key/value store, version 2, of Vault or OpenBao.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VaultSecret {
    /// The mount and the path below it, as `vault kv get` takes them: `secret/trunkline/sap`.
    pub path: String,
    /// Which of the secret's values.
    pub key: String,
}

// === impl VaultSecret ===

impl VaultSecret {
    /// Reads what stands behind `vault:`. Nothing of it is repeated in what is said to be wrong with it.
    pub(crate) fn parse(written: &str) -> Result<Self, &'static str> {
        let (path, key) = written.split_once('#').unwrap_or((written, ""));
        let plain = |text: &str| text.chars().all(|one| !one.is_control() && one != '#' && one != '?');
        let segments: Vec<&str> = path.split('/').collect();
        let stray = segments.iter().any(|segment| matches!(*segment, "" | "." | ".."));
        if stray || segments.len() < 2 || key.is_empty() || !plain(path) || !plain(key) {
            return Err("must be 'vault:MOUNT/PATH#KEY', for instance 'vault:secret/trunkline/sap#password'");
        }
        if segments[1] == "data" {
            return Err("must name the path as `vault kv get` takes it, without 'data' behind the mount");
        }
        Ok(Self { path: path.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "file:{}", path.display()),
            Self::Environment(name) => write!(formatter, "env:{name}"),
            Self::Vault(secret) => write!(formatter, "{secret}"),
        }
    }
}

impl fmt::Display for VaultSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "vault:{}#{}", self.path, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_key_name_a_secret_in_vault_and_nothing_else_does() {
        for (written, expected) in [
            ("secret/trunkline/sap#password", Some(("secret/trunkline/sap", "password"))),
            ("kv/a b#c.d", Some(("kv/a b", "c.d"))),
            ("secret/sap", None),
            ("secret/sap#", None),
            ("secret#password", None),
            ("/secret/sap#password", None),
            ("secret//sap#password", None),
            ("secret/../sys#password", None),
            ("secret/sap?version=1#password", None),
            ("secret/sap#a#b", None),
            ("secret/data/sap#password", None),
            ("", None),
        ] {
            let read = VaultSecret::parse(written).ok();
            let read = read.as_ref().map(|secret| (secret.path.as_str(), secret.key.as_str()));
            assert_eq!(read, expected, "{written}");
        }
    }

    #[test]
    fn a_reference_prints_as_it_is_written() {
        let vault = VaultSecret { path: "secret/sap".to_owned(), key: "password".to_owned() };
        for (reference, expected) in [
            (SecretReference::File("/run/secrets/x".into()), "file:/run/secrets/x"),
            (SecretReference::Environment("X".to_owned()), "env:X"),
            (SecretReference::Vault(vault), "vault:secret/sap#password"),
        ] {
            assert_eq!(reference.to_string(), expected);
        }
    }
}
