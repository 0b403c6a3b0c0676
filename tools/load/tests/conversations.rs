//! Conversations with several agents, media and lives, as Genesys Cloud and CXone tell them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use trunkline_load::generator::{
    Behaviour, CXONE_DIGITAL, Day, DaySettings, Delivery, EVENTBRIDGE, Kind, StreamFaults, WorldShares,
};

const START_MS: i64 = 1_795_000_000_000;
const DETAIL: &str = "v2.detail.events.conversation.{id}.";
const AGENTS_TIMES: [&str; 4] =
    ["alertingDurationMs", "interactingDurationMs", "heldDurationMs", "callbackDurationMs"];

/// One fact as it was first delivered.
#[derive(Debug)]
struct Told {
    at_ms: i64,
    /// The step of a detail event (`user.start`), else the type.
    step: String,
    body: Value,
    behaviour: Option<Behaviour>,
}

impl Told {
    fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

fn day(world: WorldShares) -> Vec<Delivery> {
    let faults = StreamFaults::NONE;
    let settings = DaySettings::new(5, 60.0, Duration::from_secs(60), START_MS);
    Day::new(DaySettings { faults, world, ..settings }).collect()
}

/// The facts of each conversation of a source, in the order they happened.
fn conversations(world: WorldShares, source: &str) -> Vec<Vec<Told>> {
    let mut by_id: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for delivery in day(world) {
        let Some(id) = delivery.conversation_id.clone() else { continue };
        if delivery.source != source || delivery.kind == Kind::Duplicate {
            continue;
        }
        let whole: Value = serde_json::from_slice(&delivery.body).unwrap();
        let (step, body) = match source {
            EVENTBRIDGE => (&whole["detail-type"], &whole["detail"]["eventBody"]),
            _ => (&whole["eventType"], &whole["data"]),
        };
        let step = step.as_str().unwrap();
        by_id.entry(id).or_default().push(Told {
            at_ms: delivery.event_time,
            step: step.strip_prefix(DETAIL).unwrap_or(step).to_owned(),
            body: body.clone(),
            behaviour: delivery.behaviour,
        });
    }
    let mut all: Vec<_> = by_id.into_values().collect();
    all.iter_mut().for_each(|facts| facts.sort_by_key(|told| told.at_ms));
    all
}

/// What such a day tells of one behaviour, by conversation; it happens often enough to be looked at.
fn behaving(world: WorldShares, behaviour: Behaviour) -> Vec<Vec<Told>> {
    let mut all = conversations(world, EVENTBRIDGE);
    all.retain(|facts| facts.iter().any(|told| told.behaviour == Some(behaviour)));
    assert!(all.len() >= 20, "{behaviour:?} is in {} conversations", all.len());
    all
}

/// Start and end of a session.
type Ends<'a> = (&'a Told, &'a Told);

/// The sessions of a kind (`user`, `acd`, `customer`), in the order they began.
fn sessions<'a>(facts: &'a [Told], kind: &str) -> Vec<Ends<'a>> {
    let of = |told: &&Told, end: &str| told.step == format!("{kind}.{end}");
    facts
        .iter()
        .filter(|told| of(told, "start"))
        .map(|start| {
            let same = |told: &&Told| {
                let field = |name: &str| told.body[name] == start.body[name];
                of(told, "end") && field("sessionId") && field("participantId") && field("mediaType")
            };
            (start, facts.iter().find(same).unwrap())
        })
        .collect()
}

const NONE: WorldShares = WorldShares::NONE;

#[test]
fn who_does_not_answer_was_alerted_and_nothing_else() {
    for facts in behaving(WorldShares { unanswered: 1.0, ..NONE }, Behaviour::Unanswered) {
        let agents = sessions(&facts, "user");
        let [(alerted, missed), (answered, _)] = agents[..] else { panic!("{agents:?}") };
        assert_eq!(missed.text("disconnectType"), "NO_ANSWER_TRANSFER");
        assert_eq!(missed.body["alertingDurationMs"], missed.at_ms - alerted.at_ms);
        assert!(
            missed.at_ms > alerted.at_ms && AGENTS_TIMES[1..].iter().all(|name| missed.body[name].is_null())
        );
        let (waits, answer) = sessions(&facts, "acd")[0];
        assert!(
            waits.at_ms < alerted.at_ms && missed.at_ms < answered.at_ms && answered.at_ms < answer.at_ms
        );
    }
}

#[test]
fn a_consulted_agent_leaves_before_the_one_who_asked() {
    for facts in behaving(WorldShares { consults: 1.0, ..NONE }, Behaviour::Consult) {
        let agents = sessions(&facts, "user");
        let [(first, last), (asked, left)] = agents[..] else { panic!("{agents:?}") };
        assert!(first.at_ms < asked.at_ms && left.at_ms < last.at_ms);
        assert!(["CLIENT", "PEER"].contains(&left.text("disconnectType")));
        let held = &last.body["heldDurationMs"];
        assert!(held.is_null() || held.as_i64().unwrap() >= left.at_ms - asked.at_ms);
        assert_ne!(first.text("userId"), asked.text("userId"));
    }
}

