//! What became of a command.

use serde::{Deserialize, Serialize};

/// The one terminal result of a [`crate::WriteBack`], as published on `writeback.results`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteBackResult {
    /// The command.
    pub command_id: String,
    /// As in the command.
    pub target: String,
    /// As in the command.
    pub system: String,
    /// As in the command.
    pub operation: String,
    /// As in the command.
    pub resource: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Attempts that reached the network.
    pub attempts: i32,
    /// Last HTTP status, where there was an answer.
    #[serde(default)]
    pub http_status: Option<i32>,
    /// Stable error code, `TL-nnnn`, or the system's own.
    #[serde(default)]
    pub code: Option<String>,
    /// What happened, without secrets.
    #[serde(default)]
    pub message: Option<String>,
    /// For [`Outcome::Observed`]: the difference the write would have made, as JSON.
    #[serde(default)]
    pub difference: Option<String>,
    /// As in the command.
    pub event_id: String,
    /// As in the command.
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// As in the command.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// As in the command.
    #[serde(default)]
    pub flow_session_id: Option<String>,
    /// As in the command.
    pub correlation_id: String,
    /// As in the command.
    pub rule_id: String,
    /// When the command was issued; UTC milliseconds.
    pub issued_at: i64,
    /// When it ended; UTC milliseconds.
    pub finished_at: i64,
}

/// What became of a command; every command ends in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// A symbol this build does not know.
    Unknown,
    /// The write took effect.
    Applied,
    /// The resource already was as asked.
    AlreadyApplied,
    /// Everything but the write was done.
    Observed,
    /// Another writer kept winning.
    Conflict,
    /// The system refused it for good.
    Rejected,
    /// Its time was over before it could be done.
    Expired,
    /// It could not be done; a person decides. See `writeback.dlq`.
    Dead,
}
