//! Does a request come from whom its source says?
//!
//! Asked in two steps. The headers come first, before anything of the body is read: they prove it by
//! themselves, or are refused, or name a signature that is checked over the body's raw bytes, before anything
//! parses them.

mod algorithm;
mod api_key;
mod basic;
mod bearer;
mod certificate;
mod credential;
mod fetched_keys;
mod header;
mod held_keys;
mod jwt;
mod key_set;
mod keys;
mod signature;
mod signed_by;
mod signed_time;

use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use jsonwebtoken::Algorithm;
use trunkline_config::{ExposeSecret, PublicKeys, Signature, SignedBy, Verify};
use trunkline_mapping::Proof;

use crate::certificate_names::CertificateNames;

pub use fetched_keys::{Asked, FetchedKeys};
pub use key_set::KeySet;
pub use signature::ClaimedSignatures;

/// A source's verifier, prepared once.
///
/// Where several keys are live, all are always tried and compared in constant time, so that neither the answer
/// nor its delay says which one it was or how much of a signature was right. It keeps handles, not keys: a key that
/// changes is followed without a restart, and the one that it replaces is accepted for a while.
pub enum Verifier {
    /// The source asks for no proof.
    NotRequired,
    /// A signature over the raw body, and what the request carries beside it.
    Signature(signature::Signatures),
    /// `Authorization: Bearer …`.
    Bearer(bearer::Bearer),
    /// HTTP Basic.
    Basic(basic::Basic),
    /// A key in a header.
    ApiKey(api_key::ApiKey),
    /// A token in a header.
    Jwt(jwt::Jwt),
    /// The certificate of the connection.
    Certificate(certificate::Certificate),
}

/// What a request shows before its body is read.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The names of the certificate that its connection showed, where it showed one.
    pub certificate: Option<&'a CertificateNames>,
    /// When it came, by the clock that never goes back: how long a replaced key is accepted.
    pub now: Instant,
    /// When it came, UTC milliseconds: what the times of senders are compared with.
    pub utc_ms: i64,
}

/// What the headers of a request say of where it comes from.
#[derive(Debug)]
pub enum HeaderCheck<'a> {
    /// They prove it.
    Proven(Proof),
    /// They name signatures, of which one must be over the body.
    Signed(ClaimedSignatures<'a>),
}

/// Why a request does not prove where it comes from: for logs and metrics only, the answer does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The header that carries the proof is absent.
    Missing,
    /// It was sent more than once: of two, nobody knows which one a proxy before us looked at.
    Repeated,
    /// It is not written as the method wants it.
    Malformed,
    /// It is no key of ours, or a signature of another body or key.
    Mismatch,
    /// Its time is too far from now: it was sent again, or a clock is wrong.
    Stale,
    /// It names a key that its issuer does not have.
    UnknownKey,
    /// It is signed as it should be, and says something else than is asked for: another issuer, audience or claim.
    Claims,
    /// There are no public keys to check it with, or they may be old, or it names one that cannot be asked for now.
    /// Nothing is wrong with the request, so far.
    NoKeys,
}

/// Looks whether the public keys that a source's configuration has can be read, and whether one of them can check what
/// the source takes. Those that are fetched are not there yet.
///
/// # Errors
/// What is wrong with them.
pub fn usable_keys(verify: &Verify) -> Result<(), String> {
    let Some(PublicKeys::Held(secrets)) = verify.public_keys() else { return Ok(()) };
    let sets = secrets.iter().map(|secret| KeySet::parse(secret.current().expose_secret()));
    let sets = sets.collect::<Result<Vec<_>, _>>()?;
    let algorithms: Vec<Algorithm> = match verify {
        Verify::Jwt(jwt) => jwt.algorithms.iter().copied().map(algorithm::of).collect(),
        Verify::Signature(Signature { by: SignedBy::PublicKey { algorithm, .. }, .. }) => {
            vec![algorithm::of(*algorithm)]
        }
        _ => return Ok(()),
    };
    if sets.iter().any(|set| set.suits(&algorithms)) {
        return Ok(());
    }
    let named: Vec<String> = algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect();
    Err(format!("none of them is a key for {}; configure the sender's algorithm or key", named.join(", ")))
}

// === impl Verifier ===

impl Verifier {
    /// Prepares what the configuration asks for.
    pub fn new(verify: &Verify) -> Self {
        match verify {
            Verify::None => Self::NotRequired,
            Verify::Signature(signature) => Self::Signature(signature::Signatures::new(signature)),
            Verify::Bearer { tokens } => Self::Bearer(bearer::Bearer::new(tokens)),
            Verify::Certificate { subjects } => Self::Certificate(certificate::Certificate::new(subjects)),
            Verify::Jwt(jwt) => Self::Jwt(jwt::Jwt::new(jwt)),
            Verify::ApiKey { header, keys } => Self::ApiKey(api_key::ApiKey::new(header, keys)),
            Verify::Basic { username, passwords } => Self::Basic(basic::Basic::new(username, passwords)),
        }
    }

    /// Looks at what a request shows, before its body is read.
    ///
    /// # Errors
    /// Why that proves nothing, whatever the body is.
    pub fn check(&self, shown: &Shown<'_>) -> Result<HeaderCheck<'_>, Failure> {
        let Shown { headers, now, .. } = *shown;
        let proof = match self {
            Self::NotRequired => Proof::NotRequired,
            Self::Signature(signatures) => return signatures.claimed(shown).map(HeaderCheck::Signed),
            Self::Bearer(bearer) => bearer.check(headers, now).map(|()| Proof::Bearer)?,
            Self::Basic(basic) => basic.check(headers, now).map(|()| Proof::Basic)?,
            Self::ApiKey(key) => key.check(headers, now).map(|()| Proof::ApiKey)?,
            Self::Jwt(jwt) => jwt.check(shown).map(|()| Proof::Jwt)?,
            Self::Certificate(rules) => rules.check(shown.certificate).map(|()| Proof::Certificate)?,
        };
        Ok(HeaderCheck::Proven(proof))
    }

    /// The public keys that somebody has to fetch for it.
    pub fn fetched_keys(&self) -> Option<&Arc<FetchedKeys>> {
        match self {
            Self::Jwt(jwt) => jwt.fetched(),
            Self::Signature(signatures) => signatures.fetched(),
            Self::NotRequired | Self::Bearer(_) | Self::Basic(_) | Self::ApiKey(_) | Self::Certificate(_) => {
                None
            }
        }
    }
}

// === impl HeaderCheck ===

impl HeaderCheck<'_> {
    /// Whether the headers prove it by themselves, whatever the body is. A source that asks for no proof takes
    /// everybody.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Proven(_))
    }

    /// The proof, now that the body is there.
    ///
    /// # Errors
    /// [`Failure::Mismatch`] when the body is not the one that was signed, [`Failure::NoKeys`] when that is not known
    /// for want of keys.
    pub fn with_body(self, body: &[u8]) -> Result<Proof, Failure> {
        match self {
            Self::Proven(proof) => Ok(proof),
            Self::Signed(signatures) => signatures.check(body),
        }
    }
}

// === impl Failure ===

impl Failure {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Repeated,
        Self::Malformed,
        Self::Mismatch,
        Self::Stale,
        Self::UnknownKey,
        Self::Claims,
        Self::NoKeys,
    ];

    /// As logs and metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Repeated => "repeated",
            Self::Malformed => "malformed",
            Self::Mismatch => "mismatch",
            Self::Stale => "stale",
            Self::UnknownKey => "unknown_key",
            Self::Claims => "claims",
            Self::NoKeys => "no_keys",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
