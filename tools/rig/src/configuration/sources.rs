//! The sections of sources, and how their deliveries are verified.

use std::fmt::Write as _;
use std::path::Path;

pub use trunkline_load::generator::{CXONE_TENANT, GENESYS_ORG};

/// A source of webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Its name, which is its kind as well.
    pub kind: &'static str,
    /// The organisation that its events belong to; none where they say so themselves.
    pub org: Option<&'static str>,
    /// How its events are put in order; none for the default.
    pub order: Option<&'static str>,
    /// How a delivery proves where it comes from; `{secrets}` stands for the folder of the secrets.
    pub verify: &'static str,
}

/// EventBridge's API destination.
pub const EVENTBRIDGE: Source = Source {
    kind: "genesys-eventbridge",
    org: None,
    order: None,
    verify: r#"method = "api_key"
header = "x-api-key"
keys = ["file:{secrets}/eventbridge-api-key"]
"#,
};

/// Genesys Open Messaging.
pub const OPEN_MESSAGING: Source = Source {
    kind: "genesys-open-messaging",
    org: Some(GENESYS_ORG),
    order: None,
    verify: r#"method = "hmac"
header = "X-Hub-Signature-256"
prefix = "sha256="
encoding = "base64"
secrets = ["file:{secrets}/open-messaging-secret"]
"#,
};

/// CXone Digital.
pub const CXONE: Source = Source {
    kind: "cxone-digital",
    org: Some(CXONE_TENANT),
    order: None,
    verify: r#"method = "bearer"
tokens = ["file:{secrets}/cxone-bearer"]
"#,
};

/// All of them.
pub const ALL: [Source; 3] = [EVENTBRIDGE, OPEN_MESSAGING, CXONE];

pub(super) fn push(text: &mut String, source: &Source, secrets: &Path) {
    let Source { kind, org, order, verify } = source;
    // Writing to a String cannot fail.
    let _ = write!(text, "\n[sources.{kind}]\nkind = \"{kind}\"\n");
    for (name, value) in [("org", org), ("order", order)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name} = \"{value}\"");
        }
    }
    let verify = verify.replace("{secrets}", &secrets.display().to_string());
    let _ = write!(text, "[sources.{kind}.verify]\n{verify}");
}
