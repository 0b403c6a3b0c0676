//! Why a call failed, and what the caller does next.

use std::time::Duration;

use trunkline_schemas::{SourceStatus, error_codes};

/// A call that did not succeed, after all attempts that the caller's deadline and the target's policy allow.
///
/// Never holds a secret or the answer of a token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target}: {kind} after {attempts} attempts{}: {message}", parenthesized(.status, .code))]
pub struct CallError {
    /// What kind of failure.
    pub kind: CallErrorKind,
    /// Configured name of the target.
    pub target: String,
    /// HTTP status of the last answer, if there was one.
    pub status: Option<u16>,
    /// The system's own code.
    pub code: Option<String>,
    /// What happened and what to do.
    pub message: String,
    /// Attempts that reached the network.
    pub attempts: u32,
    /// True when the call may have taken effect: an attempt left, and no answer proved that it did nothing.
    pub sent: bool,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallErrorKind {
    /// The token or password is not accepted, or no token could be had.
    #[error("unauthorized")]
    Unauthorized,
    /// Token after token was refused by the system that is called, though its token endpoint gives them out.
    #[error("every new token refused")]
    TokensRefused {
        /// When the next token is fetched, where it is not fetched at once.
        retry_after: Option<Duration>,
    },
    /// The quota is used up for longer than the deadline.
    #[error("rate limited")]
    RateLimited {
        /// When calls are possible again, where known.
        retry_after: Option<Duration>,
    },
    /// The resource does not exist.
    #[error("not found")]
    NotFound,
    /// Someone else changed or holds the resource: fetch it again, apply again.
    #[error("conflict")]
    Conflict,
    /// The system refuses the call for good.
    #[error("rejected")]
    Rejected,
    /// What answers is not the API, is not trusted, or answers more than is read.
    #[error("unusable answer")]
    UnusableAnswer,
    /// The system cannot answer now.
    #[error("unavailable")]
    Unavailable,
    /// The last attempt got no answer within the target's timeout.
    #[error("timed out")]
    Timeout,
    /// The breaker is open: the system was not asked.
    #[error("breaker open")]
    BreakerOpen {
        /// When it probes.
        retry_after: Duration,
    },
    /// The caller's time was over.
    #[error("deadline exceeded")]
    DeadlineExceeded,
}

// === impl CallError ===

impl CallError {
    /// The stable code, explained on its page in `docs/errors`.
    pub fn trunkline_code(&self) -> &'static str {
        let code = match self.kind {
            CallErrorKind::BreakerOpen { .. }
            | CallErrorKind::Unavailable
            | CallErrorKind::Timeout
            | CallErrorKind::DeadlineExceeded => error_codes::BREAKER_OPEN,
            CallErrorKind::UnusableAnswer => error_codes::ANSWER_UNUSABLE,
            CallErrorKind::Unauthorized => error_codes::TOKEN_REFUSED,
            CallErrorKind::TokensRefused { .. } => error_codes::EVERY_TOKEN_REFUSED,
            CallErrorKind::RateLimited { .. } => error_codes::RATE_LIMITED,
            CallErrorKind::NotFound | CallErrorKind::Conflict | CallErrorKind::Rejected => {
                error_codes::WRITE_REJECTED
            }
        };
        code.as_str()
    }

    /// When the next try makes sense, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            CallErrorKind::RateLimited { retry_after } | CallErrorKind::TokensRefused { retry_after } => {
                retry_after
            }
            CallErrorKind::BreakerOpen { retry_after } => Some(retry_after),
            _ => None,
        }
    }

    /// True when the same call may succeed later without anyone changing it.
    pub fn is_transient(&self) -> bool {
        !matches!(self.kind, CallErrorKind::NotFound | CallErrorKind::Conflict | CallErrorKind::Rejected)
    }
}

// === impl CallErrorKind ===

impl CallErrorKind {
    /// The label of metrics, for instance `rate_limited`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::TokensRefused { .. } => "tokens_refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::UnusableAnswer => "unusable_answer",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::BreakerOpen { .. } => "breaker_open",
            Self::DeadlineExceeded => "deadline_exceeded",
        }
    }

    /// What it means for a source of a profile.
    pub fn source_status(self) -> SourceStatus {
        match self {
            Self::Timeout | Self::DeadlineExceeded => SourceStatus::Timeout,
            Self::BreakerOpen { .. } | Self::RateLimited { .. } => SourceStatus::Unavailable,
            Self::NotFound
            | Self::Unauthorized
            | Self::TokensRefused { .. }
            | Self::Conflict
            | Self::Rejected
            | Self::UnusableAnswer
            | Self::Unavailable => SourceStatus::Error,
        }
    }
}

fn parenthesized(status: &Option<u16>, code: &Option<String>) -> String {
    match (status, code) {
        (Some(status), Some(code)) => format!(" ({status} {code})"),
        (Some(status), None) => format!(" ({status})"),
        _ => String::new(),
    }
}
