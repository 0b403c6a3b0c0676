//! Proof by `Authorization: Bearer …`.

use std::time::Instant;

use axum::http::HeaderMap;
use trunkline_config::SecretHandle;

use super::credential::Accepted;
use super::{Failure, header};

/// The tokens that are accepted.
pub struct Bearer {
    tokens: Accepted,
}

// === impl Bearer ===

impl Bearer {
    /// Accepts each of these tokens.
    pub fn new(tokens: &[SecretHandle]) -> Self {
        Self { tokens: Accepted::new(tokens) }
    }

    /// Looks at the token of a request.
    pub fn check(&self, headers: &HeaderMap, now: Instant) -> Result<(), Failure> {
        self.tokens.check(header::authorization(headers, "Bearer ")?, now)
    }
}
