//! One plugin: the questions to it, and what is reported of it.

use std::time::Duration;

use trunkline_plugin::{Actions, Health};
use trunkline_rules::{Answer, Unanswered};
use trunkline_schemas::{PipelineError, error_codes};

use super::breaker::Turned;
use super::in_flight::InFlight;
use super::{Notice, Registration, Standing, StateChange};

/// One plugin.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) in_flight: InFlight,
    pub(super) budget_ms: i64,
    /// Sources that it may want looked up.
    pub(super) lookups: Vec<String>,
    queue: usize,
    /// Why it failed last.
    reason: String,
    health: Health,
}

// === impl Member ===

impl Member {
    pub(super) fn new(registration: Registration) -> Self {
        let Registration { name, queue, budget_ms, lookups, .. } = registration;
        Self {
            name,
            in_flight: InFlight::new(queue, budget_ms),
            budget_ms,
            lookups,
            queue,
            reason: String::new(),
            health: Health::Good,
        }
    }

    /// It failed in this way.
    pub(super) fn failed_with(&mut self, reason: &str) {
        self.reason = PipelineError::brief(reason);
    }

    /// The health that it reports.
    pub(super) fn health(&mut self, health: Health, notices: &mut Vec<Notice>) {
        if health == self.health {
            return;
        }
        let detail = match &health {
            Health::Good => None,
            Health::Poor(detail) => Some(detail.clone()),
        };
        notices.push(Notice::Health { plugin: self.name, detail });
        self.health = health;
    }

    pub(super) fn answered(
        &mut self,
        result: Result<Actions, String>,
        took: Duration,
        waited_ms: Option<i64>,
        notices: &mut Vec<Notice>,
    ) -> Answer {
        let outcome = if result.is_ok() { "answered" } else { "failed" };
        notices.push(Notice::Treated { plugin: self.name, outcome, took, waited_ms });
        let wants = result.map_err(|message| {
            self.failed_with(&message);
            Unanswered { code: error_codes::PLUGIN_FAILED.as_str(), message }
        });
        Answer { plugin: self.name, wants }
    }

    pub(super) fn late(&mut self, notices: &mut Vec<Notice>) -> Answer {
        notices.push(Notice::Passed { plugin: self.name, why: "late" });
        let budget = Duration::from_millis(self.budget_ms.unsigned_abs());
        let message = format!("no answer within its budget of {budget:?}");
        self.failed_with(&message);
        self.unanswered(message)
    }

    pub(super) fn full(&self, notices: &mut Vec<Notice>) -> Answer {
        notices.push(Notice::Passed { plugin: self.name, why: "full" });
        self.unanswered(format!("{} events wait for it already", self.queue))
    }

    /// Whether it was turned off or on since the last call.
    pub(super) fn state_changes(&mut self, notices: &mut Vec<Notice>) {
        for turned in self.in_flight.take_turned() {
            notices.push(Notice::Changed(self.state_change(turned)));
        }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            plugin: self.name,
            on: !self.in_flight.is_off(),
            queue: self.in_flight.unanswered(),
            lost_threads: self.in_flight.lost(),
        }
    }

    fn state_change(&self, turned: Turned) -> StateChange {
        let plugin = self.name;
        match turned {
            Turned::On => StateChange { plugin, on: true, message: format!("plugin '{plugin}' is on again") },
            Turned::Off { for_ms } => {
                let threads = match self.in_flight.lost() {
                    0 => String::new(),
                    lost => format!("; {lost} of its threads did not come back"),
                };
                let message = format!(
                    "plugin '{plugin}' is turned off for {} s: {}{threads}; events go on without it",
                    for_ms / 1_000,
                    self.reason
                );
                StateChange { plugin, on: false, message }
            }
        }
    }

    fn unanswered(&self, message: String) -> Answer {
        let code = error_codes::PLUGIN_LATE.as_str();
        Answer { plugin: self.name, wants: Err(Unanswered { code, message }) }
    }
}
