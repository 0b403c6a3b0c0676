//! The whole configuration.

use std::collections::BTreeMap;

use crate::{Enrichment, Ingest, Kafka, Processor, Registry, Rules, Sink, Source, Target, Telemetry};

/// A validated configuration: every reference in it resolves, every expression parses.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Kafka cluster.
    pub kafka: Kafka,
    /// The schema registry.
    pub registry: Registry,
    /// Logs and traces.
    pub telemetry: Telemetry,
    /// The `ingest` binary.
    pub ingest: Ingest,
    /// The `processor` binary.
    pub processor: Processor,
    /// The `sink` binary.
    pub sink: Sink,
    /// Where events come from, by name.
    pub sources: BTreeMap<String, Source>,
    /// Outside systems, by name.
    pub targets: BTreeMap<String, Target>,
    /// Where customer profiles come from.
    pub enrichment: Enrichment,
    /// Routing and write-backs.
    pub rules: Rules,
}
