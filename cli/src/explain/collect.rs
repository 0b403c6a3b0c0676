//! Reads every committed record about a conversation and decodes it.

use std::collections::BTreeSet;

use anyhow::Context;
use trunkline_config::Config;
use trunkline_kafka::tail::From;
use trunkline_kafka::{InboundRecord, Registry, Tail};
use trunkline_schemas::codec::{Decoder, Value};
use trunkline_schemas::dead_letter::Provenance;
use trunkline_schemas::{
    EnrichedEvent, PlatformEvent, RoutingDecision, WriteBack, WriteBackResult, catalog, headers,
};

use super::subject::Subject;
use crate::decode;

/// A value with what its record says.
pub(super) struct Recorded<T> {
    pub(super) value: T,
    /// Milliseconds the event was held for the sake of order.
    pub(super) held_ms: Option<i64>,
}

/// A record on a dead-letter topic.
pub(super) struct DeadLetter {
    /// Topic it is on, without prefix.
    pub(super) topic: String,
    /// Where it came from, `topic-partition@offset`.
    pub(super) origin: String,
    pub(super) code: String,
    pub(super) message: String,
}

/// Everything about one conversation, in no order.
#[derive(Default)]
pub(super) struct Found {
    pub(super) normalized: Vec<Recorded<PlatformEvent>>,
    pub(super) enriched: Vec<Recorded<EnrichedEvent>>,
    pub(super) decisions: Vec<Recorded<RoutingDecision>>,
    pub(super) commands: Vec<Recorded<WriteBack>>,
    pub(super) results: Vec<Recorded<WriteBackResult>>,
    pub(super) dead_letters: Vec<DeadLetter>,
}

/// Reads all topics that may know the conversation.
pub(super) async fn collect(config: &Config, subject: &Subject, from: From) -> anyhow::Result<Found> {
    let registry = Registry::new(&config.registry)?;
    let mut found = Found::default();
    let prefix_length = config.kafka.prefix.len();
    let records = read(config, subject, from).await?;
    let of = |topic: &str| {
        records.iter().filter(|record| record.topic.get(prefix_length..) == Some(topic)).collect::<Vec<_>>()
    };
    found.normalized = decode(&registry, of(catalog::EVENTS_NORMALIZED)).await?;
    found.enriched = decode(&registry, of(catalog::EVENTS_ENRICHED)).await?;
    found.decisions = decode(&registry, of(catalog::ROUTING_DECISIONS)).await?;
    for system in catalog::WRITEBACK_SYSTEMS {
        found.commands.extend(decode(&registry, of(&catalog::writebacks(system))).await?);
    }
    found.results = decode(&registry, of(catalog::WRITEBACK_RESULTS)).await?;
    for topic in [catalog::PROCESSOR_DLQ, catalog::WRITEBACK_DLQ] {
        found.dead_letters.extend(of(topic).into_iter().map(|record| dead_letter(topic, record)));
    }
    Ok(found)
}

/// Every record about the conversation; nothing else is kept in memory.
async fn read(config: &Config, subject: &Subject, from: From) -> anyhow::Result<Vec<InboundRecord>> {
    let names = [
        catalog::EVENTS_NORMALIZED,
        catalog::EVENTS_ENRICHED,
        catalog::ROUTING_DECISIONS,
        catalog::WRITEBACK_RESULTS,
        catalog::PROCESSOR_DLQ,
        catalog::WRITEBACK_DLQ,
    ];
    let commands = catalog::WRITEBACK_SYSTEMS.map(catalog::writebacks);
    let names = names.into_iter().chain(commands.iter().map(String::as_str));
    let topics: Vec<_> = names.map(|name| config.kafka.topic(name)).collect();
    let kafka = config.kafka.clone();
    let subject = subject.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let mut records = Vec::new();
        let mut tail = Tail::open(&kafka, "trunkline-explain", &topics, from)?;
        tail.read_to_end(|record| {
            if subject.is_key_of(&record) || subject.is_header_of(&record) {
                records.push(record);
            }
        })?;
        anyhow::Ok(records)
    });
    reading.await.context("reading was broken off")?
}

async fn decode<T: Value>(
    registry: &Registry,
    records: Vec<&InboundRecord>,
) -> anyhow::Result<Vec<Recorded<T>>> {
    let mut decoder = Decoder::<T>::new();
    let mut decoded = Vec::new();
    for record in records {
        let Some(bytes) = record.value.as_deref() else { continue };
        let value = decode::decode(registry, &mut decoder, bytes).await;
        let value = value.with_context(|| {
            let InboundRecord { topic, partition, offset, .. } = record;
            format!("{topic}-{partition}@{offset} cannot be read")
        })?;
        let held_ms = record.header_text(headers::HELD_MS).and_then(|held| held.parse().ok());
        decoded.push(Recorded { value, held_ms });
    }
    Ok(decoded)
}

fn dead_letter(topic: &str, record: &InboundRecord) -> DeadLetter {
    let topic = topic.to_owned();
    match Provenance::read(&record.headers) {
        Some(Provenance { topic: of, partition, offset, code, message, .. }) => {
            DeadLetter { topic, origin: format!("{of}-{partition}@{offset}"), code, message }
        }
        None => DeadLetter { topic, origin: "?".to_owned(), code: "?".to_owned(), message: "?".to_owned() },
    }
}

// === impl Found ===

impl Found {
    /// The keys of the events found: more than one when tenants share a native id.
    pub(super) fn keys(&self) -> BTreeSet<String> {
        let normalized = self.normalized.iter().map(|event| event.value.key());
        normalized.chain(self.enriched.iter().map(|event| event.value.key())).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.normalized.is_empty()
            && self.enriched.is_empty()
            && self.decisions.is_empty()
            && self.commands.is_empty()
            && self.results.is_empty()
            && self.dead_letters.is_empty()
    }
}
