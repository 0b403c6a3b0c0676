//! Payloads that become no event, and what is kept of their headers.

use std::collections::BTreeMap;

use serde_json::Value;
use trunkline_schemas::{ErrorCode, QuarantinedPayload, error_codes};

use crate::canonical;
use crate::delivery::Delivery;
use crate::difference::Difference;
use crate::outcome::{ElementOutcome, Quarantined};
use crate::payload::{Element, Unread, Unreadable};

/// Parts of header names that give away a credential, a signature or who somebody is.
const SENSITIVE: [&str; 10] =
    ["auth", "cookie", "token", "secret", "password", "key", "signature", "credential", "session", "jwt"];

/// Longest header value kept, in bytes.
const VALUE_BYTES: usize = 1_024;

/// What is kept of headers: all but credentials, signatures and cookies; values of one name are joined. Names
/// are lower-case; `proof` names, in any case, the header that the source is verified by.
///
/// Names are judged by what is in them, so that a proxy's own `X-Foo-Auth` is not kept either: a header too
/// few is no harm, a credential in a topic is.
pub fn kept_headers<'a>(
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    proof: Option<&str>,
) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let sensitive = SENSITIVE.iter().any(|part| name.contains(part))
            || proof.is_some_and(|proof| proof.eq_ignore_ascii_case(name));
        if sensitive || value.len() > VALUE_BYTES {
            continue;
        }
        kept.entry(name.to_owned())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    kept
}

/// An element that matches no schema. `version` is that of the schema that was applied; empty where none was.
pub fn unmatched(
    delivery: &Delivery<'_>,
    element: &Element<'_>,
    version: &str,
    reason: String,
    drift: Vec<Difference>,
) -> ElementOutcome {
    ElementOutcome::Quarantined(Box::new(Quarantined {
        source_type: type_name(&element.value),
        schema_version: version.to_owned(),
        drift,
        ..kept(delivery, element.bytes, error_codes::NO_SCHEMA_MATCHES, reason)
    }))
}

/// An element that could not even be read.
pub fn unreadable(delivery: &Delivery<'_>, unread: &Unread<'_>) -> ElementOutcome {
    let code = match unread.why {
        Unreadable::Empty | Unreadable::NotUtf8 { .. } | Unreadable::NotJson { .. } => error_codes::NOT_JSON,
        Unreadable::TooDeep { .. } => error_codes::NESTED_TOO_DEEP,
    };
    ElementOutcome::Quarantined(Box::new(kept(delivery, unread.bytes, code, unread.why.to_string())))
}

/// Bytes of a delivery that no event is made of, as they came, and why.
pub fn kept(delivery: &Delivery<'_>, bytes: &[u8], code: ErrorCode, reason: String) -> Quarantined {
    let payload_hash = canonical::sha256_hex(bytes);
    let payload = QuarantinedPayload {
        source: delivery.source.name.clone(),
        kind: delivery.source.kind.as_str().to_owned(),
        received_at: delivery.received_at,
        code: code.code.to_owned(),
        reason,
        content_type: delivery.content_type.clone(),
        headers: delivery.headers.clone(),
        payload: bytes.to_vec(),
        correlation_id: delivery.correlation_id.clone().unwrap_or_else(|| payload_hash.clone()),
        payload_hash,
    };
    Quarantined {
        code,
        payload,
        source_type: String::new(),
        schema_version: String::new(),
        drift: Vec::new(),
    }
}

/// The type that a payload claims to be, where it claims one.
fn type_name(payload: &Value) -> String {
    ["detail-type", "eventType", "Type", "type"]
        .iter()
        .find_map(|name| payload.get(name)?.as_str())
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_signatures_are_not_kept() {
        let headers = [
            ("content-type", "application/json"),
            ("authorization", "Bearer s3cret"),
            ("proxy-authorization", "Basic s3cret"),
            ("cookie", "sid=s3cret"),
            ("x-api-key", "s3cret"),
            ("x-hub-signature-256", "sha256=s3cret"),
            ("x-amz-security-token", "s3cret"),
            ("x-proof", "s3cret"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-for", "192.0.2.2"),
            ("x-long", &"x".repeat(VALUE_BYTES + 1)),
        ];
        let kept = kept_headers(headers.into_iter(), Some("X-Proof"));
        let kept: Vec<_> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(kept, [("content-type", "application/json"), ("x-forwarded-for", "192.0.2.1, 192.0.2.2")]);
    }
}
