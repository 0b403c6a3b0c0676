//! `method = "jwt"`: a JSON Web Token (RFC 7519) that an issuer signed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::public_keys::{PublicKeys, SignatureAlgorithm};
use crate::section::{Problem, Read, Section, Value};
use crate::values::{duration_or_zero, header, list, one_of, text};

/// Which tokens prove that a request comes from whom the source says.
#[derive(Debug, Clone)]
pub struct Jwt {
    /// Header that carries the token; in `authorization` it stands behind `Bearer`.
    pub header: String,
    /// Who may have issued it (`iss`).
    pub issuers: Vec<String>,
    /// Whom it has to be meant for (`aud`), one of them at least.
    pub audiences: Vec<String>,
    /// How it may be signed.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// How far the issuer's clock may be from ours.
    pub clock_skew: Duration,
    /// What else has to be in it: claims with their values.
    pub claims: BTreeMap<String, String>,
    /// The issuer's keys.
    pub keys: PublicKeys,
}

// === impl Jwt ===

impl Jwt {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let header = section.or("header", header, "Authorization".to_owned());
        let issuers = section.required("issuer", one_or_more);
        let audiences = section.required("audience", one_or_more);
        let algorithms = section.or(
            "algorithms",
            algorithms,
            vec![SignatureAlgorithm::Rs256, SignatureAlgorithm::Ps256, SignatureAlgorithm::Es256],
        );
        let clock_skew = section.or("clock_skew", clock_skew, Duration::from_secs(60));
        let claims = section.map("claims", text);
        let keys = PublicKeys::read(section);
        Some(Self {
            header,
            issuers: issuers?,
            audiences: audiences?,
            algorithms,
            clock_skew,
            claims,
            keys: keys?,
        })
    }
}

/// One text, or a list of them.
fn one_or_more(value: &Value<'_>) -> Read<Vec<String>> {
    match value.spanned.get_ref().is_array() {
        true => list(1, text)(value),
        false => text(value).map(|one| vec![one]),
    }
}

/// An allowlist of algorithms.
fn algorithms(value: &Value<'_>) -> Read<Vec<SignatureAlgorithm>> {
    list(1, |value| {
        let written = text(value)?;
        if written.eq_ignore_ascii_case("none") || written.starts_with("HS") {
            return Err(Problem::new(format!(
                "holds '{written}': a token that is not signed by a private key proves nothing here"
            )));
        }
        one_of(SignatureAlgorithm::NAMED)(value)
    })(value)
}

fn clock_skew(value: &Value<'_>) -> Read<Duration> {
    let skew = duration_or_zero(value)?;
    match skew <= Duration::from_secs(600) {
        true => Ok(skew),
        false => Err(Problem::new("must be at most 10m: for so long a token is good after its end")),
    }
}
