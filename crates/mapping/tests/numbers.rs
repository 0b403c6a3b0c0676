//! Numbers that are ids, and numbers that nothing can hold.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{DEPTH, NOW, accepted, delivery, source};
use trunkline_config::SourceKind;
use trunkline_mapping::format::genesys_topics;
use trunkline_mapping::{ElementOutcome, map_delivery};
use trunkline_schemas::PlatformEvent;

fn map(body: &str) -> PlatformEvent {
    map_as(SourceKind::CxoneDigital, body)
}

fn map_as(kind: SourceKind, body: &str) -> PlatformEvent {
    accepted(&source(kind), body.as_bytes(), NOW).event
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

/// Numbers as they may be written; no two of them are the same id.
const NUMBERS: [&str; 8] =
    ["18446744073709551616", "18446744073709551617", "1e3", "1000.0", "1E3", "7", "-0", "0.10"];

/// Stands for an id in the payloads below.
const MARK: &str = "id-of-this-test";

/// What is read out of a payload, as one text, without what hangs on the payload as a whole.
fn read_out(event: &PlatformEvent) -> String {
    let mut value = serde_json::to_value(event).unwrap();
    for name in ["data", "eventId", "contentId"] {
        value.as_object_mut().unwrap().remove(name);
    }
    for name in ["entityId", "correlationId"] {
        let own = [Some(event.event_id.as_str()), event.content_id.as_deref()];
        if own.contains(&value[name].as_str()) {
            value[name] = Value::Null;
        }
    }
    value.to_string()
}

/// Checks that numbers in place of an id are read as that id is, and make different facts where they name what an
/// event is about. Returns the fields that have the id.
fn check_numbers(kind: SourceKind, payload: &Value) -> Vec<String> {
    let text = payload.to_string();
    let event = map_as(kind, &text);
    let expected = read_out(&event);
    let mut ids = BTreeSet::new();
    // CXone writes a zero where nobody is meant.
    let nobody = |number: &&str| kind == SourceKind::CxoneDigital && *number == "-0";
    let numbers: Vec<&str> = NUMBERS.into_iter().filter(|number| !nobody(number)).collect();
    for number in &numbers {
        let found = map_as(kind, &text.replace(&format!("\"{MARK}\""), number));
        assert_eq!(read_out(&found), expected.replace(MARK, number), "{number} in {text}");
        ids.insert(found.event_id);
    }
    if event.key().contains(MARK) {
        assert_eq!(ids.len(), numbers.len(), "{text}");
    }
    let fields = serde_json::to_value(&event).unwrap();
    let having = fields.as_object().unwrap().iter().filter(|(_, value)| value.as_str() == Some(MARK));
    having.map(|(name, _)| name.clone()).collect()
}

/// The fields of `found` that none of the payloads filled.
fn missing<'a>(found: &BTreeSet<String>, expected: &[&'a str]) -> Vec<&'a str> {
    expected.iter().filter(|name| !found.contains(**name)).copied().collect()
}

fn eventbridge(topic: &str, body: &Value) -> Value {
    json!({
        "id": "d-1", "detail-type": topic, "source": "aws.partner/genesys.com/cloud/o/b",
        "time": "2026-03-02T08:15:31Z",
        "detail": {"topicName": topic, "eventBody": body, "metadata": {"CorrelationId": "c"}},
    })
}

/// Bodies of a step of a conversation, one for each of its fields that holds ids.
fn bodies_of_step(step: &str) -> Vec<Value> {
    let table: Value =
        serde_json::from_str(include_str!("../../../schemas/json/genesys-events/detail-fields.json"))
            .unwrap();
    let names = table["topics"][step].as_object().unwrap().keys();
    let body = |name: &String| {
        let mut body = json!({"eventTime": NOW, "conversationId": "c-1"});
        body[name.as_str()] = if name.ends_with("Ids") { json!([MARK]) } else { json!(MARK) };
        body
    };
    names
        .filter(|name| name.ends_with("Id") || name.ends_with("Ids") || *name == "wrapupCode")
        .map(body)
        .collect()
}