#[test]
fn a_conference_is_left_by_one_of_the_two() {
    let mut first_left = BTreeSet::new();
    for facts in behaving(WorldShares { conferences: 1.0, ..NONE }, Behaviour::Conference) {
        let agents = sessions(&facts, "user");
        let [(_, one), (joined, other)] = agents[..] else { panic!("{agents:?}") };
        assert!(joined.at_ms < one.at_ms, "they overlap");
        let leaving = if one.at_ms < other.at_ms { one } else { other };
        assert_eq!(leaving.text("disconnectType"), "CONFERENCE_TRANSFER");
        first_left.insert(one.at_ms < other.at_ms);
        // Both did work, but only who stayed, or left the customer to the other one, writes it up.
        let wrote_up = facts.iter().filter(|told| told.step == "acw").count();
        assert_eq!(wrote_up, if one.at_ms < other.at_ms { 2 } else { 1 });
    }
    assert_eq!(first_left.len(), 2, "either of them");
}

#[test]
fn an_attended_transfer_overlaps_and_a_blind_one_does_not() {
    let attended = WorldShares { attended_transfers: 1.0, ..NONE };
    for facts in behaving(attended, Behaviour::AttendedTransfer) {
        let agents = sessions(&facts, "user");
        let [(_, leaves), (next, goes_on)] = agents[..] else { panic!("{agents:?}") };
        assert!(next.at_ms < leaves.at_ms && leaves.at_ms < goes_on.at_ms);
        assert_eq!(leaves.text("disconnectType"), "CONSULT_TRANSFER");
    }
    let blind = WorldShares { blind_transfers: 1.0, ..NONE };
    for facts in behaving(blind, Behaviour::BlindTransfer) {
        let agents = sessions(&facts, "user");
        let [(_, leaves), (next, _)] = agents[..] else { panic!("{agents:?}") };
        let (waits, _) = sessions(&facts, "acd")[1];
        assert!(leaves.at_ms < waits.at_ms && waits.at_ms < next.at_ms);
        assert_eq!(leaves.text("disconnectType"), "TRANSFER");
    }
}

#[test]
fn a_supervisor_is_named_by_the_call_as_it_is() {
    let mut ways = BTreeSet::new();
    for facts in behaving(WorldShares { observed: 1.0, ..NONE }, Behaviour::Observed) {
        let agents = sessions(&facts, "user");
        let [(agent, last), (supervisor, left)] = agents[..] else { panic!("{agents:?}") };
        assert!(left.at_ms < last.at_ms);
        let calls = facts.iter().find(|told| told.step == "v2.users.{id}.conversations.calls").unwrap();
        assert!(supervisor.at_ms < calls.at_ms && calls.at_ms < left.at_ms);
        let participants = calls.body["participants"].as_array().unwrap();
        let observer = participants.iter().find(|one| one["id"] == supervisor.body["participantId"]).unwrap();
        let names = |field: &&str| observer[*field] == agent.body["participantId"];
        let fields = ["coachedParticipantId", "monitoredParticipantId", "bargedParticipantId"];
        ways.insert(*fields.iter().find(|field| names(field)).unwrap());
    }
    assert_eq!(ways.len(), 3);
}

#[test]
fn a_promised_call_keeps_the_conversation_open() {
    for facts in behaving(WorldShares { callbacks: 1.0, ..NONE }, Behaviour::Callback) {
        let customers = sessions(&facts, "customer");
        let [(_, hangs_up), (called, ends)] = customers[..] else { panic!("{customers:?}") };
        let (promise, taken) = sessions(&facts, "acd")[0];
        assert!(promise.at_ms < hangs_up.at_ms && hangs_up.at_ms < taken.at_ms);
        assert_eq!((hangs_up.text("mediaType"), promise.text("mediaType")), ("VOICE", "CALLBACK"));
        let promised = format!("tel:{}", promise.body["callbackNumbers"][0].as_str().unwrap());
        assert_eq!(promised, called.text("dnis"));
        // Who withholds the number tells it for this.
        assert!(hangs_up.text("ani") == promised || hangs_up.text("ani").starts_with("sip:anonymous@"));
        assert!(promise.body["callbackScheduledTime"].as_i64().unwrap() > promise.at_ms);
        let agents = sessions(&facts, "user");
        let [(takes, gives_back), (calls, hung_up)] = agents[..] else { panic!("{agents:?}") };
        assert_eq!((takes.text("mediaType"), calls.text("mediaType")), ("CALLBACK", "VOICE"));
        assert!(takes.at_ms < taken.at_ms, "somebody has the promise at every time");
        assert!(calls.at_ms < called.at_ms && ends.at_ms < hung_up.at_ms && hung_up.at_ms < gives_back.at_ms);
        assert_eq!((called.text("direction"), called.text("mediaType")), ("OUTBOUND", "VOICE"));
        assert_ne!(called.text("sessionId"), hangs_up.text("sessionId"));
    }
}

