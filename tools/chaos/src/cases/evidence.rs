//! What a case looks at: committed records, read by the verifier's own means.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use trunkline_verifier::avro::Fields;
use trunkline_verifier::registry::Decoder;
use trunkline_verifier::topics::{self, Cluster, Record};

/// Where records are read.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The brokers.
    pub cluster: Cluster,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Put before every topic.
    pub prefix: String,
}

/// Records between the reading thread and the case.
const QUEUE: usize = 1_000;

// === impl Reader ===

impl Reader {
    /// Every committed value of a topic, with its record; nothing when there is no such topic.
    ///
    /// # Errors
    /// When the topic cannot be read, or a value does not decode.
    pub async fn values(&self, topic: &str) -> anyhow::Result<Vec<(Record, Fields)>> {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        let reading = tokio::task::spawn_blocking({
            let (cluster, topic) = (self.cluster.clone(), format!("{}{topic}", self.prefix));
            move || {
                let partitions = topics::list(&cluster, &topic)?.get(&topic).copied().unwrap_or(0);
                topics::read_all(&cluster, &topic, partitions, &sender)
            }
        });
        let mut decoder = Decoder::new(&self.registry);
        let mut values = Vec::new();
        while let Some(record) = receiver.recv().await {
            if let Some(value) = &record.value {
                let fields = decoder.decode(value).await?;
                values.push((record, fields));
            }
        }
        reading.await??;
        Ok(values)
    }

    /// The event ids of `events.enriched`.
    ///
    /// # Errors
    /// As [`Reader::values`].
    pub async fn enriched(&self) -> anyhow::Result<BTreeSet<String>> {
        let values = self.values("events.enriched").await?;
        values.iter().map(|(_, fields)| Ok(fields.text("eventId")?)).collect()
    }

    /// Ids of the commands for these systems that have no result.
    ///
    /// # Errors
    /// As [`Reader::values`].
    pub async fn open_commands(&self, systems: &[&str]) -> anyhow::Result<BTreeSet<String>> {
        let mut open = BTreeSet::new();
        for system in systems {
            for (_, command) in self.values(&format!("writebacks.{system}")).await? {
                open.insert(command.text("commandId")?);
            }
        }
        for (_, result) in self.values("writeback.results").await? {
            open.remove(&result.text("commandId")?);
        }
        Ok(open)
    }

    /// What a component reported to operators, but for its targets: how often each code.
    ///
    /// # Errors
    /// As [`Reader::values`].
    pub async fn reports(&self, component: &str) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut reports = BTreeMap::new();
        for (_, error) in self.values("pipeline.errors").await? {
            let code = error.text("code")?;
            // TL-4nnn is about outside systems, which misbehave in their own time.
            if error.text("component")? == component && !code.starts_with("TL-4") {
                *reports.entry(code).or_default() += 1;
            }
        }
        Ok(reports)
    }
}
