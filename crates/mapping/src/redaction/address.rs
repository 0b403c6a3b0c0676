//! Addresses that let in whoever has them: by a password in them, or by a parameter.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::names;
use super::text::is_opaque;

/// A parameter whose name says little is a secret when its value is as long, and opaque.
const OPAQUE_MIN: usize = 20;

/// Names that keys and one-time codes have, and many harmless things.
const AMBIGUOUS: [&str; 2] = ["key", "code"];

/// Whether an address lets in whoever has it; `rest` is all of it behind `://`.
pub fn lets_in(rest: &str) -> bool {
    // An address may hold another one, and that one's signs are escaped once or twice then.
    let once = decoded(rest);
    let twice = decoded(&once);
    [rest, &once, &twice].into_iter().any(|rest| rest.split("://").any(has_user) || has_parameter(rest))
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// Whether a password stands before the host, or a token in place of a user.
fn has_user(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').is_some_and(|(user, _)| match user.split_once(':') {
        Some((_, password)) => !password.is_empty(),
        None => user.len() >= OPAQUE_MIN && is_opaque(user.as_bytes()),
    })
}

fn has_parameter(rest: &str) -> bool {
    rest.split(['?', '&', '#', ';']).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        let opaque = || value.len() >= OPAQUE_MIN && is_opaque(value.as_bytes());
        !value.is_empty() && (names::lets_in(name) || AMBIGUOUS.contains(&name) && opaque())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_signatures_are_found_wherever_an_address_has_them() {
        for rest in [
            "user:pass@host.example",
            "u:p%40ss@host.example/path?q=1",
            ":only-a-password@cache.example:6379/0",
            "ghx_1234567890abcdefghij@code.example/repo.git",
            "proxy.example/fetch/https://user:pass@host.example/",
            "bucket.example/k?X-Amz-Signature=abc",
            "host.example/k?a=1&amp;sig=abc",
            "host.example/;jsessionid=A1B2",
            "host.example/#access_token=abc&state=1",
            "host.example/login?next=https%3A%2F%2Fother.example%2F%3Ftoken%3Dabc",
            "host.example/login?next=https%253A%252F%252Fother.example%252F%253Fapi_key%253Dabc",
            "host.example/maps?key=AIzaSyA1234567890bcdefghij",
            "host.example/callback?code=4/0AX4XfWh1234567890abcdef&state=x",
            "host.example/stream?client-secret=abc",
        ] {
            assert!(lets_in(rest), "{rest}");
        }
    }

    #[test]
    fn an_address_that_lets_nobody_in_is_found_to() {
        for rest in [
            "host.example",
            "host.example/?token=",
            "host.example/?token",
            "host.example/?token=&a=1",
            "host.example/docs?topic=token",
            "host.example/tokens?page=2#token",
            "host.example/list?pageToken=abc&limit=10",
            "host.example/shop?code=SPRING2026&key=size",
            "user@host.example/path",
            "user:@host.example",
            "host.example/@handle?at=a:b@c",
            "host.example/100%25",
        ] {
            assert!(!lets_in(rest), "{rest}");
        }
    }
}
