//! How the bytes of a key are written in a secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How the bytes of a key are written in a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// As they are: the text is the key.
    Text,
    /// Hexadecimal digits in lower or upper case.
    Hex,
    /// Base64 in the standard alphabet, padded.
    Base64,
    /// A secret of Standard Webhooks: base64, behind `whsec_` or without it.
    WebhookSecret,
    /// A public key of Standard Webhooks: the 32 bytes of an Ed25519 key in base64, behind `whpk_` or without it.
    WebhookPublicKey,
}

/// Bytes of an Ed25519 public key (RFC 8032, section 5.1.5).
const ED25519_BYTES: usize = 32;

// === impl KeyEncoding ===

impl KeyEncoding {
    /// The key's bytes.
    ///
    /// # Errors
    /// What the text is instead of such a key, as the end of a sentence, and nothing of the text.
    pub fn decode(self, text: &str) -> Result<Vec<u8>, &'static str> {
        let base64 = |prefix: &str| STANDARD.decode(text.strip_prefix(prefix).unwrap_or(text)).ok();
        let (bytes, wrong) = match self {
            Self::Text => (Some(text.as_bytes().to_vec()), "an empty secret"),
            Self::Hex => (hex::decode(text).ok(), "what is no key in hexadecimal digits"),
            Self::Base64 => (base64(""), "what is no key in base64"),
            Self::WebhookSecret => {
                (base64("whsec_"), "what is no secret of Standard Webhooks ('whsec_' and base64)")
            }
            Self::WebhookPublicKey => (
                base64("whpk_").filter(|key| key.len() == ED25519_BYTES),
                "what is no public key of Standard Webhooks ('whpk_' and 32 bytes in base64)",
            ),
        };
        bytes.filter(|bytes| !bytes.is_empty()).ok_or(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written_and_nothing_else_is_one() {
        use KeyEncoding::{Base64, Hex, Text, WebhookPublicKey, WebhookSecret};
        let ed25519 = format!("whpk_{}", STANDARD.encode([7; 32]));
        for (encoding, text, key) in [
            (Text, "aGk=", Some(&b"aGk="[..])),
            (Text, "", None),
            (Hex, "6869", Some(b"hi")),
            (Hex, "686", None),
            (Base64, "aGk=", Some(b"hi")),
            (Base64, "aGk", None),
            (Base64, "whsec_aGk=", None),
            (WebhookSecret, "whsec_aGk=", Some(b"hi")),
            (WebhookSecret, "aGk=", Some(b"hi")),
            (WebhookSecret, "whsec_", None),
            (WebhookSecret, "whpk_aGk=", None),
            (WebhookPublicKey, &ed25519, Some(&[7; 32])),
            (WebhookPublicKey, "whpk_aGk=", None),
        ] {
            assert_eq!(encoding.decode(text).ok().as_deref(), key, "{encoding:?} {text}");
        }
    }
}
