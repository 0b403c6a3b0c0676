//! Sources that are read by a table: what of a payload keeps it from being an event, what names an event, and what the
//! table makes of odd values.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{DEPTH, NOW, accepted, configured, delivery, fixtures, json_files, kinds, source};
use trunkline_config::{MappingTable, Source, SourceKind};
use trunkline_mapping::{Change, Delivery, Difference, ElementOutcome, map_delivery};
use trunkline_schemas::PlatformEvent;

fn map(source: &Source, payload: &Value) -> PlatformEvent {
    accepted(source, payload.to_string().as_bytes(), NOW).event
}

/// A source of nothing but a mapping, with more settings in it.
fn custom(mapping: &str) -> Source {
    configured(&format!(
        "kind = 'custom'\norg = 'acme'\nverify.method = 'none'\n[mapping]\nplatform = 'acme'\n\
         fields.conversationId = '/call'\n{mapping}"
    ))
}

/// How many of some differences are values of a wrong type.
fn wrong_types(drift: &[Difference]) -> usize {
    drift.iter().filter(|difference| difference.change == Change::TypeChanged).count()
}

#[test]
fn what_lacks_what_the_table_requires_is_quarantined_and_says_what() {
    let mut checked = 0;
    for kind in kinds() {
        let folder = fixtures(kind).join("quarantined");
        let Ok(expected) = std::fs::read_to_string(folder.join("expected.txt")) else { continue };
        let expected: BTreeMap<&str, &str> =
            expected.lines().map(|line| line.split_once(' ').unwrap()).collect();
        let source = source(kind);
        let mut found = BTreeMap::new();
        for file in json_files(&folder) {
            let body = std::fs::read(&file).unwrap();
            let outcome = map_delivery(&delivery(&source, &body, NOW), DEPTH).unwrap().elements.remove(0);
            let ElementOutcome::Quarantined(kept) = outcome else {
                panic!("{}: {outcome:?}", file.display())
            };
            assert_eq!(kept.payload.payload, body, "it is kept to the byte");
            found.insert(file.file_name().unwrap().to_str().unwrap().to_owned(), kept.payload.reason);
        }
        let found: BTreeMap<&str, &str> =
            found.iter().map(|(name, reason)| (name.as_str(), reason.as_str())).collect();
        assert_eq!(found, expected, "{kind}");
        checked += found.len();
    }
    assert!(checked >= 5, "only {checked} payloads were found");
}

#[test]
fn every_kind_that_a_table_reads_has_fixtures_of_both_fates() {
    for kind in kinds().filter(|kind| matches!(source(*kind).mapping, Some(MappingTable::Events(_)))) {
        assert!(support::payloads(kind).len() >= 3, "{kind}");
        assert!(json_files(&fixtures(kind).join("quarantined")).iter().len() >= 1, "{kind}");
    }
}

#[test]
fn a_configured_identity_names_the_fact_whatever_else_the_payload_says() {
    let source = custom("identity = ['/id', '/part']\nsource_type = '/event'\nfields.agentId = '/agent'");
    let id = |payload: Value| map(&source, &payload).event_id;
    let first = id(json!({"call": "c", "id": "7", "part": 1, "event": "up", "attempt": 1}));
    assert_eq!(first, id(json!({"call": "c", "id": "7", "part": 1, "event": "up", "attempt": 2})));
    assert_eq!(first, id(json!({"event": "up", "id": "7", "call": "c", "part": 1})));
    // Not even by what is of a wrong type.
    for attempt in [json!([1]), json!({"n": 2})] {
        let call = json!({"call": "c", "id": "7", "part": 1, "event": "up", "agent": attempt});
        assert_eq!(first, id(call));
    }
    for other in [
        json!({"call": "c", "id": "7", "part": 2, "event": "up"}),
        json!({"call": "c", "id": "7", "part": 1, "event": "down"}),
        json!({"call": "c", "id": "7 ", "part": 1, "event": "up"}),
        json!({"call": "c", "id": "71", "part": 1, "event": "up"}),
    ] {
        assert_ne!(first, id(other.clone()), "{other}");
    }
}

