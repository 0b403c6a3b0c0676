//! Secret values, shown as `***`.

use std::fmt;
use std::sync::Arc;

pub use secrecy::ExposeSecret;
use secrecy::SecretString;

/// The value of a secret at one moment.
///
/// It prints as `***` and is wiped from memory when its last clone is dropped; [`ExposeSecret::expose_secret`] gives
/// the value at the one place that needs it.
#[derive(Clone)]
pub struct Secret(Arc<SecretString>);

// === impl Secret ===

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(Arc::new(SecretString::from(value)))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(Arc::new(SecretString::from(value)))
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
