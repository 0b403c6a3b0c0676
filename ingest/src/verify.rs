//! Does a request come from whom its source says?
//!
//! Asked in two steps. The headers come first, before anything of the body is read: they prove it by
//! themselves, or are refused, or name a signature that is checked over the body's raw bytes, before anything
//! parses them.

mod api_key;
mod basic;
mod bearer;
mod credential;
mod header;
mod hmac;

use std::time::Instant;

use axum::http::HeaderMap;
use trunkline_config::Verify;
use trunkline_mapping::Proof;

pub use hmac::ClaimedSignature;

/// A source's verifier, prepared once.
///
/// Where several keys are live, all are always tried and compared in constant time, so that neither the answer
/// nor its delay says which one it was or how much of a signature was right. It keeps handles, not keys: a key that
/// changes is followed without a restart, and the one that it replaces is accepted for a while.
pub enum Verifier {
    /// The source asks for no proof.
    NotRequired,
    /// A signature over the raw body.
    Hmac(hmac::Hmac),
    /// `Authorization: Bearer …`.
    Bearer(bearer::Bearer),
    /// HTTP Basic.
    Basic(basic::Basic),
    /// A key in a header.
    ApiKey(api_key::ApiKey),
}

/// What the headers of a request say of where it comes from.
#[derive(Debug)]
pub enum HeaderCheck<'a> {
    /// They prove it.
    Proven(Proof),
    /// They name a signature that the body must match.
    Signed(ClaimedSignature<'a>),
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
}

/// Name of the header that carries the proof; it must not be kept anywhere.
pub fn proof_header(verify: &Verify) -> Option<&str> {
    match verify {
        Verify::None => None,
        Verify::Hmac { header, .. } | Verify::ApiKey { header, .. } => Some(header),
        Verify::Bearer { .. } | Verify::Basic { .. } => Some("authorization"),
    }
}

// === impl Verifier ===

impl Verifier {
    /// Prepares what the configuration asks for.
    pub fn new(verify: &Verify) -> Self {
        match verify {
            Verify::None => Self::NotRequired,
            Verify::Hmac { header, prefix, encoding, secrets } => {
                Self::Hmac(hmac::Hmac::new(header, prefix, *encoding, secrets))
            }
            Verify::Bearer { tokens } => Self::Bearer(bearer::Bearer::new(tokens)),
            Verify::ApiKey { header, keys } => Self::ApiKey(api_key::ApiKey::new(header, keys)),
            Verify::Basic { username, password } => Self::Basic(basic::Basic::new(username, password)),
        }
    }

    /// Looks at the headers of a request that came now, before the body is read.
    ///
    /// # Errors
    /// Why they prove nothing, whatever the body is.
    pub fn check(&self, headers: &HeaderMap, now: Instant) -> Result<HeaderCheck<'_>, Failure> {
        match self {
            Self::NotRequired => Ok(HeaderCheck::Proven(Proof::NotRequired)),
            Self::Hmac(hmac) => hmac.claimed(headers, now).map(HeaderCheck::Signed),
            Self::Bearer(bearer) => bearer.check(headers, now).map(|()| HeaderCheck::Proven(Proof::Bearer)),
            Self::Basic(basic) => basic.check(headers, now).map(|()| HeaderCheck::Proven(Proof::Basic)),
            Self::ApiKey(key) => key.check(headers, now).map(|()| HeaderCheck::Proven(Proof::ApiKey)),
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
    /// [`Failure::Mismatch`] when the body is not the one that was signed.
    pub fn with_body(self, body: &[u8]) -> Result<Proof, Failure> {
        match self {
            Self::Proven(proof) => Ok(proof),
            Self::Signed(signature) => signature.check(body).map(|()| Proof::Hmac),
        }
    }
}

// === impl Failure ===

impl Failure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Missing, Self::Repeated, Self::Malformed, Self::Mismatch];

    /// As logs and metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Repeated => "repeated",
            Self::Malformed => "malformed",
            Self::Mismatch => "mismatch",
        }
    }
}

#[cfg(test)]
mod tests;
