//! `UNKNOWN`, which platforms write where they know nothing: it is no id, no word of a closed set and no time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::{NOW, map};
use trunkline_config::SourceKind;

/// As platforms write it.
const WRITTEN: [&str; 3] = ["UNKNOWN", "unknown", " Unknown "];

fn eventbridge(topic: &str, real: &str, body: Value) -> Value {
    json!({
        "id": "d-1", "detail-type": topic, "source": "aws.partner/genesys.com/cloud/org-1/b",
        "time": "2026-03-02T08:15:31Z", "detail": {"topicName": real, "eventBody": body, "metadata": {}},
    })
}

/// What is read out of a payload says nowhere that something is unknown, the payload itself and the names of types
/// apart.
fn check_says_nothing_of_unknown(kind: SourceKind, payload: &Value) {
    let accepted = map(kind, payload);
    let mut value = serde_json::to_value(&accepted.event).unwrap();
    for name in ["data", "entityType", "sourceType"] {
        value.as_object_mut().unwrap().remove(name);
    }
    assert!(!value.to_string().to_lowercase().contains("unknown"), "{value} of {payload}");
    assert_eq!(accepted.drift, [], "{payload}");
}

#[test]
fn what_is_unknown_is_null_in_all_fields_of_all_sources() {
    for unknown in WRITTEN {
        let step = json!({
            "eventTime": NOW, "conversationId": unknown, "participantId": unknown, "sessionId": unknown,
            "userId": unknown, "queueId": unknown, "provider": unknown, "mediaType": unknown, "direction": unknown,
            "disconnectType": unknown, "divisionId": unknown, "conversationExternalContactIds": [unknown],
        });
        let topic = "v2.detail.events.conversation.{id}.user.end";
        check_says_nothing_of_unknown(SourceKind::GenesysEventBridge, &eventbridge(topic, topic, step));
        let wrapup =
            json!({"eventTime": NOW, "conversationId": "c-1", "wrapupCode": unknown, "queueId": unknown});
        let topic = "v2.detail.events.conversation.{id}.wrapup";
        check_says_nothing_of_unknown(SourceKind::GenesysEventBridge, &eventbridge(topic, topic, wrapup));
        let participant = json!({
            "id": unknown, "purpose": "customer", "userId": unknown, "queueId": unknown,
            "externalContactId": unknown, "direction": unknown,
        });
        let snapshot = json!({"id": unknown, "participants": [participant]});
        let topic = "v2.users.{id}.conversations.calls";
        check_says_nothing_of_unknown(SourceKind::GenesysEventBridge, &eventbridge(topic, topic, snapshot));
        for shape in ["Text", "Receipt"] {
            let message = json!({
                "id": "m-1", "type": shape, "status": "Sent", "conversationId": unknown, "direction": "Inbound",
                "originatingEntity": unknown,
                "channel": {
                    "id": unknown, "platform": unknown, "type": unknown, "messageId": unknown, "time": unknown,
                    "from": {"id": unknown, "idType": unknown}, "to": {"id": unknown},
                },
            });
            check_says_nothing_of_unknown(SourceKind::GenesysOpenMessaging, &message);
        }
        let case = json!({
            "eventType": "CaseCreated", "eventId": "e-1", "createdAt": unknown,
            "data": {
                "case": {"id": unknown, "status": unknown, "direction": unknown, "inboxAssignee": unknown},
                "brand": {"id": unknown}, "channel": {"id": unknown}, "routingQueue": {"id": unknown},
                "user": {"id": unknown},
            },
        });
        check_says_nothing_of_unknown(SourceKind::CxoneDigital, &case);
        let session =
            json!({"Type": "AgentState", "AgentId": unknown, "ContactID": unknown, "SkillId": unknown});
        check_says_nothing_of_unknown(SourceKind::CxoneDigital, &session);
    }
}

#[test]
fn events_of_unknown_conversations_are_not_one_conversation() {
    let topic = "v2.detail.events.conversation.{id}.customer.start";
    let event = |real: &str, conversation: &str, time: i64| {
        let body = json!({"eventTime": time, "conversationId": conversation});
        map(SourceKind::GenesysEventBridge, &eventbridge(topic, real, body)).event
    };
    for unknown in WRITTEN {
        let (one, other) = (event(topic, unknown, NOW), event(topic, unknown, NOW + 1));
        assert_ne!(one.key(), other.key(), "each is about itself");
        assert_eq!((one.entity_type.as_str(), one.conversation_id.as_ref()), ("unknown", None));
        assert_eq!(one.entity_id, one.event_id);
        let named = event("v2.detail.events.conversation.c-7.customer.start", unknown, NOW);
        assert_eq!(named.key(), "genesys/org-1/c-7", "the topic names it");
    }
    let nowhere = event("v2.detail.events.conversation.UNKNOWN.customer.start", "unknown", NOW);
    assert_eq!(nowhere.conversation_id, None);
    let agent = "v2.users.{id}.station";
    let nobody =
        map(SourceKind::GenesysEventBridge, &eventbridge(agent, "v2.users.unknown.station", json!({})));
    assert_eq!((nobody.event.agent_id, nobody.event.entity_type.as_str()), (None, "unknown"));
}

#[test]
fn what_somebody_wrote_or_named_may_be_that_word() {
    let wrapup = json!({"eventTime": NOW, "conversationId": "c-1", "wrapupNotes": "unknown"});
    let topic = "v2.detail.events.conversation.{id}.wrapup";
    let event = map(SourceKind::GenesysEventBridge, &eventbridge(topic, topic, wrapup)).event;
    assert_eq!(event.attributes["wrapupNotes"], "unknown");
    let own = json!({"eventTime": NOW, "conversationId": "c-1", "attributes": {"tier": "UNKNOWN", "customerId": "UNKNOWN"}});
    let topic = "v2.detail.events.conversation.{id}.attributes";
    let event = map(SourceKind::GenesysEventBridge, &eventbridge(topic, topic, own)).event;
    assert_eq!((event.tenant_attributes["tier"].as_str(), event.customer_id), ("UNKNOWN", None));
    let text = json!({
        "id": "m-1", "type": "Text", "text": "unknown", "direction": "Inbound",
        "channel": {"id": "i-1", "from": {"id": "ann"}, "to": {"id": "i-1"}},
    });
    assert_eq!(map(SourceKind::GenesysOpenMessaging, &text).event.attributes["text"], "unknown");
}

#[test]
fn a_placeholder_of_cxone_is_no_time_in_whatever_case() {
    for placeholder in ["String", "STRING", "string", "Null", " undefined ", "Unknown"] {
        let case = json!({
            "eventType": "CaseCreated", "eventId": "e-1", "createdAtWithMilliseconds": placeholder,
            "createdAt": "2026-03-02T08:15:30Z", "data": {"case": {"id": "c-1"}},
        });
        let state = json!({
            "Type": "AgentState", "AgentId": "a-1", "LastStateChangeTimeUTC": placeholder,
            "StartTimeUTC": "2026-03-02T08:15:30Z",
        });
        for payload in [case, state] {
            let accepted = map(SourceKind::CxoneDigital, &payload);
            assert_eq!((accepted.event.event_time, accepted.drift), (1_772_439_330_000, vec![]), "{payload}");
        }
    }
}