/// Bodies of all other topics, whichever of the ids they have.
fn bodies_of_states() -> Vec<Value> {
    let in_body = [
        json!({"id": MARK}),
        json!({"conversationId": MARK}),
        json!({"participantId": MARK, "conversationId": "c-1"}),
        json!({"userId": MARK}),
        json!({"queueId": MARK}),
        json!({"externalContactId": MARK}),
        json!({"conversation": {"id": MARK}}),
        json!({"user": {"id": MARK}}),
        json!({"member": {"id": MARK}}),
        json!({"sender": {"id": MARK}}),
        json!({"entity": {"id": MARK}}),
        json!({"group": {"queueId": MARK}}),
        json!({"attributes": {"customerId": MARK}}),
    ];
    let of_participants = [
        json!({"id": MARK, "userId": "u-1"}),
        json!({"userId": MARK}),
        json!({"user": {"id": MARK}}),
        json!({"userId": "u-1", "queueId": MARK}),
        json!({"user": {"id": "u-1"}, "queue": {"id": MARK}}),
        json!({"purpose": "customer", "externalContactId": MARK}),
        json!({"purpose": "external", "externalContact": {"id": MARK}}),
        json!({"purpose": "customer", "attributes": {"customerId": MARK}}),
    ];
    let snapshots = of_participants.map(|participant| json!({"id": "c-1", "participants": [participant]}));
    in_body.into_iter().chain(snapshots).collect()
}

#[test]
fn numbers_as_ids_of_genesys_are_kept_too() {
    let mut filled = BTreeSet::new();
    let unknown = ["v2.something.{id}.new", "v2.detail.events.conversation.{id}.new"];
    let known = genesys_topics::TOPICS.iter().map(|known| known.pattern);
    for pattern in known.chain(unknown) {
        let topic = pattern.replace("{medium}", "calls");
        let step = pattern.strip_prefix(genesys_topics::DETAIL).filter(|step| *step != "new");
        let bodies = step.map_or_else(bodies_of_states, bodies_of_step);
        for body in bodies {
            let real = if step.is_none() { topic.replacen("{id}", "u-1", 1) } else { topic.clone() };
            for topic in [&topic, &real] {
                filled.extend(check_numbers(SourceKind::GenesysEventBridge, &eventbridge(topic, &body)));
            }
        }
    }
    let mut delivery = eventbridge("v2.users.{id}.station", &json!({}));
    delivery["id"] = json!(MARK);
    check_numbers(SourceKind::GenesysEventBridge, &delivery);
    let expected = [
        "entityId",
        "conversationId",
        "contactId",
        "flowSessionId",
        "participantId",
        "agentId",
        "queueId",
        "customerId",
    ];
    assert_eq!(missing(&filled, &expected), [""; 0]);
}

#[test]
fn numbers_as_ids_of_messages_are_kept_too() {
    let mut filled = BTreeSet::new();
    for receipt in [false, true] {
        for (place, name) in [
            ("", "id"),
            ("", "conversationId"),
            ("/channel", "id"),
            ("/channel", "messageId"),
            ("/channel/from", "id"),
            ("/channel/to", "id"),
        ] {
            let mut payload = json!({
                "id": "m-1", "type": if receipt { "Receipt" } else { "Text" }, "text": "x", "direction": "Inbound",
                "channel": {"id": "i-1", "from": {"id": "ann"}, "to": {"id": "i-1"}, "time": "2026-03-02T08:15:30Z"},
                "metadata": {"gum-correlationId": "c"},
            });
            if receipt {
                payload["status"] = json!("Delivered");
            }
            payload.pointer_mut(place).unwrap()[name] = json!(MARK);
            filled.extend(check_numbers(SourceKind::GenesysOpenMessaging, &payload));
        }
    }
    assert_eq!(missing(&filled, &["conversationId", "customerId"]), [""; 0]);
}

