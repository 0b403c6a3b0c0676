//! `[http]`: how other systems are reached over HTTP, and `[targets.NAME.http]`, which says otherwise for one of them.

use crate::reference::{authorities, secret};
use crate::section::{Problem, Read, Section, Value};
use crate::url::{is_loopback, proxy_url};
use crate::values::{list, text};
use crate::{OwnCertificate, SecretHandle};

/// What turns off, for one target, the proxy that all others have.
const DIRECT: &str = "direct";

/// How other systems are reached over HTTP: by which proxy, whom we trust, and who we are.
///
/// Nothing of it comes from the environment (`HTTPS_PROXY` and its like): two binaries with one configuration do the
/// same, wherever they are started. This machine itself is never reached through a proxy.
#[derive(Debug, Clone, Default)]
pub struct Http {
    /// The proxy; without it, systems are called directly.
    pub proxy: Option<HttpProxy>,
    /// Hosts that are called directly all the same: names (with all below them), addresses, networks such as
    /// `10.0.0.0/8`.
    pub no_proxy: Vec<String>,
    /// Certificate authorities in PEM that are trusted beside the system's.
    pub ca: Option<SecretHandle>,
    /// Our certificate and its private key, both PEM, for servers that ask for one (mutual TLS).
    pub identity: Option<OwnCertificate>,
}

/// A proxy that opens connections to other hosts (HTTP `CONNECT`).
#[derive(Debug, Clone)]
pub struct HttpProxy {
    /// Its address: `http://` or `https://`, host and port.
    pub url: String,
    /// User name and password, where it wants them (HTTP Basic).
    pub login: Option<(String, SecretHandle)>,
}

// === impl Http ===

impl Http {
    /// Reads a table: what it does not say is as in `default`.
    pub(crate) fn read(section: &Section<'_>, default: &Self) -> Self {
        let insecure = section.reads_insecure();
        let proxy = match section.optional("proxy", proxy) {
            Some(url) => url.map(|url| HttpProxy { url, login: None }),
            None => default.proxy.clone(),
        };
        let login = login(section);
        let proxy = match (proxy, login) {
            (Some(proxy), Some(login)) => {
                let safe = proxy.url.starts_with("https://") || is_loopback(&proxy.url);
                match (safe, insecure) {
                    (true, _) => {}
                    (false, true) => section.note_plaintext(format!("the password of {}", proxy.url)),
                    (false, false) => section.refuse("proxy_password", UNENCRYPTED),
                }
                Some(HttpProxy { login: Some(login), ..proxy })
            }
            (None, Some(_)) => {
                section.refuse("proxy_username", "'proxy_username' and 'proxy_password' need 'proxy'");
                None
            }
            (proxy, None) => proxy,
        };
        if section.has("no_proxy") && proxy.is_none() {
            section.refuse("no_proxy", "'no_proxy' needs 'proxy': without it all hosts are called directly");
        }
        Self {
            proxy,
            no_proxy: section.or("no_proxy", list(0, host), default.no_proxy.clone()),
            ca: section.optional("ca", authorities).or_else(|| default.ca.clone()),
            identity: OwnCertificate::read(section).or_else(|| default.identity.clone()),
        }
    }

    /// Grows whenever something changes that a client is made of: a certificate, a key, the proxy's password.
    pub fn version(&self) -> u64 {
        let secrets = [self.ca.as_ref(), self.proxy.as_ref().and_then(HttpProxy::password)];
        let identity = self.identity.as_ref().map_or(0, OwnCertificate::version);
        identity + secrets.into_iter().flatten().map(SecretHandle::version).sum::<u64>()
    }
}

// === impl HttpProxy ===

impl HttpProxy {
    /// The password that it is shown.
    fn password(&self) -> Option<&SecretHandle> {
        self.login.as_ref().map(|(_, password)| password)
    }
}

const UNENCRYPTED: &str = "the proxy's password would travel unencrypted; use a proxy with https:// (or set insecure = \
                           true in this section)";

fn login(section: &Section<'_>) -> Option<(String, SecretHandle)> {
    if section.has("proxy_username") != section.has("proxy_password") {
        section.refuse("proxy_username", "'proxy_username' and 'proxy_password' go together");
    }
    let username = section.optional("proxy_username", text);
    let password = section.optional("proxy_password", secret);
    username.zip(password)
}

/// A proxy's address; `None` for `direct`.
fn proxy(value: &Value<'_>) -> Read<Option<String>> {
    match text(value)?.as_str() {
        DIRECT => Ok(None),
        _ => proxy_url(value).map(Some),
    }
}

/// A host that is called directly.
fn host(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:/[]".contains(&byte);
    match written.bytes().all(allowed) && !written.contains("//") {
        true => Ok(written),
        false => Err(Problem::new(format!(
            "holds '{written}', must be hosts such as \"example.com\", \"10.1.2.3\" or \"10.0.0.0/8\""
        ))),
    }
}
