//! Certificates and keys in PEM.

use std::path::{Path, PathBuf};

use reqwest::{Certificate, Identity};

use crate::cause;

/// A setting that no client can be made with.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    /// A file that cannot be read.
    #[error("'{}' cannot be read: {source}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file that holds something else than what is wanted.
    #[error("'{}' holds no {wanted} in PEM: {reason}", .file.display())]
    NoPem {
        /// The file.
        file: PathBuf,
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
    /// The library makes no client.
    #[error("no HTTPS client can be made: {0}")]
    Client(String),
}

// === impl NotUsable ===

impl From<reqwest::Error> for NotUsable {
    fn from(error: reqwest::Error) -> Self {
        Self::Client(cause(error))
    }
}

/// The certificate authorities in a file.
///
/// # Errors
/// [`NotUsable`] where it cannot be read, or holds none.
pub fn authorities(file: &Path) -> Result<Vec<Certificate>, NotUsable> {
    let wanted = "certificates";
    let no_pem = |reason| NotUsable::NoPem { file: file.to_owned(), wanted, reason };
    let found = Certificate::from_pem_bundle(&read(file)?).map_err(|error| no_pem(cause(error)))?;
    if found.is_empty() {
        return Err(no_pem("there is none in it".to_owned()));
    }
    Ok(found)
}

/// A certificate, with those between it and its authority, and its private key.
///
/// # Errors
/// [`NotUsable`] where one cannot be read, or they are none.
pub fn identity(certificate: &Path, key: &Path) -> Result<Identity, NotUsable> {
    let mut pem = read(certificate)?;
    pem.push(b'\n');
    pem.extend(read(key)?);
    Identity::from_pem(&pem).map_err(|error| NotUsable::NoPem {
        file: certificate.to_owned(),
        wanted: "certificate with a private key beside it",
        reason: cause(error),
    })
}

fn read(file: &Path) -> Result<Vec<u8>, NotUsable> {
    std::fs::read(file).map_err(|source| NotUsable::Unreadable { file: file.to_owned(), source })
}