#[test]
fn a_conversation_by_messages_goes_on_after_its_end() {
    for facts in behaving(WorldShares { reopened: 1.0, ..NONE }, Behaviour::Reopened) {
        let customers = sessions(&facts, "customer");
        let [(first, ended), (again, _)] = customers[..] else { panic!("{customers:?}") };
        assert!(ended.at_ms < again.at_ms);
        assert_eq!(first.text("participantId"), again.text("participantId"));
        assert_ne!(first.text("sessionId"), again.text("sessionId"));
        let (_, left) = sessions(&facts, "user")[0];
        assert!(left.at_ms < again.at_ms, "nobody was there any more");
    }
}

#[test]
fn a_closed_case_is_opened_and_closed_again() {
    let mut reopened = 0;
    for facts in conversations(WorldShares { reopened: 1.0, ..NONE }, CXONE_DIGITAL) {
        let changes = facts.iter().filter(|told| told.step == "CaseStatusChanged");
        let statuses: Vec<&str> = changes.map(|told| told.body["case"]["status"].as_str().unwrap()).collect();
        if statuses.contains(&"closed") {
            assert_eq!(statuses, ["open", "resolved", "closed", "open", "closed"]);
            assert!(facts.iter().any(|told| told.behaviour == Some(Behaviour::Reopened)));
            reopened += 1;
        }
    }
    assert!(reopened >= 20, "{reopened}");
    let ids =
        day(WorldShares { reopened: 1.0, ..NONE }).into_iter().filter(|one| one.source == CXONE_DIGITAL);
    let ids: Vec<Value> =
        ids.map(|one| serde_json::from_slice::<Value>(&one.body).unwrap()["eventId"].clone()).collect();
    assert_eq!(ids.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), ids.len());
}

/// What is told of an agent's times is the length of the session, and a few tell nothing.
#[test]
fn told_durations_add_up_to_the_session() {
    let (mut told, mut untold, mut held) = (0, 0, 0);
    for facts in conversations(WorldShares::default(), EVENTBRIDGE) {
        for (start, end) in sessions(&facts, "user") {
            let times = AGENTS_TIMES.iter().filter_map(|name| end.body[name].as_i64());
            let sum = times.clone().sum::<i64>();
            if times.clone().next().is_none() {
                untold += 1;
                continue;
            }
            assert_eq!(sum, end.at_ms - start.at_ms, "{end:?}");
            assert!(times.clone().all(|time| time >= 0), "{end:?}");
            told += 1;
            held += usize::from(end.body["heldDurationMs"].as_i64().is_some_and(|held| held > 0));
        }
        for (start, end) in sessions(&facts, "acd") {
            assert_eq!(end.body["connectedDurationMs"], end.at_ms - start.at_ms);
        }
        for (start, end) in sessions(&facts, "customer") {
            assert_eq!(end.body["interactingDurationMs"], end.at_ms - start.at_ms);
        }
    }
    assert!(untold * 4 < told && untold * 20 > told && held > 5, "{told} told, {untold} not, {held} held");
}

#[test]
fn an_archive_plays_the_same_id_and_body_with_the_replays_name() {
    let mut first: HashMap<String, Value> = HashMap::new();
    let mut replays = 0;
    for delivery in day(WorldShares { replays: 0.1, ..NONE }) {
        let mut envelope: Value = serde_json::from_slice(&delivery.body).unwrap();
        if delivery.behaviour != Some(Behaviour::ArchiveReplay) {
            assert!(envelope.get("replay-name").is_none());
            first.insert(delivery.fact, envelope);
            continue;
        }
        let name = envelope.as_object_mut().unwrap().remove("replay-name");
        assert!(name.is_some_and(|name| name.is_string()));
        assert_eq!(envelope, first[&delivery.fact], "whatever else names the event is the same");
        let sort = (delivery.source, delivery.kind, delivery.expected_status);
        assert_eq!(sort, (EVENTBRIDGE, Kind::Duplicate, 202));
        replays += 1;
    }
    assert!(replays > 50, "{replays}");
}

