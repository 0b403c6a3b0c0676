//! What operators see of plugins: metrics, logs and readiness.

use std::sync::Arc;
use std::time::Duration;

use trunkline_partition::plugins::{Notice, Plugins, StateChange};
use trunkline_schemas::error_codes;
use trunkline_telemetry::Health;

use crate::metrics;

/// Makes metrics, logs and readiness of what plugins do.
pub(super) struct PluginReports {
    health: Arc<Health>,
}

// === impl PluginReports ===

impl PluginReports {
    /// Plugins are ready from now on.
    pub(super) fn new(plugins: &Plugins, health: Arc<Health>) -> Self {
        let reporting = Self { health };
        for standing in plugins.standings() {
            reporting.readiness(standing.plugin, true, "on");
        }
        reporting
    }

    /// Reports what happened.
    pub(super) fn notice(&self, notice: &Notice) {
        match notice {
            Notice::Treated { plugin, outcome, took, waited_ms } => {
                metrics::plugin_event(plugin, outcome);
                let waited = waited_ms.map(|waited| Duration::from_millis(waited.max(0).unsigned_abs()));
                metrics::plugin_answer(plugin, *took, waited);
            }
            Notice::Deferred { plugin, took } => metrics::plugin_answer(plugin, *took, None),
            Notice::LookedUp { plugin, source, outcome } => metrics::plugin_lookup(plugin, source, outcome),
            Notice::Passed { plugin, why } => metrics::plugin_event(plugin, why),
            Notice::Replaced { plugin, lost } => {
                tracing::warn!(
                    code = error_codes::PLUGIN_OFF.as_str(),
                    plugin,
                    lost,
                    "a thread did not come back; a new one takes over"
                );
            }
            Notice::Health { plugin, detail: Some(detail) } => {
                tracing::warn!(plugin, detail, "a plugin feels poor");
                self.readiness(plugin, true, &format!("on, but: {detail}"));
            }
            Notice::Health { plugin, detail: None } => self.readiness(plugin, true, "on"),
            Notice::Changed(change) => self.changed(change),
        }
    }

    /// Updates the metrics of where each of them stands.
    pub(super) fn standings(&self, plugins: &Plugins) {
        for standing in plugins.standings() {
            metrics::plugin_state(standing.plugin, standing.on, standing.queue, standing.lost_threads);
        }
    }

    fn changed(&self, StateChange { plugin, on, message }: &StateChange) {
        let code = error_codes::PLUGIN_OFF.as_str();
        if *on {
            tracing::info!(code, plugin, "a plugin is on again");
            self.readiness(plugin, true, "on again");
        } else {
            tracing::warn!(code, plugin, message, "a plugin is turned off");
            self.readiness(plugin, false, message);
        }
    }

    fn readiness(&self, plugin: &str, ready: bool, detail: &str) {
        self.health.set(format!("plugin {plugin}"), ready, detail);
    }
}
