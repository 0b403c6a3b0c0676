//! What platforms tell again, from the bytes of a webhook to what is published: each request is mapped as `ingest` maps
//! it, and what it becomes goes through a partition.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use trunkline_config::{Drift, OrderMode, Redaction, Source, SourceKind, Verify};
use trunkline_mapping::{Delivery, ElementOutcome, Framing, Proof, TraceContext, map_delivery};
use trunkline_partition::conversation::Callers;
use trunkline_partition::entity::Retention;
use trunkline_partition::output::Enriched;
use trunkline_partition::{Context, MemoryState, Output, Settings, Task};
use trunkline_profiles::Profiles;
use trunkline_rules::RuleSet;
use trunkline_schemas::PlatformEvent;

#[path = "support/arrived.rs"]
mod arrived;
#[path = "support/events.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod events;

use arrived::arrived;
use trunkline_systems::ProfileField;

/// 2026-03-02T08:20:00Z.
const BEGINNING: i64 = 1_772_439_600_000;

const WINDOW: i64 = 5 * 60_000;

const DAY: i64 = 24 * 3_600_000;

const AGENT: &str = "a9e27000-0000-4000-8000-0000000000a1";

/// A request to a webhook: when it comes, after the beginning, and with what.
struct Request {
    after: i64,
    headers: Vec<(&'static str, &'static str)>,
    body: Value,
}

fn at(after: i64, body: Value) -> Request {
    Request { after, headers: Vec::new(), body }
}

/// What EventBridge delivers, `number` being its own id; `after` is also when it does.
fn told(number: i64, after: i64, topic: &str, ids: &str, body: Value) -> Request {
    let topic_name = topic.replacen("{id}", ids, 1);
    at(
        after,
        json!({
            "version": "0",
            "id": format!("5eed1200-0000-4000-8000-{number:012}"),
            "detail-type": topic,
            "source": "aws.partner/genesys.com/cloud/3f0c1d7a-0000-4000-8000-00000000000a/bus",
            "account": "123456789012",
            "time": "2026-03-02T08:20:00Z",
            "region": "eu-central-1",
            "resources": [],
            "detail": {
                "topicName": topic_name,
                "version": "2",
                "eventBody": body,
                "metadata": {"CorrelationId": format!("c0de1200-0000-4000-8000-{number:012}")},
                "timestamp": "2026-03-02T08:20:00.250Z",
            },
        }),
    )
}

fn source(kind: SourceKind) -> Source {
    Source {
        name: "test".into(),
        kind,
        org: (kind != SourceKind::GenesysEventBridge).then(|| "acme".into()),
        order: OrderMode::Causal,
        hold: Duration::ZERO,
        drift: Drift::Pass,
        mapping: None,
        sequence: None,
        redaction: Redaction::default(),
        admission: Default::default(),
        verify: Verify::None,
    }
}

/// The events that ingest makes of requests, in the order in which it stores them.
fn mapped(source: &Source, requests: &[Request]) -> Vec<PlatformEvent> {
    let of_request = |request: &Request| {
        let bytes = request.body.to_string().into_bytes();
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let delivery = Delivery {
            source,
            bytes: &bytes,
            framing: Framing::Body,
            received_at: BEGINNING + request.after,
            correlation_id: None,
            trace: TraceContext { parent: String::new(), state: None },
            content_type: None,
            headers: request.headers.iter().map(header).collect::<BTreeMap<_, _>>(),
            proof: Proof::NotRequired,
        };
        let elements = map_delivery(&delivery, 127).unwrap().elements;
        let events = elements.into_iter().map(|element| match element {
            ElementOutcome::Event(accepted) => accepted.event,
            other => panic!("no event: {other:?}"),
        });
        events.collect::<Vec<_>>()
    };
    requests.iter().flat_map(of_request).collect()
}

