//! The generated day is like the world: states return, words are equal, milliseconds coincide, platforms repeat.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use serde_json::Value;
use trunkline_load::generator::{Behaviour, Day, DaySettings, Delivery, EVENTBRIDGE, Kind, WorldShares};

const START_MS: i64 = 1_795_000_000_000;

/// A minute at 100/s, as the demo might play it.
fn minute(seed: u64) -> DaySettings {
    DaySettings::new(seed, 100.0, Duration::from_secs(60), START_MS)
}

/// One delivery of EventBridge, read.
struct Report {
    delivery: Delivery,
    detail_type: String,
    topic: String,
    body: Value,
    envelope: Value,
}

/// What EventBridge delivered and ingest should accept, in the order of delivery.
fn reports(settings: DaySettings) -> Vec<Report> {
    Day::new(settings)
        .filter(|delivery| delivery.source == EVENTBRIDGE && delivery.expected_status == 202)
        .map(|delivery| {
            let envelope: Value = serde_json::from_slice(&delivery.body).unwrap();
            Report {
                delivery,
                detail_type: envelope["detail-type"].as_str().unwrap().to_owned(),
                topic: envelope["detail"]["topicName"].as_str().unwrap().to_owned(),
                body: envelope["detail"]["eventBody"].clone(),
                envelope,
            }
        })
        .collect()
}

/// The first report of every occurrence, in the order they happened.
fn occurrences(reports: &[Report], behaviour: Option<Behaviour>) -> Vec<&Report> {
    let mut first: Vec<&Report> = reports
        .iter()
        .filter(|report| report.delivery.kind != Kind::Duplicate)
        .filter(|report| behaviour.is_none() || report.delivery.behaviour == behaviour)
        .collect();
    first.sort_by_key(|report| report.delivery.event_time);
    first
}

/// Whose state it is: the topic, and within a queue the member.
fn holder(report: &Report) -> String {
    let member = report.detail_type == "v2.routing.queues.{id}.users";
    let whose = if member || report.detail_type.contains("conversations") {
        &report.body["id"]
    } else {
        &Value::Null
    };
    format!("{} {whose}", report.topic)
}

/// A body without its own times.
fn timeless(body: &Value) -> Value {
    let mut body = body.clone();
    for pointer in ["/modifiedDate", "/routingStatus/startTime"] {
        if let Some(time) = body.pointer_mut(pointer) {
            *time = Value::Null;
        }
    }
    body
}

#[test]
fn states_are_left_and_returned_to() {
    let reports = reports(minute(1));
    let mut histories: BTreeMap<String, Vec<&Report>> = BTreeMap::new();
    for report in occurrences(&reports, Some(Behaviour::StateReturns)) {
        histories.entry(holder(report)).or_default().push(report);
    }
    // By topic: how often a state returned, and how often in the very same words.
    let mut returned: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for history in histories.values() {
        for three in history.windows(3) {
            let [before, between, after] = [three[0], three[1], three[2]];
            if timeless(&before.body) == timeless(&after.body)
                && timeless(&before.body) != timeless(&between.body)
            {
                assert_ne!(before.delivery.fact, after.delivery.fact);
                let (states, words) = returned.entry(&before.detail_type).or_default();
                *states += 1;
                *words += usize::from(before.body == after.body);
            }
        }
    }
    for (topic, in_equal_words) in [
        ("v2.users.{id}.station", true),
        ("v2.users.{id}.presence", false),
        ("v2.users.{id}.routingStatus", false),
        ("v2.routing.queues.{id}.users", true),
        ("v2.users.{id}.conversations.calls", true),
    ] {
        let (states, words) = returned.remove(topic).unwrap_or_default();
        assert!(states >= 5, "{topic}: {states}");
        assert_eq!(words, if in_equal_words { states } else { 0 }, "{topic}");
    }
    assert!(returned.is_empty(), "{returned:?}");
}

