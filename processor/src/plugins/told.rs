//! What operators hear of a plugin: metrics, readiness, and when it is turned off or on.

use std::sync::Arc;
use std::time::Duration;

use trunkline_plugin::Health as Feeling;
use trunkline_schemas::{PipelineError, Severity};
use trunkline_telemetry::Health;
use uuid::Uuid;

use super::desk::Desk;
use super::switch::Turned;
use crate::metrics;

/// A plugin was turned off, or on again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turning {
    /// Its name.
    pub plugin: &'static str,
    /// Whether it is on now.
    pub on: bool,
    /// What happened, and what follows.
    pub message: String,
}

/// What is told of one plugin.
pub(super) struct Told {
    plugin: &'static str,
    health: Arc<Health>,
    /// Its part of the readiness.
    part: String,
    /// Why it failed last.
    reason: String,
    feeling: Feeling,
}

// === impl Turning ===

impl Turning {
    /// For `pipeline.errors`, at `now` (UTC milliseconds).
    pub fn report(&self, instance: &str, now: i64) -> PipelineError {
        PipelineError {
            error_id: Uuid::new_v4().to_string(),
            code: "TL-3011".to_owned(),
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

// === impl Told ===

impl Told {
    pub(super) fn new(plugin: &'static str, health: Arc<Health>) -> Self {
        let part = format!("plugin {plugin}");
        health.set(part.clone(), true, "on");
        Self { plugin, health, part, reason: String::new(), feeling: Feeling::Good }
    }

    /// It failed in this way.
    pub(super) fn reason(&mut self, reason: &str) {
        self.reason = PipelineError::brief(reason);
    }

    /// It answered or failed after `took` at work, and `waited` since it was asked.
    pub(super) fn answered(&self, outcome: &'static str, took: Duration, waited: Option<Duration>) {
        metrics::plugin_event(self.plugin, outcome);
        metrics::plugin_answer(self.plugin, took, waited);
    }

    /// An event went on without it.
    pub(super) fn passed(&self, why: &'static str) {
        metrics::plugin_event(self.plugin, why);
    }

    /// How it says it feels.
    pub(super) fn feels(&mut self, feeling: Feeling) {
        if feeling != self.feeling {
            if let Feeling::Poor(detail) = &feeling {
                tracing::warn!(plugin = self.plugin, detail, "a plugin feels poor");
                self.health.set(self.part.clone(), true, &format!("on, but: {detail}"));
            } else {
                self.health.set(self.part.clone(), true, "on");
            }
            self.feeling = feeling;
        }
    }

    /// Where it stands.
    pub(super) fn state(&self, desk: &Desk) {
        metrics::plugin_state(self.plugin, !desk.is_off(), desk.unanswered(), desk.lost());
    }

    /// Turnings since the last call.
    pub(super) fn turnings(&mut self, desk: &mut Desk) -> Vec<Turning> {
        let turned = desk.take_turned();
        turned.into_iter().map(|turned| self.turning(turned, desk.lost())).collect()
    }

    fn turning(&self, turned: Turned, lost: usize) -> Turning {
        let plugin = self.plugin;
        match turned {
            Turned::On => {
                tracing::info!(code = "TL-3011", plugin, "a plugin is on again");
                self.health.set(self.part.clone(), true, "on again");
                Turning { plugin, on: true, message: format!("plugin '{plugin}' is on again") }
            }
            Turned::Off { for_ms } => {
                let threads = match lost {
                    0 => String::new(),
                    lost => format!("; {lost} of its threads did not come back"),
                };
                let message = format!(
                    "plugin '{plugin}' is turned off for {} s: {}{threads}; events go on without it",
                    for_ms / 1_000,
                    self.reason
                );
                tracing::warn!(code = "TL-3011", plugin, message, "a plugin is turned off");
                self.health.set(self.part.clone(), false, &message);
                Turning { plugin, on: false, message }
            }
        }
    }
}
