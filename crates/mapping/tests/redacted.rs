//! What of a payload no event carries, from the bytes of a delivery to the event.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use support::{DEPTH, NOW, delivery, source};
use trunkline_config::{Redaction, RedactionAction, RedactionRule, Source, SourceKind};
use trunkline_mapping::{Accepted, ElementOutcome, map_delivery};

const BODY: &str = r#"{ "eventType":"MessageCreated", "eventId" : "e-1", "n": 1.50e0,
  "data":{"case":{"id":42,"authorEndUserIdentity":{"idOnExternalPlatform":"ada@example.test"},
  "customFields":[{"ident":"mail","value":"ada@example.test"}]},"accessToken":{"token":"s3cret-s3cret","expiresIn":60},
  "message":{"direction":"inbound","messageContent":{"text":"my token is s3cret-s3cret"}}} }"#;

fn map(redaction: Redaction) -> Accepted {
    let source = Source { redaction, ..source(SourceKind::CxoneDigital) };
    let outcome = map_delivery(&delivery(&source, BODY.as_bytes(), NOW), DEPTH).unwrap();
    match outcome.elements.into_iter().next().unwrap() {
        ElementOutcome::Event(accepted) => *accepted,
        ElementOutcome::Quarantined(quarantined) => panic!("quarantined: {}", quarantined.payload.reason),
    }
}

fn off() -> Redaction {
    Redaction { defaults: false, rules: Vec::new() }
}

#[test]
fn an_event_tells_no_secret_and_stays_the_same_to_the_byte_beside_it() {
    let event = map(Redaction::default()).event;
    assert_eq!(event.data, BODY.replacen("s3cret-s3cret", "***", 1));
    assert_eq!(event.redacted, ["/data/accessToken/token mask"]);
    assert_eq!(event.attributes["text"], "my token is ***");
}

#[test]
fn without_redaction_an_event_is_what_came() {
    let event = map(off()).event;
    assert_eq!((event.data.as_str(), event.redacted.len()), (BODY, 0));
    assert_eq!(event.attributes["text"], "my token is s3cret-s3cret");
}

#[test]
fn no_setting_changes_an_id() {
    let rule = |pattern: &str, action| RedactionRule { pattern: pattern.parse().unwrap(), action };
    let plain = map(off());
    for action in
        [RedactionAction::Drop, RedactionAction::Mask, RedactionAction::Hash { key: "a key".into() }]
    {
        let rules = ["/**/idOnExternalPlatform", "/eventId", "/data/case/id", "/data/case/customFields"];
        let rules = rules.map(|pattern| rule(pattern, action.clone())).to_vec();
        let found = map(Redaction { defaults: true, rules });
        assert_eq!(found.event.redacted.len(), 5);
        assert_eq!(found.event.event_id, plain.event.event_id);
        assert_eq!(found.event.conversation_id, plain.event.conversation_id);
        assert_eq!(found.event.customer_id, plain.event.customer_id);
        assert!(!found.event.data.contains("ada@example.test"), "{}", found.event.data);
        assert!(!found.event.tenant_attributes.values().any(|value| value.contains("ada@example.test")));
    }
}

#[test]
fn what_is_quarantined_is_kept_to_the_byte() {
    let body = r#"{"accessToken":{"token":"s3cret"}}"#;
    let source = source(SourceKind::CxoneDigital);
    let outcome = map_delivery(&delivery(&source, body.as_bytes(), NOW), DEPTH).unwrap();
    let [ElementOutcome::Quarantined(quarantined)] = &outcome.elements[..] else { panic!("{outcome:?}") };
    assert_eq!(quarantined.payload.payload, body.as_bytes());
}
