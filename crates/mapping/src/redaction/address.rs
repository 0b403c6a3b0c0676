//! Addresses that let in whoever has them: by a password in them, or by a parameter.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::names;
use super::text::is_opaque;

/// A parameter whose name says little is a secret when its value is as long, and opaque.
const OPAQUE_MIN: usize = 20;

/// A step of a path that says little is a secret when it is as long, and opaque.
const STEP_MIN: usize = 16;

/// The part of it that is.
const PART_MIN: usize = 12;

/// Names that keys and one-time codes have, and many harmless things.
const AMBIGUOUS: [&str; 4] = ["key", "code", "auth", "ticket"];

/// Steps of a path behind which another one lets in whoever has it, in lower case.
const DOORS: [&str; 5] = ["reset", "reset-password", "password-reset", "magic", "magic-link"];

/// The same, but for a UUID, which names things there.
const DOORS_OF_THINGS: [&str; 4] = ["webhooks", "incomingwebhook", "services", "channels"];

/// Whether an address lets in whoever has it; `scheme` may be empty, and `rest` is all of it behind `://`.
pub fn lets_in(scheme: &str, rest: &str) -> bool {
    // An address may hold another one, and that one's signs are escaped once or twice then.
    let once = decoded(rest);
    let twice = decoded(&once);
    let is_socket = ["ws", "wss"].iter().any(|socket| scheme.eq_ignore_ascii_case(socket));
    [rest, &once, &twice].into_iter().any(|rest| {
        rest.split("://").any(|rest| has_user(rest) || has_step(rest, is_socket)) || has_parameter(rest)
    })
}

/// Whether a step of the path is what lets in: of a socket's address any opaque one, else one behind a word that says
/// so.
fn has_step(rest: &str, is_socket: bool) -> bool {
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    let (mut behind_door, mut behind_thing) = (false, is_socket);
    path.split('/').skip(1).any(|step| {
        let found = behind_door && is_random(step) || behind_thing && is_random(step) && !is_uuid(step);
        let is = |doors: &[&str]| doors.iter().any(|door| step.eq_ignore_ascii_case(door));
        behind_door |= is(&DOORS);
        behind_thing |= is(&DOORS_OF_THINGS);
        found
    })
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

/// Whether a long step has a part as a machine writes it: words and numbers with hyphens between them are a title.
fn is_random(step: &str) -> bool {
    let mut parts = step.split(|char: char| !char.is_ascii_alphanumeric());
    step.len() >= STEP_MIN && parts.any(|part| part.len() >= PART_MIN && is_opaque(part.as_bytes()))
}

fn is_uuid(step: &str) -> bool {
    step.len() == 36 && uuid::Uuid::try_parse(step).is_ok()
}

fn has_parameter(rest: &str) -> bool {
    rest.split(['?', '&', '#', ';']).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        let opaque = || value.len() >= OPAQUE_MIN && is_opaque(value.as_bytes());
        !value.is_empty() && (names::lets_in(name) || AMBIGUOUS.contains(&name) && opaque())
    })
}

#[cfg(test)]
mod tests {
    fn lets_in(rest: &str) -> bool {
        super::lets_in("https", rest)
    }

    #[test]
    fn a_path_may_be_what_lets_in() {
        for (scheme, rest) in [
            ("wss", "streaming.example/channels/streaming-0-abcdef0123456789abcd"),
            ("WSS", "host.example/ws/abcdef0123456789"),
            ("https", "streaming.example/channels/streaming-0-abcdef0123456789abcd"),
            ("https", "hooks.example/services/T0/B0/a1b2c3d4e5f6g7h8"),
            ("https", "host.example/reset/0123456789abcdef0123?x=1"),
            ("https", "host.example/reset-password/c0a80101-0000-4000-8000-0a1b2c3d4e5f"),
            ("https", "host.example/api/webhooks/12/Ab1Cd2Ef3Gh4Ij5Kl6"),
            ("", "host.example/k?X-Amz-Signature=abc"),
            ("wss", "host.example/ws?auth=abcdef012345678901234"),
            ("https", "host.example/login?ticket=ST-1234567890-abcdef"),
        ] {
            assert!(super::lets_in(scheme, rest), "{scheme} {rest}");
        }
        for (scheme, rest) in [
            ("https", "host.example/conversations/c0a80101-0000-4000-8000-0000000000c1"),
            ("https", "host.example/api/channels/c0a80101-0000-4000-8000-0a1b2c3d4e5f/messages"),
            ("https", "host.example/webhooks/c0a80101-0000-4000-8000-0a1b2c3d4e5f/deliveries"),
            ("wss", "host.example/rooms/c0a80101-0000-4000-8000-0a1b2c3d4e5f"),
            ("https", "host.example/channels/general"),
            ("wss", "host.example/channels/general?x=1"),
            ("https", "host.example/support?ticket=4711&auth=none"),
            ("https", "host.example/services/consulting-and-more"),
            ("https", "host.example/services/2026-annual-report"),
        ] {
            assert!(!super::lets_in(scheme, rest), "{scheme} {rest}");
        }
    }

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