/// What is published of these events: which of them, counted from 0, and whether they are marked as possible repeats.
/// The partition is restored from its state after every one of them.
fn published(events: &[PlatformEvent]) -> Vec<(usize, bool)> {
    let settings = Arc::new(Settings {
        sources: HashMap::from_iter([("test".to_owned(), (OrderMode::Causal, 0))]),
        retention: Retention { ids_ms: 5 * DAY, ended_ms: 10 * DAY, silent_ms: 30 * DAY },
        repeat_window_ms: WINDOW,
        profile_keep_ms: DAY,
        enrich_deadline_ms: 0,
        callers: Callers::default(),
        max_record_bytes: 1 << 20,
        include_data: true,
        plugin_events: Default::default(),
        instance: "test".to_owned(),
    });
    let mut state = MemoryState::default();
    let mut profiles = Profiles::new(30_000, 100, ProfileField::ALL.into());
    let mut rules = RuleSet::none();
    let mut out = Vec::new();
    for (offset, event) in events.iter().enumerate() {
        let mut task = Task::restored(settings.clone(), &state).unwrap();
        let mut ctx =
            Context { now: event.ingest_time, state: &state, profiles: &mut profiles, rules: &mut rules };
        task.record(arrived(offset as i64, event), &mut ctx).unwrap();
        assert_eq!(task.drain_finished().count(), 1, "a causal source holds nothing here");
        out.extend(task.take_outputs().into_iter().map(|output| {
            let Output::Event(emission) = output else { panic!("{output:?}") };
            let possible_repeat = match &emission.event {
                Enriched::Parts(parts) => parts.findings.possible_repeat,
                Enriched::Whole(event, _) => event.possible_repeat,
            };
            (offset, possible_repeat)
        }));
        let mut changes = Vec::new();
        task.take_changes(&mut changes).unwrap();
        state.apply(&changes);
    }
    out
}

fn of_genesys(requests: &[Request]) -> Vec<(usize, bool)> {
    published(&mapped(&source(SourceKind::GenesysEventBridge), requests))
}

fn of_cxone(requests: &[Request]) -> Vec<(usize, bool)> {
    published(&mapped(&source(SourceKind::CxoneDigital), requests))
}

const PRESENCE: &str = "v2.users.{id}.presence";
const STATION: &str = "v2.users.{id}.station";
const MEMBERS: &str = "v2.routing.queues.{id}.users";

fn presence(number: i64, after: i64, system: &str, modified: Option<&str>) -> Request {
    let mut body = json!({"presenceDefinition": {"id": system, "systemPresence": system}, "message": ""});
    if let Some(modified) = modified {
        body["modifiedDate"] = json!(modified);
    }
    told(number, after, PRESENCE, AGENT, body)
}

#[test]
fn a_state_that_is_told_again_is_left_out_and_one_that_returns_is_not() {
    let on = || json!({"associatedStation": {"id": "s1"}});
    let out = of_genesys(&[
        told(1, 0, STATION, AGENT, on()),
        told(2, 1_000, STATION, AGENT, on()),
        told(3, 2_000, STATION, AGENT, json!({})),
        told(4, 3_000, STATION, AGENT, on()),
        told(1, 4_000, STATION, AGENT, on()),
    ]);
    assert_eq!(out, [(0, false), (2, false), (3, true)], "a repeat, a return, and a delivery again");
}

#[test]
fn a_state_is_told_anew_when_the_window_is_over() {
    let on = || json!({"associatedStation": {"id": "s1"}});
    let twice = |after: i64| [told(1, 0, STATION, AGENT, on()), told(2, after, STATION, AGENT, on())];
    assert_eq!(of_genesys(&twice(WINDOW)), [(0, false)]);
    assert_eq!(of_genesys(&twice(WINDOW + 1)), [(0, false), (1, true)], "nothing came between");
    assert_eq!(of_genesys(&twice(DAY)), [(0, false), (1, true)], "nor meanwhile");
    let [first, last] = twice(DAY);
    let returned = [first, told(3, 1, STATION, AGENT, json!({})), last];
    assert_eq!(of_genesys(&returned), [(0, false), (1, false), (2, false)], "a state that returned");
}

#[test]
fn a_change_with_a_time_of_its_own_comes_between_two_without() {
    let out = of_genesys(&[
        presence(1, 0, "AVAILABLE", None),
        presence(2, 1_000, "BUSY", Some("2026-03-02T08:20:01Z")),
        presence(3, 2_000, "AVAILABLE", None),
        presence(4, 3_000, "AVAILABLE", None),
    ]);
    assert_eq!(out, [(0, false), (1, false), (2, true)]);
}

#[test]
fn a_change_that_an_older_build_took_in_comes_between_as_well() {
    let mut events = mapped(
        &source(SourceKind::GenesysEventBridge),
        &[
            presence(1, 0, "AVAILABLE", None),
            presence(2, 1_000, "BUSY", None),
            presence(3, 2_000, "AVAILABLE", None),
        ],
    );
    // It knew neither contents nor topics with ids.
    events[1].content_id = None;
    events[1].attributes.remove("topicName");
    assert_eq!(published(&events), [(0, false), (1, false), (2, true)]);
    events[1].source_type = format!("v2.users.{AGENT}.presence");
    assert_eq!(published(&events), [(0, false), (1, false), (2, true)], "nor that this is the same type");
}

