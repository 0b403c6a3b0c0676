//! Secrets are references, never values.

use std::path::Path;

use trunkline_schemas::error_codes::SECRET_UNREADABLE;

use crate::report::{Report, Secrets};
use crate::secret_reference::VaultSecret;
use crate::section::{Problem, Read, Value};
use crate::values::{string, text};
use crate::{KeyEncoding, Secret, SecretForm, SecretHandle, SecretReference};

/// A secret by reference: `file:/path`, `vault:path#key` or, where allowed, `env:NAME`.
///
/// A file and a variable are read at once; Vault is asked when the whole document is known. What is written is never
/// repeated in a message: it may be the secret itself.
pub(crate) fn secret(value: &Value<'_>) -> Read<SecretHandle> {
    referred(value, SecretForm::Text)
}

/// An RSA key in PEM, from a reference like every secret.
pub(crate) fn private_key(value: &Value<'_>) -> Read<SecretHandle> {
    referred(value, SecretForm::RsaPrivateKey)
}

/// A key whose bytes are written in this way, from a reference like every secret.
pub(crate) fn key(encoding: KeyEncoding) -> impl Fn(&Value<'_>) -> Read<SecretHandle> {
    move |value| referred(value, SecretForm::Key(encoding))
}

/// Public keys in PEM or as a JSON Web Key Set, from a reference or a path.
pub(crate) fn public_keys(value: &Value<'_>) -> Read<SecretHandle> {
    referred_or_path(value, SecretForm::PublicKeys)
}

/// Certificate authorities in PEM, from a reference or a path.
pub(crate) fn authorities(value: &Value<'_>) -> Read<SecretHandle> {
    referred_or_path(value, SecretForm::Authorities)
}

/// Our certificate in PEM, from a reference or a path.
pub(crate) fn certificate(value: &Value<'_>) -> Read<SecretHandle> {
    referred_or_path(value, SecretForm::Certificate)
}

/// The key of our certificate in PEM, from a reference or a path.
pub(crate) fn tls_key(value: &Value<'_>) -> Read<SecretHandle> {
    referred_or_path(value, SecretForm::PrivateKey)
}

/// A secret that Vault cannot have, since it is what opens Vault.
pub(crate) fn secret_outside_vault(value: &Value<'_>) -> Read<SecretHandle> {
    outside_vault(value)?;
    secret(value)
}

/// Authorities that Vault cannot have, since by them it is known.
pub(crate) fn authorities_outside_vault(value: &Value<'_>) -> Read<SecretHandle> {
    outside_vault(value)?;
    authorities(value)
}

fn outside_vault(value: &Value<'_>) -> Read<()> {
    match string(value)?.starts_with("vault:") {
        true => Err(Problem::new("refers to Vault, which opens with this secret; use 'file:/path'")),
        false => Ok(()),
    }
}

/// A secret in this file, for a field that has it as its default.
pub(crate) fn secret_in_file(report: &Report<'_>, offset: usize, path: &Path) -> Read<SecretHandle> {
    read(report, offset, SecretReference::File(path.to_owned()), SecretForm::Text)
}

fn referred(value: &Value<'_>, form: SecretForm) -> Read<SecretHandle> {
    let Some(reference) = reference(value)? else {
        let message = "must be a reference such as 'file:/run/secrets/name', never the secret itself";
        return Err(Problem::new(message));
    };
    read(value.report, value.spanned.span().start, reference, form)
}

/// What is no reference is the path of a file. A text in PEM in its place is refused before it is taken for one.
fn referred_or_path(value: &Value<'_>, form: SecretForm) -> Read<SecretHandle> {
    let written = text(value)?;
    if written.contains("-----BEGIN") {
        let message = "must be a path, or a reference such as 'vault:MOUNT/PATH#KEY', never the PEM itself";
        return Err(Problem::new(message));
    }
    let reference = reference(value)?.unwrap_or_else(|| SecretReference::File(value.report.path(&written)));
    read(value.report, value.spanned.span().start, reference, form)
}

