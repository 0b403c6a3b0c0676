//! `[registry]`: the schema registry.

use crate::reference::secret;
use crate::section::Section;
use crate::url::private_url;
use crate::values::{boolean, text};
use crate::{Http, SecretHandle, Tls};

/// A schema registry with the Confluent API.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Base URL, without a trailing slash, for instance `http://localhost:8081/apis/ccompat/v7`. It is `https://`, or
    /// on this machine, unless `insecure` is set.
    pub url: String,
    /// Whether binaries register what is missing (default true); otherwise `trunkline schemas apply` does.
    pub auto_register: bool,
    /// How to log in.
    pub auth: RegistryAuth,
    /// Own certificate authority or mutual TLS.
    pub tls: Option<Tls>,
    /// How it is reached, for all that `tls` does not say.
    pub http: Http,
}

/// How to log in to the registry.
#[derive(Debug, Clone)]
pub enum RegistryAuth {
    /// Not at all.
    None,
    /// HTTP Basic.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: SecretHandle,
    },
    /// Bearer token.
    Bearer(SecretHandle),
}

// === impl Registry ===

impl Registry {
    pub(crate) fn read(section: &Section<'_>, http: &Http) -> Option<Self> {
        section.reads_insecure();
        let url = section.required("url", private_url);
        let auto_register = section.or("auto_register", boolean, true);
        let auth = RegistryAuth::read(section);
        let tls = Tls::read(section);
        Some(Self { url: url?, auto_register, auth: auth?, tls, http: http.clone() })
    }

    /// Grows whenever something changes that connections are made of: a certificate, a key, the proxy's password.
    pub fn tls_version(&self) -> u64 {
        self.http.version() + self.tls.as_ref().map_or(0, Tls::version)
    }
}

// === impl RegistryAuth ===

impl RegistryAuth {
    /// Grows whenever the secret changes that the registry is shown.
    pub fn version(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Basic { password: secret, .. } | Self::Bearer(secret) => secret.version(),
        }
    }

    fn read(section: &Section<'_>) -> Option<Self> {
        if section.has("token") && (section.has("username") || section.has("password")) {
            section.refuse("token", "either 'token' or 'username' and 'password', not both");
        }
        let token = section.optional("token", secret);
        if section.has("token") {
            section.optional("username", text);
            section.optional("password", secret);
            return Some(Self::Bearer(token?));
        }
        if !section.has("username") && !section.has("password") {
            // Asked for so that a misspelt name is told from a known one.
            section.optional("username", text);
            section.optional("password", secret);
            return Some(Self::None);
        }
        let username = section.required("username", text);
        let password = section.required("password", secret);
        Some(Self::Basic { username: username?, password: password? })
    }
}
