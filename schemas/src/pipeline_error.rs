//! Something an operator should know.

use serde::{Deserialize, Serialize};

/// Something that went wrong, as published on `pipeline.errors`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PipelineError {
    /// UUID of this report.
    pub error_id: String,
    /// Stable error code, `TL-nnnn`; see `docs/errors`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// `ingest`, `processor` or `sink`.
    pub component: String,
    /// The instance that reports it.
    pub instance: String,
    /// What happened, where, and what to do; without secrets or customer data.
    pub message: String,
    /// Source, target or endpoint concerned.
    #[serde(default)]
    pub subject: Option<String>,
    /// As in the event concerned.
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// As in the event concerned.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// As in the event concerned.
    #[serde(default)]
    pub flow_session_id: Option<String>,
    /// As in the event concerned.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// When; UTC milliseconds.
    pub occurred_at: i64,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// A symbol this build does not know.
    Unknown,
    /// Worth knowing.
    Info,
    /// Degraded, works on.
    Warning,
    /// Something was not done.
    Error,
    /// It stopped.
    Fatal,
}
