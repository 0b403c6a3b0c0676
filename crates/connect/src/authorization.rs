//! What one attempt shows to be let in, and how that is kept out of what is told of its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use trunkline_config::{ExposeSecret, Secret};

/// The header `authorization` of one attempt. It is kept until its answer has been told: by then the source may have
/// another password.
#[derive(Debug)]
pub(crate) struct Authorization {
    /// `None` where no header can hold it.
    header: Option<HeaderValue>,
    /// What it shows, the longest first.
    hidden: Vec<Secret>,
}

// === impl Authorization ===

impl Authorization {
    /// A user's name and password.
    pub(crate) fn basic(username: &str, password: &Secret) -> Self {
        let pair = Secret::from(STANDARD.encode(format!("{username}:{}", password.expose_secret())));
        Self { header: header("Basic", &pair), hidden: vec![pair, password.clone()] }
    }

    /// A token.
    pub(crate) fn bearer(token: &Secret) -> Self {
        Self { header: header("Bearer", token), hidden: vec![token.clone()] }
    }

    /// The header, where there is one.
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        self.header.as_ref()
    }

    /// A text of the system, which may echo what it was sent, without that.
    pub(crate) fn masked(&self, text: String) -> String {
        let shown = self.hidden.iter().map(|secret| secret.expose_secret()).filter(|shown| !shown.is_empty());
        shown.fold(text, |text, shown| text.replace(shown, "***"))
    }
}

fn header(scheme: &str, shown: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {}", shown.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}
