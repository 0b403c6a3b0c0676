//! Asking a token endpoint for a token: OAuth 2.0 client credentials.
//!
//! The body of an answer never leaves this file: it holds the token, and errors may echo what was sent.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use trunkline_config::{ExposeSecret, Secret};
use trunkline_systems::ClientAuthentication;

use crate::token::Grant;
use crate::wire;

/// Longest OAuth error code believed to be one.
const LONGEST_CODE: usize = 64;

/// Where and as whom to ask.
#[derive(Debug, Clone)]
pub(crate) struct TokenEndpoint {
    pub(crate) authentication: ClientAuthentication,
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    /// Longest time one request may take.
    pub(crate) timeout: Duration,
}

/// No token was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its HTTP status, if it answered.
    pub(crate) status: Option<u16>,
    /// Its OAuth error code, if it named one.
    pub(crate) code: Option<String>,
    /// What happened, without what was sent or received.
    pub(crate) message: String,
}

// === impl TokenEndpoint ===

impl TokenEndpoint {
    /// Asks once.
    pub(crate) async fn fetch(&self) -> Result<Grant, Refusal> {
        let exchange = wire::exchange(self.request());
        let answer = match tokio::time::timeout(self.timeout, exchange).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(no_answer)) => {
                return Err(Refusal { status: None, code: None, message: no_answer.message });
            }
            Err(_elapsed) => {
                let message = format!("the token endpoint did not answer within {:?}", self.timeout);
                return Err(Refusal { status: None, code: None, message });
            }
        };
        if !(200..300).contains(&answer.status) {
            let message = format!("the token endpoint answered {}", answer.status);
            return Err(Refusal { status: Some(answer.status), code: error_code(&answer.body), message });
        }
        grant(&answer.body).ok_or_else(|| Refusal {
            status: Some(answer.status),
            code: None,
            message: "the token endpoint's answer holds no access token".to_owned(),
        })
    }

    fn request(&self) -> RequestBuilder {
        let secret = self.client_secret.expose_secret();
        let request = self.client.post(&self.url);
        match self.authentication {
            ClientAuthentication::Form => request.form(&[
                ("grant_type", "client_credentials"),
                ("client_id", &self.client_id),
                ("client_secret", secret),
            ]),
            ClientAuthentication::Header => request
                .basic_auth(&self.client_id, Some(secret))
                .form(&[("grant_type", "client_credentials")]),
        }
    }
}

/// Reads a grant. CXone's older endpoints have other names for the same fields, and some issuers write
/// numbers as text.
fn grant(body: &[u8]) -> Option<Grant> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let token = text("access_token").or_else(|| text("token"))?;
    let seconds = |name: &str| {
        let value = body.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
    };
    let expires_in = seconds("expires_in").or_else(|| seconds("tokenExpirationTimeSec"));
    Some(Grant {
        secret: Secret::from(token),
        expires_in: expires_in.map(Duration::from_secs),
        instance_url: text("instance_url").map(|url| url.trim_end_matches('/').to_owned()),
    })
}

/// The OAuth error code, if it looks like one: anything else could be an echo of what was sent.
fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = body.get("error").and_then(Value::as_str)?;
    let plain = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (plain && !code.is_empty() && code.len() <= LONGEST_CODE).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_of_all_issuers_are_read() {
        for (body, token, seconds, instance) in [
            (r#"{"access_token":"a","expires_in":86400,"token_type":"bearer"}"#, "a", Some(86_400), None),
            (r#"{"access_token":"b","expires_in":"1799"}"#, "b", Some(1_799), None),
            (r#"{"token":"c","refreshToken":"r","tokenExpirationTimeSec":3600}"#, "c", Some(3_600), None),
            (
                r#"{"access_token":"d","instance_url":"https://na1.salesforce.com/","issued_at":"1278448832702"}"#,
                "d",
                None,
                Some("https://na1.salesforce.com"),
            ),
        ] {
            let grant = grant(body.as_bytes()).unwrap();
            assert_eq!(grant.secret.expose_secret(), token);
            assert_eq!(grant.expires_in, seconds.map(Duration::from_secs));
            assert_eq!(grant.instance_url.as_deref(), instance);
        }
        for body in ["", "{}", r#"{"access_token":""}"#, r#"{"access_token":7}"#, "<html>"] {
            assert!(grant(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn only_plain_error_codes_are_passed_on() {
        assert_eq!(error_code(br#"{"error":"invalid_client"}"#).as_deref(), Some("invalid_client"));
        for body in
            [r#"{"error":"secret S3cr3t is wrong"}"#, r#"{"error":{"code":1}}"#, "<html>", r#"{"error":""}"#]
        {
            assert_eq!(error_code(body.as_bytes()), None, "{body}");
        }
    }
}
