//! Proof by a key in a header.

use axum::http::HeaderMap;
use trunkline_config::{ExposeSecret, Secret};

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
    pub fn new(header: &str, keys: &[Secret]) -> Self {
        Self {
            header: header.to_lowercase(),
            keys: Accepted::new(keys.iter().map(|key| key.expose_secret())),
        }
    }

    /// Looks at the key of a request.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        self.keys.check(header::only(headers, &self.header)?.as_bytes())
    }
}
