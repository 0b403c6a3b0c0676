//! How deliveries prove where they come from.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::secret_file::{keep, random_secret};

/// Header of Open Messaging's signature.
pub const HUB_SIGNATURE_HEADER: &str = "X-Hub-Signature-256";
/// Header of the API key that an EventBridge API destination sends.
pub const API_KEY_HEADER: &str = "x-api-key";

/// What the platforms know to prove themselves to ingest.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// API key of the EventBridge API destination, in [`API_KEY_HEADER`].
    pub eventbridge_api_key: String,
    /// Open Messaging's signing secret.
    pub open_messaging_secret: String,
    /// Bearer token that CXone Digital sends.
    pub cxone_bearer: String,
}

impl Secrets {
    /// Random secrets of 192 bits.
    #[must_use]
    pub fn random() -> Self {
        Self {
            eventbridge_api_key: random_secret(),
            open_messaging_secret: random_secret(),
            cxone_bearer: random_secret(),
        }
    }

    /// The secrets, each with the name of the file that keeps it.
    #[must_use]
    pub fn secrets(&self) -> [(&'static str, &str); 3] {
        [
            ("eventbridge-api-key", &self.eventbridge_api_key),
            ("open-messaging-secret", &self.open_messaging_secret),
            ("cxone-bearer", &self.cxone_bearer),
        ]
    }

    /// Takes each secret from its file in `directory`, or writes a random one there when the file does not exist.
    ///
    /// # Errors
    /// When a file can be neither read nor written.
    pub fn kept_in(directory: &Path) -> io::Result<Self> {
        let fresh = Self::random();
        Ok(Self {
            eventbridge_api_key: keep(directory, "eventbridge-api-key", &fresh.eventbridge_api_key)?,
            open_messaging_secret: keep(directory, "open-messaging-secret", &fresh.open_messaging_secret)?,
            cxone_bearer: keep(directory, "cxone-bearer", &fresh.cxone_bearer)?,
        })
    }
}

/// Hides everything.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// Value of [`HUB_SIGNATURE_HEADER`]: `sha256=` and the base64 of the body's HMAC-SHA256.
#[must_use]
pub fn hub_signature(secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of every length, so there is no error to report.
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mac| mac.chain_update(body).finalize());
    mac.map_or_else(|_| String::new(), |mac| format!("sha256={}", STANDARD.encode(mac.into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payload and secret of go-gcloudcx's test data; the signature was computed with an independent implementation.
    #[test]
    fn hub_signature_is_base64_over_the_raw_body() {
        let body = r#"{"id":"c327c2078ca056db130c55ce648d9fa2","channel":{"id":"73cb7fb7-c2db-4996-88f3-0a83a4fea1da","messageId":"c327c2078ca056db130c55ce648d9fa2","platform":"Open","type":"Private","to":{"id":"abcdef12345@socialmedia","idType":"Opaque"},"from":{"nickName":"Open Messaging Integration","id":"73cb7fb7-c2db-4996-88f3-0a83a4fea1da","idType":"Opaque"},"time":"2021-02-01T15:04:05.123Z"},"conversationId":"d06cb41e-f938-4dcf-b823-c8af1a39d7e5","direction":"Outbound","originatingEntity":"Human","type":"Text","text":"Hello World","content":[],"reasons":[],"relatedMessages":[]}"#;
        assert_eq!(
            hub_signature("DEADBEEF", body.as_bytes()),
            "sha256=hhpGxXJ9ES9SwiAnLRlG2Y6C6Xdne7mYVK7PGvsiGY0="
        );
    }

    #[test]
    fn secrets_survive_in_their_files() {
        let directory = tempfile::tempdir().unwrap();
        let first = Secrets::kept_in(directory.path()).unwrap();
        assert_eq!(Secrets::kept_in(directory.path()).unwrap(), first);
        assert!(!format!("{first:?}").contains(&first.cxone_bearer));
    }
}
