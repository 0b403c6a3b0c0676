//! Events and messages of Genesys Cloud that differ in one thing, and what this makes of them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::{NOW, map};
use trunkline_config::SourceKind;
use trunkline_mapping::Accepted;
use trunkline_schemas::headers;

/// An event as EventBridge brings it.
fn event(detail_type: &str, topic: &str, body: Value) -> Value {
    json!({
        "version": "0", "id": "delivery-1", "detail-type": detail_type, "account": "1", "region": "r",
        "source": "aws.partner/genesys.com/cloud/org-1/bus", "time": "2026-03-02T08:15:31Z", "resources": [],
        "detail": {
            "topicName": topic, "version": "2", "eventBody": body, "metadata": {"CorrelationId": "c"},
            "timestamp": "2026-03-02T08:15:30.250Z",
        },
    })
}

fn mapped(detail_type: &str, topic: &str, body: Value) -> Accepted {
    map(SourceKind::GenesysEventBridge, &event(detail_type, topic, body))
}

fn drift(accepted: &Accepted) -> Vec<String> {
    accepted.drift.iter().map(|d| format!("{} {}", d.change.as_str(), d.pointer)).collect()
}

#[test]
fn real_ids_in_the_type_make_the_same_event() {
    let step = json!({"eventTime": NOW, "conversationId": "c-1", "participantId": "p-1", "strange": 1});
    for (canonical, real, body) in [
        ("v2.users.{id}.presence", "v2.users.u-1.presence", json!({"presenceDefinition": {"id": "p"}})),
        ("v2.users.{id}.conversations.videos", "v2.users.u-1.conversations.videos", json!({"id": "c-1"})),
        ("v2.routing.queues.{id}.users", "v2.routing.queues.q-1.users", json!({"joined": true})),
        ("v2.conversations.{id}.transcription", "v2.conversations.c-1.transcription", json!({"status": {}})),
        ("v2.detail.events.conversation.{id}.acd.start", "v2.detail.events.conversation.c-1.acd.start", step),
        (
            "v2.things.{id}.happened",
            "v2.things.e40f28ea-fa86-493f-a5b8-d559c8533c96.happened",
            json!({"a": 1}),
        ),
    ] {
        let expected = mapped(canonical, real, body.clone());
        let found = mapped(real, real, body.clone());
        assert_eq!(found.drift, expected.drift, "{real}");
        let data = found.event.data.clone();
        assert_eq!(
            found.event,
            trunkline_schemas::PlatformEvent { data, ..expected.event.clone() },
            "{real}"
        );
        assert_eq!(found.event.source_type, canonical);
        let without_ids = canonical.replace(".{id}", "");
        if expected.event.event_type != "platform.event" {
            let found = mapped(&without_ids, real, body.clone());
            assert_eq!(found.event.event_id, expected.event.event_id, "{without_ids}");
            assert_eq!(found.event.entity_id, expected.event.entity_id, "{without_ids}");
        }
    }
}

#[test]
fn the_topic_names_the_agent_and_the_queue() {
    for (topic, real, body, entity) in [
        ("v2.users.{id}.station", "v2.users.u-1.station", json!({}), ("agent", "u-1")),
        // A member's id in the body is not the queue's.
        (
            "v2.routing.queues.{id}.users",
            "v2.routing.queues.q-1.users",
            json!({"id": "u-1"}),
            ("queue", "q-1"),
        ),
        ("v2.users.{id}.newest", "v2.users.u-1.newest", json!({"id": "x"}), ("agent", "u-1")),
        ("v2.routing.queues.{id}.newest", "v2.routing.queues.q-1.newest", json!({}), ("queue", "q-1")),
        (
            "v2.conversations.{id}.newest",
            "v2.conversations.c-1.newest",
            json!({"id": "x"}),
            ("conversation", "c-1"),
        ),
        (
            "v2.conversations.emails.{id}.newest",
            "v2.conversations.emails.c-1.newest",
            json!({}),
            ("conversation", "c-1"),
        ),
    ] {
        let event = mapped(topic, real, body).event;
        assert_eq!((event.entity_type.as_str(), event.entity_id.as_str()), entity, "{topic}");
    }
    let snapshot =
        json!({"id": "c-1", "participants": [{"id": "p-1", "purpose": "agent", "user": {"id": "u-2"}}]});
    let event =
        mapped("v2.users.{id}.conversations.calls", "v2.users.u-1.conversations.calls", snapshot).event;
    assert_eq!((event.agent_id.as_deref(), event.participant_id), (Some("u-1"), None));
}

