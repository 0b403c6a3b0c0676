//! Every payload in `tests/fixtures` maps to the envelope that stands beside it, and every payload in the
//! folder that `TRUNKLINE_FIXTURES` names (in the layout `genesys/…`, `cxone/…`) maps to a valid one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{NOW, accepted, fixtures, json_files, kinds, payloads, source};
use trunkline_config::SourceKind;
use trunkline_mapping::{Accepted, number};
use trunkline_schemas::codec::{Decoder, Encoder, Value as _};
use trunkline_schemas::{EventTimeSource, PlatformEvent};

fn map(kind: SourceKind, body: &[u8], now: i64) -> Accepted {
    accepted(&source(kind), body, now)
}

/// What is true of every envelope, whatever it was made from.
fn check_valid(event: &PlatformEvent, body: &[u8], file: &Path) {
    let file = file.display();
    if event.redacted.is_empty() {
        assert_eq!(event.data.as_bytes(), body, "{file}: the payload is kept to the byte");
    }
    assert_eq!(event.event_id.len(), 36, "{file}");
    assert!(event.event_type.contains('.'), "{file}: {}", event.event_type);
    for (name, value) in [
        ("sourceType", &event.source_type),
        ("orgId", &event.org_id),
        ("entityType", &event.entity_type),
        ("entityId", &event.entity_id),
        ("correlationId", &event.correlation_id),
        ("channel", &event.source.channel),
    ] {
        assert!(!value.is_empty(), "{file}: {name} is empty");
    }
    let ids =
        [&event.conversation_id, &event.contact_id, &event.agent_id, &event.queue_id, &event.customer_id];
    assert!(
        ids.into_iter().flatten().all(|id| !id.is_empty() && id != "String" && id != "null"),
        "{file}: {event:?}"
    );
    if let Some(conversation) = &event.conversation_id {
        assert_eq!((event.entity_type.as_str(), &event.entity_id), ("conversation", conversation), "{file}");
    }
    match event.event_time_source {
        EventTimeSource::Ingest => assert_eq!(event.event_time, event.ingest_time, "{file}"),
        EventTimeSource::Platform => assert!(event.event_time > 0, "{file}"),
        EventTimeSource::Unknown => panic!("{file}: the time's source is known"),
    }
    let encoded = Encoder::<PlatformEvent>::new(7).encode_to_vec(event).unwrap();
    let mut decoder = Decoder::<PlatformEvent>::new();
    decoder.add_writer(7, PlatformEvent::SCHEMA).unwrap();
    assert_eq!(&decoder.decode(&encoded).unwrap(), event, "{file}: what is written can be read");
}

/// The envelope as flat names: `source.channel`, `attributes.ani`, `eventTime`.
fn flat(accepted: &Accepted) -> BTreeMap<String, Value> {
    fn walk(prefix: &str, value: Value, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
                    walk(&name, value, into);
                }
            }
            leaf => drop(into.insert(prefix.to_owned(), leaf)),
        }
    }
    let mut fields = BTreeMap::new();
    walk("", serde_json::to_value(&accepted.event).unwrap(), &mut fields);
    let mut drift: Vec<String> =
        accepted.drift.iter().map(|d| format!("{} {}", d.change.as_str(), d.pointer)).collect();
    drift.sort();
    fields.insert("drift".into(), serde_json::to_value(drift).unwrap());
    fields
}