#[test]
fn a_change_of_a_conversation_that_an_older_build_took_in_comes_between_as_well() {
    let calls = "v2.users.{id}.conversations.calls";
    let muted = |number: i64, muted: bool| {
        let participants = json!([{"id": "p1", "user": {"id": AGENT}, "muted": muted}]);
        told(number, number, calls, AGENT, json!({"id": "c1", "participants": participants}))
    };
    let mut events = mapped(
        &source(SourceKind::GenesysEventBridge),
        &[muted(1, false), muted(2, true), muted(3, false), muted(4, false)],
    );
    events[1].content_id = None;
    events[1].attributes.remove("topicName");
    assert_eq!(published(&events), [(0, false), (1, false), (2, true)]);
    events[1].source_type = format!("v2.users.{AGENT}.conversations.calls");
    assert_eq!(published(&events), [(0, false), (1, false), (2, true)], "a type with the ids in it");
    // Steps of the conversation, on topics of their own, come between no snapshots.
    events[1].source_type = "v2.detail.events.conversation.{id}.acd.start".to_owned();
    assert_eq!(published(&events), [(0, false), (1, false)]);
}

#[test]
fn what_its_source_numbers_comes_between_and_is_never_left_out() {
    let numbered =
        Source { sequence: Some("/detail/number".into()), ..source(SourceKind::GenesysEventBridge) };
    let mut requests = [
        presence(1, 0, "AVAILABLE", None),
        presence(2, 1_000, "BUSY", None),
        presence(3, 2_000, "AVAILABLE", None),
        presence(4, 3_000, "AVAILABLE", None),
    ];
    requests[1].body["detail"]["number"] = json!(7);
    assert_eq!(published(&mapped(&numbered, &requests)), [(0, false), (1, false), (2, true)]);
    for (number, request) in requests.iter_mut().enumerate() {
        request.body["detail"]["number"] = json!(number);
    }
    let out = published(&mapped(&numbered, &requests));
    assert_eq!(out, [(0, false), (1, false), (2, false), (3, false)]);
}

#[test]
fn what_is_no_known_state_is_published_each_time() {
    let flow = "c0ffee00-0000-4000-8000-0000000000f1";
    let chat = "c0ffee00-0000-4000-8000-0000000000c1";
    let typing = |number, after| {
        let body = json!({"id": "m", "conversation": {"id": chat}, "sender": {"id": "p1"}});
        let mut request = told(number, after, "v2.conversations.chats.{id}.messages", chat, body);
        request.body["detail"]["metadata"]["type"] = json!("typing-indicator");
        request
    };
    for requests in [
        [1, 2].map(|n| told(n, n, "v2.flows.executions.{id}", flow, json!({"outcome": "SUCCESS"}))),
        [1, 2].map(|n| told(n, n, "v2.users.{id}.badges", AGENT, json!({"badges": 3}))),
        [1, 2].map(|n| typing(n, n)),
    ] {
        assert_eq!(of_genesys(&requests), [(0, false), (1, true)], "{}", requests[0].body);
    }
}

#[test]
fn members_of_a_queue_or_a_chat_have_states_of_their_own() {
    let queue = "90e0e000-0000-4000-8000-000000000001";
    let chat = "c0ffee00-0000-4000-8000-0000000000c1";
    let of_queue = |number: i64| {
        let member = number % 10;
        let body = json!({"id": format!("u{member}"), "user": {"id": format!("u{member}")}, "joined": true});
        told(number, number, MEMBERS, queue, body)
    };
    let of_chat = |number: i64| {
        let body = json!({"conversation": {"id": chat}, "member": {"id": format!("p{}", number % 10), "state": "CONNECTED"}});
        told(number, number, "v2.conversations.chats.{id}.members", chat, body)
    };
    let of_medium = |number: i64| {
        let media = ["voice", "chat", "email", "callback", "message", "video"];
        let mut body = json!({"group": {"queueId": queue}, "data": [{"metrics": [{"metric": "oWaiting"}]}]});
        if let Some(medium) = media.get(number as usize % 10) {
            body["group"]["mediaType"] = json!(medium);
        } else {
            body["group"]["more"] = json!(number % 10);
        }
        told(number, number, "v2.analytics.queues.{id}.observations", queue, body)
    };
    let first_ten: Vec<(usize, bool)> = (0..10).map(|n| (n, false)).collect();
    assert_eq!(of_genesys(&(0..20).map(of_queue).collect::<Vec<_>>()), first_ten);
    assert_eq!(of_genesys(&(0..20).map(of_chat).collect::<Vec<_>>()), first_ten);
    // Figures of no medium are one row, whatever else is said of them.
    let observed = of_genesys(&(0..20).map(of_medium).collect::<Vec<_>>());
    assert_eq!(observed[..10], first_ten);
    assert_eq!(observed[10..], (16..20).map(|n| (n, true)).collect::<Vec<_>>());
}

