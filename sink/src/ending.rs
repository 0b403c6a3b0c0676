//! How a command ends.

use trunkline_schemas::Outcome;
use trunkline_schemas::error_codes::{self, ErrorCode};

use crate::answer::Failure;

/// How a command ended; what becomes its [`trunkline_schemas::WriteBackResult`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What became of it.
    pub outcome: Outcome,
    /// Stable error code `TL-nnnn`, or the target's own.
    pub code: Option<String>,
    /// What happened, without secrets.
    pub message: Option<String>,
    /// Last HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// For [`Outcome::Observed`]: what the write would have changed, as JSON.
    pub difference: Option<String>,
    /// A person must look at it: the command is kept as a dead letter too.
    pub kept: bool,
}

// === impl Ending ===

impl Ending {
    /// The write took effect.
    pub fn applied(status: u16) -> Self {
        Self { http_status: Some(status), ..Self::plain(Outcome::Applied) }
    }

    /// The resource already was as asked.
    pub fn already_applied() -> Self {
        Self::plain(Outcome::AlreadyApplied)
    }

    /// Everything but the write was done.
    pub fn observed(difference: String) -> Self {
        Self { difference: Some(difference), ..Self::plain(Outcome::Observed) }
    }

    /// It came too late: after the time that its rule gives, or `by_default`, after the longest that the sink keeps
    /// trying. Nobody said that the command is not worth doing then, so it is kept.
    pub fn expired(by_default: bool) -> Self {
        let message = if by_default {
            "the sink could not do it for as long as it keeps trying ([sink] expire_after); redrive or drop it"
        } else {
            "the command's time was over before it could be done"
        };
        Self {
            code: Some(error_codes::WRITE_EXPIRED.to_string()),
            message: Some(message.to_owned()),
            kept: by_default,
            ..Self::plain(Outcome::Expired)
        }
    }

    /// Another writer kept winning.
    pub fn conflict(failure: &Failure) -> Self {
        Self { kept: true, ..Self::from_failure(Outcome::Conflict, failure) }
    }

    /// The target refused it for good.
    pub fn rejected(failure: &Failure) -> Self {
        Self::from_failure(Outcome::Rejected, failure)
    }

    /// It could not be done; a person decides.
    pub fn dead(code: ErrorCode, message: String, http_status: Option<u16>) -> Self {
        Self {
            code: Some(code.to_string()),
            message: Some(message),
            http_status,
            kept: true,
            ..Self::plain(Outcome::Dead)
        }
    }

    /// True when the command also goes to `writeback.dlq`, to be looked at and run again.
    pub fn is_dead_letter(&self) -> bool {
        self.kept
    }

    fn plain(outcome: Outcome) -> Self {
        Self { outcome, code: None, message: None, http_status: None, difference: None, kept: false }
    }

    fn from_failure(outcome: Outcome, failure: &Failure) -> Self {
        Self {
            code: Some(failure.code.clone().unwrap_or_else(|| error_codes::WRITE_REJECTED.to_string())),
            message: Some(failure.message.clone()),
            http_status: failure.status,
            ..Self::plain(outcome)
        }
    }
}
