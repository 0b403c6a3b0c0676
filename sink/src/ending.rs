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

    /// It came too late.
    pub fn expired() -> Self {
        Self {
            code: Some(error_codes::WRITE_EXPIRED.to_string()),
            message: Some("the command's time was over before it could be done".to_owned()),
            ..Self::plain(Outcome::Expired)
        }
    }

    /// Another writer kept winning.
    pub fn conflict(failure: &Failure) -> Self {
        Self::from_failure(Outcome::Conflict, failure)
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
            ..Self::plain(Outcome::Dead)
        }
    }

    /// True when the command also goes to `writeback.dlq`, to be looked at and run again.
    pub fn is_dead_letter(&self) -> bool {
        matches!(self.outcome, Outcome::Dead | Outcome::Conflict)
    }

    fn plain(outcome: Outcome) -> Self {
        Self { outcome, code: None, message: None, http_status: None, difference: None }
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
