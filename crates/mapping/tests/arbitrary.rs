//! Whatever bytes come in: no panic, and nothing is both lost and accepted.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{DEPTH, NOW, delivery};
use trunkline_config::{Source, SourceKind};
use trunkline_mapping::{ElementOutcome, Outcome, OverLimit, map_delivery};
use trunkline_schemas::CrmChange;

fn kind() -> impl Strategy<Value = SourceKind> {
    prop::sample::select(SourceKind::ALL.to_vec())
}

/// JSON whose names are the ones adapters look for, with values of any type in any place.
fn payload() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "id",
        "detail-type",
        "detail",
        "eventBody",
        "eventTime",
        "conversationId",
        "attributes",
        "metadata",
        "source",
        "channel",
        "type",
        "direction",
        "status",
        "time",
        "reasons",
        "eventType",
        "eventId",
        "data",
        "case",
        "message",
        "postback",
        "error",
        "createdAt",
        "inboxAssignee",
        "customFields",
        "contact",
        "agentContact",
        "delta",
        "currentValue",
        "accessToken",
        "Type",
        "MasterID",
        "authorization",
        "x",
    ]);
    let text = prop::sample::select(vec![
        "",
        "String",
        "Receipt",
        "Text",
        "Outbound",
        "MessageCreated",
        "CaseStatusChanged",
        "AgentState",
        "closed",
        "v2.detail.events.conversation.{id}.customer.start",
        "v2.audits.entitytype.{id}.entityid.{id}",
        "v2.users.{id}.activity",
        "aws.partner/genesys.com/cloud/org/x",
        "2026-03-02T08:15:30.250Z",
        "ü\u{0}\u{1f600}",
    ]);
    let leaf = prop_oneof![
        text.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(String::from), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// What must hold of any outcome: of a body that is no batch, all bytes are there, in the event or in quarantine.
fn check(outcome: &Outcome, body: &[u8]) {
    assert!(outcome.batch || outcome.elements.len() == 1);
    for element in &outcome.elements {
        match element {
            ElementOutcome::Event(accepted) => {
                let event = &accepted.event;
                assert!(
                    !event.event_id.is_empty() && !event.entity_id.is_empty() && !event.org_id.is_empty()
                );
                assert!(!event.event_type.is_empty());
                assert!(outcome.batch || !event.redacted.is_empty() || event.data.as_bytes() == body);
            }
            ElementOutcome::Changes(changes) => {
                assert!(!changes.records.is_empty() && !changes.id.is_empty());
                let told = |change: &CrmChange| !change.entity.is_empty() && !change.entity_id.is_empty();
                assert!(changes.records.iter().all(told));
            }
            ElementOutcome::Quarantined(quarantined) => {
                assert!(outcome.batch || quarantined.payload.payload == body);
                assert!(!quarantined.payload.reason.is_empty());
            }
        }
    }
}

fn map(kind: SourceKind, body: &[u8]) -> Result<Outcome, OverLimit> {
    let source = Source { org: None, ..support::source(kind) };
    map_delivery(&delivery(&source, body, NOW), DEPTH)
}

/// The bytes that an outcome keeps of an element.
fn kept(element: &ElementOutcome) -> &[u8] {
    match element {
        ElementOutcome::Changes(_) => &[],
        ElementOutcome::Event(accepted) => accepted.event.data.as_bytes(),
        ElementOutcome::Quarantined(quarantined) => &quarantined.payload.payload,
    }
}

fn is_redacted(element: &ElementOutcome) -> bool {
    matches!(element, ElementOutcome::Event(accepted) if !accepted.event.redacted.is_empty())
}

/// Elements whose brackets do not match: what is beside them cannot be told from them.
const TANGLED: [&[u8]; 2] = [b"{\"a\":[}]", b"'],'"];

fn too_deep() -> Vec<u8> {
    format!("{{\"a\":{}7{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH)).into_bytes()
}

/// One element of a batch: an event, or what a parser stumbles over.
fn batch_element() -> impl Strategy<Value = Vec<u8>> {
    let customer_start = include_str!("fixtures/genesys-eventbridge/customer_start.json").trim();
    let (open, _) = customer_start.rsplit_once('}').unwrap();
    let latin_1 = [open.as_bytes(), b",\"t\":\"Gr\xfc\xdfe\"}"].concat();
    prop_oneof![
        Just(customer_start.as_bytes().to_vec()),
        Just(latin_1),
        Just(too_deep()),
        prop::sample::select(vec![
            "{\"a\":1e400}",
            "{\"t\":\"\\ud800\"}",
            "{\"a\":1,\"a\":2}",
            "{\"a\" 1}",
            "{\"a\":[}]",
            "\u{feff}{}",
            "'],'",
            "\"\\\"],[\"",
            "nonsense",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        payload().prop_map(|payload| payload.to_string().into_bytes()),
    ]
}

proptest! {
    // The inputs are small and the seed is printed: nothing to keep in files.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(kind in kind(), body in prop::collection::vec(any::<u8>(), 0..512)) {
        check(&map(kind, &body).expect("so few bytes are within every limit"), &body);
    }

    #[test]
    fn json_with_any_byte_changed(kind in kind(), payload in payload(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut body = payload.to_string().into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        check(&map(kind, &body).expect("so few bytes are within every limit"), &body);
    }

    #[test]
    fn every_element_of_a_batch_is_kept_whatever_the_others_are(
        kind in kind(),
        elements in prop::collection::vec(batch_element(), 2..6),
    ) {
        let body = [b"[".to_vec(), elements.join(&b" ,\n"[..]), b"]".to_vec()].concat();
        let told_apart = !elements.iter().any(|element| TANGLED.contains(&element.as_slice()));
        match map(kind, &body) {
            Ok(outcome) if told_apart => {
                prop_assert!(outcome.batch);
                prop_assert_eq!(outcome.elements.len(), elements.len());
                for (found, element) in outcome.elements.iter().zip(&elements) {
                    prop_assert!(is_redacted(found) || kept(found) == element.as_slice(), "{:?}", found);
                }
            }
            Ok(outcome) => check(&outcome, &body),
            Err(_) => {
                let deep = elements.iter().filter(|element| **element == too_deep()).count();
                prop_assert!(deep == elements.len() || (deep > 0 && !told_apart));
            }
        }
    }

    #[test]
    fn arbitrary_json_with_familiar_names(kind in kind(), payload in payload()) {
        let body = payload.to_string();
        let outcome = map(kind, body.as_bytes()).expect("it is JSON");
        prop_assert_eq!(outcome.elements.len(), payload.as_array().map_or(1, Vec::len));
        check(&outcome, body.as_bytes());
    }

    #[test]
    fn fields_of_any_type_in_a_real_payload(path in 0..6_usize, value in payload()) {
        let text = include_str!("fixtures/genesys-eventbridge/customer_start.json");
        let mut payload: Value = serde_json::from_str(text).unwrap();
        let pointers = ["/id", "/detail", "/detail/eventBody", "/detail/eventBody/eventTime", "/detail-type", "/source"];
        *payload.pointer_mut(pointers[path]).unwrap() = value;
        let body = payload.to_string();
        check(&map(SourceKind::GenesysEventBridge, body.as_bytes()).expect("it is JSON"), body.as_bytes());
        let batch = json!([payload]).to_string();
        check(&map(SourceKind::GenesysEventBridge, batch.as_bytes()).expect("it is JSON"), batch.as_bytes());
    }
}
