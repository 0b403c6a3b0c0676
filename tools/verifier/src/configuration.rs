//! The verifier's own reading of `trunkline.toml`: what of it says how the pipeline must behave. It shares no
//! code with the pipeline, which refuses what is wrong in the file; what this reading cannot understand is an
//! error here too.

mod enrichment;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::enrichment::Enrichment;
pub use self::enrichment::EnrichmentRules;

/// For how long the pipeline remembers what came before; milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Ids: one that comes again later may come out again.
    pub ids_ms: i64,
    /// Contents that are said again; 0 where all of them come out.
    pub repeats_ms: i64,
}

/// What a configuration promises.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// By name: how a source's events are put in order.
    pub sources: BTreeMap<String, Source>,
    /// How long an event's identity is remembered; milliseconds.
    pub dedup_window_ms: i64,
    /// How long the same said again is a repetition of the platform; milliseconds.
    pub repeat_window_ms: i64,
    /// Whether enriched events carry the platform's payload.
    pub include_data: bool,
    /// How events get their customer's profile; none where nobody is asked.
    pub enrichment: Option<EnrichmentRules>,
    /// By name: the outside systems that write-backs go to.
    pub targets: BTreeMap<String, Target>,
    /// Routing rules, in the order of the file.
    pub routing: Vec<RoutingRule>,
    /// Write-back rules, in the order of the file.
    pub write_backs: Vec<WriteBackRule>,
    /// Whether plugins add to what the rules do.
    pub plugins: bool,
    /// The processor's consumer group, with the prefix.
    pub group: String,
    /// Bootstrap servers.
    pub brokers: String,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Put before every topic.
    pub prefix: String,
}

/// How a source's events are put in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `SEQUENCED`, `CAUSAL` or `SORTED`.
    pub mode: &'static str,
    /// The longest time that an event is held; milliseconds.
    pub hold_ms: i64,
}

/// An outside system that write-backs go to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// `genesys`, `cxone`, `salesforce`, `sap` or `servicenow`.
    pub system: String,
    /// The tenant.
    #[serde(default)]
    pub org: String,
    /// `observe` where everything but the write is done.
    #[serde(default)]
    pub mode: String,
}

/// A routing rule, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoutingRule {
    /// Its id.
    pub id: String,
    /// Event types it looks at.
    pub on: Vec<String>,
    /// CEL, a bool.
    #[serde(default = "always")]
    pub when: String,
    /// CEL, a text.
    pub queue: String,
    /// CEL, an int.
    pub priority: Option<String>,
    /// CEL, a list of texts.
    pub skills: Option<String>,
    /// CEL, texts.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A write-back rule, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WriteBackRule {
    /// Its id.
    pub id: String,
    /// Event types it looks at.
    pub on: Vec<String>,
    /// CEL, a bool.
    #[serde(default = "always")]
    pub when: String,
    /// Name of its target.
    pub target: String,
    /// What to do there.
    pub operation: String,
    /// Everything but the write.
    #[serde(default)]
    pub observe: bool,
    /// How long after its issue the command is worth doing, as written.
    pub expires: Option<String>,
    /// CEL, a text.
    pub resource: Option<String>,
    /// CEL, texts.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// CEL, texts.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// A configuration that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error("configuration {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// Its text.
    #[error("configuration {path}: {source}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value.
    #[error("configuration: {field} is '{value}', which is no {wanted}")]
    Value {
        /// The field.
        field: String,
        /// Its value.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
}

fn always() -> String {
    "true".to_owned()
}

