//! Proof by HTTP Basic.

use std::time::Instant;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trunkline_config::SecretHandle;

use super::credential::Accepted;
use super::{Failure, header};

/// The user that is accepted.
pub struct Basic {
    user: Accepted,
}

// === impl Basic ===

impl Basic {
    /// Accepts this user with each of these passwords.
    pub fn new(username: &str, passwords: &[SecretHandle]) -> Self {
        Self { user: Accepted::behind(format!("{username}:"), passwords) }
    }

    /// Looks at the user name and password of a request.
    pub fn check(&self, headers: &HeaderMap, now: Instant) -> Result<(), Failure> {
        let encoded = header::authorization(headers, "Basic ")?;
        let user = STANDARD.decode(encoded).map_err(|_| Failure::Malformed)?;
        self.user.check(&user, now)
    }
}
