//! What one attempt shows to be let in, and how that is kept out of what is told of its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use trunkline_config::{ExposeSecret, Secret};

/// The header of one attempt that lets it in, which is mostly `authorization`. It is kept until its answer has been
/// told: by then the source may have another password.
#[derive(Debug)]
pub(crate) struct Authorization {
    /// `None` where no header can hold it.
    header: Option<(HeaderName, HeaderValue)>,
    /// What it shows, the longest first.
    hidden: Vec<Secret>,
}

// === impl Authorization ===

impl Authorization {
    /// A user's name and password.
    pub(crate) fn basic(username: &str, password: &Secret) -> Self {
        let pair = Secret::from(STANDARD.encode(format!("{username}:{}", password.expose_secret())));
        let header = header(AUTHORIZATION, Some("Basic"), &pair);
        Self { header, hidden: vec![pair, password.clone()] }
    }

    /// A token.
    pub(crate) fn bearer(token: &Secret) -> Self {
        Self { header: header(AUTHORIZATION, Some("Bearer"), token), hidden: vec![token.clone()] }
    }

    /// A key in the header of this name, behind its scheme where there is one.
    pub(crate) fn api_key(name: &str, scheme: Option<&str>, key: &Secret) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).ok();
        Self { header: name.and_then(|name| header(name, scheme, key)), hidden: vec![key.clone()] }
    }

    /// The header, where there is one.
    pub(crate) fn header(&self) -> Option<(&HeaderName, &HeaderValue)> {
        self.header.as_ref().map(|(name, value)| (name, value))
    }

    /// A text of the system, which may echo what it was sent, without that.
    pub(crate) fn masked(&self, text: String) -> String {
        let shown = self.hidden.iter().map(|secret| secret.expose_secret()).filter(|shown| !shown.is_empty());
        shown.fold(text, |text, shown| text.replace(shown, "***"))
    }
}

fn header(name: HeaderName, scheme: Option<&str>, shown: &Secret) -> Option<(HeaderName, HeaderValue)> {
    let value = match scheme {
        Some(scheme) => HeaderValue::from_str(&format!("{scheme} {}", shown.expose_secret())),
        None => HeaderValue::from_str(shown.expose_secret()),
    };
    let mut value = value.ok()?;
    value.set_sensitive(true);
    Some((name, value))
}
