//! A call as it is now: the whole of it, each time something about it changes.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Participant, report};
use super::script::Script;
use super::world::{Agent, Queue};
use crate::clock::iso_millis;

/// How many facts a muting tells.
pub(crate) const MUTING_FACTS: f64 = 3.0;

/// The agent mutes and unmutes. Nothing in these bodies is a time of the change: the last is the first, word for word.
pub(crate) fn mute_for_a_while(
    script: &mut Script<'_>,
    conversation: &Conversation,
    caller: &Participant,
    seat: &Participant,
    agent: &Agent,
    queue: &Queue,
) {
    let connected = iso_millis(script.now_ms());
    script.behave(Some(Behaviour::StateReturns));
    for muted in [false, true, false] {
        script.think(0.7);
        let mut customer = participant(caller, "customer", &connected, false);
        customer["externalContact"] = json!({"id": conversation.customer_id});
        customer["ani"] = json!(format!("tel:{}", conversation.ani));
        let mut other = participant(seat, "agent", &connected, muted);
        other["user"] = json!({"id": agent.id});
        other["queue"] = json!({"id": queue.id});
        let body = json!({
            "id": conversation.id,
            "participants": [customer, other],
            "otherMediaUris": [],
            "recordingState": "none",
        });
        let topic = format!("v2.users.{}.conversations.calls", agent.id);
        report(script, "v2.users.{id}.conversations.calls", &topic, body);
    }
    script.behave(None);
}

fn participant(participant: &Participant, purpose: &str, connected: &str, muted: bool) -> Value {
    json!({
        "id": participant.id,
        "connectedTime": connected,
        "purpose": purpose,
        "state": "connected",
        "direction": "inbound",
        "held": false,
        "muted": muted,
        "confined": false,
        "recording": false,
        "provider": "Edge",
    })
}
