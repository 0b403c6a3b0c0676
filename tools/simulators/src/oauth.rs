//! What the token endpoints have in common.

use crate::http::Call;
use crate::percent;

/// How a client introduced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// The client of a Basic header; both parts may be percent-encoded, as RFC 6749 section 2.3.1 wants it.
pub(crate) fn basic_client(call: &Call) -> Option<Client> {
    let (id, secret) = call.basic()?;
    Some(Client { id: percent::decode(&id), secret: percent::decode(&secret) })
}

/// The client of a Basic header, else of the form fields `client_id` and `client_secret`.
pub(crate) fn basic_or_form_client(call: &Call) -> Option<Client> {
    basic_client(call).or_else(|| {
        let form = call.form();
        Some(Client { id: form.get("client_id")?.clone(), secret: form.get("client_secret")?.clone() })
    })
}

/// The scopes that a token request names.
pub(crate) fn scopes(call: &Call) -> Vec<String> {
    let form = call.form();
    form.get("scope").map(String::as_str).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// The first scope of a token request that the client may not ask for; `granted` are those that it may.
pub(crate) fn scope_beyond(call: &Call, granted: &[&str]) -> Option<String> {
    scopes(call).into_iter().find(|scope| !granted.contains(&scope.as_str()))
}
