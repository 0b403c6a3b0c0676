//! Addresses of HTTP services.

use std::net::IpAddr;

use crate::section::{Problem, Read, Value};
use crate::values::text;

/// An `http://` or `https://` URL; given without its trailing slash.
pub(crate) fn url(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    match host(&written) {
        Some(_) => Ok(written.trim_end_matches('/').to_owned()),
        None => Err(Problem::new(format!("is '{written}', must be a URL such as 'https://host:port/path'"))),
    }
}

/// A URL over which credentials travel: `https://`, or `http://` on this machine only.
pub(crate) fn private_url(value: &Value<'_>) -> Read<String> {
    let written = url(value)?;
    let private = written.starts_with("https://") || host(&written).is_some_and(is_loopback);
    if private || value.report.allow_plaintext_http {
        return Ok(written);
    }
    Err(Problem::new(format!(
        "is '{written}': credentials would travel unencrypted; use https:// \
         (or set allow_plaintext_http = true at the top for a sandbox)"
    )))
}

/// The host of a URL; `None` when it is none.
fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, port) = bracketed.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port_is_fine = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let host_is_fine = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '@');
    (port_is_fine && host_is_fine).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_urls() {
        let cases = [
            ("http://localhost:8080/a?b", Some("localhost")),
            ("https://login.mypurecloud.de", Some("login.mypurecloud.de")),
            ("http://[::1]:8080/", Some("::1")),
            ("ftp://host", None),
            ("host:8080", None),
            ("http://", None),
            ("http://host:port/", None),
            ("http://user:secret@host/", None),
        ];
        for (url, expected) in cases {
            assert_eq!(host(url), expected, "{url}");
        }
    }

    #[test]
    fn loopback_hosts() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }
}
