//! The generated day: deterministic, of the asked size, in the platforms' shapes, with the faults it promises.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use trunkline_load::customers::{self, Customer};
use trunkline_load::generator::{
    Behaviour, Day, DaySettings, Delivery, EVENTBRIDGE, Kind, OPEN_MESSAGING, StreamFaults,
};
use trunkline_load::sign::{Secrets, hub_signature};
use uuid::Uuid;

const START_MS: i64 = 1_795_000_000_000;
const CALL_AS_IT_IS: &str = "v2.users.{id}.conversations.calls";

fn settings(seed: u64, rate: f64, seconds: u64) -> DaySettings {
    DaySettings::new(seed, rate, Duration::from_secs(seconds), START_MS)
}

fn day(seed: u64, rate: f64, seconds: u64) -> Vec<Delivery> {
    Day::new(settings(seed, rate, seconds)).collect()
}

/// What the platform repeats, or an archive plays, is the world's doing and no fault of the stream.
fn said_again(delivery: &Delivery) -> bool {
    matches!(delivery.behaviour, Some(Behaviour::HonestRepeat | Behaviour::ArchiveReplay))
}

fn parsed(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    assert_eq!(day(5, 100.0, 10), day(5, 100.0, 10));
    assert_ne!(day(5, 100.0, 10), day(6, 100.0, 10));
}

#[test]
fn deliveries_come_in_order_and_at_the_asked_rate() {
    for (rate, seconds) in [(50.0, 20), (200.0, 30), (400.0, 120)] {
        let deliveries = day(3, rate, seconds);
        assert!(deliveries.is_sorted_by_key(|delivery| delivery.at));
        assert!(deliveries.iter().enumerate().all(|(index, delivery)| delivery.id == index as u64 + 1));
        let relative = deliveries.len() as f64 / (rate * seconds as f64);
        assert!((0.85..1.15).contains(&relative), "{rate}/s for {seconds} s: {relative} of what was asked");
        let end = Duration::from_secs(seconds) + Duration::from_secs(1);
        assert!(deliveries.iter().all(|delivery| delivery.at < end));
    }
}

#[test]
fn the_stream_misbehaves_as_much_as_it_promises() {
    let deliveries = day(9, 400.0, 120);
    let share = |kinds: &[Kind]| {
        let matching = deliveries.iter().filter(|delivery| kinds.contains(&delivery.kind)).count();
        matching as f64 / deliveries.len() as f64
    };
    let copies = share(&[Kind::Duplicate])
        - deliveries.iter().filter(|delivery| said_again(delivery)).count() as f64 / deliveries.len() as f64;
    assert!((0.025..0.035).contains(&copies), "{copies}");
    assert!((0.043..0.057).contains(&share(&[Kind::Late])), "{}", share(&[Kind::Late]));
    let refused = share(&[Kind::Malformed, Kind::BadSignature]);
    assert!((0.003..0.007).contains(&refused), "{refused}");
    let statuses: BTreeSet<u16> = deliveries.iter().map(|delivery| delivery.expected_status).collect();
    assert_eq!(statuses, BTreeSet::from([202, 401, 422]));
}

#[test]
fn without_faults_every_delivery_is_clean_and_every_conversation_in_order() {
    let clean = DaySettings { faults: StreamFaults::NONE, ..settings(4, 200.0, 20) };
    let mut last: HashMap<(String, &str), i64> = HashMap::new();
    for delivery in Day::new(clean).filter(|delivery| !said_again(delivery)) {
        assert_eq!((delivery.kind, delivery.expected_status), (Kind::Clean, 202));
        let Some(conversation) = delivery.conversation_id else { continue };
        let before = last.insert((conversation, delivery.source), delivery.event_time);
        assert!(before.is_none_or(|before| before <= delivery.event_time));
    }
}

