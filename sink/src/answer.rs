//! What came of one step at a target, in the words of the sink.

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The write was confirmed.
    Written {
        /// HTTP status.
        status: u16,
    },
    /// Read back: the resource is as the command asks.
    Same,
    /// Read back: the resource is not as the command asks.
    Different {
        /// What the write would change, as JSON.
        difference: String,
    },
    /// It did not work.
    Failed(Failure),
}

/// Why a step did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// True when a request may have reached the target.
    pub sent: bool,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The target's own code, where it gave one.
    pub code: Option<String>,
    /// What happened, without secrets.
    pub message: String,
    /// How long the target, the limiter or the breaker asks us to wait.
    pub retry_after_ms: Option<i64>,
}

/// The kinds of failure that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The token was refused, again and again.
    Unauthorized,
    /// The target's limit, or ours, is reached.
    RateLimited,
    /// The breaker is open: nothing was sent.
    BreakerOpen,
    /// Another writer was faster.
    Conflict,
    /// The target refuses it for good.
    Rejected,
    /// The target is down or answers that it cannot.
    Unavailable,
    /// No answer in time.
    Timeout,
}

/// Whether a target can be called, after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Calls go through.
    Well,
    /// A few calls go through, to find out: the breaker was open and is not closed yet.
    HalfOpen,
    /// Open, or the target's quota is used up: nothing goes through.
    Open {
        /// For how much longer, in milliseconds.
        for_ms: i64,
    },
}

// === impl Answer ===

impl Answer {
    /// Whether it came from the target itself and shows it at work.
    pub fn is_from_target_at_work(&self) -> bool {
        match self {
            Self::Written { .. } | Self::Same | Self::Different { .. } => true,
            Self::Failed(failure) => matches!(failure.kind, FailureKind::Conflict | FailureKind::Rejected),
        }
    }
}

// === impl Health ===

impl Health {
    /// For how much longer nothing goes through.
    pub fn open_for_ms(self) -> Option<i64> {
        match self {
            Self::Open { for_ms } => Some(for_ms),
            Self::Well | Self::HalfOpen => None,
        }
    }
}