#[test]
fn a_tenants_attribute_neither_hides_nor_imitates_a_field() {
    let own = json!({
        "provider": "mine", "queueId": "q-0", "wrapupCode": "sale", "disconnectType": "ERROR", "customerId": "C-1",
        "empty": "", "number": 7, "list": [1],
    });
    let topic = "v2.detail.events.conversation.{id}.attributes";
    let body = json!({"eventTime": NOW, "conversationId": "c-1", "attributes": own});
    let accepted = mapped(topic, "v2.detail.events.conversation.c-1.attributes", body);
    let event = accepted.event;
    assert!(event.attributes.is_empty(), "{:?}", event.attributes);
    assert_eq!((event.queue_id, event.customer_id.as_deref()), (None, Some("C-1")));
    let names: Vec<&str> = event.tenant_attributes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["customerId", "disconnectType", "empty", "number", "provider", "queueId", "wrapupCode"]
    );
    assert_eq!((event.tenant_attributes["number"].as_str(), event.attributes_cut), ("7", false));
    assert_eq!(accepted.drift, []);
}

#[test]
fn a_map_of_attributes_that_was_cut_says_so() {
    let topic = "v2.detail.events.conversation.{id}.attributes";
    for (count, length, cut) in [(256, 8 * 1024, false), (257, 1, true), (1, 8 * 1024 + 1, true)] {
        let own: Value = (0..count).map(|n| (format!("a{n}"), json!("v".repeat(length)))).collect();
        let body = json!({"eventTime": NOW, "conversationId": "c-1", "attributes": own});
        assert_eq!(mapped(topic, topic, body).event.attributes_cut, cut, "{count} of {length}");
    }
}

#[test]
fn a_field_of_another_step_is_drift() {
    let body =
        json!({"eventTime": NOW, "conversationId": "c-1", "acdOutcome": "ANSWERED", "alertDurationMs": 1});
    let topic = "v2.detail.events.conversation.{id}.user.end";
    assert_eq!(
        drift(&mapped(topic, topic, body)),
        ["unknown_field /detail/eventBody/acdOutcome", "unknown_field /detail/eventBody/alertDurationMs"]
    );
}

#[test]
fn a_time_that_cannot_be_the_events_gives_way_to_that_of_publishing() {
    let topic = "v2.detail.events.conversation.{id}.customer.start";
    let published = 1_772_439_330_250;
    for (time, expected, change) in [
        (json!(NOW), NOW, None),
        (json!(null), published, None),
        (json!(10_000), published, Some("implausible_time")),
        (json!(NOW + 2 * 86_400_000), published, Some("implausible_time")),
    ] {
        let accepted = mapped(topic, topic, json!({"eventTime": time, "conversationId": "c-1"}));
        let change: Vec<String> =
            change.iter().map(|change| format!("{change} /detail/eventBody/eventTime")).collect();
        assert_eq!((accepted.event.event_time, drift(&accepted)), (expected, change), "{time}");
    }
    let mut nothing = event(topic, topic, json!({"conversationId": "c-1"}));
    nothing["detail"]["timestamp"] = json!("2026-03-02T08:15:30");
    let accepted = map(SourceKind::GenesysEventBridge, &nothing);
    assert_eq!(accepted.event.event_time, 1_772_439_331_000, "the transport's time is left");
    assert_eq!(drift(&accepted), ["unreadable_time /detail/timestamp"]);
    nothing["time"] = json!("soon");
    let accepted = map(SourceKind::GenesysEventBridge, &nothing);
    assert_eq!(accepted.event.event_time, NOW);
    assert_eq!(drift(&accepted), ["unreadable_time /detail/timestamp", "unreadable_time /time"]);
}

