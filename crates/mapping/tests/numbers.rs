//! Numbers that are ids, and numbers that nothing can hold.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use support::{DEPTH, NOW, delivery, source};
use trunkline_config::SourceKind;
use trunkline_mapping::{ElementOutcome, map_delivery};
use trunkline_schemas::PlatformEvent;

fn map(body: &str) -> PlatformEvent {
    map_as(SourceKind::CxoneDigital, body)
}

fn map_as(kind: SourceKind, body: &str) -> PlatformEvent {
    let source = source(kind);
    let outcome = map_delivery(&delivery(&source, body.as_bytes(), NOW), DEPTH).unwrap();
    match outcome.elements.into_iter().next().unwrap() {
        ElementOutcome::Event(accepted) => accepted.event,
        ElementOutcome::Quarantined(quarantined) => panic!("quarantined: {}", quarantined.payload.reason),
    }
}

#[test]
fn a_number_that_is_an_id_is_kept_as_it_is_written() {
    for id in ["18446744073709551616", "18446744073709551617", "1e3", "1000.0", "1E3", "7", "-0", "0.10"] {
        for name in ["case", "contact", "consumerContact"] {
            let event =
                map(&format!(r#"{{"eventType":"X","eventId":{id},"data":{{"{name}":{{"id":{id}}}}}}}"#));
            assert_eq!(event.conversation_id.as_deref(), Some(id), "{name}");
            assert_eq!(event.source.transport_id.as_deref(), Some(id));
        }
    }
}

#[test]
fn numbers_as_ids_of_genesys_are_kept_too() {
    let mut ids = std::collections::BTreeSet::new();
    for id in ["18446744073709551616", "18446744073709551617", "1e3", "1000.0"] {
        let event = map_as(
            SourceKind::GenesysEventBridge,
            &format!(
                r#"{{"id":"d-1","detail-type":"v2.something.{{id}}.new","source":"aws.partner/genesys.com/cloud/o/b",
                "time":"2026-03-02T08:15:30Z","detail":{{"topicName":"v2.something.{id}.new",
                "eventBody":{{"conversationId":{id}}}}}}}"#
            ),
        );
        assert_eq!(event.conversation_id.as_deref(), Some(id));
        ids.insert(event.event_id);
    }
    assert_eq!(ids.len(), 4);
}

#[test]
fn bodies_of_numbers_that_no_float_tells_apart_are_two_facts() {
    let id = |number: &str| map(&format!(r#"{{"Type":"AgentState","n":{number}}}"#)).event_id;
    for (one, other) in
        [("18446744073709551616", "18446744073709551617"), ("1e400", "1e401"), ("1e-400", "0")]
    {
        assert_ne!(id(one), id(other), "{one} {other}");
    }
    // As ever: written in another way, it is the same fact.
    for (one, other) in [("1e3", "1000.0"), ("1.50", "1.5"), ("100000000000000000000", "1e20")] {
        assert_eq!(id(one), id(other), "{one} {other}");
    }
}

#[test]
fn a_number_beyond_all_bounds_costs_nothing_but_itself() {
    let body = r#"{"eventType":"CaseCreated","eventId":"e-1","data":{"case":{"id":"7","x":[1e400,-1e999]}}}"#;
    let event = map(body);
    assert_eq!((event.conversation_id.as_deref(), event.data.as_str()), (Some("7"), body));
}
