//! Certificates, keys and authorities: whom we trust with TLS, and who we are.

use crate::SecretHandle;
use crate::reference::{authorities, certificate, tls_key};
use crate::section::Section;

/// Whom to trust with TLS, and who we are. Without `ca` the system's certificates are trusted.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Certificate authorities to trust, PEM.
    pub ca: Option<SecretHandle>,
    /// Our certificate and its key, for servers that ask for one (mutual TLS).
    pub identity: Option<ClientCertificate>,
}

/// Who we are to servers that ask for a certificate.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// Our certificate, with those between it and its authority, PEM.
    pub certificate: SecretHandle,
    /// Its private key, PEM, without a passphrase.
    pub key: SecretHandle,
}

// === impl Tls ===

impl Tls {
    /// Reads `ca`, `certificate` and `key`; `None` when none of them is there.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let tls =
            Self { ca: section.optional("ca", authorities), identity: ClientCertificate::read(section) };
        (tls.ca.is_some() || tls.identity.is_some()).then_some(tls)
    }

    /// Grows whenever one of them changes.
    pub fn version(&self) -> u64 {
        let ca = self.ca.as_ref().map_or(0, SecretHandle::version);
        ca + self.identity.as_ref().map_or(0, ClientCertificate::version)
    }
}

// === impl ClientCertificate ===

impl ClientCertificate {
    /// Reads `certificate` and `key`, which go together.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        if section.has("certificate") != section.has("key") {
            section.refuse("certificate", "'certificate' and 'key' go together");
        }
        let certificate = section.optional("certificate", certificate);
        let key = section.optional("key", tls_key);
        certificate.zip(key).map(|(certificate, key)| Self { certificate, key })
    }

    /// Grows whenever one of the two changes.
    pub fn version(&self) -> u64 {
        self.certificate.version() + self.key.version()
    }
}
