//! `[vault]`: where Vault or OpenBao is, and how to log in to it.

use std::time::Duration;

use crate::SecretHandle;
use crate::reference::{authorities_outside_vault, secret_in_file, secret_outside_vault};
use crate::section::{Problem, Read, Section, Value};
use crate::url::{is_loopback, url};
use crate::values::{duration, list, one_of, text};

/// Where Kubernetes puts the token of a pod's service account.
const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// A server of Vault or OpenBao that has secrets in key/value stores of version 2.
#[derive(Debug, Clone)]
pub struct Vault {
    /// Base URL, without a trailing slash: `https://`, or `http://` on this machine.
    pub address: String,
    /// The namespace that all paths are in.
    pub namespace: Option<String>,
    /// Certificate authorities to trust, PEM, in place of the system's.
    pub ca: Option<SecretHandle>,
    /// Mounts with a slash in their names. The mount of another path is its first segment.
    pub mounts: Vec<String>,
    /// How often each secret is read again (default 60 s).
    pub reread_interval: Duration,
    /// How long a request may take (default 5 s).
    pub timeout: Duration,
    /// How to log in.
    pub login: VaultLogin,
}

/// How to log in to Vault. What opens it does not come from it.
#[derive(Debug, Clone)]
pub enum VaultLogin {
    /// With a token that somebody else keeps fresh, or that is renewed.
    Token {
        /// The token.
        token: SecretHandle,
    },
    /// As an application.
    AppRole {
        /// Where the method is mounted (default `approle`).
        mount: String,
        /// Id of the role.
        role_id: String,
        /// Its secret id.
        secret_id: SecretHandle,
    },
    /// As a pod, with the token of its service account.
    Kubernetes {
        /// Where the method is mounted (default `kubernetes`).
        mount: String,
        /// Name of the role.
        role: String,
        /// The service account's token, which Kubernetes replaces every hour or so.
        jwt: SecretHandle,
    },
}

/// The words of `method`.
#[derive(Clone, Copy)]
enum Method {
    Token,
    AppRole,
    Kubernetes,
}

// === impl Vault ===

impl Vault {
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let address = section.required("address", address);
        let namespace = section.optional("namespace", text);
        let ca = section.optional("ca", authorities_outside_vault);
        let mounts = section.or("mounts", list(1, mount), Vec::new());
        let reread_interval = section.or("reread_interval", duration, Duration::from_secs(60));
        if reread_interval < Duration::from_secs(1) {
            section.refuse("reread_interval", "'reread_interval' must be at least 1s");
        }
        let timeout = section.or("timeout", duration, Duration::from_secs(5));
        let login = section.table("login", VaultLogin::read);
        Some(Self { address: address?, namespace, ca, mounts, reread_interval, timeout, login: login? })
    }

    /// The mount of a path as `vault kv get` takes it, and the path below it.
    pub fn located<'a>(&self, path: &'a str) -> (&'a str, &'a str) {
        let below = |mount: &String| path.strip_prefix(mount.as_str())?.strip_prefix('/');
        // The longest of several that fit.
        let rest = self.mounts.iter().filter_map(below).min_by_key(|rest| rest.len());
        match rest {
            Some(rest) => (path[..path.len() - rest.len()].trim_end_matches('/'), rest),
            None => path.split_once('/').unwrap_or((path, "")),
        }
    }
}

// === impl VaultLogin ===

impl VaultLogin {
    fn read(section: &Section<'_>) -> Option<Self> {
        let methods =
            [("token", Method::Token), ("approle", Method::AppRole), ("kubernetes", Method::Kubernetes)];
        let Some(method) = section.required("method", one_of(methods)) else {
            section.allow_any_field();
            return None;
        };
        match method {
            Method::Token => Some(Self::Token { token: section.required("token", secret_outside_vault)? }),
            Method::AppRole => {
                let mount = section.or("mount", mount, "approle".to_owned());
                let role_id = section.required("role_id", text);
                let secret_id = section.required("secret_id", secret_outside_vault);
                Some(Self::AppRole { mount, role_id: role_id?, secret_id: secret_id? })
            }
            Method::Kubernetes => {
                let mount = section.or("mount", mount, "kubernetes".to_owned());
                let role = section.required("role", text);
                let jwt = section.or_read("jwt", secret_outside_vault, |report, offset| {
                    secret_in_file(report, offset, SERVICE_ACCOUNT_TOKEN.as_ref())
                });
                Some(Self::Kubernetes { mount, role: role?, jwt: jwt? })
            }
        }
    }
}

/// What opens every other secret travels unencrypted nowhere, whatever `insecure` says.
fn address(value: &Value<'_>) -> Read<String> {
    let written = url(value)?;
    match written.starts_with("https://") || is_loopback(&written) {
        true => Ok(written),
        false => Err(Problem::new(format!(
            "is '{written}': secrets would travel unencrypted; use https:// (http:// is for this machine only)"
        ))),
    }
}

/// A mount: segments with slashes between them, without one at either end.
fn mount(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    let stray = |segment: &str| {
        matches!(segment, "" | "." | "..")
            || segment.contains(['?', '#'])
            || segment.contains(char::is_control)
    };
    match written.split('/').any(stray) {
        true => Err(Problem::new(format!("is '{written}', must be a mount such as 'secret' or 'kv/team'"))),
        false => Ok(written),
    }
}
