//! Asking a token endpoint for a token, with what the kind of login shows.
//!
//! The body of an answer never leaves this file: it holds the token, and errors may echo what was sent.

use std::time::{Duration, Instant};

use chrono::DateTime;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use trunkline_config::{self as config, ExposeSecret, Proof, Secret, SecretHandle, Target, TokenLogin};
use trunkline_http::{NotUsable, Remade};
use trunkline_schemas::percent;
use trunkline_systems::ClientAuthentication;

use crate::assertion::Assertions;
use crate::discovery::{self, Discovery};
use crate::feedback;
use crate::token::Grant;
use crate::wire::{self, RawAnswer};

/// Longest OAuth error code believed to be one.
const LONGEST_CODE: usize = 64;

/// No token is believed to live longer than a year.
const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Longest time that callers wait for what an issuer says about a token: it is used unasked after that.
const INTROSPECTION_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest answer of an issuer that is read: a token and a few names beside it.
const LONGEST_ANSWER: usize = 256 * 1024;

/// Where and with what to ask.
#[derive(Debug)]
pub(crate) struct TokenEndpoint {
    client: Remade<Client>,
    url: String,
    shown: Shown,
    scope: Option<String>,
    /// Where the issuer is asked about tokens.
    introspection_url: Option<String>,
    /// Longest time one request may take.
    timeout: Duration,
}

/// What is shown.
#[derive(Debug)]
enum Shown {
    Client(config::Client),
    Assertion(Assertions),
    AccessKey(AccessKey),
}

/// An access key of NICE CXone.
#[derive(Debug)]
struct AccessKey {
    client: config::Client,
    id: String,
    secret: SecretHandle,
    tenant_id: Option<String>,
    /// Where the tenant's API is found; `None` where the configuration says.
    discovery: Option<Discovery>,
}

/// Why an endpoint cannot be set up.
#[derive(Debug)]
pub(crate) enum NotSetUp {
    /// There is no HTTP client.
    Client(NotUsable),
    /// The private key cannot sign.
    PrivateKey(String),
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
    /// The login was taken and a token issued; what it lacks is the address of its API.
    pub(crate) issued: bool,
}

// === impl TokenEndpoint ===

impl TokenEndpoint {
    /// The endpoint of a login; the target's `base_url` is where a tenant's API may be discovered. Does no I/O.
    ///
    /// # Errors
    /// When there is no HTTP client, or the private key cannot sign.
    pub(crate) fn new(login: &TokenLogin, target: &Target) -> Result<Self, NotSetUp> {
        let shown = match login.proof.clone() {
            Proof::Client(client) => Shown::Client(client),
            Proof::Assertion { client_id, username, audience, private_key } => {
                let assertions = Assertions::new(client_id, username, audience, private_key);
                Shown::Assertion(assertions.map_err(NotSetUp::PrivateKey)?)
            }
            Proof::AccessKey { client, id, secret, tenant_id, discovers_api } => {
                let discovery = discovers_api.then(|| Discovery::new(target.base_url.clone()));
                Shown::AccessKey(AccessKey { client, id, secret, tenant_id, discovery })
            }
        };
        let introspection_url = login.introspection.as_ref().map(|introspection| introspection.url.clone());
        // One of them may be on this machine, behind a proxy of its own for instance, and the other beyond.
        let mut urls = std::iter::once(&login.token_url).chain(&introspection_url);
        let client = wire::remade_client(target, urls.all(|url| url.starts_with("https://")));
        let client = client.map_err(NotSetUp::Client)?;
        let (url, scope, timeout) = (login.token_url.clone(), login.scope.clone(), target.timeout);
        Ok(Self { client, url, shown, scope, introspection_url, timeout })
    }

    /// Asks once. A token whose tenant's API was not found is kept: the next time, only the API is looked for.
    pub(crate) async fn fetch(&self, now: Instant) -> Result<Grant, Refusal> {
        let Shown::AccessKey(AccessKey { tenant_id, discovery: Some(discovery), .. }) = &self.shown else {
            return Ok(self.ask_for_token().await?.0);
        };
        let kept = discovery.take_waiting(now);
        let (grant, tenant) = match kept {
            Some(kept) => kept,
            None => {
                let (grant, body, status) = self.ask_for_token().await?;
                let without = || Refusal {
                    status: Some(status),
                    code: None,
                    message: "the token names no tenant".to_owned(),
                    issued: true,
                };
                (grant, tenant_id.clone().or_else(|| discovery::tenant(&body)).ok_or_else(without)?)
            }
        };
        match self.discover(discovery.host(), &tenant).await {
            Ok(api_url) => Ok(discovery.found(grant, api_url)),
            Err(refusal) => match discovery.known() {
                Some(api_url) => {
                    tracing::warn!(
                        status = refusal.status,
                        "{}; the API stays where it was",
                        refusal.message
                    );
                    Ok(Grant { api_url: Some(api_url), ..grant })
                }
                None => {
                    discovery.keep(grant, tenant, now);
                    let message = format!("a token was issued, but {}", refusal.message);
                    Err(Refusal { message, issued: true, ..refusal })
                }
            },
        }
    }

