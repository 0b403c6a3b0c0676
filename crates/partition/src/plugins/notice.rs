//! What is reported to operators about plugins.

use std::time::Duration;

use trunkline_schemas::{PipelineError, Severity, error_codes};

/// Something that operators should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A plugin answered, or failed on an event.
    Treated {
        /// Its name.
        plugin: &'static str,
        /// `answered` or `failed`.
        outcome: &'static str,
        /// How long it worked.
        took: Duration,
        /// Milliseconds for which the event waited; `None` when nobody waited any more.
        waited_ms: Option<i64>,
    },
    /// A plugin answered by what it wants looked up first.
    Deferred {
        /// Its name.
        plugin: &'static str,
        /// How long it worked.
        took: Duration,
    },
    /// A lookup that it wanted has come to an end.
    LookedUp {
        /// Its name.
        plugin: &'static str,
        /// Name of the source.
        source: String,
        /// `ok`, `not_found`, `timeout`, `unavailable`, `error`, or `refused` where too many were under way.
        outcome: &'static str,
    },
    /// An event went on without it.
    Passed {
        /// Its name.
        plugin: &'static str,
        /// `late`, `full` or `off`.
        why: &'static str,
    },
    /// A thread did not come back, and a new one takes over.
    Replaced {
        /// Its name.
        plugin: &'static str,
        /// Threads that were given up and have not come back.
        lost: usize,
    },
    /// The plugin reports that all is well again (`None`), or what is wrong while it goes on working.
    Health {
        /// Its name.
        plugin: &'static str,
        /// What is wrong.
        detail: Option<String>,
    },
    /// It was turned off, or on again.
    Changed(StateChange),
}

/// A plugin was turned off, or on again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// Its name.
    pub plugin: &'static str,
    /// Whether it is on now.
    pub on: bool,
    /// What happened, and what follows.
    pub message: String,
}

/// Where a plugin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub plugin: &'static str,
    /// Whether it is asked.
    pub on: bool,
    /// Questions that its present thread has.
    pub queue: usize,
    /// Threads that were given up and have not come back.
    pub lost_threads: usize,
}

// === impl StateChange ===

impl StateChange {
    /// For `pipeline.errors`, under this id, at `now` (UTC milliseconds).
    pub fn report(&self, id: String, instance: &str, now: i64) -> PipelineError {
        PipelineError {
            error_id: id,
            code: error_codes::PLUGIN_OFF.as_str().to_owned(),
            severity: if self.on { Severity::Info } else { Severity::Error },
            component: "processor".to_owned(),
            instance: instance.to_owned(),
            message: self.message.clone(),
            subject: Some(self.plugin.to_owned()),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            occurred_at: now,
        }
    }
}

// === impl Notice ===

impl Notice {
    /// The change of state that it is, if it is one.
    pub fn into_change(self) -> Option<StateChange> {
        match self {
            Self::Changed(change) => Some(change),
            _ => None,
        }
    }
}