#[test]
fn numbers_as_ids_of_cxone_are_kept_too() {
    let event =
        |kind: &str, data: Value| json!({"eventType": kind, "eventId": "e-1", "traceId": "t", "data": data});
    let assigned = |data: Value| event("CaseInboxAssigneeChanged", data);
    let queued = |data: Value| event("CaseToRoutingQueueAssignmentChanged", data);
    let session = |name: &str| json!({"Type": "CallContactEvent", "InteractionId": "i-1", name: MARK});
    let named = json!({"eventType": "X", "eventId": MARK, "traceId": MARK, "data": {}});
    let payloads = [
        named,
        assigned(json!({"case": {"id": "1"}, "inboxAssignee": MARK})),
        assigned(json!({"case": {"id": "1"}, "inboxAssignee": {"id": MARK}})),
        assigned(json!({"case": {"id": "1"}, "delta": {"inboxAssignee": {"currentValue": MARK}}})),
        queued(json!({"case": {"id": "1"}, "routingQueue": MARK})),
        queued(json!({"case": {"id": "1"}, "routingQueue": {"id": MARK}})),
        event("AgentContactStarted", json!({"agentContact": {"id": MARK, "user": {"id": "4"}}})),
        event("AgentContactStarted", json!({"agentContact": {"id": "4", "user": {"id": MARK}}})),
        event("MessageCreated", json!({"message": {"id": MARK}})),
        event("MessageCreated", json!({"message": {"contactNumber": MARK}})),
        event("ThreadUpdated", json!({"thread": {"id": MARK}})),
        event("CaseCreated", json!({"case": {"id": "1", "contactId": MARK}, "brand": {"id": MARK}})),
        event(
            "CaseCreated",
            json!({"case": {"id": "1", "authorEndUserIdentity": {"idOnExternalPlatform": MARK}}}),
        ),
        session("ContactID"),
        session("MasterID"),
        session("AgentId"),
        session("SkillId"),
        session("SessionId"),
    ];
    let mut filled = BTreeSet::new();
    for payload in payloads {
        filled.extend(check_numbers(SourceKind::CxoneDigital, &payload));
    }
    let expected = ["entityId", "conversationId", "contactId", "agentId", "queueId", "customerId"];
    assert_eq!(missing(&filled, &expected), [""; 0]);
}

#[test]
fn a_number_that_nothing_holds_is_a_number_where_types_are_asked_for() {
    let topic = "v2.detail.events.conversation.{id}.customer.start";
    for number in ["1e400", "-1e400", "18446744073709551617", "1e-400"] {
        for (name, change) in [("eventTime", "implausible_time"), ("strange", "unknown_field")] {
            let mut body = json!({"eventTime": NOW, "conversationId": "c-1"});
            body[name] = json!(MARK);
            let text = eventbridge(topic, &body).to_string().replace(&format!("\"{MARK}\""), number);
            let source = source(SourceKind::GenesysEventBridge);
            let outcome = map_delivery(&delivery(&source, text.as_bytes(), NOW), DEPTH).unwrap();
            let [ElementOutcome::Event(accepted)] = &outcome.elements[..] else { panic!("{outcome:?}") };
            let [drift] = &accepted.drift[..] else { panic!("{:?}", accepted.drift) };
            assert_eq!((drift.change.as_str(), drift.found.as_deref()), (change, Some("number")), "{number}");
        }
        let body = json!({"conversationId": "c-1", "mediaType": MARK});
        let text = eventbridge(topic, &body).to_string().replace(&format!("\"{MARK}\""), number);
        let source = source(SourceKind::GenesysEventBridge);
        let outcome = map_delivery(&delivery(&source, text.as_bytes(), NOW), DEPTH).unwrap();
        let [ElementOutcome::Event(accepted)] = &outcome.elements[..] else { panic!("{outcome:?}") };
        let reason = "/detail/eventBody/mediaType is number and does not match the schema";
        assert_eq!(accepted.drift.iter().map(ToString::to_string).collect::<Vec<_>>(), [reason], "{number}");
        assert_eq!(accepted.event.media_type, None, "{number}");
    }
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
