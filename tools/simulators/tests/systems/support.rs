//! What the tests of all systems use.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trunkline_simulators::http::Call;

/// A time to pass to simulators; UTC milliseconds, the beginning of an hour.
pub(crate) const NOW: i64 = 1_795_003_200_000;

/// A Basic `Authorization` header.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// The same request with a form as its body.
pub(crate) fn form(call: Call, body: &str) -> Call {
    call.with_body("application/x-www-form-urlencoded", body.as_bytes())
}

/// Percent-encodes a query parameter's value.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
