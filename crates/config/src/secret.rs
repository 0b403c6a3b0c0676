//! Secrets: resolved from references, shown as `***`.

use std::fmt;

pub use secrecy::ExposeSecret;
use secrecy::SecretString;

/// A secret value, resolved from a reference such as `file:/run/secrets/x`.
///
/// It prints as `***` and is wiped from memory when dropped; [`ExposeSecret::expose_secret`] gives the value
/// at the one place that needs it.
#[derive(Clone)]
pub struct Secret(SecretString);

// === impl Secret ===

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(SecretString::from(value))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(SecretString::from(value))
    }
}

impl ExposeSecret<str> for Secret {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_stars_and_gives_its_value_only_when_asked() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(secret.clone())), "*** *** Some(***)");
        assert_eq!(secret.expose_secret(), "hunter2");
    }
}
