//! HTTP to the registry: trust, credentials, paths and answers.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Method, Url};
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use serde_json::Value;
use trunkline_config::{ExposeSecret, Registry, RegistryAuth, TlsFiles};
use trunkline_http::NotUsable;

use super::error::chain;
use super::{RegistryError, backoff};

/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The media type of the API.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// The part of the API that the library does not know.
pub(super) struct Connection {
    client: Client,
    url: Url,
    auth: RegistryAuth,
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(registry: &Registry) -> Result<Self, RegistryError> {
        let settings = |reason: String| RegistryError::Settings { reason };
        let client =
            builder(registry)?.timeout(CALL_TIMEOUT).build().map_err(|error| settings(chain(&error)))?;
        let url: Url =
            registry.url.parse().map_err(|error| settings(format!("{}: {error}", registry.url)))?;
        if url.cannot_be_a_base() {
            return Err(settings(format!("{url} is not a URL of a server")));
        }
        Ok(Self { client, url, auth: registry.auth.clone() })
    }

    /// Asks, again where that makes sense. None stands for 404: there is no such subject or version.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> Result<Option<Value>, RegistryError> {
        backoff::retried(|| self.call_once(method.clone(), path, body.as_ref())).await
    }

    async fn call_once(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Option<Value>, RegistryError> {
        let what = path.join("/");
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each segment is percent-encoded as it is added.
            segments.pop_if_empty().extend(path);
        }
        let mut request = self.client.request(method, url).header("accept", MEDIA_TYPE);
        if let Some(body) = body {
            request = request.header("content-type", MEDIA_TYPE).body(body.to_string());
        }
        request = match &self.auth {
            RegistryAuth::None => request,
            RegistryAuth::Basic { username, password } => {
                request.basic_auth(username, Some(password.current().expose_secret()))
            }
            RegistryAuth::Bearer(token) => request.bearer_auth(token.current().expose_secret()),
        };
        let unreachable =
            |error: reqwest::Error| RegistryError::Unreachable { reason: chain(&error.without_url()) };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(unreachable)?;
        match status {
            // Some registries answer a change of settings with nothing.
            200..=299 if text.trim().is_empty() => Ok(Some(Value::Null)),
            200..=299 => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| RegistryError::Unexpected { what, reason: error.to_string() }),
            404 => Ok(None),
            _ => Err(RegistryError::of_status(status, &what, reason(&text))),
        }
    }
}

/// The settings of `schema_registry_converter` for the same registry.
pub(super) fn converter_settings(registry: &Registry) -> Result<SrSettings, RegistryError> {
    let mut settings = SrSettings::new_builder(registry.url.clone());
    settings.set_timeout(CALL_TIMEOUT);
    match &registry.auth {
        RegistryAuth::None => {}
        RegistryAuth::Basic { username, password } => {
            settings.set_basic_authorization(username, Some(password.current().expose_secret()));
        }
        RegistryAuth::Bearer(token) => {
            settings.set_token_authorization(token.current().expose_secret());
        }
    }
    settings
        .build_with(builder(registry)?)
        .map_err(|error| RegistryError::Settings { reason: error.cause.unwrap_or(error.error) })
}

/// A client that trusts and is whom the configuration says; what `[registry]` does not say is as in `[http]`.
fn builder(registry: &Registry) -> Result<ClientBuilder, RegistryError> {
    let unusable = |error: NotUsable| RegistryError::Settings { reason: error.to_string() };
    let builder = trunkline_http::builder(&registry.http).map_err(unusable)?;
    let mut builder = builder.connect_timeout(CONNECT_TIMEOUT).user_agent("trunkline");
    if let Some(TlsFiles { ca, certificate, key }) = &registry.tls {
        if let Some(ca) = ca {
            builder = builder.tls_certs_only(trunkline_http::authorities(ca).map_err(unusable)?);
        }
        if let (Some(certificate), Some(key)) = (certificate, key) {
            let identity = trunkline_http::identity(certificate, key).map_err(unusable)?;
            builder = builder.identity(identity);
        }
    }
    Ok(builder)
}

/// What a refusal says, out of the API's JSON where it is such.
fn reason(text: &str) -> String {
    let parsed = serde_json::from_str::<Value>(text).ok();
    match parsed
        .as_ref()
        .and_then(|answer| Some((answer["message"].as_str()?, answer["error_code"].as_u64()?)))
    {
        Some((message, code)) => format!("{message} ({code})"),
        None => text.chars().take(200).collect(),
    }
}
