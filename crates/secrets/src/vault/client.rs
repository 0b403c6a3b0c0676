//! The calls of Vault's API that are made. No body of an answer leaves this file unread: errors tell statuses alone.

use std::time::Duration;

use reqwest::{Client as HttpClient, Method, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use trunkline_config::{ExposeSecret, Secret, SecretHandle, Vault, VaultLogin};
use trunkline_http::{NotUsable, Remade};

use super::answer::{Entry, Grant};

/// Longest answer that is read.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Longest time to connect, within the time of a request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where a token is told what it is.
const LOOKUP_SELF: [&str; 3] = ["auth", "token", "lookup-self"];

/// Makes calls.
#[derive(Debug)]
pub(super) struct Client {
    http: Remade<HttpClient>,
    address: Url,
    namespace: Option<String>,
    timeout: Duration,
}

/// Why a call did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: Kind,
    /// What happened, without anything that was sent or received.
    pub(crate) message: String,
}

/// What kind of reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It does not let us: the login has ended, or may not do this.
    Refused,
    /// There is no such thing.
    Absent,
    /// It may be over in a moment.
    Passing,
}

// === impl Client ===

impl Client {
    /// Prepares calls (without I/O).
    ///
    /// # Errors
    /// When there can be no HTTP client, for instance because a certificate is none.
    pub(super) fn new(vault: &Vault) -> Result<Self, String> {
        let address: Url = vault.address.parse().map_err(|_| "the address is no URL".to_owned())?;
        let (version, made_of) = (vault.clone(), vault.clone());
        let version = move || version.ca.as_ref().map_or(0, SecretHandle::version);
        let http = Remade::new("Vault", version, move || http_client(&made_of));
        let http = http.map_err(|error| error.to_string())?;
        Ok(Self { http, address, namespace: vault.namespace.clone(), timeout: vault.timeout })
    }

    /// Logs in. A token is looked at.
    pub(super) async fn log_in(&self, login: &VaultLogin) -> Result<Grant, Trouble> {
        let (mount, form) = match login {
            VaultLogin::Token { token } => {
                let token = token.current();
                let body = self.call(Method::GET, &LOOKUP_SELF, Some(&token), None).await?;
                return Grant::of_token(token, &body).ok_or_else(|| unexpected(&LOOKUP_SELF));
            }
            VaultLogin::AppRole { mount, role_id, secret_id } => {
                (mount, json!({ "role_id": role_id, "secret_id": secret_id.current().expose_secret() }))
            }
            VaultLogin::Kubernetes { mount, role, jwt } => {
                (mount, json!({ "role": role, "jwt": jwt.current().expose_secret() }))
            }
        };
        let path: Vec<&str> =
            std::iter::once("auth").chain(mount.split('/')).chain(std::iter::once("login")).collect();
        let body = self.call(Method::POST, &path, None, Some(form)).await.map_err(|trouble| {
            // What a wrong role or a used-up secret id is answered with.
            let refused = trouble.kind != Kind::Passing;
            Trouble { kind: if refused { Kind::Refused } else { trouble.kind }, ..trouble }
        })?;
        Grant::read(&body).ok_or_else(|| unexpected(&path))
    }

    /// Whether a token is still one. Every token may ask that of itself, unless it lacks the policy `default`.
    pub(super) async fn is_good(&self, token: &Secret) -> Result<(), Trouble> {
        self.call(Method::GET, &LOOKUP_SELF, Some(token), None).await.map(drop)
    }

    /// Renews a login for as long as it lived first.
    pub(super) async fn renew(&self, token: &Secret) -> Result<Grant, Trouble> {
        let path = ["auth", "token", "renew-self"];
        let body = self.call(Method::POST, &path, Some(token), Some(json!({}))).await?;
        Grant::read(&body).ok_or_else(|| unexpected(&path))
    }

    /// Reads the newest version of a secret.
    pub(super) async fn read(&self, token: &Secret, mount: &str, path: &str) -> Result<Entry, Trouble> {
        let path: Vec<&str> =
            mount.split('/').chain(std::iter::once("data")).chain(path.split('/')).collect();
        let body = self.call(Method::GET, &path, Some(token), None).await?;
        Entry::read(&body).ok_or_else(|| {
            let what = "the answer is none of a key/value store of version 2".to_owned();
            Trouble { kind: Kind::Absent, message: format!("{}: {what}", named(&path)) }
        })
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        token: Option<&Secret>,
        body: Option<Value>,
    ) -> Result<Vec<u8>, Trouble> {
        let mut url = self.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each segment is percent-encoded as it is added.
            segments.pop_if_empty().push("v1").extend(path);
        }
        let mut request = self.http.current_at_once().request(method, url).header("x-vault-request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        if let Some(token) = token {
            let mut value = reqwest::header::HeaderValue::from_str(token.expose_secret()).map_err(|_| {
                Trouble { kind: Kind::Refused, message: "the token holds what no header can".to_owned() }
            })?;
            value.set_sensitive(true);
            request = request.header("x-vault-token", value);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let passing = |message: String| Trouble { kind: Kind::Passing, message };
        match tokio::time::timeout(self.timeout, exchange(request)).await {
            Ok(Ok((200..=299, body))) => Ok(body),
            Ok(Ok((status, _))) => Err(refusal(status, path)),
            Ok(Err(message)) => Err(passing(format!("Vault at {} gave no answer: {message}", self.host()))),
            Err(_elapsed) => {
                let (host, timeout) = (self.host(), self.timeout);
                Err(passing(format!("Vault at {host} did not answer within {timeout:?}")))
            }
        }
    }

    fn host(&self) -> String {
        self.address.origin().ascii_serialization()
    }
}

fn http_client(vault: &Vault) -> Result<HttpClient, NotUsable> {
    let mut builder = HttpClient::builder()
        // The token would be carried elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        // Vault is called directly. Without this, the environment would be asked for a proxy.
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        .https_only(vault.address.starts_with("https://"));
    if let Some(ca) = &vault.ca {
        builder = builder.tls_certs_only(trunkline_http::authorities(ca)?);
    }
    Ok(builder.build()?)
}

/// Status and body of an answer.
async fn exchange(request: RequestBuilder) -> Result<(u16, Vec<u8>), String> {
    let mut response: Response = request.send().await.map_err(trunkline_http::cause)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(trunkline_http::cause)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(format!("the answer is longer than {LONGEST_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// What a status other than success means.
fn refusal(status: u16, path: &[&str]) -> Trouble {
    let (kind, meaning) = match status {
        301..=308 => (Kind::Refused, "it leads elsewhere; set the address of what it leads to"),
        400 | 401 | 403 | 405 => (Kind::Refused, "check the login, its policies and the namespace"),
        404 => {
            (Kind::Absent, "there is nothing; check mount, path and namespace, and whether it was deleted")
        }
        412 => (Kind::Passing, "it is not there yet"),
        429 => (Kind::Passing, "too many requests, or a node that stands by"),
        472 | 473 => (Kind::Passing, "a node that stands by"),
        503 => (Kind::Passing, "it is sealed, or down for maintenance"),
        500.. => (Kind::Passing, "it cannot answer"),
        _ => (Kind::Refused, "it does not take this"),
    };
    Trouble { kind, message: format!("Vault answered {status} for {}: {meaning}", named(path)) }
}

fn unexpected(path: &[&str]) -> Trouble {
    let message = format!("Vault's answer for {} is not what its API says", named(path));
    Trouble { kind: Kind::Passing, message }
}

fn named(path: &[&str]) -> String {
    format!("'{}'", path.join("/"))
}