/// The reference that is written there; `None` for another text.
fn reference(value: &Value<'_>) -> Read<Option<SecretReference>> {
    Ok(match string(value)?.split_once(':') {
        Some(("file", path)) => Some(SecretReference::File(value.report.path(path))),
        Some(("env", name)) => Some(SecretReference::Environment(name.to_owned())),
        Some(("vault", secret)) => {
            let secret = VaultSecret::parse(secret).map_err(Problem::new)?;
            if !value.report.has_vault {
                return Err(Problem::new("refers to Vault, and there is no section [vault]"));
            }
            Some(SecretReference::Vault(secret))
        }
        _ => None,
    })
}

/// The handle of a secret that the document refers to at this byte.
fn read(
    report: &Report<'_>,
    offset: usize,
    reference: SecretReference,
    form: SecretForm,
) -> Read<SecretHandle> {
    let found = match &reference {
        SecretReference::File(_) | SecretReference::Environment(_) if report.secrets == Secrets::LeftOut => {
            None
        }
        SecretReference::File(path) => Some(from_file(path)),
        SecretReference::Environment(name) => Some(from_environment(report, name)),
        SecretReference::Vault(_) => None,
    };
    let handle = SecretHandle::unread(reference, form);
    if let Some(found) = found {
        let found = Secret::from(found.map_err(Problem::new)?);
        handle.begin(found).map_err(|wrong| Problem::new(format!("refers to {wrong}")))?;
    }
    report.refer(offset, handle.clone());
    Ok(handle)
}

/// Why a file is no secret, and its content otherwise.
fn from_file(path: &Path) -> Result<String, String> {
    match std::fs::read(path).map_err(|error| error.to_string()).and_then(secret_text) {
        Ok(content) => Ok(content),
        Err(error) => Err(format!(
            "refers to '{}', which cannot be read ({SECRET_UNREADABLE}): {error}",
            path.display()
        )),
    }
}

fn from_environment(report: &Report<'_>, name: &str) -> Result<String, String> {
    if !report.allow_env_secrets {
        return Err(
            "refers to the environment; use 'file:/path' or set allow_env_secrets = true at the top".into()
        );
    }
    std::env::var(name).map_err(|_| {
        format!("refers to the environment variable '{name}', which is not set ({SECRET_UNREADABLE})")
    })
}

/// How a part of a file in PEM begins.
const PEM: &[u8] = b"-----BEGIN ";

/// The text of a secret, from the bytes of its file, without the line break behind it. Bundles of authorities have
/// comments in whatever encoding; what counts in them is ASCII.
///
/// # Errors
/// Where something else is no UTF-8.
pub fn secret_text(content: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(content).or_else(|error| {
        let content = error.as_bytes();
        let is_pem = content.windows(PEM.len()).any(|window| window == PEM);
        is_pem.then(|| String::from_utf8_lossy(content).into_owned()).ok_or_else(|| error.to_string())
    })?;
    Ok(without_line_break(text))
}

/// A secret without the line break that editors and `echo` put behind it.
pub fn without_line_break(mut content: String) -> String {
    if content.ends_with('\n') {
        content.pop();
        content.truncate(content.trim_end_matches('\r').len());
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_read_whatever_its_comments_are_written_in() {
        let bundle = b"# Stra\xdfe\n-----BEGIN CERTIFICATE-----\nMII\n".to_vec();
        assert!(secret_text(bundle).unwrap().ends_with("-----BEGIN CERTIFICATE-----\nMII"));
        assert_eq!(secret_text(b"p\xc3\xa4ss\r\n".to_vec()).unwrap(), "p\u{e4}ss");
        assert!(secret_text(b"p\xe4ss".to_vec()).is_err(), "a password that is read wrongly opens nothing");
    }
}