    /// The grant, with the answer that it comes from and its status.
    async fn ask_for_token(&self) -> Result<(Grant, Value, u16), Refusal> {
        let answer = self.ask("the token endpoint", self.request()?, self.timeout).await?;
        let malformed =
            || Refusal::of(&answer, "the token endpoint's answer holds no access token".to_owned());
        let body: Value = serde_json::from_slice(&answer.body).map_err(|_| malformed())?;
        let grant = grant(&body, self.speaks_tls()).ok_or_else(malformed)?;
        Ok((grant, body, answer.status))
    }

    /// Whether the issuer calls a token good (RFC 7662).
    ///
    /// # Errors
    /// When it does not say so.
    pub(crate) async fn is_active(&self, token: &Secret) -> Result<bool, Refusal> {
        let (Some(url), Shown::Client(client) | Shown::AccessKey(AccessKey { client, .. })) =
            (&self.introspection_url, &self.shown)
        else {
            return Ok(true);
        };
        let form = vec![("token", token.expose_secret()), ("token_type_hint", "access_token")];
        let secret = client.secret.current();
        let (request, form) = authenticated(self.client.current().post(url), form, client, &secret);
        let within = self.timeout.min(INTROSPECTION_TIMEOUT);
        let answer = self.ask("the introspection endpoint", request.form(&form), within).await?;
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let active = body.as_ref().and_then(|body| body.get("active")?.as_bool());
        active.ok_or_else(|| {
            Refusal::of(&answer, "the introspection endpoint's answer says nothing".to_owned())
        })
    }

    async fn discover(&self, host: &str, tenant: &str) -> Result<String, Refusal> {
        let request = self.client.current().get(discovery::document_url(host, tenant));
        let answer = self.ask("the tenant's configuration document", request, self.timeout).await?;
        let wrong = "the tenant's configuration document names no API".to_owned();
        discovery::api_url(&answer.body, self.speaks_tls()).ok_or_else(|| Refusal::of(&answer, wrong))
    }

    /// Sends one request, and gives the answer when it is a success.
    async fn ask(&self, whom: &str, request: RequestBuilder, within: Duration) -> Result<RawAnswer, Refusal> {
        let answer = match tokio::time::timeout(within, wire::exchange(request, LONGEST_ANSWER)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(no_answer)) => return Err(Refusal::unanswered(format!("{whom}: {}", no_answer.message))),
            Err(_elapsed) => {
                return Err(Refusal::unanswered(format!("{whom} did not answer within {within:?}")));
            }
        };
        if let (Shown::Assertion(assertions), Some(issuers_now)) = (&self.shown, date(&answer.headers)) {
            assertions.issuer_showed(issuers_now, wire::unix_seconds());
        }
        if let Some(message) = wire::astray(&answer, false) {
            return Err(Refusal::of(&answer, format!("{whom} {message}")));
        }
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(Refusal {
            code: error_code(&answer.body),
            ..Refusal::of(&answer, format!("{whom} answered {}", answer.status))
        })
    }

    fn request(&self) -> Result<RequestBuilder, Refusal> {
        let request = self.client.current().post(&self.url);
        let scope = self.scope.as_deref().map(|scope| ("scope", scope));
        // Of this moment: the next request may show others.
        let (client_secret, key_secret);
        let (request, mut form) = match &self.shown {
            Shown::Client(client) => {
                client_secret = client.secret.current();
                let form = vec![("grant_type", "client_credentials")];
                authenticated(request, form, client, &client_secret)
            }
            Shown::AccessKey(key) => {
                (client_secret, key_secret) = (key.client.secret.current(), key.secret.current());
                let (id, secret) = (key.id.as_str(), key_secret.expose_secret());
                let form = vec![("grant_type", "password"), ("username", id), ("password", secret)];
                authenticated(request, form, &key.client, &client_secret)
            }
            Shown::Assertion(assertions) => {
                let assertion = assertions.sign(wire::unix_seconds()).map_err(|reason| {
                    Refusal::unanswered(format!("the private key signs no assertion: {reason}"))
                })?;
                let grant_type = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                let form = [grant_type, ("assertion", assertion.expose_secret())];
                return Ok(request.form(&form.into_iter().chain(scope).collect::<Vec<_>>()));
            }
        };
        form.extend(scope);
        Ok(request.form(&form))
    }

    /// Grows whenever a secret changes that is shown here.
    pub(crate) fn secrets_version(&self) -> u64 {
        match &self.shown {
            Shown::Client(client) => client.secret.version(),
            Shown::Assertion(assertions) => assertions.key_version(),
            Shown::AccessKey(key) => key.client.secret.version() + key.secret.version(),
        }
    }

    fn speaks_tls(&self) -> bool {
        self.url.starts_with("https://")
    }
}