/// Otherwise nobody could tell a new occurrence from a repeat.
#[test]
fn nobody_enters_a_state_twice_in_a_row() {
    for seed in 1..4 {
        let settings = DaySettings::new(seed, 800.0, Duration::from_secs(30), START_MS);
        let reports = reports(settings);
        let mut last: HashMap<String, &Value> = HashMap::new();
        let states = occurrences(&reports, None);
        for report in states.iter().filter(|report| !report.topic.starts_with("v2.detail.events.")) {
            let before = last.insert(holder(report), &report.body);
            assert!(before.is_none_or(|before| *before != report.body), "{} {}", report.topic, report.body);
        }
    }
}

#[test]
fn other_agents_and_queues_are_told_of_in_the_same_words() {
    let reports = reports(minute(1));
    let mut told: HashMap<(&str, String), Vec<&Report>> = HashMap::new();
    for report in occurrences(&reports, Some(Behaviour::EqualBodies)) {
        told.entry((&report.detail_type, report.body.to_string())).or_default().push(report);
    }
    let mut pairs: BTreeMap<&str, usize> = BTreeMap::new();
    for ((detail_type, _), same) in told {
        let topics: HashSet<&str> = same.iter().map(|report| report.topic.as_str()).collect();
        let facts: HashSet<&str> = same.iter().map(|report| report.delivery.fact.as_str()).collect();
        assert_eq!((topics.len(), facts.len()), (2, same.len()), "{detail_type}");
        *pairs.entry(detail_type).or_default() += 1;
    }
    assert_eq!(pairs.len(), 2);
    assert!(pairs["v2.routing.queues.{id}.users"] >= 4 && pairs["v2.users.{id}.presence"] >= 4, "{pairs:?}");
}

#[test]
fn a_cause_and_its_effect_share_a_millisecond() {
    let reports = reports(minute(1));
    let mut together: BTreeMap<(String, i64), Vec<&str>> = BTreeMap::new();
    for report in occurrences(&reports, Some(Behaviour::EqualMilliseconds)) {
        let conversation = report.delivery.conversation_id.clone().unwrap();
        let step = report.detail_type.strip_prefix("v2.detail.events.conversation.{id}.").unwrap();
        assert_eq!(report.body["eventTime"], report.delivery.event_time);
        together.entry((conversation, report.delivery.event_time)).or_default().push(step);
    }
    let count =
        |pair: [&str; 2]| together.values().filter(|steps| steps.as_slice() == pair.as_slice()).count();
    // Told in the order of delivery: the cause first, but where the network disturbed it.
    let (starts, ends) = (count(["customer.start", "flow.start"]), count(["user.end", "customer.end"]));
    assert!(starts >= 30 && ends >= 40, "{starts} starts, {ends} ends");
    assert!(starts + ends >= together.len() * 9 / 10);
    assert!(together.values().all(|steps| steps.len() == 2));
}

#[test]
fn facts_are_published_anew_within_a_tenth_of_the_day() {
    let reports = reports(minute(1));
    let mut first: HashMap<&str, &Report> = HashMap::new();
    let (mut repeats, mut slow, mut other_timestamp) = (0, 0, 0);
    for report in &reports {
        let Some(Behaviour::HonestRepeat) = report.delivery.behaviour else {
            first.entry(&report.delivery.fact).or_insert(report);
            continue;
        };
        assert_eq!(report.delivery.kind, Kind::Duplicate);
        let before = first[report.delivery.fact.as_str()];
        assert_eq!((&report.topic, &report.body), (&before.topic, &before.body));
        assert_ne!(report.envelope["id"], before.envelope["id"]);
        let correlation = |report: &Report| report.envelope["detail"]["metadata"]["CorrelationId"].clone();
        assert_ne!(correlation(report), correlation(before));
        let waited = report.delivery.at - before.delivery.at;
        assert!(waited <= Duration::from_secs(6), "{waited:?}");
        if waited >= Duration::from_secs(1) {
            assert_ne!(report.envelope["time"], before.envelope["time"]);
            slow += 1;
        }
        other_timestamp +=
            usize::from(report.envelope["detail"]["timestamp"] != before.envelope["detail"]["timestamp"]);
        repeats += 1;
    }
    let share = repeats as f64 / reports.len() as f64;
    assert!((0.013..0.027).contains(&share), "{share}");
    assert!(slow >= 10 && other_timestamp >= 10, "{slow} slow, {other_timestamp} with another time");
}

