//! `[sources.NAME.verify]`: how a request proves where it comes from.

mod certificate;
mod jwt;
mod public_keys;
mod signature;
mod signed_text;

use crate::reference::secret;
use crate::section::{Read, Section, Value};
use crate::values::{header, list, one_of, text};
use crate::{Ingest, SecretHandle};

pub use certificate::{NamePattern, SubjectRule};
pub use jwt::Jwt;
pub use public_keys::{PublicKeys, SignatureAlgorithm};
pub use signature::{HmacAlgorithm, Signature, SignatureEncoding, SignedBy, SignedTime, TimeAt, TimeUnit};
pub use signed_text::SignedPart;

/// How a request proves where it comes from. Lists of secrets hold up to two keys, both accepted during a rotation.
#[derive(Debug, Clone)]
pub enum Verify {
    /// Not at all; refused unless the listener is on a loopback address.
    None,
    /// A signature over the raw body, and what the request carries beside it.
    Signature(Signature),
    /// `Authorization: Bearer …`.
    Bearer {
        /// Tokens.
        tokens: Vec<SecretHandle>,
    },
    /// HTTP Basic.
    Basic {
        /// User name.
        username: String,
        /// Passwords.
        passwords: Vec<SecretHandle>,
    },
    /// A key in a header.
    ApiKey {
        /// The header.
        header: String,
        /// Keys.
        keys: Vec<SecretHandle>,
    },
    /// A JSON Web Token in a header.
    Jwt(Jwt),
    /// The certificate that the connection showed (mutual TLS).
    Certificate {
        /// Whose it may be: what one of them says is enough.
        subjects: Vec<SubjectRule>,
    },
}

/// The words of `method`.
#[derive(Clone, Copy)]
enum Method {
    None,
    Hmac,
    StandardWebhooks,
    PublicKey,
    Jwt,
    Certificate,
    Bearer,
    Basic,
    ApiKey,
}

// === impl Verify ===

impl Verify {
    /// Name of the header that carries the proof, if one does; it must not be kept anywhere.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::None | Self::Certificate { .. } => None,
            Self::Signature(Signature { header, .. })
            | Self::ApiKey { header, .. }
            | Self::Jwt(Jwt { header, .. }) => Some(header),
            Self::Bearer { .. } | Self::Basic { .. } => Some("authorization"),
        }
    }

    /// Names of all headers that the proof is made of: the one that carries it, and those of what is signed.
    pub fn headers(&self) -> Vec<&str> {
        let mut headers: Vec<&str> = self.header().into_iter().collect();
        if let Self::Signature(signature) = self {
            headers.extend(signature.id_header.as_deref());
            if let Some(SignedTime { at: TimeAt::Header(header), .. }) = &signature.time {
                headers.push(header);
            }
        }
        headers
    }

    /// The public keys that check it, where it is checked by such.
    pub fn public_keys(&self) -> Option<&PublicKeys> {
        match self {
            Self::Jwt(Jwt { keys, .. }) => Some(keys),
            Self::Signature(Signature { by: SignedBy::PublicKey { keys, .. }, .. }) => Some(keys),
            _ => None,
        }
    }

    pub(crate) fn read(section: &Section<'_>, ingest: &Ingest) -> Option<Self> {
        let methods = [
            ("hmac", Method::Hmac),
            ("standard_webhooks", Method::StandardWebhooks),
            ("public_key", Method::PublicKey),
            ("jwt", Method::Jwt),
            ("certificate", Method::Certificate),
            ("bearer", Method::Bearer),
            ("basic", Method::Basic),
            ("api_key", Method::ApiKey),
            ("none", Method::None),
        ];
        let Some(method) = section.required("method", one_of(methods)) else {
            section.allow_any_field();
            return None;
        };
        match method {
            Method::None if !ingest.listen.ip().is_loopback() => {
                let message = format!(
                    "method 'none' needs a loopback listener, and ingest listens on {}",
                    ingest.listen
                );
                section.refuse("method", &message);
                None
            }
            Method::None => Some(Self::None),
            Method::Hmac => Signature::read_hmac(section).map(Self::Signature),
            Method::StandardWebhooks => Signature::read_standard_webhooks(section).map(Self::Signature),
            Method::PublicKey => Signature::read_public_key(section).map(Self::Signature),
            Method::Jwt => Jwt::read(section).map(Self::Jwt),
            Method::Certificate => certificate(section, ingest),
            Method::Bearer => Some(Self::Bearer { tokens: keys(section, "tokens", secret)? }),
            Method::Basic => basic(section),
            Method::ApiKey => {
                let header = section.or("header", header, "X-Api-Key".to_owned());
                Some(Self::ApiKey { header, keys: keys(section, "keys", secret)? })
            }
        }
    }
}

/// Subjects of certificates, on a listener that asks for such.
fn certificate(section: &Section<'_>, ingest: &Ingest) -> Option<Verify> {
    let subjects = section.tables("subjects", "subject", SubjectRule::read);
    if ingest.tls.as_ref().is_none_or(|tls| tls.client_ca.is_none()) {
        let message =
            "method 'certificate' needs 'client_ca' in [ingest.tls]: the authorities of those who call";
        section.refuse("method", message);
    }
    if !section.has("subjects") {
        let message = "field 'subjects' is missing: whose certificate it may be, such as [{ dns = \"hooks.acme.example\" }]";
        section.refuse("method", message);
    } else if subjects.is_empty() {
        section.refuse("subjects", "field 'subjects' must hold at least 1");
    }
    Some(Verify::Certificate { subjects })
}

/// A user with `password`, or with `passwords` during a rotation.
fn basic(section: &Section<'_>) -> Option<Verify> {
    let username = section.required("username", text);
    let passwords = if section.has("passwords") {
        if section.has("password") {
            section.refuse("password", "either 'password' or 'passwords', which has both during a rotation");
        }
        section.optional("password", secret);
        keys(section, "passwords", secret)
    } else {
        let password = section.required("password", secret);
        // Asked for so that a misspelt name is told from a known one.
        section.optional("passwords", |_| Ok(()));
        password.map(|password| vec![password])
    };
    Some(Verify::Basic { username: username?, passwords: passwords? })
}

/// One key, or two during a rotation.
fn keys<'a>(
    section: &Section<'a>,
    field: &'static str,
    read: impl Fn(&Value<'a>) -> Read<SecretHandle>,
) -> Option<Vec<SecretHandle>> {
    let keys = section.required(field, list(1, read));
    if keys.as_ref().is_some_and(|keys| keys.len() > 2) {
        section.refuse(field, "at most two keys: the current one and the one it replaces");
    }
    keys
}