/// A message between a customer and an integration, without a conversation.
fn message(number: usize, inbound: bool) -> Value {
    let (customer, integration) = (json!({"id": "ann@example.test"}), json!({"id": "i-1"}));
    let (from, to, direction) =
        if inbound { (customer, integration, "Inbound") } else { (integration, customer, "Outbound") };
    json!({
        "id": format!("m-{number}"), "type": "Text", "text": "x", "direction": direction,
        "channel": {"id": "i-1", "from": from, "to": to, "time": "2026-03-02T08:15:30.123Z"},
    })
}

#[test]
fn all_that_a_customer_and_an_integration_write_is_one_order() {
    let kind = SourceKind::GenesysOpenMessaging;
    let mut payloads: Vec<Value> = (0..8).map(|number| message(number, number % 2 == 0)).collect();
    let mut receipt = message(8, false);
    receipt["type"] = json!("Receipt");
    receipt["status"] = json!("Delivered");
    payloads.push(receipt);
    let mut without_channel_id = message(9, true);
    without_channel_id["channel"].as_object_mut().unwrap().remove("id");
    payloads.push(without_channel_id);
    for payload in &payloads {
        let event = map(kind, payload).event;
        assert_eq!(event.key(), "genesys/configured-org/i-1/ann@example.test", "{payload}");
        assert_eq!(event.customer_id.as_deref(), Some("ann@example.test"));
        assert!(event.attributes["messageId"].starts_with("m-"));
    }
    let mut other = message(1, true);
    other["channel"]["from"]["id"] = json!("bob@example.test");
    assert_ne!(map(kind, &other).event.key(), map(kind, &payloads[0]).event.key());
    let mut nobody = message(1, true);
    nobody["channel"]["from"] = json!({});
    let event = map(kind, &nobody).event;
    assert_eq!((event.entity_type.as_str(), event.entity_id.as_str()), ("message", "m-1"));
}

#[test]
fn all_events_of_a_message_are_told() {
    for (events, event_type, told) in [
        (json!([{"eventType": "Typing"}]), "typing.started", "Typing"),
        (json!([{"eventType": "Typing", "typing": {"type": "On"}}]), "typing.started", "Typing:On"),
        (json!([{"eventType": "Typing", "typing": {"type": "Off"}}]), "typing.ended", "Typing:Off"),
        (
            json!([{"eventType": "Typing", "typing": {"type": "On"}}, {"eventType": "Typing", "typing": {"type": "Off"}}]),
            "typing.ended",
            "Typing:On,Typing:Off",
        ),
        (
            json!([{"eventType": "Presence", "presence": {"type": "Disconnect"}}]),
            "presence.changed",
            "Presence:Disconnect",
        ),
        (
            json!([{"eventType": "Presence", "presence": {"type": "Clear"}}, {"eventType": "Typing", "typing": {"type": "Off"}}]),
            "presence.changed",
            "Presence:Clear,Typing:Off",
        ),
        (
            json!([{"eventType": "CoBrowse", "coBrowse": {"type": "Offering"}}]),
            "platform.event",
            "CoBrowse:Offering",
        ),
    ] {
        let mut payload = message(1, true);
        payload["type"] = json!("Event");
        payload["events"] = events;
        let accepted = map(SourceKind::GenesysOpenMessaging, &payload);
        assert_eq!(accepted.event.event_type, event_type, "{payload}");
        assert_eq!(accepted.event.attributes["events"], told);
        let unknown = event_type == "platform.event";
        assert_eq!(drift(&accepted), if unknown { vec!["unknown_event_type "] } else { vec![] }, "{payload}");
    }
}