/// A repeat of a state that was left meanwhile would be a lie: nobody could tell it from a return. (What an agent does
/// in all, `activity`, bears its own times, and is not about one state.)
#[test]
fn no_state_is_repeated_after_the_next_one() {
    let reports = reports(DaySettings::new(2, 400.0, Duration::from_secs(60), START_MS));
    let mut current: HashMap<String, (&str, i64)> = HashMap::new();
    let states = ["users", "station", "presence", "routingStatus"];
    let is_state = |report: &&Report| states.iter().any(|state| report.topic.ends_with(state));
    for report in reports.iter().filter(is_state) {
        let (fact, time) = (report.delivery.fact.as_str(), report.delivery.event_time);
        let now = current.entry(holder(report)).or_insert((fact, time));
        if report.delivery.behaviour == Some(Behaviour::HonestRepeat) {
            assert_eq!(now.0, fact, "{}", report.topic);
        } else if time >= now.1 {
            *now = (fact, time);
        }
    }
}

#[test]
fn a_fact_is_one_occurrence_whatever_is_delivered_of_it() {
    let deliveries: Vec<Delivery> = Day::new(minute(3)).collect();
    let originals: Vec<&Delivery> =
        deliveries.iter().filter(|delivery| matches!(delivery.kind, Kind::Clean | Kind::Late)).collect();
    let facts: HashMap<&str, &Delivery> =
        originals.iter().map(|delivery| (delivery.fact.as_str(), *delivery)).collect();
    assert_eq!(facts.len(), originals.len());
    for delivery in &deliveries {
        let original = facts[delivery.fact.as_str()];
        assert_eq!(
            (delivery.source, delivery.event_time, &delivery.conversation_id),
            (original.source, original.event_time, &original.conversation_id)
        );
    }
}

#[test]
fn a_world_without_them_has_none_of_these_behaviours() {
    let quiet = DaySettings { world: WorldShares::NONE, ..minute(1) };
    let deliveries: Vec<Delivery> = Day::new(quiet.clone()).collect();
    assert!(deliveries.iter().all(|delivery| delivery.behaviour.is_none()));
    let relative = deliveries.len() as f64 / 6000.0;
    assert!((0.85..1.15).contains(&relative), "{relative} of what was asked");
    let reports = reports(quiet);
    let mut told: HashSet<(&str, String)> = HashSet::new();
    let mut last: HashMap<(&str, &str), i64> = HashMap::new();
    for report in occurrences(&reports, None) {
        assert!(told.insert((&report.detail_type, report.body.to_string())), "{} twice", report.topic);
        if let Some(conversation) = &report.delivery.conversation_id {
            let before = last.insert((EVENTBRIDGE, conversation), report.delivery.event_time);
            assert!(before.is_none_or(|before| before < report.delivery.event_time), "two at once");
        }
    }
    let anew = |report: &&Report| report.delivery.kind == Kind::Duplicate;
    let bytes: HashSet<&[u8]> =
        reports.iter().filter(|report| !anew(report)).map(|report| report.delivery.body.as_slice()).collect();
    assert!(reports.iter().filter(anew).all(|report| bytes.contains(report.delivery.body.as_slice())));
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let day = |seed| Day::new(minute(seed)).collect::<Vec<_>>();
    assert_eq!(day(7), day(7));
    let quiet = Day::new(DaySettings { world: WorldShares::NONE, ..minute(7) }).collect::<Vec<_>>();
    assert_ne!(day(7), quiet);
}
