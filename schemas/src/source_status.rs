//! What came of asking a source about a customer.

use serde::{Deserialize, Serialize};

/// What came of asking one system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SourceStatus {
    /// A symbol this build does not know.
    Unknown,
    /// It answered.
    Ok,
    /// It answered that it does not know the customer.
    NotFound,
    /// It did not answer in time.
    Timeout,
    /// Its breaker is open or its quota is used up: it was not asked.
    Unavailable,
    /// It answered with an error.
    Error,
}
