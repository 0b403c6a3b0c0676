//! Proof by HTTP Basic.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trunkline_config::{ExposeSecret, Secret};

use super::credential::Accepted;
use super::{Failure, header};

/// The user that is accepted.
pub struct Basic {
    user: Accepted,
}

// === impl Basic ===

impl Basic {
    /// Accepts this user with this password.
    pub fn new(username: &str, password: &Secret) -> Self {
        Self { user: Accepted::new([format!("{username}:{}", password.expose_secret())]) }
    }

    /// Looks at the user name and password of a request.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let encoded = header::authorization(headers, "Basic ")?;
        let user = STANDARD.decode(encoded).map_err(|_| Failure::Malformed)?;
        self.user.check(&user)
    }
}