#[test]
fn a_member_who_comes_and_goes_is_told_each_time() {
    let queue = "90e0e000-0000-4000-8000-000000000001";
    let member = |number: i64, joined: bool| {
        told(number, number, MEMBERS, queue, json!({"id": "u1", "joined": joined}))
    };
    let out = of_genesys(&[member(1, true), member(2, false), member(3, true), member(4, false)]);
    assert_eq!(out, [(0, false), (1, false), (2, true), (3, true)]);
}

fn agent_state(state: &str) -> Value {
    json!({"Type": "AgentState", "AgentId": "12214", "CurrentState": state, "CurrentOutReason": ""})
}

#[test]
fn an_agent_state_of_cxone_without_a_time_returns_and_is_told_again() {
    let out = of_cxone(&[
        at(0, agent_state("Available")),
        at(1_000, agent_state("Unavailable")),
        at(2_000, agent_state("Available")),
        at(3_000, agent_state("Available")),
        at(3_000 + WINDOW, agent_state("Available")),
    ]);
    assert_eq!(out, [(0, false), (1, false), (2, true), (4, true)]);
    let batch = json!([agent_state("Available"), agent_state("Unavailable"), agent_state("Available")]);
    assert_eq!(of_cxone(&[at(0, batch)]), [(0, false), (1, false), (2, true)], "in one request as well");
    let timed = |time: &str| {
        let mut timed = agent_state("Unavailable");
        timed["LastStateChangeTimeUTC"] = json!(time);
        of_cxone(&[
            at(0, agent_state("Available")),
            at(1_000, timed.clone()),
            at(2_000, agent_state("Available")),
            at(3_000, timed),
        ])
    };
    let exact = timed("2026-03-02T08:20:01.250Z");
    assert_eq!(exact, [(0, false), (1, false), (2, true)], "an exact time names an occurrence");
    let whole = timed("2026-03-02T08:20:01Z");
    assert_eq!(whole, [(0, false), (1, false), (2, true), (3, true)], "within a second it may have returned");
}

#[test]
fn a_delivery_of_cxone_that_has_an_id_is_known_when_it_comes_again() {
    for header in ["webhook-id", "x-nexus-delivery-id"] {
        let sent = |after: i64, id: &'static str, state: &str| Request {
            after,
            headers: vec![(header, id)],
            body: agent_state(state),
        };
        let out = of_cxone(&[
            sent(0, "d-1", "Available"),
            sent(1_000, "d-2", "Unavailable"),
            sent(2_000, "d-1", "Available"),
            sent(3_000, "d-3", "Available"),
        ]);
        assert_eq!(out, [(0, false), (1, false), (3, true)], "{header}");
    }
}

#[test]
fn what_cxone_names_by_nothing_and_is_no_state_is_marked_when_it_comes_again() {
    let page = json!({"Type": "PageOpen", "AgentId": "12214", "Url": "https://crm.example/1"});
    let end = json!({"eventType": "EndContact", "data": {"contact": {"id": "700100200300"}}});
    let status = json!({"eventType": "UserStatusChanged", "data": {"user": {"id": 7, "status": "away"}}});
    for (body, expected) in
        [(page, vec![(0, false), (1, true)]), (end, vec![(0, false), (1, true)]), (status, vec![(0, false)])]
    {
        assert_eq!(of_cxone(&[at(0, body.clone()), at(1_000, body.clone())]), expected, "{body}");
    }
}

