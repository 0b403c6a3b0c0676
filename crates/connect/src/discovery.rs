//! Where the API of a NICE CXone tenant is: its configuration document says so, and it may move.
//!
//! Pure, but for the request itself, which the caller makes.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::Value;

use crate::encode;
use crate::token::Grant;

/// Where a host has the configuration documents of its tenants.
const DOCUMENT: &str = "/.well-known/cxone-configuration";

/// What is known of where one tenant's API is.
#[derive(Debug)]
pub(crate) struct Discovery {
    host: String,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Where it was when it was last found.
    api_url: Option<String>,
    /// A token that cannot be used before it is found.
    waiting: Option<Waiting>,
}

/// A token that was issued and is good, while it is not known where to use it.
#[derive(Debug)]
struct Waiting {
    grant: Grant,
    tenant: String,
    since: Instant,
}

// === impl Discovery ===

impl Discovery {
    /// Nothing is known yet; this host has the documents.
    pub(crate) fn new(host: String) -> Self {
        Self { host, known: Mutex::default() }
    }

    /// The host that has the documents.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Where the API was when it was last found.
    pub(crate) fn known(&self) -> Option<String> {
        self.known.lock().api_url.clone()
    }

    /// The API was found: the grant leads there.
    pub(crate) fn found(&self, grant: Grant, api_url: String) -> Grant {
        self.known.lock().api_url = Some(api_url.clone());
        Grant { api_url: Some(api_url), ..grant }
    }

    /// The API was not found: the token waits for it.
    pub(crate) fn keep(&self, grant: Grant, tenant: String, now: Instant) {
        self.known.lock().waiting = Some(Waiting { grant, tenant, since: now });
    }

    /// The token that waits and its tenant, with what is left of its life; `None` when there is none, or it has ended.
    pub(crate) fn take_waiting(&self, now: Instant) -> Option<(Grant, String)> {
        let Waiting { grant, tenant, since } = self.known.lock().waiting.take()?;
        let waited = now.saturating_duration_since(since);
        let left = |life: Duration| life.checked_sub(waited).filter(|left| !left.is_zero());
        let expires_in = match grant.expires_in {
            Some(life) => Some(left(life)?),
            None => None,
        };
        Some((Grant { expires_in, ..grant }, tenant))
    }
}

/// The address of a tenant's configuration document on this host.
pub(crate) fn document_url(host: &str, tenant_id: &str) -> String {
    format!("{host}{DOCUMENT}?{}", encode::query(&[("tenantId", tenant_id)]))
}

/// The tenant that a token endpoint's answer names, in the claims of its id token or its access token.
///
/// Their signatures are not verified: the answer came from the configured issuer, and who could change it could change
/// the token as well.
pub(crate) fn tenant(answer: &Value) -> Option<String> {
    ["id_token", "access_token"].iter().find_map(|name| {
        let claims = answer.get(name)?.as_str()?.split('.').nth(1)?;
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        claims.get("tenantId")?.as_str().filter(|tenant| !tenant.is_empty()).map(str::to_owned)
    })
}

/// The API's base URL that a configuration document names. One that was read over TLS is not believed where it leads
/// away from it.
pub(crate) fn api_url(document: &[u8], with_tls: bool) -> Option<String> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let url = document.get("api_endpoint")?.as_str()?.trim_end_matches('/');
    let safe = url.starts_with("https://") || (!with_tls && url.starts_with("http://"));
    safe.then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn the_tenant_is_the_one_of_the_id_token_or_of_the_access_token() {
        let named = |name: &str| token(&json!({"tenantId": name}));
        let without = || token(&json!({"sub": "x"}));
        for (answer, expected) in [
            (json!({"id_token": named("a"), "access_token": named("b")}), Some("a")),
            (json!({"id_token": without(), "access_token": named("b")}), Some("b")),
            (json!({"access_token": named("")}), None),
            (json!({"access_token": "opaque"}), None),
            (json!({"access_token": "a.%%%.c"}), None),
            (json!({"access_token": 7}), None),
            (json!([]), None),
        ] {
            assert_eq!(tenant(&answer).as_deref(), expected, "{answer}");
        }
    }

    #[test]
    fn the_document_says_where_the_api_is_and_is_not_followed_out_of_tls() {
        for (document, with_tls, expected) in [
            (r#"{"api_endpoint":"https://api-na1.example/"}"#, true, Some("https://api-na1.example")),
            (r#"{"api_endpoint":"https://api-na1.example"}"#, false, Some("https://api-na1.example")),
            (r#"{"api_endpoint":"http://127.0.0.1:8"}"#, false, Some("http://127.0.0.1:8")),
            (r#"{"api_endpoint":"http://api-na1.example"}"#, true, None),
            (r#"{"api_endpoint":"file:///etc/passwd"}"#, false, None),
            (r#"{"api_endpoint":7}"#, false, None),
            ("{}", false, None),
            ("<html>", false, None),
        ] {
            assert_eq!(api_url(document.as_bytes(), with_tls).as_deref(), expected, "{document}");
        }
    }

    #[test]
    fn a_token_waits_for_its_api_as_long_as_it_lives() {
        let life = Duration::from_secs(60);
        for (expires_in, waited, expected) in [
            (Some(life), 20, Some(Some(Duration::from_secs(40)))),
            (Some(life), 60, None),
            (None, 20, Some(None)),
        ] {
            let (now, discovery) = (Instant::now(), Discovery::new("https://cxone.example".to_owned()));
            discovery.keep(Grant { secret: "t".into(), expires_in, api_url: None }, "a".to_owned(), now);
            let later = now + Duration::from_secs(waited);
            let taken = discovery.take_waiting(later);
            assert_eq!(taken.map(|(grant, _)| grant.expires_in), expected);
            assert!(discovery.take_waiting(later).is_none(), "it is taken once");
        }
    }

    #[test]
    fn a_tenant_stays_one_value_of_the_query() {
        assert_eq!(
            document_url("https://cxone.example", "a&b=c"),
            "https://cxone.example/.well-known/cxone-configuration?tenantId=a%26b%3Dc"
        );
    }
}