/// Each share is the share of its own behaviours, and nothing else is played when it alone is set.
#[test]
fn a_share_plays_its_own_behaviour_and_a_usual_day_plays_all() {
    let of = |world| -> BTreeSet<String> {
        day(world).iter().filter_map(|one| one.behaviour).map(|one| format!("{one:?}")).collect()
    };
    for (world, behaviour) in [
        (WorldShares { unanswered: 0.5, ..NONE }, Behaviour::Unanswered),
        (WorldShares { observed: 0.5, ..NONE }, Behaviour::Observed),
        (WorldShares { consults: 0.5, ..NONE }, Behaviour::Consult),
        (WorldShares { conferences: 0.5, ..NONE }, Behaviour::Conference),
        (WorldShares { attended_transfers: 0.5, ..NONE }, Behaviour::AttendedTransfer),
        (WorldShares { blind_transfers: 0.5, ..NONE }, Behaviour::BlindTransfer),
        (WorldShares { callbacks: 0.5, ..NONE }, Behaviour::Callback),
        (WorldShares { reopened: 0.5, ..NONE }, Behaviour::Reopened),
        (WorldShares { replays: 0.5, ..NONE }, Behaviour::ArchiveReplay),
    ] {
        assert_eq!(of(world), BTreeSet::from([format!("{behaviour:?}")]));
    }
    assert_eq!(of(NONE), BTreeSet::new());
    assert_eq!(of(WorldShares::default()).len(), 13);
}

/// Fields of the platform's model of a topic, beside those that all but `attributes` have. `sessions` are the fields
/// of media.
const MODEL: [(&str, &str); 13] = [
    ("customer.start", "sessions externalContactId externalOrganizationId callback"),
    (
        "customer.end",
        "sessions externalContactId externalOrganizationId callback disconnectType interactingDurationMs",
    ),
    ("contact", "sessions externalContactId externalOrganizationId callback divisionId"),
    ("flow.start", "sessions flowId flowType flowVersion divisionId"),
    ("flow.end", "sessions flowId flowType flowVersion divisionId disconnectType connectedDurationMs"),
    ("flow.outcome", "sessions flowId flowType flowVersion divisionId flowOutcomeId flowOutcomeValue"),
    ("acd.start", "sessions callback queueId divisionId routingPriority"),
    (
        "acd.end",
        "sessions callback queueId divisionId disconnectType acdOutcome connectedDurationMs answeredUserId",
    ),
    ("user.start", "sessions callback userId queueId divisionId"),
    (
        "user.end",
        "sessions callback userId queueId divisionId disconnectType interactingDurationMs heldDurationMs \
         alertingDurationMs callbackDurationMs",
    ),
    ("wrapup", "sessions callback queueId wrapupCode wrapupNotes wrapupDurationMs"),
    ("acw", "sessions callback userId queueId wrapupCode wrapupNotes wrapupDurationMs"),
    ("attributes", "attributes communications"),
];
const ALL: [&str; 4] = ["eventTime", "conversationId", "participantId", "conversationExternalContactIds"];
const SESSIONS: [&str; 8] =
    ["sessionId", "mediaType", "provider", "direction", "ani", "dnis", "addressFrom", "messageType"];
const CALLBACK: [&str; 2] = ["callbackNumbers", "callbackScheduledTime"];
const DISCONNECT_TYPES: [&str; 7] = [
    "PEER",
    "CLIENT",
    "TIMEOUT",
    "TRANSFER",
    "CONSULT_TRANSFER",
    "CONFERENCE_TRANSFER",
    "NO_ANSWER_TRANSFER",
];

#[test]
fn detail_events_have_the_fields_of_the_platforms_model() {
    let mut seen = BTreeSet::new();
    for told in conversations(WorldShares::default(), EVENTBRIDGE).into_iter().flatten() {
        let Some((step, fields)) = MODEL.iter().find(|(step, _)| *step == told.step) else {
            assert_eq!(told.step, "v2.users.{id}.conversations.calls");
            continue;
        };
        let fields: Vec<&str> = fields.split_whitespace().collect();
        for name in told.body.as_object().unwrap().keys().map(String::as_str) {
            let known = ALL.contains(&name)
                || fields.contains(&name)
                || (fields.contains(&"sessions") && SESSIONS.contains(&name))
                || (fields.contains(&"callback") && CALLBACK.contains(&name));
            assert!(known, "{step} has {name}, which the model has not");
        }
        let how = told.text("disconnectType");
        assert!(how.is_empty() || DISCONNECT_TYPES.contains(&how), "{how}");
        seen.insert(step);
    }
    assert_eq!(seen.len(), MODEL.len());
}

/// Whatever happens in a conversation, its facts follow one another: equal times are a share of their own.
#[test]
fn no_other_facts_of_a_conversation_share_a_millisecond() {
    let apart = WorldShares { equal_milliseconds: 0.0, ..WorldShares::default() };
    for facts in conversations(apart, EVENTBRIDGE) {
        for pair in facts.windows(2) {
            assert!(pair[0].at_ms < pair[1].at_ms, "{} and {}", pair[0].step, pair[1].step);
        }
    }
}
