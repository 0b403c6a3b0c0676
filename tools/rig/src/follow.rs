//! Follows the output topics as any consumer of Trunkline would: `read_committed`, values decoded by the
//! writer's schema.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use trunkline_schemas::{catalog, headers};
use trunkline_verifier::avro::{Error, Fields};
use trunkline_verifier::registry::Decoder;
use trunkline_verifier::topics::{Cluster, Follower, Record};

use crate::progress::Progress;

/// Followers at work; they end when this is dropped.
#[derive(Debug)]
pub struct Following {
    _follower: Follower,
    decoding: JoinHandle<()>,
}

// === impl Following ===

impl Following {
    /// Follows everything that a screen and a drain need to know, from now on.
    ///
    /// # Errors
    /// When the brokers cannot be asked.
    pub async fn start(
        cluster: Cluster,
        registry: &str,
        prefix: &str,
        systems: &[&str],
        progress: Arc<Mutex<Progress>>,
    ) -> anyhow::Result<Self> {
        let fixed = [
            catalog::EVENTS_NORMALIZED,
            catalog::EVENTS_ENRICHED,
            catalog::ROUTING_DECISIONS,
            catalog::WRITEBACK_RESULTS,
            catalog::QUARANTINE,
        ];
        let mut topics: Vec<String> = fixed.iter().map(|topic| format!("{prefix}{topic}")).collect();
        topics.extend(systems.iter().map(|system| format!("{prefix}{}", catalog::writebacks(system))));
        let (sender, records) = mpsc::unbounded_channel();
        let follower =
            tokio::task::spawn_blocking(move || Follower::start(&cluster, &topics, sender)).await??;
        let decoding = tokio::spawn(decode_all(Decoder::new(registry), prefix.to_owned(), records, progress));
        Ok(Self { _follower: follower, decoding })
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.decoding.abort();
    }
}

async fn decode_all(
    mut decoder: Decoder,
    prefix: String,
    mut records: mpsc::UnboundedReceiver<(Record, SystemTime)>,
    progress: Arc<Mutex<Progress>>,
) {
    while let Some((record, seen)) = records.recv().await {
        let topic = record.topic.strip_prefix(&prefix).unwrap_or(&record.topic);
        if topic == catalog::QUARANTINE {
            progress.lock().quarantined += 1;
            continue;
        }
        // What does not decode is for the verifier to object to; here it is only not shown.
        let Ok(fields) = decoder.decode(record.value.as_deref().unwrap_or_default()).await else { continue };
        if let Err(error) = take(topic, &record, seen, &fields, &mut progress.lock()) {
            tracing::debug!(%error, topic, "a record lacks what the screen shows");
        }
    }
}

fn take(
    topic: &str,
    record: &Record,
    seen: SystemTime,
    fields: &Fields,
    progress: &mut Progress,
) -> Result<(), Error> {
    match topic {
        catalog::EVENTS_ENRICHED => {
            let at_ms = seen.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0);
            let held = record.header(headers::HELD_MS).is_some_and(|held| held != "0");
            progress.enriched(&fields.text("eventId")?, held, at_ms);
            if let Some(content) = fields.optional_text("contentId")? {
                progress.published_content(content);
            }
        }
        catalog::EVENTS_NORMALIZED => {
            if let Some(content) = fields.optional_text("contentId")? {
                progress.accepted_content(fields.text("eventId")?, content);
            }
        }
        catalog::ROUTING_DECISIONS => progress.decided(format!(
            "{} → {} (rule {}, profile {})",
            fields.text("conversationId")?,
            fields.text("queue")?,
            fields.text("ruleId")?,
            fields.text("enrichmentStatus")?.to_lowercase(),
        )),
        catalog::WRITEBACK_RESULTS => progress.ended(fields.text("commandId")?, fields.text("outcome")?),
        _ => progress.commanded(fields.text("commandId")?),
    }
    Ok(())
}
