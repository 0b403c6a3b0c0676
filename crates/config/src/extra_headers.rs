//! `[targets.NAME.headers]`: what a target's gateway wants to see in every request.

use std::collections::BTreeMap;

use crate::section::{Problem, Read, Section, Value};
use crate::values::{header, text};

/// Headers that a request has by itself, or that say where it goes and how long it is.
const OWN: [&str; 18] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Parts of the names of headers that hold secrets.
const SECRET: [&str; 5] = ["key", "password", "secret", "token", "session"];

/// The headers, by name in lower case.
pub(crate) fn read(section: &Section<'_>) -> BTreeMap<String, String> {
    let written = section.map("headers", |value| {
        let value = text(value)?;
        match value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            true => Ok(value),
            false => Err(Problem::new("may hold printable ASCII characters only")),
        }
    });
    let mut headers = BTreeMap::new();
    for (name, value) in written {
        let lower = name.to_ascii_lowercase();
        if let Some(why) = wrong(&lower) {
            section.refuse_at(&["headers", &name], &format!("header '{name}' {why}"));
        }
        headers.insert(lower, value);
    }
    headers
}

/// The name of the header that an API wants its key in, in lower case.
pub(crate) fn header_of_key(value: &Value<'_>) -> Read<String> {
    let lower = header(value)?.to_ascii_lowercase();
    match lower != "authorization" && OWN.contains(&lower.as_str()) {
        true => Err(Problem::new(format!("is '{lower}', which requests have for something else"))),
        false => Ok(lower),
    }
}

/// What is wrong with a header's name, in lower case.
fn wrong(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        Some("is no header name: it may hold letters, digits, '-' and '_'")
    } else if OWN.contains(&name) {
        Some("cannot be set: requests have their own")
    } else if SECRET.iter().any(|part| name.contains(part)) {
        Some("looks like a secret, which has no place in this file")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_headers_can_be_set() {
        for (name, allowed) in [
            ("sap-client", true),
            ("sforce-query-options", true),
            ("accept-language", true),
            ("authorization", false),
            ("host", false),
            ("x-api-key", false),
            ("x-csrf-token", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(wrong(name).is_none(), allowed, "{name}");
        }
    }
}