#[test]
fn own_fixtures_map_to_what_stands_beside_them() {
    let mut checked = 0;
    for kind in kinds() {
        for expected_file in json_files(&fixtures(kind)) {
            let Some(name) = expected_file.to_str().and_then(|path| path.strip_suffix(".expected.json"))
            else {
                continue;
            };
            let file = PathBuf::from(format!("{name}.json"));
            let body = std::fs::read(&file).unwrap();
            let accepted = map(kind, &body, NOW);
            check_valid(&accepted.event, &body, &file);
            let expected: BTreeMap<String, Value> =
                serde_json::from_slice(&std::fs::read(&expected_file).unwrap()).unwrap();
            let found = flat(&accepted);
            for (field, value) in expected {
                let value = if value == "now" { Value::from(NOW) } else { value };
                assert_eq!(
                    found.get(&field).unwrap_or(&Value::Null),
                    &value,
                    "{field} of {}",
                    file.display()
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} fixtures were found");
}

#[test]
fn the_same_fact_has_the_same_id_and_another_has_not() {
    let mut ids: BTreeMap<String, PathBuf> = BTreeMap::new();
    for kind in kinds() {
        for file in payloads(kind) {
            let body = std::fs::read(&file).unwrap();
            let event = map(kind, &body, NOW).event;
            // What nothing names, its delivery does.
            let unnamed = event.content_id.is_some() && event.source.transport_id.is_none();
            let first = event.event_id;
            let a_day_later = map(kind, &body, NOW + 86_400_000).event.event_id;
            assert_eq!(first != a_day_later, unnamed, "{}", file.display());
            // As mapping reads it: a number that no float holds is text, and stays what it is.
            let rewritten = number::parse(std::str::from_utf8(&body).unwrap()).unwrap().value.to_string();
            assert_eq!(
                first,
                map(kind, rewritten.as_bytes(), NOW).event.event_id,
                "{} rewritten",
                file.display()
            );
            if let Some(other) = ids.insert(first, file.clone()) {
                panic!("{} and {} are one fact", other.display(), file.display());
            }
        }
    }
}

#[test]
fn eventbridge_published_anew_is_the_same_fact() {
    let file = fixtures(SourceKind::GenesysEventBridge).join("customer_end.json");
    let body: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let original = map(SourceKind::GenesysEventBridge, body.to_string().as_bytes(), NOW).event;
    let mut anew = body.clone();
    anew["id"] = "another-delivery".into();
    anew["time"] = "2026-03-02T09:00:00Z".into();
    anew["detail"]["metadata"]["CorrelationId"] = "another-request".into();
    let anew = map(SourceKind::GenesysEventBridge, anew.to_string().as_bytes(), NOW).event;
    assert_eq!(original.event_id, anew.event_id);
    let mut later = body;
    later["detail"]["eventBody"]["eventTime"] = 1_772_439_329_124_i64.into();
    assert_ne!(
        original.event_id,
        map(SourceKind::GenesysEventBridge, later.to_string().as_bytes(), NOW).event.event_id
    );
}

/// 2030-01-01T00:00:00Z: no payload of the folder given is younger, so that none of their times is in the future.
const AFTER_ALL: i64 = 1_893_456_000_000;

#[test]
fn payloads_of_the_folder_given_are_never_lost() {
    let Ok(folder) = std::env::var("TRUNKLINE_FIXTURES") else { return };
    // A folder beside it, of the same layout, holds what was found later.
    let further = format!("{}-more", folder.trim_end_matches('/'));
    let mut found = 0;
    for (sub, kind, belongs) in [
        ("genesys", SourceKind::GenesysEventBridge, &["eventbridge"][..]),
        ("genesys", SourceKind::GenesysOpenMessaging, &["openmessaging", "webhook_openmessaging"]),
        ("cxone", SourceKind::CxoneDigital, &["agent_session", "digital_ws"]),
    ] {
        let folders = [&folder, &further].map(|folder| Path::new(folder).join(sub));
        for file in folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| json_files(folder)) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if !belongs.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let body = std::fs::read(&file).unwrap();
            let accepted = map(kind, &body, AFTER_ALL);
            check_valid(&accepted.event, &body, &file);
            let later = map(kind, &body, AFTER_ALL + 1).event;
            assert_eq!(accepted.event.content_id, later.content_id, "{}", file.display());
            // What nothing names but its arrival says so by its content.
            if accepted.event.content_id.is_none() {
                assert_eq!(accepted.event.event_id, later.event_id, "{}", file.display());
            } else if accepted.event.event_id != later.event_id {
                println!("{name}: named by its arrival");
            }
            println!("{name}: {}", summary(&accepted));
            found += 1;
        }
    }
    assert!(found > 0, "no payloads under {folder}");
}

/// What a person who knows the payload can judge.
fn summary(accepted: &Accepted) -> String {
    let event = &accepted.event;
    let drift: Vec<String> = accepted.drift.iter().map(ToString::to_string).collect();
    format!(
        "{} {} {}/{} conversation={:?} customer={:?} agent={:?} queue={:?} media={:?} {:?} time={} {:?} \
         attributes={:?} tenant's={:?} drift={drift:?}",
        event.event_type,
        event.org_id,
        event.entity_type,
        event.entity_id,
        event.conversation_id,
        event.customer_id,
        event.agent_id,
        event.queue_id,
        event.media_type,
        event.direction,
        event.event_time,
        event.event_time_source,
        event.attributes,
        event.tenant_attributes,
    )
}
