//! What of a payload no event carries, from the bytes of a delivery to the event.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use support::{DEPTH, NOW, accepted, delivery, source};
use trunkline_config::{Redaction, RedactionAction, RedactionRule, Source, SourceKind};
use trunkline_mapping::{Accepted, ElementOutcome, map_delivery};

const BODY: &str = r#"{ "eventType":"MessageCreated", "eventId" : "e-1", "n": 1.50e0,
  "data":{"case":{"id":42,"authorEndUserIdentity":{"idOnExternalPlatform":"ada@example.test"},
  "customFields":[{"ident":"mail","value":"ada@example.test"}]},"accessToken":{"token":"s3cret-s3cret","expiresIn":60},
  "message":{"direction":"inbound","messageContent":{"text":"my token is s3cret-s3cret"}}} }"#;

fn map(redaction: Redaction) -> Accepted {
    mapped(BODY, redaction)
}

fn off() -> Redaction {
    Redaction { defaults: false, rules: Vec::new() }
}

#[test]
fn an_event_tells_no_secret_and_stays_the_same_to_the_byte_beside_it() {
    let event = map(Redaction::default()).event;
    assert_eq!(event.data, BODY.replace("s3cret-s3cret", "***"));
    let text = "/data/message/messageContent/text mask";
    assert_eq!(event.redacted, ["/data/accessToken/token mask", text]);
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
        assert_eq!(found.event.redacted.len(), 6);
        assert_eq!(found.event.event_id, plain.event.event_id);
        assert_eq!(found.event.conversation_id, plain.event.conversation_id);
        assert_eq!(found.event.customer_id, plain.event.customer_id);
        assert!(!found.event.data.contains("ada@example.test"), "{}", found.event.data);
        assert!(!found.event.tenant_attributes.values().any(|value| value.contains("ada@example.test")));
    }
}

fn mapped(body: &str, redaction: Redaction) -> Accepted {
    let source = Source { redaction, ..source(SourceKind::CxoneDigital) };
    accepted(&source, body.as_bytes(), NOW)
}

#[test]
fn an_attribute_goes_only_with_the_value_it_came_from() {
    let body = r#"{"eventType":"CaseStatusChanged","eventId":"e-2","createdAt":"2026-03-02T08:19:59Z",
      "data":{"case":{"id":"7","status":"OPEN","customFields":[{"ident":"wish","value":"OPEN"},{"ident":"n","value":"1"}]},
      "brand":{"id":1}}}"#;
    let plain = mapped(body, off()).event;
    assert_eq!(plain.attributes["caseStatus"], "OPEN");
    for (action, left) in [(RedactionAction::Drop, None), (RedactionAction::Mask, Some("***"))] {
        let rule =
            |pattern: &str| RedactionRule { pattern: pattern.parse().unwrap(), action: action.clone() };
        let rules = vec![rule("/data/case/customFields/*/value")];
        let event = mapped(body, Redaction { defaults: true, rules }).event;
        assert_eq!(event.attributes, plain.attributes);
        assert_eq!(
            event.tenant_attributes.get("wish").map(String::as_str),
            left,
            "{:?}",
            event.tenant_attributes
        );
        let event = mapped(body, Redaction { defaults: true, rules: vec![rule("/data/case/status")] }).event;
        assert_eq!(event.attributes.get("caseStatus").map(String::as_str), left);
        assert_eq!(event.tenant_attributes, plain.tenant_attributes);
    }
}

#[test]
fn secrets_of_every_kind_are_in_neither_the_payload_nor_the_attributes() {
    let body = r#"{"eventType":"MessageCreated","eventId":"e-3","data":{"case":{"id":42,
      "customFields":[{"ident":"accessToken","value":"s3cret-1"},{"ident":"pin-password","value":4711},
        {"ident":"link","value":"https://ada:s3cret-2@host.example/"},{"ident":"mood","value":"Bearer of bad news"},
        {"ident":"state","value":"{\"refresh_token\":\"s3cret-3\"}"}]},
      "sessionToken":"s3cret-4","message":{"direction":"inbound","messageContent":
        {"text":"use Bearer s3cret-5 at wss://h.example/?jwt=s3cret-6, my token: thanks"}}}}"#;
    let event = mapped(body, Redaction::default()).event;
    let told = format!("{} {:?} {:?}", event.data, event.attributes, event.tenant_attributes);
    assert!(!told.contains("s3cret") && !told.contains("4711"), "{told}");
    assert_eq!(event.attributes["text"], "use *** at ***, my token: thanks");
    assert_eq!(event.tenant_attributes["mood"], "Bearer of bad news");
    assert_eq!(event.redacted.len(), 6, "{:?}", event.redacted);
}

#[test]
fn what_is_quarantined_is_kept_to_the_byte() {
    let body = r#"{"accessToken":{"token":"s3cret"}}"#;
    let source = source(SourceKind::CxoneDigital);
    let outcome = map_delivery(&delivery(&source, body.as_bytes(), NOW), DEPTH).unwrap();
    let [ElementOutcome::Quarantined(quarantined)] = &outcome.elements[..] else { panic!("{outcome:?}") };
    assert_eq!(quarantined.payload.payload, body.as_bytes());
}
