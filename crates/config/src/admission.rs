//! Whose requests a source takes, and how many.

use crate::network::{Networks, network};
use crate::section::{Problem, Read, Section, Value};
use crate::values::{integer, list, text};

/// What a source asks of who calls, beside a proof. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// Requests come from these networks alone; `None`: from anywhere.
    pub allow_from: Option<Networks>,
    /// Requests a second that are taken once they are proven; a second's worth at once. `None`: any number.
    pub per_second: Option<u32>,
    /// Requests a second that one caller may make, proven or not. `None`: any number.
    pub per_second_per_caller: Option<u32>,
    /// Origins of the web pages that may call from a browser, such as `https://desk.example.com`; none: no page may.
    pub cors_origins: Vec<String>,
}

// === impl Admission ===

impl Admission {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let rate = |field| section.optional(field, integer(1..=1_000_000));
        Self {
            allow_from: section.optional("allow_from", list(1, network)).map(Networks::from_iter),
            per_second: rate("max_per_second"),
            per_second_per_caller: rate("max_per_second_per_caller"),
            cors_origins: section.or("cors_origins", list(1, origin), Vec::new()),
        }
    }
}

/// The origin of a page, as browsers write it: `https://desk.example.com`, with a port where it is not the usual one.
fn origin(value: &Value<'_>) -> Read<String> {
    let written = text(value)?;
    let refused = |why: &str| Err(Problem::new(format!("holds '{written}', {why}")));
    let Some((scheme, authority)) = written.split_once("://") else {
        return refused(
            "must be the origin of a page, such as \"https://desk.example.com\"; '*' would be any page",
        );
    };
    let is_plain = |host: &str| host == "localhost" || host == "127.0.0.1";
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    if host.is_empty() || !host.bytes().all(named) || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return refused("must be a scheme, a host in lower case and a port if any, without a path");
    }
    match scheme {
        "https" => Ok(written),
        "http" if is_plain(host) => Ok(written),
        _ => refused("must begin with https:// (http:// is for pages of this machine only)"),
    }
}
