//! Sources and deliveries that tests share.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use trunkline_config::{Drift, OrderMode, ReadBy, Redaction, Source, SourceKind, Verify};
use trunkline_mapping::{Accepted, Delivery, ElementOutcome, Framing, Proof, TraceContext, map_delivery};

/// The time of ingestion in all tests: 2026-03-02T08:20:00Z.
pub const NOW: i64 = 1_772_439_600_000;
/// The deepest nesting that can be configured.
pub const DEPTH: usize = 127;

/// The kinds whose payloads are events.
pub fn kinds() -> impl Iterator<Item = SourceKind> {
    SourceKind::ALL.into_iter().filter(|kind| kind.read_by() != ReadBy::ChangeTable)
}

/// The source whose payloads are a kind's fixtures.
pub fn source(kind: SourceKind) -> Source {
    match std::fs::read_to_string(fixtures(kind).join("source.toml")) {
        Ok(settings) => configured(&settings),
        Err(_) => of_kind(kind),
    }
}

/// The source of a configuration, called `test`; `settings` are those below `[sources.test]`.
pub fn configured(settings: &str) -> Source {
    let settings = settings.replace("[mapping", "[sources.test.mapping");
    let text = format!(
        "kafka.brokers = 'localhost:9092'\nregistry.url = 'http://localhost:8081'\n[sources.test]\n{settings}"
    );
    let mut config = trunkline_config::parse(&text, "source.toml").unwrap_or_else(|e| panic!("{e}\n{text}"));
    config.sources.remove("test").unwrap()
}

fn of_kind(kind: SourceKind) -> Source {
    Source {
        name: "test".into(),
        kind,
        org: (kind != SourceKind::GenesysEventBridge).then(|| "configured-org".into()),
        order: OrderMode::Causal,
        hold: Duration::ZERO,
        drift: Drift::Pass,
        mapping: None,
        sequence: None,
        redaction: Redaction::default(),
        admission: Default::default(),
        verify: Verify::None,
    }
}

pub fn delivery<'a>(source: &'a Source, bytes: &'a [u8], received_at: i64) -> Delivery<'a> {
    Delivery {
        source,
        bytes,
        framing: Framing::Body,
        received_at,
        correlation_id: None,
        trace: trace(),
        content_type: None,
        headers: BTreeMap::new(),
        proof: Proof::NotRequired,
    }
}

/// The event that a body of one element becomes.
pub fn accepted(source: &Source, body: &[u8], received_at: i64) -> Accepted {
    let mut outcome = map_delivery(&delivery(source, body, received_at), DEPTH).unwrap();
    match outcome.elements.remove(0) {
        ElementOutcome::Event(accepted) => *accepted,
        other => panic!("no event: {other:?}"),
    }
}

/// The event that a payload of a source of this kind becomes.
pub fn map(kind: SourceKind, payload: &Value) -> Accepted {
    accepted(&source(kind), payload.to_string().as_bytes(), NOW)
}

pub fn trace() -> TraceContext {
    TraceContext { parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(), state: None }
}

/// The folder of a kind's fixtures.
pub fn fixtures(kind: SourceKind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind.as_str())
}

pub fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

/// Payloads of a kind, without what stands beside them.
pub fn payloads(kind: SourceKind) -> Vec<PathBuf> {
    let mut files = json_files(&fixtures(kind));
    files.retain(|file| !file.to_str().unwrap().ends_with(".expected.json"));
    files
}
