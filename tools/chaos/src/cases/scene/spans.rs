//! Whose spans are searched for secrets.

use trunkline_rig::collector::EXPORTERS;

use super::Scene;

// === impl Scene ===

impl Scene {
    /// Programs whose spans there must be: an instance ended in order, and something came of what the program does.
    /// One that never took anything in, or was killed, has none to show.
    ///
    /// # Errors
    /// When topics cannot be read.
    pub(super) async fn exporters(&self) -> anyhow::Result<Vec<&'static str>> {
        let mut exporters = Vec::new();
        for (exporter, writes) in
            EXPORTERS.into_iter().zip(["events.normalized", "events.enriched", "writeback.results"])
        {
            let has_ended = self.ended.iter().any(|program| exporter.ends_with(program.as_str()));
            if has_ended && !self.reader.values(writes).await?.is_empty() {
                exporters.push(exporter);
            }
        }
        Ok(exporters)
    }
}
