//! What is kept of a request whose payload is put aside.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
/// Parts of header names that give away a credential, a signature or who somebody is.
const SENSITIVE: [&str; 10] =
    ["auth", "cookie", "token", "secret", "password", "key", "signature", "credential", "session", "jwt"];

/// Longest header value kept, in bytes.
const VALUE_BYTES: usize = 1_024;

/// The headers of a request, lower-case, without credentials, signatures and cookies; values of one name are joined.
/// `proof` names the header that the source is verified by.
///
/// Names are judged by what is in them, so that a proxy's own `X-Foo-Auth` is not kept either: a header too few is no
/// harm, a credential in a topic is.
pub fn kept_headers(headers: &HeaderMap, proof: Option<&str>) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let name = name.as_str();
        let sensitive = SENSITIVE.iter().any(|part| name.contains(part))
            || proof.is_some_and(|proof| proof.eq_ignore_ascii_case(name));
        if sensitive || value.is_sensitive() || value.len() > VALUE_BYTES {
            continue;
        }
        let Ok(text) = value.to_str() else { continue };
        kept.entry(name.to_owned())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(text);
            })
            .or_insert_with(|| text.to_owned());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_signatures_are_not_kept() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
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
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let kept = kept_headers(&headers, Some("X-Proof"));
        let kept: Vec<_> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(kept, [("content-type", "application/json"), ("x-forwarded-for", "192.0.2.1, 192.0.2.2")]);
    }
}