#[test]
fn duplicates_are_copies_of_an_earlier_delivery_but_for_repeats_and_replays() {
    let deliveries = day(12, 200.0, 60);
    let originals: HashMap<&[u8], &Delivery> = deliveries
        .iter()
        .filter(|delivery| matches!(delivery.kind, Kind::Clean | Kind::Late))
        .map(|delivery| (delivery.body.as_slice(), delivery))
        .collect();
    let (mut identical, mut anew) = (0, 0);
    for delivery in deliveries.iter().filter(|delivery| delivery.kind == Kind::Duplicate) {
        match originals.get(delivery.body.as_slice()) {
            Some(original) => {
                assert!(original.id < delivery.id && original.fact == delivery.fact);
                identical += 1;
            }
            None => {
                assert!(said_again(delivery), "{delivery:?}");
                anew += 1;
            }
        }
    }
    assert!(identical > 200 && anew > 50, "{identical} identical, {anew} published anew");
}

#[test]
fn malformed_deliveries_are_what_their_expected_status_says() {
    for delivery in day(21, 400.0, 120) {
        let json = serde_json::from_slice::<Value>(&delivery.body);
        assert!(json.is_ok() || delivery.expected_status == 422, "delivery {}", delivery.id);
        let kind = match delivery.expected_status {
            422 => delivery.kind == Kind::Malformed,
            401 => delivery.kind == Kind::BadSignature,
            _ => !matches!(delivery.kind, Kind::Malformed | Kind::BadSignature),
        };
        assert!(kind, "delivery {} is {:?}", delivery.id, delivery.kind);
    }
}

#[test]
fn customers_are_where_the_module_says() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in day(2, 200.0, 30) {
        if delivery.expected_status != 202 || delivery.customer_id.is_none() {
            continue;
        }
        let body = parsed(&delivery);
        let found = match delivery.source {
            EVENTBRIDGE if body["detail-type"] == CALL_AS_IT_IS => {
                &body["detail"]["eventBody"]["participants"][0]["externalContact"]["id"]
            }
            EVENTBRIDGE => &body["detail"]["eventBody"]["conversationExternalContactIds"][0],
            OPEN_MESSAGING if body["direction"] == "Inbound" => &body["channel"]["from"]["id"],
            OPEN_MESSAGING => &body["channel"]["to"]["id"],
            _ => &body["data"]["case"]["authorEndUserIdentity"]["idOnExternalPlatform"],
        };
        if delivery.source == EVENTBRIDGE && found.is_null() {
            let ani = &body["detail"]["eventBody"]["ani"];
            assert!(
                ani.is_null() || !body.to_string().contains("xternalContactId"),
                "delivery {}",
                delivery.id
            );
            *seen.entry("caller".to_owned()).or_default() += 1;
            continue;
        }
        let number = customers::number(delivery.customer_id.as_deref().unwrap()).unwrap();
        assert!((1..=500).contains(&number));
        let customer = Customer::of(number);
        let kind = match delivery.source {
            EVENTBRIDGE => "contact",
            OPEN_MESSAGING if body["direction"] == "Inbound" => {
                body["channel"]["from"]["idType"].as_str().unwrap()
            }
            OPEN_MESSAGING => body["channel"]["to"]["idType"].as_str().unwrap(),
            _ => "login",
        };
        let expected = match kind {
            "contact" => customer.contact_id.to_string(),
            "login" | "Email" => customer.email,
            "Phone" => customer.phone,
            _ => Uuid::new_v5(&customer.contact_id, b"messaging").to_string(),
        };
        assert_eq!(found.as_str(), Some(expected.as_str()), "delivery {}", delivery.id);
        let filled_in = &body["data"]["case"]["customFields"][0]["value"];
        if !filled_in.is_null() {
            assert_eq!(filled_in.as_str(), delivery.customer_id.as_deref());
            *seen.entry("number".to_owned()).or_default() += 1;
        }
        let attributes = &body["detail"]["eventBody"]["attributes"];
        if !attributes["customerId"].is_null() {
            assert_eq!(attributes["customerId"].as_str(), delivery.customer_id.as_deref());
            *seen.entry("attribute".to_owned()).or_default() += 1;
        }
        *seen.entry(kind.to_owned()).or_default() += 1;
    }
    let kinds: Vec<&str> = seen.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["Email", "Opaque", "Phone", "attribute", "caller", "contact", "login", "number"]);
}

