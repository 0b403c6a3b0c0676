//! Proof by a JSON Web Token (RFC 7519) in a header, signed by an issuer's private key.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use trunkline_config as config;

use super::fetched_keys::FetchedKeys;
use super::key_set::KeySet;
use super::keys::Keys;
use super::{Failure, Shown, algorithm, header};

/// Where a token stands behind `Bearer`.
const AUTHORIZATION: &str = "authorization";

/// Which tokens are accepted, and the issuer's keys.
pub struct Jwt {
    header: String,
    rules: Rules,
    keys: Keys,
}

/// What a token has to be.
struct Rules {
    algorithms: Vec<Algorithm>,
    issuers: Vec<String>,
    audiences: Vec<String>,
    claims: BTreeMap<String, String>,
    /// How far the issuer's clock may be from ours, in seconds.
    skew: f64,
}

// === impl Jwt ===

impl Jwt {
    /// Accepts tokens as the configuration says.
    pub fn new(configured: &config::Jwt) -> Self {
        let rules = Rules {
            algorithms: configured.algorithms.iter().copied().map(algorithm::of).collect(),
            issuers: configured.issuers.clone(),
            audiences: configured.audiences.clone(),
            claims: configured.claims.clone(),
            skew: configured.clock_skew.as_secs_f64(),
        };
        Self { header: configured.header.to_lowercase(), rules, keys: Keys::new(&configured.keys) }
    }

    /// Looks at the token of a request.
    pub fn check(&self, shown: &Shown<'_>) -> Result<(), Failure> {
        let token = match self.header.as_str() {
            AUTHORIZATION => header::authorization(shown.headers, "Bearer ")?,
            other => header::only(shown.headers, other)?.as_bytes(),
        };
        // What is no such token proves nothing by any key: nothing is asked for and nobody waits because of it.
        let header = self.rules.header(token)?;
        let sets = self.keys.sets(shown.now);
        if !sets.iter().any(|set| set.suits(&self.rules.algorithms)) {
            return Err(Failure::NoKeys);
        }
        let checked = self.rules.check(token, &header, &sets, shown.utc_ms);
        match (checked, self.keys.fetched()) {
            (Err(Failure::UnknownKey | Failure::Mismatch), Some(keys)) if keys.may_be_old() => {
                Err(Failure::NoKeys)
            }
            (checked, _) => checked,
        }
    }

    /// The keys that somebody has to fetch.
    pub fn fetched(&self) -> Option<&Arc<FetchedKeys>> {
        self.keys.fetched()
    }
}

// === impl Rules ===

impl Rules {
    /// The header of a token, where it may be one of these.
    fn header(&self, token: &[u8]) -> Result<Header, Failure> {
        let header = decode_header(token).map_err(|_| Failure::Malformed)?;
        // What has to be understood is not understood here (RFC 7515, section 4.1.11), and a token that names its own
        // key is not asked for it.
        if header.crit.is_some() || !self.algorithms.contains(&header.alg) {
            return Err(Failure::Malformed);
        }
        Ok(header)
    }

    /// Whether a token with this header is signed by one of these keys, and good at `utc_ms`.
    fn check(&self, token: &[u8], header: &Header, sets: &[Arc<KeySet>], utc_ms: i64) -> Result<(), Failure> {
        let id = header.kid.as_deref();
        let is_unknown = id.is_some_and(|id| !sets.iter().any(|set| set.knows(id)));
        if is_unknown && sets.iter().all(|set| set.names_all()) {
            return Err(Failure::UnknownKey);
        }
        let mut validation = Validation::new(header.alg);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&self.issuers);
        validation.set_audience(&self.audiences);
        // Times are compared with the request's, not with a clock that the library looks at.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let mut failure = Failure::Mismatch;
        for key in sets.iter().flat_map(|set| set.suiting(header.alg, id)) {
            match decode::<Map<String, Value>>(token, key, &validation) {
                Ok(token) => return self.check_claims(&token.claims, utc_ms),
                // The signature is right where claims are looked at.
                Err(error) if of(&error) == Failure::Claims => return Err(Failure::Claims),
                Err(error) => failure = of(&error),
            }
        }
        // It may be one of the keys without an id that has this id, and was none of them.
        if is_unknown && failure == Failure::Mismatch { Err(Failure::UnknownKey) } else { Err(failure) }
    }

    /// Whether what a token says, which its issuer signed, holds at `utc_ms`.
    fn check_claims(&self, claims: &Map<String, Value>, utc_ms: i64) -> Result<(), Failure> {
        let now = utc_ms as f64 / 1_000.0;
        let ends = claims.get("exp").and_then(Value::as_f64).ok_or(Failure::Malformed)?;
        let begins = match claims.get("nbf") {
            Some(begins) => begins.as_f64().ok_or(Failure::Malformed)?,
            None => f64::NEG_INFINITY,
        };
        if now >= ends + self.skew || now < begins - self.skew {
            return Err(Failure::Stale);
        }
        let holds = |(name, wanted): (&String, &String)| match claims.get(name) {
            Some(Value::String(found)) => found == wanted,
            Some(Value::Array(found)) => found.iter().any(|found| found == wanted.as_str()),
            _ => false,
        };
        if self.claims.iter().all(holds) { Ok(()) } else { Err(Failure::Claims) }
    }
}

/// What the library found wrong with a token that is written as one.
fn of(error: &jsonwebtoken::errors::Error) -> Failure {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience | ErrorKind::MissingRequiredClaim(_) => {
            Failure::Claims
        }
        ErrorKind::InvalidSignature => Failure::Mismatch,
        _ => Failure::Malformed,
    }
}