#[derive(Deserialize)]
struct File {
    kafka: Kafka,
    registry: Registry,
    #[serde(default)]
    processor: Processor,
    #[serde(default)]
    sources: BTreeMap<String, WrittenSource>,
    #[serde(default)]
    enrichment: Enrichment,
    #[serde(default)]
    targets: BTreeMap<String, Target>,
    #[serde(default)]
    rules: Rules,
    #[serde(default)]
    plugins: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Kafka {
    brokers: toml::Value,
    #[serde(default)]
    prefix: String,
}

#[derive(Deserialize)]
struct Registry {
    url: String,
}

#[derive(Default, Deserialize)]
struct Processor {
    dedup_window: Option<String>,
    repeat_window: Option<String>,
    include_data: Option<bool>,
    group: Option<String>,
}

#[derive(Deserialize)]
struct WrittenSource {
    kind: String,
    order: Option<String>,
    hold: Option<String>,
}

#[derive(Default, Deserialize)]
struct Rules {
    #[serde(default)]
    routing: Vec<RoutingRule>,
    #[serde(default)]
    writeback: Vec<WriteBackRule>,
}

/// How long an event's identity is remembered where nothing else is configured: 5 days; milliseconds.
pub const DEDUP_WINDOW_MS: i64 = 5 * 24 * 3_600_000;
/// How long the same said again is a repetition where nothing else is configured: 5 minutes; milliseconds.
pub const REPEAT_WINDOW_MS: i64 = 5 * 60_000;
const HOLD_MS: i64 = 500;

// === impl Configuration ===

impl Configuration {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error`] when it cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Understands a text; `path` names it in errors.
    ///
    /// # Errors
    /// [`Error`] when it cannot be understood.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let file: File = toml::from_str(text)
            .map_err(|source| Error::Toml { path: path.to_owned(), source: Box::new(source) })?;
        let File { kafka, registry, processor, sources, enrichment, targets, rules, plugins } = file;
        let mut read_sources = BTreeMap::new();
        for (name, source) in sources {
            let read = source.read(&name)?;
            read_sources.insert(name, read);
        }
        let group = processor.group.as_deref().unwrap_or("trunkline-processor");
        Ok(Self {
            sources: read_sources,
            dedup_window_ms: or("processor.dedup_window", processor.dedup_window, DEDUP_WINDOW_MS)?,
            repeat_window_ms: or("processor.repeat_window", processor.repeat_window, REPEAT_WINDOW_MS)?,
            include_data: processor.include_data.unwrap_or(true),
            enrichment: enrichment.read(&targets)?,
            targets,
            routing: rules.routing,
            write_backs: rules.writeback,
            plugins: !plugins.is_empty(),
            group: format!("{}{group}", kafka.prefix),
            brokers: brokers(&kafka.brokers),
            registry: registry.url,
            prefix: kafka.prefix,
        })
    }
}

impl Configuration {
    /// How long things are remembered, by the configuration where there is one.
    pub fn windows(configuration: Option<&Self>) -> Windows {
        Windows {
            ids_ms: configuration.map_or(DEDUP_WINDOW_MS, |configuration| configuration.dedup_window_ms),
            repeats_ms: configuration
                .map_or(REPEAT_WINDOW_MS, |configuration| configuration.repeat_window_ms),
        }
    }

    /// Targets to which nothing is written: they are set to observe.
    pub fn observing(&self) -> BTreeSet<String> {
        let observes = |(name, target): (&String, &Target)| (target.mode == "observe").then(|| name.clone());
        self.targets.iter().filter_map(observes).collect()
    }
}

fn brokers(value: &toml::Value) -> String {
    match value {
        toml::Value::Array(items) => {
            items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
        }
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

// === impl WrittenSource ===

impl WrittenSource {
    fn read(&self, name: &str) -> Result<Source, Error> {
        let mode = match self.order.as_deref() {
            Some("sorted") => "SORTED",
            Some("causal") => "CAUSAL",
            Some("sequenced") => "SEQUENCED",
            // EventBridge promises no order.
            None if self.kind == "genesys-eventbridge" => "SORTED",
            None => "CAUSAL",
            Some(other) => {
                return Err(Error::Value {
                    field: format!("sources.{name}.order"),
                    value: other.to_owned(),
                    wanted: "order (sorted, causal, sequenced)",
                });
            }
        };
        Ok(Source { mode, hold_ms: or(&format!("sources.{name}.hold"), self.hold.clone(), HOLD_MS)? })
    }
}

// === impl WriteBackRule ===

impl WriteBackRule {
    /// How long after its issue a command is worth doing; milliseconds.
    ///
    /// # Errors
    /// [`Error::Value`] when it is no duration.
    pub fn expires_ms(&self) -> Result<Option<i64>, Error> {
        let field = format!("rule '{}', field 'expires'", self.id);
        self.expires.as_ref().map(|written| duration(&field, written)).transpose()
    }
}

fn or(field: &str, written: Option<String>, default: i64) -> Result<i64, Error> {
    written.map_or(Ok(default), |written| duration(field, &written))
}

fn duration(field: &str, written: &str) -> Result<i64, Error> {
    milliseconds(written).ok_or_else(|| Error::Value {
        field: field.to_owned(),
        value: written.to_owned(),
        wanted: "duration, such as 500ms, 30s, 5m, 2h or 5d",
    })
}

/// `500ms`, `30s`, `5m`, `2h`, `5d`.
pub(crate) fn milliseconds(written: &str) -> Option<i64> {
    let written = written.trim();
    let at = written.find(|character: char| !character.is_ascii_digit())?;
    let number: i64 = written[..at].parse().ok()?;
    let unit = match written[at..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [kafka]
        brokers = "127.0.0.1:9092"
        prefix = "p."
        [registry]
        url = "http://127.0.0.1:8081"
        [sources.bridge]
        kind = "genesys-eventbridge"
        [sources.other]
        kind = "cxone-digital"
        hold = "2s"
        [targets.crm]
        system = "salesforce"
        org = "acme"
        [enrichment]
        targets = ["crm"]
        fields = ["loyaltyTier"]
        [[rules.writeback]]
        id = "w"
        on = ["conversation.ended"]
        target = "crm"
        operation = "upsert"
        expires = "1h"
        [rules.writeback.fields]
        Tier__c = 'profile.loyaltyTier'
    "#;

    #[test]
    fn a_configuration_is_read_with_its_defaults() {
        let read = Configuration::parse(TEXT, Path::new("trunkline.toml")).unwrap();
        assert_eq!(read.sources["bridge"], Source { mode: "SORTED", hold_ms: 500 });
        assert_eq!(read.sources["other"], Source { mode: "CAUSAL", hold_ms: 2_000 });
        assert_eq!((read.dedup_window_ms, read.include_data, read.plugins), (432_000_000, true, false));
        assert_eq!(Configuration::windows(Some(&read)), Windows { ids_ms: 432_000_000, repeats_ms: 300_000 });
        let enrichment = read.enrichment.unwrap();
        assert_eq!(enrichment.sources, BTreeMap::from([("crm".to_owned(), 30_000)]));
        assert_eq!(enrichment.fields, BTreeSet::from(["loyaltyTier".to_owned()]));
        assert_eq!(read.write_backs[0].expires_ms().unwrap(), Some(3_600_000));
        assert_eq!(
            (read.write_backs[0].when.as_str(), read.group.as_str()),
            ("true", "p.trunkline-processor")
        );
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        let wrong = TEXT.replace("\"2s\"", "\"soon\"");
        assert!(matches!(Configuration::parse(&wrong, Path::new("x")), Err(Error::Value { .. })));
        assert!(matches!(Configuration::parse("[kafka", Path::new("x")), Err(Error::Toml { .. })));
        for wrong in ["", "5", "ms", "5 weeks", "-5s"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
