//! Addresses of HTTP services.

use ::url::{Host, Url};

use crate::section::{Problem, Read, Value};
use crate::values::text;

/// An `http://` or `https://` URL; given without its trailing slash.
pub(crate) fn url(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    match parsed(&written) {
        Some(_) => Ok(written.trim_end_matches('/').to_owned()),
        None => Err(Problem::new(format!("is '{written}', must be a URL such as 'https://host:port/path'"))),
    }
}

/// A URL that is called: `https://`, or `http://` on this machine only, unless `insecure` allows more.
pub(crate) fn private_url(value: &Value<'_>) -> Read<String> {
    let written = url(value)?;
    if written.starts_with("https://") || is_loopback(&written) {
        return Ok(written);
    }
    if value.insecure {
        value.report.note_plaintext(written.clone());
        return Ok(written);
    }
    Err(Problem::new(format!(
        "is '{written}': what is sent there would travel unencrypted; use https:// \
         (or set insecure = true in this section, or at the top for a sandbox)"
    )))
}

/// The address of a proxy: scheme, host and port, and nothing behind them.
pub(crate) fn proxy_url(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    let bare = |url: Url| url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    match parsed(&written).is_some_and(bare) {
        true => Ok(written.trim_end_matches('/').to_owned()),
        false => Err(Problem::new(format!(
            "is '{written}', must be the address of a proxy such as 'http://proxy.example:3128' (its user and password \
             have fields of their own), or \"direct\""
        ))),
    }
}

/// Scheme, host and port of a URL.
pub(crate) fn origin(url: &str) -> Option<String> {
    Some(parsed(url)?.origin().ascii_serialization())
}

/// Whether a URL points at this machine: what goes there needs no TLS and no proxy.
pub fn is_loopback(url: &str) -> bool {
    match parsed(url).as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A URL of an HTTP service; `None` when it is none, or names a user: credentials have fields of their own.
fn parsed(written: &str) -> Option<Url> {
    // The parser would take `http:host` and `HTTP://host` as well; those who read the scheme later would not.
    if !(written.starts_with("http://") || written.starts_with("https://")) {
        return None;
    }
    let url = Url::parse(written).ok()?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    (anonymous && url.port() != Some(0)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_http_services() {
        for (url, host) in [
            ("http://localhost:8080/a?b", Some("localhost")),
            ("https://login.mypurecloud.de", Some("login.mypurecloud.de")),
            ("http://[::1]:8080/", Some("[::1]")),
            ("ftp://host", None),
            ("host:8080", None),
            ("http://", None),
            ("http://host:port/", None),
            ("http://host:0/", None),
            ("http://user:secret@host/", None),
            ("HTTP://host", None),
            ("http:host", None),
            ("http://a b/", None),
        ] {
            assert_eq!(parsed(url).as_ref().and_then(Url::host_str), host, "{url}");
        }
    }

    #[test]
    fn urls_of_this_machine() {
        for (url, expected) in [
            ("http://localhost:1", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:8080/x", true),
            ("http://10.0.0.1", false),
            ("https://login.mypurecloud.com", false),
            ("https://127.0.0.1.example.com", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
    }
}
