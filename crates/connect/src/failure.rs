//! A failed attempt: what is told of it, and what decides whether there is another.

use std::time::Duration;

use crate::error::CallErrorKind;
use crate::retry::{Cause, Effect};
use crate::token_manager::NoToken;

/// A failed attempt, and what decides whether there is another.
pub(crate) struct Failure {
    pub(crate) kind: CallErrorKind,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) cause: Cause,
}

// === impl Failure ===

impl Failure {
    /// Adds to its message what came of it.
    pub(crate) fn and(&mut self, more: &str) {
        self.message = format!("{}; {more}", self.message);
    }

    pub(crate) fn final_(kind: CallErrorKind, message: &str) -> Self {
        Self { kind, status: None, code: None, message: message.to_owned(), cause: Cause::Final }
    }

    pub(crate) fn breaker_open(retry_after: Duration) -> Self {
        let kind = CallErrorKind::BreakerOpen { retry_after };
        Self::final_(kind, "too many calls failed; the system is left alone for a while")
    }

    pub(crate) fn password_held(wait: Duration) -> Self {
        let seconds = wait.as_secs();
        let message = format!(
            "its password was refused and is not sent again for {seconds} s, so that the system does not lock the user"
        );
        Self::final_(CallErrorKind::Unauthorized, &message)
    }

    pub(crate) fn unanswered(kind: CallErrorKind, took: Duration) -> Self {
        let message = format!("no answer within {} ms", took.as_millis());
        Self { kind, status: None, code: None, message, cause: Cause::Unavailable(Effect::Unknown) }
    }

    pub(crate) fn no_token(no_token: NoToken) -> Self {
        match no_token {
            NoToken::DeadlineExceeded => Self::final_(
                CallErrorKind::DeadlineExceeded,
                "the caller's time was over before a token came",
            ),
            NoToken::NoneIsAccepted(wait) => {
                let message = format!(
                    "the system refuses every new token; the next one is fetched in {} ms; check what its client may do",
                    wait.as_millis()
                );
                Self::final_(CallErrorKind::TokensRefused { retry_after: Some(wait) }, &message)
            }
            NoToken::Unavailable(refusal) => {
                // What lacks its API, too: its page says what to do, and no other does.
                let kind = match refusal.issued || refusal.is_of_login() {
                    true => CallErrorKind::Unauthorized,
                    false => CallErrorKind::Unavailable,
                };
                Self { status: refusal.status, code: refusal.code, ..Self::final_(kind, &refusal.message) }
            }
        }
    }
}