#[test]
fn ids_are_what_was_written_and_two_forms_of_a_number_are_two() {
    let source = custom("identity = ['/id']");
    let mut ids = std::collections::BTreeSet::new();
    for (written, expected) in
        [("1e3", "1e3"), ("1000.0", "1000.0"), ("1000", "1000"), ("\"1000\"", "1000"), ("-0", "-0")]
    {
        let body = format!(r#"{{"call": {written}, "id": {written}}}"#);
        let event = accepted(&source, body.as_bytes(), NOW).event;
        assert_eq!(event.conversation_id.as_deref(), Some(expected), "{body}");
        ids.insert(event.event_id);
    }
    assert_eq!(ids.len(), 4, "a number and its text are one id, anything else is not");
}

#[test]
fn without_an_identity_each_delivery_is_an_occurrence_and_its_content_is_named_beside_it() {
    let source = custom("fields.eventTime = '/at'");
    let body = json!({"call": "c", "at": NOW}).to_string();
    let at = |received_at, id: Option<&str>| {
        let headers = id.map(|id| ("webhook-id".to_owned(), id.to_owned())).into_iter().collect();
        let delivery = Delivery { headers, ..delivery(&source, body.as_bytes(), received_at) };
        match map_delivery(&delivery, DEPTH).unwrap().elements.remove(0) {
            ElementOutcome::Event(accepted) => accepted.event,
            other => panic!("{other:?}"),
        }
    };
    let first = at(NOW, None);
    assert!(first.content_id.is_some());
    assert_eq!(first.content_id, at(NOW + 1, None).content_id);
    assert_ne!(first.event_id, at(NOW + 1, None).event_id, "losing a fact is worse than repeating it");
    assert_eq!(at(NOW, Some("m-1")).event_id, at(NOW + 9, Some("m-1")).event_id, "the sender names it");
    assert_ne!(at(NOW, Some("m-1")).event_id, at(NOW, Some("m-2")).event_id);
}

#[test]
fn the_first_rule_that_matches_says_the_type_and_nothing_is_guessed() {
    let source = custom(
        "source_type = '/event'\ncanonical = '/own'\n\
         [[mapping.types]]\nwhen = { '/event' = 'up', '/n' = 1.5 }\ntype = 'flow.started'\n\
         [[mapping.types]]\nwhen = { '/event' = 'up', '/ok' = true }\ntype = 'flow.ended'\n\
         [[mapping.types]]\nwhen = { '/event' = 'u*' }\ntype = 'flow.outcome'\n",
    );
    for (payload, event_type, source_type) in [
        (json!({"event": "up", "n": 1.5}), "flow.started", "up"),
        (json!({"event": "up", "n": 1, "ok": true}), "flow.ended", "up"),
        (json!({"event": "up", "ok": "true"}), "flow.ended", "up"),
        (json!({"event": "upper"}), "flow.outcome", "upper"),
        (json!({"event": "UP"}), "platform.event", "UP"),
        (json!({"event": "x", "own": "conversation.ended"}), "conversation.ended", "x"),
        (json!({"own": "conversation.ended"}), "conversation.ended", "conversation.ended"),
        (json!({"own": "conversation.end"}), "platform.event", "conversation.end"),
        (json!({}), "platform.event", "unnamed"),
    ] {
        let mut body = payload.clone();
        body["call"] = "c".into();
        let event = map(&source, &body);
        assert_eq!(
            (event.event_type.as_str(), event.source_type.as_str()),
            (event_type, source_type),
            "{payload}"
        );
    }
}

#[test]
fn a_numbered_source_gives_its_numbers_and_a_missing_one_is_drift() {
    let source = configured(
        "kind = 'custom'\norg = 'acme'\norder = 'sequenced'\nsequence = '/meta/n'\nverify.method = 'none'\n[mapping]\n\
         platform = 'acme'\nfields.conversationId = '/call'\nknown = []\n[[mapping.types]]\ntype = 'flow.started'",
    );
    let of = |payload: Value| accepted(&source, payload.to_string().as_bytes(), NOW);
    let first = of(json!({"call": "c", "meta": {"n": 41}}));
    assert_eq!((first.event.sequence, first.drift.len()), (Some(41), 0));
    // Equal but for their numbers: two facts, and neither is taken for a repetition of the other.
    let second = of(json!({"call": "c", "meta": {"n": 42}})).event;
    assert_ne!(first.event.event_id, second.event_id);
    assert_eq!((&first.event.content_id, &second.content_id), (&None, &None));
    let without = of(json!({"call": "c"}));
    assert_eq!(without.event.sequence, None);
    let drift: Vec<String> = without.drift.iter().map(ToString::to_string).collect();
    assert!(drift.contains(&"/meta/n is required and absent".to_owned()), "{drift:?}");
}

#[test]
fn two_sources_of_one_conversation_have_an_order_each() {
    let mut other = source(SourceKind::Custom);
    other.name = "other".into();
    let body = std::fs::read(fixtures(SourceKind::Custom).join("call_up.json")).unwrap();
    let event = |source: &Source| accepted(source, &body, NOW).event;
    let (here, there) = (event(&source(SourceKind::Custom)), event(&other));
    assert_eq!(here.key(), there.key());
    assert_ne!(here.source.channel, there.source.channel);
}

#[test]
fn two_sources_of_one_platform_may_use_one_id_for_two_facts() {
    let named = |name: &str, mapping: &str| Source { name: name.into(), ..custom(mapping) };
    let body = json!({"call": "c", "id": 1});
    for mapping in ["identity = '/id'", ""] {
        let [here, there] = ["ivr", "chat"].map(|name| map(&named(name, mapping), &body));
        assert_ne!(here.event_id, there.event_id, "'{mapping}'");
        assert_eq!(here.content_id.is_some(), mapping.is_empty());
        assert!(here.content_id.is_none() || here.content_id != there.content_id);
        assert_eq!(here.event_id, map(&named("ivr", mapping), &body).event_id);
    }
}

#[test]
fn what_is_a_value_in_one_payload_and_has_parts_in_another_is_read_in_both() {
    let two = "fields.customerId = ['/caller/number', '/caller']\nfields.agentId = ['/a', '/b']";
    let beside = "fields.customerId = '/caller'\nattributes.number = '/caller/number'\n";
    let said = |mapping: &str, caller: Value| {
        let source = custom(mapping);
        let accepted = accepted(&source, json!({"call": "c", "caller": caller}).to_string().as_bytes(), NOW);
        let number = accepted.event.attributes.get("number").cloned();
        (accepted.event.customer_id, number, wrong_types(&accepted.drift))
    };
    let text = |text: &str| Some(text.to_owned());
    for (mapping, caller, expected) in [
        (two, json!({"number": "4711"}), (text("4711"), None, 0)),
        (two, json!("4711"), (text("4711"), None, 0)),
        (two, json!({"number": ["4711"]}), (None, None, 1)),
        (two, json!(["4711"]), (None, None, 1)),
        (beside, json!("4711"), (text("4711"), None, 0)),
        (beside, json!({"number": "4711"}), (None, text("4711"), 0)),
    ] {
        assert_eq!(said(mapping, caller.clone()), expected, "{mapping} {caller}");
    }
}

#[test]
fn what_names_its_conversation_unreadably_is_no_event_about_its_agent() {
    let source = source(SourceKind::GenesysDataAction);
    let outcome = |conversation: Value, queue: Value| {
        let body = json!({"eventType": "ivr.node_executed", "conversationId": conversation, "userId": "a1",
            "queueId": queue});
        map_delivery(&delivery(&source, body.to_string().as_bytes(), NOW), DEPTH).unwrap().elements.remove(0)
    };
    for wrong in [json!({"id": "c1"}), json!(["c1"]), json!(true)] {
        let ElementOutcome::Quarantined(kept) = outcome(wrong.clone(), Value::Null) else {
            panic!("{wrong}")
        };
        assert!(kept.payload.reason.starts_with("/conversationId is "), "{}", kept.payload.reason);
        assert!(kept.drift.iter().any(|drift| drift.pointer == "/conversationId"), "{:?}", kept.drift);
    }
    for (conversation, queue) in
        [(Value::Null, Value::Null), (json!(""), Value::Null), (Value::Null, json!([1]))]
    {
        let ElementOutcome::Event(accepted) = outcome(conversation.clone(), queue.clone()) else {
            panic!("{conversation} {queue}")
        };
        assert_eq!(accepted.event.entity_id, "a1", "what is further away says nothing of it");
    }
}

#[test]
fn what_is_of_another_type_counts_only_where_no_alternative_can_be_read() {
    let source = custom("fields.agentId = ['/a', '/b']");
    for (payload, agent, drift) in [
        (json!({"a": ["x"], "b": "y"}), Some("y"), 0),
        (json!({"a": "x", "b": {"n": 1}}), Some("x"), 0),
        (json!({"a": ["x"], "b": ""}), None, 1),
        (json!({"a": ["x"], "b": {"n": 1}}), None, 2),
    ] {
        let mut body = payload.clone();
        body["call"] = "c".into();
        let found = accepted(&source, body.to_string().as_bytes(), NOW);
        let wrong = wrong_types(&found.drift);
        assert_eq!((found.event.agent_id.as_deref(), wrong), (agent, drift), "{payload}");
    }
}

#[test]
fn a_time_that_is_required_may_be_written_in_any_way() {
    let source = custom("required = ['eventTime']\nfields.eventTime = '/at'");
    for at in [json!(NOW), json!("2026-03-02T08:20:00Z"), json!({"seconds": NOW / 1_000, "nanos": 0})] {
        assert_eq!(map(&source, &json!({"call": "c", "at": at})).event_time, NOW, "{at}");
    }
}

#[test]
fn control_characters_of_an_id_are_escaped_in_the_key_and_kept_in_the_event() {
    let event = map(&custom(""), &json!({"call": "c\u{0}\n1"}));
    assert_eq!(event.conversation_id.as_deref(), Some("c\u{0}\n1"));
    assert_eq!(event.key(), "acme/acme/c%00%0A1");
}
