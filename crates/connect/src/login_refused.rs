//! Whether a login is refused, as a metric: an alert tells a wrong secret from a system that is away.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::metrics;

/// Who refuses a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusedBy {
    /// The token endpoint, our credentials.
    Issuer,
    /// The system itself, our password or one new token after the other.
    System,
}

/// Whether one of them refuses the login of a target; the metric changes when this does.
#[derive(Debug)]
pub(crate) struct LoginRefused {
    target: String,
    by: RefusedBy,
    refused: AtomicBool,
}

// === impl RefusedBy ===

impl RefusedBy {
    /// The label of the metric.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::System => "system",
        }
    }
}

// === impl LoginRefused ===

impl LoginRefused {
    /// It is not refused, as far as is known.
    pub(crate) fn new(target: &str, by: RefusedBy) -> Self {
        metrics::login_refused(target, by.as_str(), false);
        Self { target: target.to_owned(), by, refused: AtomicBool::new(false) }
    }

    /// It is refused, or was just taken.
    pub(crate) fn set(&self, refused: bool) {
        if self.refused.swap(refused, Ordering::Relaxed) != refused {
            metrics::login_refused(&self.target, self.by.as_str(), refused);
        }
    }
}
