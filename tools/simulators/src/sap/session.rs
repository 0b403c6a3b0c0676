//! CSRF tokens: each belongs to a session, which the client shows by its cookies.

use std::collections::HashMap;

use crate::http::{Answer, Call};
use crate::token::Tokens;

/// The open sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    seconds: i64,
    tokens: Tokens,
    /// CSRF token and end (UTC milliseconds) by session id.
    open: HashMap<String, (String, i64)>,
}

const COOKIE: &str = "SAP_SESSIONID_S4H_100";

impl Sessions {
    pub(super) fn new(seconds: i64) -> Self {
        Self { seconds, tokens: Tokens::new(), open: HashMap::new() }
    }

    /// The same answer with a new session's token and cookies.
    pub(super) fn open(&mut self, answer: Answer, now_ms: i64) -> Answer {
        let ends_at = now_ms + self.seconds * 1000;
        let session = self.tokens.issue("", "session", Some(ends_at));
        let token = self.tokens.issue("", "csrf", Some(ends_at));
        self.open.insert(session.clone(), (token.clone(), ends_at));
        answer
            .header("x-csrf-token", &token)
            .header("Set-Cookie", &format!("{COOKIE}={session}; path=/; HttpOnly"))
            .header("Set-Cookie", "sap-usercontext=sap-client=100; path=/")
    }

    /// Whether the request carries a token and the cookies of the session it belongs to.
    pub(super) fn vouches_for(&self, call: &Call, now_ms: i64) -> bool {
        let cookies = call.header("cookie").unwrap_or_default();
        let session =
            cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        let open = session.and_then(|session| self.open.get(session));
        open.is_some_and(|(token, ends_at)| now_ms < *ends_at && call.header("x-csrf-token") == Some(token))
    }

    pub(super) fn close_all(&mut self) {
        self.open.clear();
    }

    pub(super) fn issued(&self) -> Vec<String> {
        self.tokens.issued().to_vec()
    }
}
