//! Secrets are references, never values.

use trunkline_schemas::error_codes::SECRET_UNREADABLE;

use crate::report::Secrets;
use crate::section::{Problem, Read, Value};
use crate::values::string;
use crate::{ExposeSecret, Secret};

/// Resolves `file:/path` (without its last line break) or, where allowed, `env:NAME`.
///
/// What is written is never repeated in a message: it may be the secret itself.
pub(crate) fn secret(value: &Value<'_>) -> Read<Secret> {
    let written = string(value)?;
    let resolved = match written.split_once(':') {
        Some(("file" | "env", _)) if value.report.secrets == Secrets::LeftOut => return Ok(Secret::from("")),
        Some(("file", path)) => from_file(value, path),
        Some(("env", name)) => from_environment(value, name),
        Some(("vault", _)) => {
            Err("refers to Vault, which is not resolved by this version; use 'file:/path'".to_owned())
        }
        _ => Err("must be a reference such as 'file:/run/secrets/name', never the secret itself".to_owned()),
    };
    match resolved.map_err(Problem::new)? {
        secret if secret.is_empty() => Err(Problem::new("refers to an empty secret")),
        secret => Ok(Secret::from(secret)),
    }
}

/// An RSA key in PEM, from a reference like every secret. Whether it can sign is seen where it is used.
pub(crate) fn private_key(value: &Value<'_>) -> Read<Secret> {
    let key = secret(value)?;
    let begins = |title: &str| key.expose_secret().trim_start().starts_with(title);
    if value.report.secrets == Secrets::LeftOut
        || begins("-----BEGIN PRIVATE KEY-----")
        || begins("-----BEGIN RSA PRIVATE KEY-----")
    {
        return Ok(key);
    }
    Err(Problem::new(
        "refers to what is no RSA key in PEM without a passphrase (it begins with '-----BEGIN PRIVATE KEY-----')",
    ))
}

fn from_file(value: &Value<'_>, path: &str) -> Result<String, String> {
    let path = value.report.path(path);
    match std::fs::read_to_string(&path) {
        Ok(content) => Ok(content
            .strip_suffix('\n')
            .map_or(content.as_str(), |line| line.trim_end_matches('\r'))
            .to_owned()),
        Err(error) => Err(format!(
            "refers to '{}', which cannot be read ({SECRET_UNREADABLE}): {error}",
            path.display()
        )),
    }
}

fn from_environment(value: &Value<'_>, name: &str) -> Result<String, String> {
    if !value.report.allow_env_secrets {
        return Err(
            "refers to the environment; use 'file:/path' or set allow_env_secrets = true at the top".into()
        );
    }
    std::env::var(name).map_err(|_| {
        format!("refers to the environment variable '{name}', which is not set ({SECRET_UNREADABLE})")
    })
}
