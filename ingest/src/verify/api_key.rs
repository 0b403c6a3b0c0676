//! Proof by a key in a header.

use std::time::Instant;

use axum::http::HeaderMap;
use trunkline_config::SecretHandle;

use super::credential::Accepted;
use super::{Failure, header};

/// The keys that are accepted, and the header that carries one.
pub struct ApiKey {
    header: String,
    keys: Accepted,
}

// === impl ApiKey ===

impl ApiKey {
    /// Accepts each of these keys.
    pub fn new(header: &str, keys: &[SecretHandle]) -> Self {
        Self { header: header.to_lowercase(), keys: Accepted::new(keys) }
    }

    /// Looks at the key of a request.
    pub fn check(&self, headers: &HeaderMap, now: Instant) -> Result<(), Failure> {
        self.keys.check(header::only(headers, &self.header)?.as_bytes(), now)
    }
}
