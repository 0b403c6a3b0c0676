//! Times that cannot be the event's: drift says so, and the next best time takes their place.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use support::{DEPTH, NOW, delivery, source};
use trunkline_config::SourceKind;
use trunkline_mapping::{ElementOutcome, map_delivery};
use trunkline_schemas::EventTimeSource;

/// What a body may have for its time, and how drift calls it.
fn bad_times() -> Vec<(Value, &'static str)> {
    vec![
        (json!("yesterday"), "unreadable_time"),
        (json!("02/03/2026 08:15"), "unreadable_time"),
        (json!("2026-03-02T08:15:29.000"), "unreadable_time"),
        (json!("2026-03-02 08:15:29"), "unreadable_time"),
        (json!("1970-01-01T00:00:00Z"), "implausible_time"),
        (json!("3000-01-01T00:00:00.000Z"), "implausible_time"),
        (json!(1_772_439_329), "implausible_time"),
        (json!(1_772_439_329.123), "implausible_time"),
        (json!(0), "implausible_time"),
        (json!(-1), "implausible_time"),
        (json!(32_503_680_000_000_i64), "implausible_time"),
        (json!(1e300), "implausible_time"),
    ]
}

/// The time that an event gets, whether it is the platform's, and the drift.
fn mapped(kind: SourceKind, payload: &Value) -> (i64, bool, Vec<String>) {
    let (source, text) = (source(kind), payload.to_string());
    let outcome = map_delivery(&delivery(&source, text.as_bytes(), NOW), DEPTH).unwrap();
    let [ElementOutcome::Event(accepted)] = &outcome.elements[..] else { panic!("{payload}: {outcome:?}") };
    let drift = accepted.drift.iter().map(|drift| format!("{} {}", drift.change.as_str(), drift.pointer));
    let event = &accepted.event;
    (event.event_time, event.event_time_source == EventTimeSource::Platform, drift.collect())
}

#[test]
fn a_bad_time_of_a_body_gives_way_to_that_of_publishing_then_of_the_transport_then_of_arrival() {
    for (topic, place) in [
        ("v2.detail.events.conversation.{id}.customer.start", "eventTime"),
        ("v2.detail.events.conversation.{id}.wrapup", "eventTime"),
        ("v2.users.{id}.presence", "modifiedDate"),
        ("v2.users.{id}.callforwarding", "modifiedDate"),
        ("v2.users.{id}.routingStatus", "startTime"),
        ("v2.audits.entitytype.{id}.entityid.{id}", "eventTime"),
        ("v2.conversations.{id}.transcription", "eventTime"),
        ("v2.something.{id}.new", "timestamp"),
    ] {
        for (bad, change) in bad_times() {
            let mut payload = json!({
                "id": "d-1", "detail-type": topic, "source": "aws.partner/genesys.com/cloud/org-1/b",
                "time": "2026-03-02T08:15:31Z",
                "detail": {
                    "topicName": topic, "eventBody": {place: bad}, "metadata": {},
                    "timestamp": "2026-03-02T08:15:30.250Z",
                },
            });
            let mut drift = vec![format!("{change} /detail/eventBody/{place}")];
            if topic.ends_with(".new") {
                drift.push("unknown_event_type ".to_owned());
            }
            let mut expect = |payload: &Value, time: i64, platform: bool, passed_over: Option<String>| {
                let position = drift.len() - usize::from(topic.ends_with(".new"));
                drift.splice(position..position, passed_over);
                let found = mapped(SourceKind::GenesysEventBridge, payload);
                assert_eq!(found, (time, platform, drift.clone()), "{payload}");
            };
            expect(&payload, 1_772_439_330_250, true, None);
            payload["detail"]["timestamp"] = bad.clone();
            expect(&payload, 1_772_439_331_000, true, Some(format!("{change} /detail/timestamp")));
            payload["time"] = bad;
            expect(&payload, NOW, false, Some(format!("{change} /time")));
        }
    }
}

#[test]
fn a_bad_time_of_a_message_or_of_cxone_gives_way_to_the_next() {
    for (bad, change) in bad_times() {
        let message = json!({
            "id": "m-1", "type": "Text", "text": "x", "direction": "Inbound",
            "channel": {"id": "i-1", "from": {"id": "ann"}, "to": {"id": "i-1"}, "time": bad},
        });
        let expected = (NOW, false, vec![format!("{change} /channel/time")]);
        assert_eq!(mapped(SourceKind::GenesysOpenMessaging, &message), expected, "{message}");

        let mut case = json!({
            "eventType": "CaseCreated", "eventId": "e-1", "data": {"case": {"id": "1"}},
            "createdAtWithMilliseconds": bad, "createdAt": "2026-03-02T08:15:29+00:00",
        });
        let mut drift = vec![format!("{change} /createdAtWithMilliseconds")];
        let expected = (1_772_439_329_000, true, drift.clone());
        assert_eq!(mapped(SourceKind::CxoneDigital, &case), expected, "{case}");
        case["createdAt"] = bad.clone();
        drift.push(format!("{change} /createdAt"));
        assert_eq!(mapped(SourceKind::CxoneDigital, &case), (NOW, false, drift), "{case}");

        let session = json!({"Type": "AgentState", "AgentId": "1", "LastStateChangeTimeUTC": bad});
        let expected = (NOW, false, vec![format!("{change} /LastStateChangeTimeUTC")]);
        assert_eq!(mapped(SourceKind::CxoneDigital, &session), expected, "{session}");
    }
}

#[test]
fn a_time_in_another_form_than_the_models_is_read() {
    let topic = "v2.detail.events.conversation.{id}.customer.start";
    for (time, expected) in [
        (json!("2026-03-02T08:15:29.123Z"), 1_772_439_329_123),
        (json!("2026-03-02T09:15:29.123+01:00"), 1_772_439_329_123),
        (json!(1_772_439_329_123.0), 1_772_439_329_123),
    ] {
        let payload = json!({
            "detail-type": topic, "detail": {"eventBody": {"conversationId": "c-1", "eventTime": time}},
        });
        assert_eq!(mapped(SourceKind::GenesysEventBridge, &payload), (expected, true, vec![]));
        let message = json!({"id": "m-1", "type": "Text", "channel": {"time": time}, "direction": "Inbound"});
        assert_eq!(mapped(SourceKind::GenesysOpenMessaging, &message), (expected, true, vec![]));
        let case = json!({"eventType": "CaseCreated", "createdAt": time, "data": {"case": {"id": "1"}}});
        assert_eq!(mapped(SourceKind::CxoneDigital, &case), (expected, true, vec![]));
    }
}