/// The generated payloads have the members of the captured ones that a mapping can rest on.
#[test]
fn shapes_follow_the_platforms() {
    let (mut types, mut seen) = (BTreeSet::new(), 0);
    for delivery in day(8, 300.0, 60).iter().filter(|delivery| delivery.expected_status == 202) {
        let body = parsed(delivery);
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        match delivery.source {
            EVENTBRIDGE => {
                let detail_type = text("/detail-type").unwrap();
                let topic = text("/detail/topicName").unwrap();
                assert_eq!(
                    detail_type.split('.').next_back(),
                    topic.split('.').next_back().filter(|_| !detail_type.ends_with('}')).or(Some("{id}"))
                );
                assert!(text("/id").is_some() && text("/detail/metadata/CorrelationId").is_some());
                if detail_type.starts_with("v2.detail.events") {
                    assert!(body["detail"]["eventBody"]["eventTime"].is_i64());
                    assert_eq!(text("/detail/eventBody/conversationId"), delivery.conversation_id);
                } else if detail_type == CALL_AS_IT_IS {
                    assert_eq!(text("/detail/eventBody/id"), delivery.conversation_id);
                } else {
                    assert_eq!(delivery.conversation_id, None);
                }
                types.insert(detail_type);
            }
            OPEN_MESSAGING => {
                assert!(text("/channel/messageId").is_some() && text("/channel/time").is_some());
                assert_eq!(text("/conversationId"), delivery.conversation_id);
                types.insert(format!("{} {}", text("/direction").unwrap(), text("/type").unwrap()));
            }
            _ => {
                assert!(text("/createdAt").unwrap().ends_with("+01:00"));
                assert!(text("/createdAtWithMilliseconds").unwrap().contains('.'));
                assert_eq!(text("/data/case/id"), delivery.conversation_id);
                assert!(body["data"]["brand"]["id"].is_i64());
                types.insert(text("/eventType").unwrap());
            }
        }
        seen += 1;
    }
    let detail = |suffix: &str| format!("v2.detail.events.conversation.{{id}}.{suffix}");
    let expected: BTreeSet<String> = [
        "customer.start",
        "customer.end",
        "acd.start",
        "acd.end",
        "user.start",
        "user.end",
        "flow.start",
        "flow.end",
        "flow.outcome",
        "attributes",
        "contact",
        "acw",
        "wrapup",
    ]
    .map(detail)
    .into_iter()
    .chain(
        [
            "v2.users.{id}.activity",
            "v2.users.{id}.station",
            "v2.users.{id}.presence",
            "v2.users.{id}.routingStatus",
            "v2.routing.queues.{id}.users",
            CALL_AS_IT_IS,
            "v2.audits.entitytype.{id}.entityid.{id}",
            "Inbound Text",
            "Outbound Text",
            "Outbound Receipt",
            "CaseCreated",
            "MessageCreated",
            "MessageAddedIntoCase",
            "CaseToRoutingQueueAssignmentChanged",
            "CaseInboxAssigneeChanged",
            "CaseStatusChanged",
        ]
        .map(str::to_owned),
    )
    .collect();
    assert_eq!(types, expected);
    assert!(seen > 10_000);
}

#[test]
fn headers_prove_the_origin_but_for_bad_signatures() {
    let secrets = Secrets::random();
    for delivery in day(30, 400.0, 60) {
        let headers = delivery.headers(&secrets);
        let (name, value) = &headers[0];
        let right = match delivery.source {
            EVENTBRIDGE => secrets.eventbridge_api_key.clone(),
            OPEN_MESSAGING => hub_signature(&secrets.open_messaging_secret, &delivery.body),
            _ => format!("Bearer {}", secrets.cxone_bearer),
        };
        assert_eq!(
            *value == right,
            delivery.kind != Kind::BadSignature,
            "{name} of delivery {}",
            delivery.id
        );
    }
}
