//! One format by two transports.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use trunkline_config::{OrderMode, Redaction, Source, SourceKind, Verify};
use trunkline_schemas::PlatformEvent;

use super::*;
use crate::adapter::{Adapter, Loaded};
use crate::delivery::Proof;
use crate::format::{genesys_events, genesys_topics};
use crate::framing::Framing;
use crate::trace_context::TraceContext;
use crate::transport::Unwrapped;

const NOW: i64 = 1_772_439_600_000;

/// A notification as a socket brings it: the event itself, whose topic has its ids in it. A transport that
/// only this test knows; it needs a way to unwrap and no change of the format.
static NOTIFICATION: Adapter = Adapter {
    kind: SourceKind::GenesysEventBridge,
    version: "1",
    schema: include_str!("../../../../schemas/json/genesys-events/1.json"),
    referenced: &[],
    channel: "notifications",
    unwrap: |element| {
        let topic = element.value.get("topicName")?.as_str()?;
        let type_name = Some(Cow::Owned(genesys_topics::canonical(topic)));
        Some(Unwrapped { type_name, ..Unwrapped::at(element, "")? })
    },
    format: genesys_events::FORMAT,
};

fn delivery<'a>(source: &'a Source, bytes: &'a [u8]) -> Delivery<'a> {
    Delivery {
        source,
        bytes,
        framing: Framing::Body,
        received_at: NOW,
        correlation_id: None,
        trace: TraceContext { parent: String::new(), state: None },
        content_type: None,
        headers: BTreeMap::new(),
        proof: Proof::NotRequired,
    }
}

fn source(org: Option<&str>) -> Source {
    Source {
        name: "test".into(),
        kind: SourceKind::GenesysEventBridge,
        org: org.map(ToOwned::to_owned),
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

fn event(outcome: ElementOutcome) -> PlatformEvent {
    match outcome {
        ElementOutcome::Event(accepted) => accepted.event,
        other => panic!("no event: {other:?}"),
    }
}

fn by_eventbridge(payload: &Value) -> PlatformEvent {
    let (source, text) = (source(None), payload.to_string());
    event(map_delivery(&delivery(&source, text.as_bytes()), 127).unwrap().elements.remove(0))
}

fn by_notification(message: &Value, org: &str) -> PlatformEvent {
    let (source, text) = (source(Some(org)), message.to_string());
    let loaded: &'static Loaded = Box::leak(Box::new(Loaded::new(&NOTIFICATION).unwrap()));
    let element = Element::read(text.as_bytes(), 127).unwrap();
    event(map_by(std::iter::once(Reader::Adapter(loaded)), &delivery(&source, text.as_bytes()), &element))
}

/// The fixtures, and the payloads of the folder given.
fn payloads() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/genesys-eventbridge");
    let given = std::env::var("TRUNKLINE_FIXTURES").map(|folder| Path::new(&folder).join("genesys"));
    let folders = [Some(own), given.ok()].into_iter().flatten();
    let files =
        folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "json")).collect()
}

#[test]
fn the_same_event_by_another_transport_is_the_same_event() {
    let mut compared = 0;
    for file in payloads() {
        let payload: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let message = &payload["detail"];
        let (Some(detail_type), Some(topic)) =
            (payload["detail-type"].as_str(), message["topicName"].as_str())
        else {
            continue;
        };
        // Audits name what they audit in the topic, which only EventBridge brings, and some examples
        // contradict themselves.
        if genesys_topics::canonical(topic) != genesys_topics::canonical(detail_type) {
            continue;
        }
        let expected = by_eventbridge(&payload);
        let found = by_notification(message, &expected.org_id);
        assert_eq!(found.content_id, expected.content_id, "{}", file.display());
        if expected.content_id.is_some() {
            // Only its transport names an occurrence of it, and each does so in its own way.
            continue;
        }
        assert_eq!(found.event_id, expected.event_id, "{}", file.display());
        assert_eq!(found.source.channel, "notifications");
        assert_eq!(found.source.transport_id, None);
        // What the envelope alone says: its text, its id, and its time where the event names none.
        let named = |value: &Value| !value.is_null();
        let timed = named(&message["eventBody"]["eventTime"]) || named(&message["timestamp"]);
        let expected = PlatformEvent {
            source: found.source.clone(),
            data: found.data.clone(),
            event_time: if timed { expected.event_time } else { NOW },
            event_time_source: if timed { expected.event_time_source } else { found.event_time_source },
            ..expected
        };
        assert_eq!(found, expected, "{}", file.display());
        compared += 1;
    }
    assert!(compared > 10, "only {compared} events were compared");
}

#[test]
fn a_message_of_another_schema_is_quarantined_by_every_transport() {
    let message = serde_json::json!({"topicName": "v2.users.{id}.presence", "eventBody": 7});
    let (source, text) = (source(None), message.to_string());
    let loaded: &'static Loaded = Box::leak(Box::new(Loaded::new(&NOTIFICATION).unwrap()));
    let element = Element::read(text.as_bytes(), 127).unwrap();
    let outcome =
        map_by(std::iter::once(Reader::Adapter(loaded)), &delivery(&source, text.as_bytes()), &element);
    let ElementOutcome::Quarantined(quarantined) = outcome else { panic!("{outcome:?}") };
    assert_eq!(quarantined.payload.reason, "/eventBody is number and does not match the schema");
}
