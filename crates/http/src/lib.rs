//! HTTP clients as `[http]` says: by which proxy, whom they trust, and who they are.
//!
//! Whoever calls something over HTTP begins here, so that one setting holds for all: targets, token endpoints, the
//! schema registry, the collector of traces. Nothing is taken from the environment.
//!
//! # Layout
//!
//! - [`builder`] and [`blocking_builder`]: a client's settings, to which the caller adds its own
//! - [`Remade`]: a client that is made anew when what it is made of has changed; [`look`] looks at all of this process
//! - [`authorities`] and [`identity`]: certificates and keys in PEM
//! - [`cause`]: what an error of the HTTP library says in the end

mod in_use;
mod pem;
mod remade;

use reqwest::{Certificate, ClientBuilder, Identity, NoProxy, Proxy};
use trunkline_config::{ExposeSecret, Http, HttpProxy};

pub use in_use::{CLIENTS, describe, look};
pub use pem::{NotUsable, authorities, identity};
pub use remade::Remade;

/// What is on this machine, which no proxy is asked for.
const THIS_MACHINE: &str = "localhost,127.0.0.0/8,::1";

/// How a client reaches others, as its builders take it.
struct Settings {
    proxy: Option<Proxy>,
    trusted: Vec<Certificate>,
    identity: Option<Identity>,
}

/// The settings of an asynchronous client.
///
/// # Errors
/// [`NotUsable`] where a file or the proxy's address cannot be used.
pub fn builder(http: &Http) -> Result<ClientBuilder, NotUsable> {
    let Settings { proxy, trusted, identity } = settings(http)?;
    // Without this, the environment would be asked for a proxy.
    let mut builder = reqwest::Client::builder().no_proxy().tls_certs_merge(trusted);
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy);
    }
    Ok(match identity {
        Some(identity) => builder.identity(identity),
        None => builder,
    })
}

/// The settings of a client that blocks its thread.
///
/// # Errors
/// Those of [`builder`].
pub fn blocking_builder(http: &Http) -> Result<reqwest::blocking::ClientBuilder, NotUsable> {
    let Settings { proxy, trusted, identity } = settings(http)?;
    let mut builder = reqwest::blocking::Client::builder().no_proxy().tls_certs_merge(trusted);
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy);
    }
    Ok(match identity {
        Some(identity) => builder.identity(identity),
        None => builder,
    })
}

/// What an error of the HTTP library says in the end: the outer ones say "error sending request" and nothing more.
/// Without the address, whose query may hold personal data.
pub fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn settings(http: &Http) -> Result<Settings, NotUsable> {
    Ok(Settings {
        proxy: http.proxy.as_ref().map(|one| proxy(one, &http.no_proxy)).transpose()?,
        trusted: http.ca.as_ref().map(authorities).transpose()?.unwrap_or_default(),
        identity: http.identity.as_ref().map(identity).transpose()?,
    })
}

fn proxy(HttpProxy { url, login }: &HttpProxy, direct: &[String]) -> Result<Proxy, NotUsable> {
    let unusable = |error| NotUsable::Proxy { url: url.clone(), reason: cause(error) };
    let mut proxy = Proxy::all(url).map_err(unusable)?;
    if let Some((username, password)) = login {
        proxy = proxy.basic_auth(username, password.current().expose_secret());
    }
    let direct = std::iter::once(THIS_MACHINE).chain(direct.iter().map(String::as_str));
    let direct: Vec<&str> = direct.collect();
    Ok(proxy.no_proxy(NoProxy::from_string(&direct.join(","))))
}
