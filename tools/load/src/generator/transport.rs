//! From facts to deliveries: the network delays, repeats, overtakes, and now and then something is broken.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::delivery::Kind;
use super::dice::Dice;
use super::repeat::Repeats;
use super::script::Fact;
use super::{EVENTBRIDGE, OPEN_MESSAGING};

/// How often the stream misbehaves, as shares of all deliveries (0 to 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamFaults {
    /// Facts delivered twice, byte for byte.
    pub duplicates: f64,
    /// Facts overtaken by a later one of their conversation and source, by at most 400 ms.
    pub disorder: f64,
    /// Extra deliveries that must be refused: cut off, of a wrong type, or wrongly signed, a third each.
    pub malformed: f64,
}

impl Default for StreamFaults {
    fn default() -> Self {
        Self { duplicates: 0.03, disorder: 0.05, malformed: 0.005 }
    }
}

impl StreamFaults {
    /// A stream without faults.
    pub const NONE: Self = Self { duplicates: 0.0, disorder: 0.0, malformed: 0.0 };
}

/// A delivery that has no number yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// When to post it; UTC milliseconds.
    pub(crate) at_ms: i64,
    pub(crate) source: &'static str,
    pub(crate) kind: Kind,
    pub(crate) expected_status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) conversation_id: Option<String>,
    pub(crate) customer_id: Option<String>,
    pub(crate) event_time: i64,
    pub(crate) fact: String,
    pub(crate) behaviour: Option<Behaviour>,
}

/// Only facts whose successor follows within this many milliseconds are made to be overtaken. Of all facts
/// this is the share that has one in a world as it usually is, so that the asked share of disorder comes out
/// (measured; a test keeps it true).
const OVERTAKEN_WITHIN_MS: i64 = 340;
const ELIGIBLE_SHARE: f64 = 0.38;

/// The deliveries of one conversation's facts, which are in the order they happened.
pub(crate) fn deliver(
    facts: &[Fact],
    faults: &StreamFaults,
    repeats: &Repeats,
    dice: &mut Dice,
) -> Vec<Pending> {
    let times = arrival_times(facts, faults, dice);
    let late = overtaken(facts, &times);
    let mut deliveries = Vec::with_capacity(facts.len() + 1);
    for (index, fact) in facts.iter().enumerate() {
        let clean = Pending {
            at_ms: times[index],
            source: fact.source,
            kind: if late[index] { Kind::Late } else { Kind::Clean },
            expected_status: 202,
            body: fact.body.to_string().into_bytes(),
            conversation_id: fact.conversation_id.clone(),
            customer_id: fact.customer_id.clone(),
            event_time: fact.at_ms,
            fact: fact.id.clone(),
            behaviour: fact.behaviour,
        };
        if dice.chance(faults.duplicates) {
            let at_ms = clean.at_ms + dice.between(5, 400);
            deliveries.push(Pending { at_ms, kind: Kind::Duplicate, ..clean.clone() });
        }
        if dice.chance(faults.malformed) {
            deliveries.push(broken(&clean, fact, dice));
        }
        let next = (index + 1..facts.len()).find(|later| same_topic(fact, &facts[*later]));
        deliveries.extend(repeats.of(&clean, fact, next.map(|next| times[next]), dice));
        deliveries.extend(repeats.replay_of(&clean, fact, dice));
        deliveries.push(clean);
    }
    deliveries
}

/// When each fact arrives: in order per source, 2 to 15 ms after it happened, but for the overtaken ones.
fn arrival_times(facts: &[Fact], faults: &StreamFaults, dice: &mut Dice) -> Vec<i64> {
    let mut times: Vec<i64> = Vec::with_capacity(facts.len());
    for (index, fact) in facts.iter().enumerate() {
        let before = (0..index).rev().find(|other| facts[*other].source == fact.source);
        let in_order = before.map_or(0, |other| times[other] + 1);
        times.push((fact.at_ms + dice.between(2, 16)).max(in_order));
    }
    let undisturbed = times.clone();
    for index in 0..facts.len() {
        let next = (index + 1..facts.len()).find(|later| follows(&facts[index], &facts[*later]));
        let Some(next) = next else { continue };
        let gap = undisturbed[next] - undisturbed[index];
        if gap <= OVERTAKEN_WITHIN_MS && dice.chance(faults.disorder / ELIGIBLE_SHARE) {
            times[index] = undisturbed[next] + dice.between(3, 60);
        }
    }
    times
}

fn same_stream(one: &Fact, other: &Fact) -> bool {
    one.source == other.source
        && one.conversation_id.is_some()
        && one.conversation_id == other.conversation_id
}

/// Later, not only behind: what happens in one millisecond has no order that a network could disturb.
fn follows(earlier: &Fact, later: &Fact) -> bool {
    same_stream(earlier, later) && earlier.at_ms < later.at_ms
}

fn same_topic(one: &Fact, other: &Fact) -> bool {
    let topic = |fact: &Fact| fact.body.pointer("/detail/topicName").cloned();
    topic(one).is_some() && topic(one) == topic(other)
}

fn overtaken(facts: &[Fact], times: &[i64]) -> Vec<bool> {
    let overtakes = |earlier: usize, later: usize| {
        follows(&facts[earlier], &facts[later]) && times[later] < times[earlier]
    };
    (0..facts.len()).map(|index| (index + 1..facts.len()).any(|later| overtakes(index, later))).collect()
}

/// A copy under a transport id of its own, that must not get through.
fn broken(clean: &Pending, fact: &Fact, dice: &mut Dice) -> Pending {
    let mut body = fact.body.clone();
    renew(fact.source, &mut body, dice);
    let at_ms = clean.at_ms + dice.between(1, 50);
    let copy = Pending { at_ms, kind: Kind::Malformed, ..clean.clone() };
    match dice.between(0, 3) {
        0 => {
            let whole = body.to_string().into_bytes();
            let length = (whole.len() as f64 * (0.2 + 0.7 * dice.unit())) as usize;
            Pending { expected_status: 422, body: whole[..length].to_vec(), ..copy }
        }
        1 => {
            change_type(fact, &mut body);
            Pending { expected_status: 422, body: body.to_string().into_bytes(), ..copy }
        }
        _ => Pending {
            kind: Kind::BadSignature,
            expected_status: 401,
            body: body.to_string().into_bytes(),
            ..copy
        },
    }
}

/// Gives a body another transport id.
fn renew(source: &str, body: &mut Value, dice: &mut Dice) {
    match source {
        EVENTBRIDGE => body["id"] = json!(dice.uuid()),
        OPEN_MESSAGING => {
            let id = json!(dice.hex());
            body["channel"]["messageId"] = id.clone();
            if body.get("id").is_some() {
                body["id"] = id;
            }
        }
        _ => super::cxone_digital::renew(body, dice),
    }
}

/// Gives what no event can be without a type that no version of the platform's schema has.
fn change_type(fact: &Fact, body: &mut Value) {
    // What an event can be without is drift, and no reason to refuse it.
    match fact.source {
        EVENTBRIDGE => body["detail"]["eventBody"] = json!(["moved"]),
        OPEN_MESSAGING => body["channel"] = json!("Open"),
        _ => body["eventType"] = json!({"name": body["eventType"]}),
    }
}
