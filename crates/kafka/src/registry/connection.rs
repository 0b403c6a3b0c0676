//! HTTP to the registry: trust, credentials, paths and answers.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Method, Response, Url};
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use serde_json::Value;
use trunkline_config::{ExposeSecret, Registry, RegistryAuth, Tls};
use trunkline_http::{NotUsable, Remade};

use super::error::chain;
use super::{RegistryError, backoff};

/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest answer that is read: many times the largest schema that a registry takes.
const LONGEST_ANSWER: usize = 8 << 20;
/// Whose clients these are, as logs name it.
const NAME: &str = "registry";
/// The media type of the API.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// The part of the API that the library does not know.
pub(super) struct Connection {
    client: Remade<Client>,
    url: Url,
    auth: RegistryAuth,
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(registry: &Registry) -> Result<Self, RegistryError> {
        let settings = |reason: String| RegistryError::Settings { reason };
        let (version, made_of) = (registry.clone(), registry.clone());
        let client = Remade::new(
            NAME,
            move || version.tls_version(),
            move || Ok(builder(&made_of)?.timeout(CALL_TIMEOUT).build()?),
        )
        .map_err(unusable)?;
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
        let mut request = self.client.current().request(method, url).header("accept", MEDIA_TYPE);
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
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let Some(text) = read(answer).await? else {
            let reason = format!("more than {LONGEST_ANSWER} bytes, which are not read");
            return Err(RegistryError::of_status(status, &what, reason));
        };
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

fn unreachable(error: reqwest::Error) -> RegistryError {
    RegistryError::Unreachable { reason: chain(&error.without_url()) }
}

/// The text of an answer; nothing where it is too long.
async fn read(mut answer: Response) -> Result<Option<String>, RegistryError> {
    let announced = answer.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > LONGEST_ANSWER) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(String::from_utf8_lossy(&body).into_owned()))
}

/// The settings of `schema_registry_converter` for the same registry, made anew when a certificate or the login has
/// changed.
pub(super) fn converter_settings(registry: &Registry) -> Result<Remade<SrSettings>, RegistryError> {
    let (version, made_of) = (registry.clone(), registry.clone());
    let version = move || version.tls_version() + version.auth.version();
    Remade::new(NAME, version, move || settings_now(&made_of)).map_err(unusable)
}

fn settings_now(registry: &Registry) -> Result<SrSettings, NotUsable> {
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
        .map_err(|error| NotUsable::Client(error.cause.unwrap_or(error.error)))
}

fn unusable(error: NotUsable) -> RegistryError {
    RegistryError::Settings { reason: error.to_string() }
}

/// A client that trusts and is whom the configuration says; what `[registry]` does not say is as in `[http]`.
fn builder(registry: &Registry) -> Result<ClientBuilder, NotUsable> {
    let mut builder = trunkline_http::builder(&registry.http)?
        // The login would be carried elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        .https_only(registry.url.starts_with("https://"))
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent("trunkline");
    if let Some(Tls { ca, identity }) = &registry.tls {
        if let Some(ca) = ca {
            builder = builder.tls_certs_only(trunkline_http::authorities(ca)?);
        }
        if let Some(identity) = identity {
            builder = builder.identity(trunkline_http::identity(identity)?);
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};

    use trunkline_config::Http;

    use super::*;

    fn registry(url: String) -> Registry {
        let auth = RegistryAuth::Basic { username: "u".to_owned(), password: "s3cr3t".into() };
        Registry { url, auto_register: false, auth, tls: None, http: Http::default() }
    }

    /// A server that answers its first request with these bytes.
    fn answering(answer: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut part = [0; 4096];
            while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                let length = stream.read(&mut part).unwrap();
                asked.extend_from_slice(&part[..length]);
            }
            // The other side may have heard enough.
            let _ = stream.write_all(&answer);
        });
        address
    }

    async fn answered(answer: Vec<u8>) -> Result<Option<Value>, RegistryError> {
        let url = format!("http://{}", answering(answer));
        Connection::new(&registry(url)).unwrap().call_once(Method::GET, &["subjects"], None).await
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_that_makes_no_sense_and_nobody_is_called() {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let location = elsewhere.local_addr().unwrap();
        let head =
            format!("HTTP/1.1 307 Elsewhere\r\nlocation: http://{location}/\r\ncontent-length: 0\r\n\r\n");
        let error = answered(head.clone().into_bytes()).await.unwrap_err();
        assert!(
            matches!(&error, RegistryError::Unexpected { reason, .. } if reason.starts_with("status 307"))
        );
        let library = registry(format!("http://{}", answering(head.into_bytes())));
        let client = builder(&library).unwrap().build().unwrap();
        assert_eq!(client.get(&library.url).send().await.unwrap().status(), 307);
        assert!(elsewhere.accept().is_err(), "nobody was called there");
    }

    #[tokio::test]
    async fn a_registry_with_tls_is_never_called_without() {
        let client = builder(&registry("https://registry.example".to_owned())).unwrap().build().unwrap();
        let address = answering(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
        assert!(client.get(format!("http://{address}")).send().await.unwrap_err().is_builder());
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_not_read() {
        let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", LONGEST_ANSWER + 1);
        let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        endless.resize(endless.len() + LONGEST_ANSWER + 1, b' ');
        for answer in [announced.into_bytes(), endless] {
            let error = answered(answer).await.unwrap_err().to_string();
            assert!(error.ends_with("status 200: more than 8388608 bytes, which are not read"), "{error}");
        }
        let fits = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]".to_vec();
        assert_eq!(answered(fits).await, Ok(Some(Value::Array(Vec::new()))));
    }
}
