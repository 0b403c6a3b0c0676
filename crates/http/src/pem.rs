//! Certificates and keys in PEM.

use reqwest::{Certificate, Identity};
use trunkline_config::{ExposeSecret, OwnCertificate, SecretHandle};

use crate::cause;

/// A setting that no client can be made with.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    /// Something else than the PEM that is wanted.
    #[error("{reference} holds no {wanted} in PEM: {reason}")]
    NoPem {
        /// Where it comes from, such as `file:/run/secrets/ca.pem`.
        reference: String,
        /// What is wanted.
        wanted: &'static str,
        /// What the library says.
        reason: String,
    },
    /// An address that no proxy has.
    #[error("'{url}' cannot be used as a proxy: {reason}")]
    Proxy {
        /// The address.
        url: String,
        /// What the library says.
        reason: String,
    },
    /// Each is what it has to be, and they do not go together, as a certificate and the key of another one.
    #[error("certificate, key and authorities do not fit together: {0}")]
    Unfitting(String),
    /// A library panicked at what it was given.
    #[error("a library panicked at certificates, keys or passwords; what it said is on standard error")]
    Panicked,
    /// The library makes no client.
    #[error("no HTTPS client can be made: {0}")]
    Client(String),
}

// === impl NotUsable ===

impl NotUsable {
    /// A secret holds something else than what is wanted of it.
    pub fn no_pem(secret: &SecretHandle, wanted: &'static str, reason: String) -> Self {
        let reference = secret.reference().map_or_else(|| "a secret".to_owned(), ToString::to_string);
        Self::NoPem { reference, wanted, reason }
    }
}

impl From<reqwest::Error> for NotUsable {
    fn from(error: reqwest::Error) -> Self {
        Self::Client(cause(error))
    }
}

/// The certificate authorities that a secret holds now.
///
/// # Errors
/// [`NotUsable`] where it holds none.
pub fn authorities(ca: &SecretHandle) -> Result<Vec<Certificate>, NotUsable> {
    let no_pem = |reason| NotUsable::no_pem(ca, "certificates", reason);
    let found = Certificate::from_pem_bundle(ca.current().expose_secret().as_bytes())
        .map_err(|error| no_pem(cause(error)))?;
    if found.is_empty() {
        return Err(no_pem("there is none in it".to_owned()));
    }
    Ok(found)
}

/// A certificate as it is now, with those between it and its authority, and its private key.
///
/// # Errors
/// [`NotUsable`] where they are none.
pub fn identity(OwnCertificate { certificate, key }: &OwnCertificate) -> Result<Identity, NotUsable> {
    let mut pem = bytes(certificate);
    pem.push(b'\n');
    pem.extend(bytes(key));
    let identity = Identity::from_pem(&pem);
    identity.map_err(|error| {
        NotUsable::no_pem(certificate, "certificate with a private key beside it", cause(error))
    })
}

fn bytes(secret: &SecretHandle) -> Vec<u8> {
    secret.current().expose_secret().as_bytes().to_vec()
}
