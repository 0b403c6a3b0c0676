//! The whole configuration.

use std::collections::BTreeMap;

use crate::known_targets::KnownTargets;
use crate::section::Section;
use crate::values::boolean;
use crate::{
    Enrichment, Http, Ingest, Kafka, KnownPlugin, Plugin, Processor, Registry, Rules, SecretSources, Sink,
    Source, Target, Telemetry, Vault,
};

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
    /// Plugins that are to run, by name.
    pub plugins: BTreeMap<String, Plugin>,
    /// How other systems are reached, where they have nothing of their own.
    pub http: Http,
    /// What travels unencrypted beyond this machine, as `insecure` allows: URLs, addresses that are listened on.
    /// Whoever starts with it warns of it.
    pub plaintext: Vec<String>,
    /// The secrets that the configuration refers to.
    pub secrets: SecretSources,
    /// Where secrets are that are in no file.
    pub vault: Option<Vault>,
}

// === impl Config ===

impl Config {
    /// Reads all of it. `plugins` are those that the processor has; `None` where that cannot be known.
    pub(crate) fn read(section: &Section<'_>, plugins: Option<&[KnownPlugin<'_>]>) -> Option<Self> {
        // Both are looked at before anything else, see `Report`; here their types are checked.
        section.optional("allow_env_secrets", boolean);
        section.optional("insecure", boolean);
        let secrets = section.table("secrets", SecretSources::read);
        let vault = match section.has("vault") {
            true => section.table("vault", Vault::read),
            // Asked for so that a misspelt name is told from a known one.
            false => section.optional("vault", |_| Ok(())).and(None),
        };
        let kafka = section.table("kafka", Kafka::read);
        let http = section.table("http", |section| Http::read(section, &Http::default()));
        let registry = section.table("registry", |section| Registry::read(section, &http));
        let telemetry = section.table("telemetry", |section| Telemetry::read(section, &http));
        let ingest = section.table("ingest", Ingest::read);
        let processor = section.table("processor", Processor::read);
        let sink = section.table("sink", Sink::read);
        let sources = section.named_tables("sources", "source", |source| Source::read(source, &ingest));
        let targets = section.named_tables("targets", "target", |target| Target::read(target, &http));
        let known = KnownTargets { names: section.names("targets"), targets: &targets };
        let enrichment = section.table("enrichment", |section| Enrichment::read(section, &known));
        let plugins = section.named_tables("plugins", "plugin", |plugin| Some(Plugin::read(plugin, plugins)));
        let rules = section.table("rules", |section| Rules::read(section, &known, &enrichment, &plugins));
        let secrets = SecretSources { referred: section.referred(), ..secrets };
        Some(Self {
            kafka: kafka?,
            registry: registry?,
            telemetry,
            ingest,
            processor,
            sink,
            sources,
            targets,
            enrichment,
            rules,
            plugins,
            http,
            plaintext: section.plaintext(),
            secrets,
            vault,
        })
    }
}