/// A request in which the client shows itself.
fn authenticated<'a>(
    request: RequestBuilder,
    mut form: Vec<(&'static str, &'a str)>,
    client: &'a config::Client,
    secret: &'a Secret,
) -> (RequestBuilder, Vec<(&'static str, &'a str)>) {
    let (id, secret) = (client.id.as_str(), secret.expose_secret());
    match client.authentication {
        ClientAuthentication::Form => {
            form.extend([("client_id", id), ("client_secret", secret)]);
            (request, form)
        }
        ClientAuthentication::Header => (request.basic_auth(id, Some(secret)), form),
        ClientAuthentication::EncodedHeader => {
            (request.basic_auth(percent::encode(id), Some(percent::encode(secret))), form)
        }
    }
}

/// The issuer's clock, in Unix seconds.
fn date(headers: &HeaderMap) -> Option<i64> {
    Some(DateTime::parse_from_rfc2822(feedback::text(headers, "date")?).ok()?.timestamp())
}

/// Reads a grant. CXone's older endpoints have other names for the same fields, and some issuers write
/// numbers as text. A life of nothing is one that is not told.
///
/// Where Salesforce wants to be called is believed only where TLS protects its answer, so that nothing leaves a
/// loopback set-up.
fn grant(body: &Value, with_tls: bool) -> Option<Grant> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let token = text("access_token").or_else(|| text("token"))?;
    let seconds = |name: &str| {
        let value = body.get(name)?;
        value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
    };
    let life = |seconds| Duration::try_from_secs_f64(seconds).ok().map(|life| life.min(LONGEST_LIFE));
    let expires_in = seconds("expires_in").or_else(|| seconds("tokenExpirationTimeSec")).and_then(life);
    let instance = text("instance_url").filter(|url| with_tls && url.starts_with("https://"));
    Some(Grant {
        secret: Secret::from(token),
        expires_in: expires_in.filter(|life| !life.is_zero()),
        api_url: instance.map(|url| url.trim_end_matches('/').to_owned()),
    })
}

/// The OAuth error code, if it looks like one: anything else could be an echo of what was sent.
fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = body.get("error").and_then(Value::as_str)?;
    let plain = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (plain && !code.is_empty() && code.len() <= LONGEST_CODE).then(|| code.to_owned())
}

// === impl Refusal ===

impl Refusal {
    fn unanswered(message: String) -> Self {
        Self { status: None, code: None, message, issued: false }
    }

    fn of(answer: &RawAnswer, message: String) -> Self {
        Self { status: Some(answer.status), code: None, message, issued: false }
    }

    /// Whether the issuer, or who is asked for it, refuses our login: time alone does not help.
    pub(crate) fn is_of_login(&self) -> bool {
        !self.issued && self.status.is_some_and(|status| (400..500).contains(&status) && status != 429)
    }

    /// What happened and what to check, for people.
    pub(crate) fn told(&self) -> String {
        let code = self.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        format!("{}{code}; {}", self.message, self.what_to_check())
    }

    fn what_to_check(&self) -> &'static str {
        match self.code.as_deref() {
            _ if self.issued => {
                "check tenant_id, or set base_url to the tenant's API; the login itself is right"
            }
            Some("invalid_scope") => "check its scope, and what the client may ask for",
            Some("invalid_grant") => {
                "check the user or access key, the audience and certificate of an assertion, and that the client is \
                 approved for that user"
            }
            Some("unauthorized_client" | "unsupported_grant_type") => {
                "check that its client may log in this way, and see 'login'"
            }
            _ if self.status.is_none() => "check its token_url, and what stands between",
            _ if !self.is_of_login() => "it is asked again",
            _ => "check its token_url and credentials",
        }
    }
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
            (r#"{"access_token":"e","expires_in":30.0,"instance_url":"http://plain"}"#, "e", Some(30), None),
            (r#"{"access_token":"f","expires_in":0}"#, "f", None, None),
            (r#"{"access_token":"g","expires_in":-1}"#, "g", None, None),
            (r#"{"access_token":"h","expires_in":1e300}"#, "h", None, None),
            (r#"{"access_token":"i","expires_in":99999999999}"#, "i", Some(LONGEST_LIFE.as_secs()), None),
        ] {
            let grant = grant(&serde_json::from_str(body).unwrap(), true).unwrap();
            assert_eq!(grant.secret.expose_secret(), token);
            assert_eq!(grant.expires_in, seconds.map(Duration::from_secs), "{body}");
            assert_eq!(grant.api_url.as_deref(), instance);
        }
        for body in ["{}", r#"{"access_token":""}"#, r#"{"access_token":7}"#, "[]", "null"] {
            assert!(grant(&serde_json::from_str(body).unwrap(), true).is_none(), "{body}");
        }
        let on_loopback =
            serde_json::json!({"access_token": "t", "instance_url": "https://na1.salesforce.com"});
        assert_eq!(grant(&on_loopback, false).unwrap().api_url, None);
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
