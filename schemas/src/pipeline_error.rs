//! Something an operator should know.

use serde::{Deserialize, Serialize};

use crate::EnrichedEvent;

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

/// The most characters of a [`PipelineError::brief`] reason.
const REASON_CHARACTERS: usize = 2_000;

// === impl PipelineError ===

impl PipelineError {
    /// That something the processor should have done with an event was not done, because of `subject`: a rule
    /// or a plugin.
    pub fn of_event(
        event: &EnrichedEvent,
        error_id: String,
        code: &str,
        instance: &str,
        subject: &str,
        message: String,
        occurred_at: i64,
    ) -> Self {
        Self {
            error_id,
            code: code.to_owned(),
            severity: Severity::Error,
            component: "processor".to_owned(),
            instance: instance.to_owned(),
            message,
            subject: Some(subject.to_owned()),
            conversation_id: event.conversation_id.clone(),
            contact_id: event.contact_id.clone(),
            flow_session_id: event.flow_session_id.clone(),
            correlation_id: Some(event.correlation_id.clone()),
            occurred_at,
        }
    }

    /// The beginning of a reason: plugins and outside systems say what they like, and whoever reads it wants that.
    pub fn brief(reason: &str) -> String {
        reason.chars().take(REASON_CHARACTERS).collect()
    }
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