/// Of a visitor, of a thread, of a contact, and of nothing at all, whose key is what it says.
#[test]
fn what_cxone_names_by_nothing_is_marked_after_the_window_as_well_whatever_its_entity_is() {
    let brand = json!({"id": 1234});
    let visitor =
        json!({"eventType": "StoreVisitorEvents", "brand": brand, "visitor": {"id": "v-1"}, "data": {}});
    let posted = json!({"eventId": null, "postback": {"eventType": "MessagePosted", "data": {"thread": {"id": "t-1"}}}});
    let end = json!({"eventType": "EndContact", "data": {"contact": {"id": "700100200300"}}});
    let nothing = json!({"eventType": "SomethingNew", "data": {"note": "as before"}});
    let bare_error = json!({"error": {"errorCode": "E-1", "errorMessage": "no"}});
    for body in [visitor, posted, end.clone(), nothing, bare_error] {
        for after in [1, WINDOW, WINDOW + 1, DAY] {
            let out = of_cxone(&[at(0, body.clone()), at(after, body.clone())]);
            assert_eq!(out, [(0, false), (1, true)], "{body} after {after} ms");
        }
    }
    // Another request of the same kind in between, and the window over: it is another fact.
    let mut other = end.clone();
    other["data"]["contact"]["reason"] = json!("bored");
    let out = of_cxone(&[at(0, end.clone()), at(1, other), at(WINDOW + 1, end)]);
    assert_eq!(out, [(0, false), (1, false), (2, false)]);
}

#[test]
fn what_happens_once_is_one_fact_however_often_it_is_delivered() {
    let session = json!({"Type": "AgentSessionStart", "AgentId": "12214", "SessionId": "58070815"});
    let last =
        json!({"Type": "CallContactEvent", "ContactID": "2002", "MasterID": "2001", "FinalState": "True"});
    for body in [session, last] {
        assert_eq!(of_cxone(&[at(0, body.clone()), at(WINDOW + 1, body)]), [(0, false)]);
    }
}

#[test]
fn a_state_of_genesys_that_nothing_names_returns_as_well() {
    let bare = |after: i64, system: &str| {
        let mut request = presence(1, after, system, None);
        request.body["detail"]["metadata"] = json!({});
        for name in ["id", "time"] {
            request.body.as_object_mut().unwrap().remove(name);
        }
        request.body["detail"].as_object_mut().unwrap().remove("timestamp");
        request
    };
    let out =
        of_genesys(&[bare(0, "AVAILABLE"), bare(1, "BUSY"), bare(2, "AVAILABLE"), bare(3, "AVAILABLE")]);
    assert_eq!(out, [(0, false), (1, false), (2, true)]);
}

#[test]
fn what_differs_in_fields_that_no_schema_names_is_published_and_marked() {
    let step = |number: i64, after: i64, more: Value| {
        let mut body =
            json!({"eventTime": BEGINNING, "conversationId": "c-1", "participantId": "p", "sessionId": "s"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        told(number, after, "v2.detail.events.conversation.{id}.user.start", "c-1", body)
    };
    let (none, x, y) = (json!({}), json!({"x": 1}), json!({"x": {"y": [1, 2]}}));
    let out = of_genesys(&[step(1, 0, none.clone()), step(2, 1, x.clone()), step(3, 2, y.clone())]);
    assert_eq!(out, [(0, false), (1, true), (2, true)]);
    let out = of_genesys(&[step(1, 0, x.clone()), step(2, 1, x.clone()), step(3, 2, none)]);
    assert_eq!(out, [(0, false), (2, true)], "the same body by another delivery is one fact");
    let out = of_genesys(&[step(1, 0, x.clone()), step(2, WINDOW + 1, y.clone())]);
    assert_eq!(out, [(0, false), (1, false)]);
    let another = json!({"x": 1, "sessionId": "t"});
    assert_eq!(of_genesys(&[step(1, 0, x), step(2, 1, another)]), [(0, false), (1, false)]);
    // Of states there is no model: any field may be the change.
    let state = |number, system: &str, more: i64| {
        let mut request = presence(number, number, system, None);
        request.body["detail"]["eventBody"]["more"] = json!(more);
        request
    };
    let (away, busy) = ("AWAY", "BUSY");
    let out = of_genesys(&[state(1, away, 1), state(2, away, 2), state(3, busy, 1), state(4, away, 3)]);
    assert_eq!(out, [(0, false), (1, false), (2, false), (3, false)]);
}

#[test]
fn a_topic_without_its_ids_may_be_any_of_its_type() {
    let mut requests =
        [presence(1, 0, "AVAILABLE", None), presence(2, 1, "BUSY", None), presence(3, 2, "AVAILABLE", None)];
    requests[1].body["detail"]["topicName"] = json!(PRESENCE);
    requests[1].body["detail"]["eventBody"]["id"] = json!(AGENT);
    assert_eq!(of_genesys(&requests), [(0, false), (1, false), (2, true)]);
}
