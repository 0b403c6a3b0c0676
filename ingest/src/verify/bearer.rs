//! Proof by `Authorization: Bearer …`.

use axum::http::HeaderMap;
use trunkline_config::{ExposeSecret, Secret};

use super::credential::Accepted;
use super::{Failure, header};

/// The tokens that are accepted.
pub struct Bearer {
    tokens: Accepted,
}

// === impl Bearer ===

impl Bearer {
    /// Accepts each of these tokens.
    pub fn new(tokens: &[Secret]) -> Self {
        Self { tokens: Accepted::new(tokens.iter().map(|token| token.expose_secret())) }
    }

    /// Looks at the token of a request.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        self.tokens.check(header::authorization(headers, "Bearer ")?)
    }
}