#[test]
fn control_characters_in_ids_are_escaped_in_key_and_headers() {
    let topic = "v2.detail.events.conversation.{id}.customer.start";
    let event = mapped(topic, topic, json!({"eventTime": NOW, "conversationId": "c\r\n1"})).event;
    assert_eq!(event.conversation_id.as_deref(), Some("c\r\n1"));
    assert_eq!(event.key(), "genesys/org-1/c%0D%0A1");
    assert_eq!(headers::cloud_event(&event).get(headers::CE_SUBJECT), Some("conversation/c%0D%0A1"));
}

#[test]
fn a_snapshot_tells_which_sessions_of_agents_are_connected() {
    let call = |id: &str, state: &str| json!({"id": id, "state": state});
    let body = json!({"id": "c-1", "participants": [
        {"id": "p-1", "purpose": "customer", "calls": [call("s-1", "connected")]},
        {"id": "p-2", "purpose": "agent", "userId": "u-1", "calls": [call("s-2", "alerting")]},
        {"id": "p-3", "purpose": "agent", "userId": "u-2",
            "callbacks": [call("s-3", "CONNECTED")], "calls": [call("s-4", "dialing")]},
        {"id": "p-4", "purpose": "user", "user": {"id": "u-3"}, "chats": [
            {"id": "s-5", "state": "terminated", "connectedTime": "2026-03-02T08:10:00Z"}, call("s-6", "terminated"),
            call("s-7", "none"), call("odd,id", "connected"), call("odd/id", "alerting"), {"state": "connected"},
        ]},
    ]});
    let found = mapped("v2.users.{id}.conversations", "v2.users.u-1.conversations", body).event;
    assert_eq!(found.attributes["connectedSessions"], "p-3/s-3,p-4/s-5");
    assert_eq!(found.attributes["alertingSessions"], "p-2/s-2", "who calls somebody is not alerted");

    let among_agents = json!({"id": "c-1", "participants": [
        {"id": "p-2", "purpose": "agent", "userId": "u-1", "internalMessages": [call("s-2", "connected")]},
        {"id": "p-3", "purpose": "agent", "userId": "u-2", "internalMessages": [call("s-3", "alerting")]},
    ]});
    let found = mapped("v2.users.{id}.conversations", "v2.users.u-1.conversations", among_agents).event;
    assert_eq!(found.media_type.as_deref(), Some("internalmessage"));
    assert_eq!(found.attributes["connectedSessions"], "p-2/s-2");
    assert_eq!(found.attributes["alertingSessions"], "p-3/s-3");

    // The model of one medium has the session's state in the participant, and no id of the session.
    let of_one_medium = json!({"id": "c-1", "participants": [
        {"id": "p-1", "purpose": "customer", "state": "connected"},
        {"id": "p-2", "purpose": "agent", "user": {"id": "u-1"}, "state": "offering"},
        {"id": "p-3", "purpose": "agent", "user": {"id": "u-2"}, "state": "connected"},
        {"id": "p-4", "purpose": "agent", "user": {"id": "u-3"}, "state": "disconnected",
            "connectedTime": "2026-03-02T08:10:00Z"},
    ]});
    let topic = ["v2.routing.queues.{id}.conversations.chats", "v2.routing.queues.q-1.conversations.chats"];
    let found = mapped(topic[0], topic[1], of_one_medium).event;
    assert_eq!(found.media_type.as_deref(), Some("chat"));
    assert_eq!(found.attributes["connectedSessions"], "p-3");
    assert_eq!(found.attributes["alertingSessions"], "p-2");

    let untold =
        json!({"id": "c-1", "participants": [{"id": "p-2", "userId": "u-1", "calls": [{"id": "s-2"}]}]});
    let found = mapped("v2.users.{id}.conversations", "v2.users.u-1.conversations", untold).event;
    assert!(!found.attributes.keys().any(|name| name.ends_with("Sessions")), "{:?}", found.attributes);
}
