//! States that people leave and return to, and states that say the same of several people or queues.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::eventbridge::report;
use super::script::{Fact, Script};
use super::staff::{Desk, Staff};
use super::world::World;
use crate::clock::iso_millis;

/// How many facts each of the two scripts tells, on average (exact: four kinds in equal shares, and always four).
pub(crate) const RETURNING_FACTS: f64 = (3.0 + 3.0 + 3.0 + 4.0) / 4.0;
pub(crate) const EQUAL_BODIES_FACTS: f64 = 4.0;

/// Presence definitions, and what the platform calls them.
const AVAILABLE: (&str, &str) = ("6a3af858-942f-489d-9700-5f9bcdcdae9b", "Available");
const BREAK: (&str, &str) = ("227b37e2-f1d0-4dd0-8f50-badd7cf6d158", "Break");

/// An agent or a queue member leaves a state and returns to it.
pub(crate) fn returning(world: &World, staff: &mut Staff, mut script: Script<'_>) -> Vec<Fact> {
    script.behave(Some(Behaviour::StateReturns));
    let index = staff.take(script.now_ms(), script.dice);
    let desk = staff.desk(index);
    match script.dice.between(0, 4) {
        0 => sit_down_and_get_up(&mut script, desk),
        1 => take_a_break(&mut script, desk),
        2 => miss_a_call(&mut script, desk),
        _ => {
            let queue = script.dice.pick(&world.queues).id.clone();
            for (number, joined) in [true, false, true, false].into_iter().enumerate() {
                pause(&mut script, number);
                let body = json!({"id": desk.agent, "queueId": queue, "joined": joined});
                membership(&mut script, &queue, body);
            }
        }
    }
    staff.release(index, script.now_ms());
    script.finish()
}

/// One agent joins two queues and leaves them, or two agents take a break, and the platform says it in the same words.
pub(crate) fn equal_bodies(world: &World, staff: &mut Staff, mut script: Script<'_>) -> Vec<Fact> {
    script.behave(Some(Behaviour::EqualBodies));
    let index = staff.take(script.now_ms(), script.dice);
    if script.dice.chance(0.5) {
        let agent = staff.desk(index).agent.clone();
        let first = script.dice.between(0, world.queues.len() as i64) as usize;
        let queues = [first, (first + 1) % world.queues.len()].map(|queue| world.queues[queue].id.clone());
        for (number, joined) in [true, false].into_iter().enumerate() {
            pause(&mut script, number);
            for queue in &queues {
                script.blink();
                // Every field of a member is optional, and the queue is in the topic.
                membership(&mut script, queue, json!({"id": agent, "joined": joined}));
            }
        }
    } else {
        let other = staff.take(script.now_ms(), script.dice);
        let agents = [index, other].map(|index| staff.desk(index).agent.clone());
        // A supervisor sets both at once.
        for (number, definition) in [BREAK, AVAILABLE].into_iter().enumerate() {
            pause(&mut script, number);
            for agent in &agents {
                presence(&mut script, agent, definition);
            }
        }
        staff.release(other, script.now_ms());
    }
    staff.release(index, script.now_ms());
    script.finish()
}

/// The station has no time of its own: the third report is the first one, word for word.
fn sit_down_and_get_up(script: &mut Script<'_>, desk: &mut Desk) {
    for number in 0..3 {
        pause(script, number);
        desk.seated = !desk.seated;
        let body = if desk.seated {
            let station = json!({"id": desk.station, "name": "Desk", "associatedUser": {"id": desk.agent}});
            json!({"associatedStation": station})
        } else {
            json!({})
        };
        user(script, &desk.agent, "station", body);
    }
}

fn take_a_break(script: &mut Script<'_>, desk: &Desk) {
    for (number, definition) in [AVAILABLE, BREAK, AVAILABLE].into_iter().enumerate() {
        pause(script, number);
        presence(script, &desk.agent, definition);
    }
}

fn miss_a_call(script: &mut Script<'_>, desk: &Desk) {
    for (number, status) in ["IDLE", "NOT_RESPONDING", "IDLE"].into_iter().enumerate() {
        pause(script, number);
        let routing =
            json!({"userId": desk.agent, "status": status, "startTime": iso_millis(script.now_ms())});
        user(script, &desk.agent, "routingStatus", json!({"id": desk.agent, "routingStatus": routing}));
    }
}

fn presence(script: &mut Script<'_>, agent: &str, (definition, name): (&str, &str)) {
    let body = json!({
        "source": "PURECLOUD",
        "presenceDefinition": {"id": definition, "systemPresence": name},
        "message": "",
        "modifiedDate": iso_millis(script.now_ms()),
    });
    user(script, agent, "presence", body);
}

fn user(script: &mut Script<'_>, agent: &str, state: &str, body: Value) {
    report(script, &format!("v2.users.{{id}}.{state}"), &format!("v2.users.{agent}.{state}"), body);
}

fn membership(script: &mut Script<'_>, queue: &str, body: Value) {
    report(script, "v2.routing.queues.{id}.users", &format!("v2.routing.queues.{queue}.users"), body);
}

/// Between one state and the next.
fn pause(script: &mut Script<'_>, number: usize) {
    if number > 0 {
        script.think(0.5);
    }
}
