//! Certificates, keys and authorities: whom we trust with TLS, and who we are.

use crate::SecretHandle;
use crate::reference::{authorities, certificate, tls_key};
use crate::section::Section;
use crate::values::one_of;

/// Whom to trust with TLS, and who we are. Without `ca` the system's certificates are trusted.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Certificate authorities to trust, PEM.
    pub ca: Option<SecretHandle>,
    /// Our certificate and its key, for servers that ask for one (mutual TLS).
    pub identity: Option<OwnCertificate>,
}

/// Who we are: to servers that ask for a certificate, or to those who connect to a listener.
#[derive(Debug, Clone)]
pub struct OwnCertificate {
    /// Our certificate, with those between it and its authority, PEM.
    pub certificate: SecretHandle,
    /// Its private key, PEM, without a passphrase.
    pub key: SecretHandle,
}

/// Who we are to those who connect to a listener of ours, and whom it lets in.
#[derive(Debug, Clone)]
pub struct ListenerTls {
    /// Our certificate and its key.
    pub own: OwnCertificate,
    /// Authorities of those who connect, PEM: who shows no certificate of one of them is not let in. `None`: nobody is
    /// asked for a certificate.
    pub client_ca: Option<SecretHandle>,
    /// Whether who connects may show no certificate all the same: those sources then tell that are proved by one.
    pub without_certificate: bool,
}

// === impl ListenerTls ===

impl ListenerTls {
    /// Reads `certificate`, `key` and `client_ca`; `None` when there is none, or a mistake in it.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        if section.has("client_ca") && !section.has("certificate") {
            section.refuse("client_ca", "'client_ca' needs 'certificate' and 'key': the listener's own");
        }
        let client_ca = section.optional("client_ca", authorities);
        let words = [("required", false), ("optional", true)];
        let without_certificate = section.or("client_certificate", one_of(words), false);
        if section.has("client_certificate") && !section.has("client_ca") {
            section
                .refuse("client_certificate", "'client_certificate' needs 'client_ca': whose it has to be");
        }
        Some(Self { own: OwnCertificate::read(section)?, client_ca, without_certificate })
    }

    /// Grows whenever one of them changes.
    pub fn version(&self) -> u64 {
        self.own.version() + self.client_ca.as_ref().map_or(0, SecretHandle::version)
    }
}

// === impl Tls ===

impl Tls {
    /// Reads `ca`, `certificate` and `key`; `None` when none of them is there.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let tls = Self { ca: section.optional("ca", authorities), identity: OwnCertificate::read(section) };
        (tls.ca.is_some() || tls.identity.is_some()).then_some(tls)
    }

    /// Whether the other one has the same handles.
    pub fn is(&self, other: &Self) -> bool {
        let same = |one: Option<&SecretHandle>, another: Option<&SecretHandle>| match (one, another) {
            (Some(one), Some(another)) => one.is(another),
            (None, None) => true,
            _ => false,
        };
        same(self.ca.as_ref(), other.ca.as_ref())
            && same(self.certificate(), other.certificate())
            && same(self.key(), other.key())
    }

    /// Whether there is something that may change; else the system's authorities are trusted, and we are nobody.
    pub fn can_change(&self) -> bool {
        self.ca.is_some() || self.identity.is_some()
    }

    /// Our certificate, with those between it and its authority.
    pub fn certificate(&self) -> Option<&SecretHandle> {
        self.identity.as_ref().map(|identity| &identity.certificate)
    }

    /// Its private key.
    pub fn key(&self) -> Option<&SecretHandle> {
        self.identity.as_ref().map(|identity| &identity.key)
    }

    /// Grows whenever one of them changes.
    pub fn version(&self) -> u64 {
        let ca = self.ca.as_ref().map_or(0, SecretHandle::version);
        ca + self.identity.as_ref().map_or(0, OwnCertificate::version)
    }
}

// === impl OwnCertificate ===

impl OwnCertificate {
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
