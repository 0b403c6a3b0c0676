//! A call as it is now: the whole of it, each time something about it changes.

use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::eventbridge::{Conversation, Participant, report};
use super::script::Script;
use super::seat::Seat;
use crate::clock::iso_millis;

/// How many facts a muting tells.
pub(crate) const MUTING_FACTS: f64 = 3.0;

/// The agent mutes and unmutes. Nothing in these bodies is a time of the change: the last is the first, word for word.
pub(crate) fn mute_for_a_while(
    script: &mut Script<'_>,
    conversation: &Conversation,
    caller: &Participant,
    seat: &Seat,
) {
    script.behave(Some(Behaviour::StateReturns));
    for muted in [false, true, false] {
        script.think(0.7);
        let participants = [customer(conversation, caller), agent(seat, muted)];
        tell(script, conversation, seat, &participants);
    }
    script.behave(None);
}

/// A supervisor is there, whose participant names in this field the agent it observes.
pub(crate) fn observed(
    script: &mut Script<'_>,
    conversation: &Conversation,
    caller: &Participant,
    seat: &Seat,
    supervisor: &Seat,
    field: &str,
) {
    script.blink();
    let mut observer = agent(supervisor, true);
    observer[field] = json!(seat.participant.id);
    tell(script, conversation, seat, &[customer(conversation, caller), agent(seat, false), observer]);
}

/// Tells the call as the agent of that seat sees it.
fn tell(script: &mut Script<'_>, conversation: &Conversation, seat: &Seat, participants: &[Value]) {
    let body = json!({
        "id": conversation.id,
        "participants": participants,
        "otherMediaUris": [],
        "recordingState": "none",
    });
    let topic = format!("v2.users.{}.conversations.calls", seat.agent.id);
    report(script, "v2.users.{id}.conversations.calls", &topic, body);
}

fn customer(conversation: &Conversation, caller: &Participant) -> Value {
    let mut customer = participant(caller, "customer", false);
    if let Some(contact) = &conversation.contact_id {
        customer["externalContact"] = json!({"id": contact});
    }
    customer["ani"] = json!(conversation.address);
    customer
}

fn agent(seat: &Seat, muted: bool) -> Value {
    let mut agent = participant(&seat.participant, "agent", muted);
    agent["user"] = json!({"id": seat.agent.id});
    agent["queue"] = json!({"id": seat.queue.id});
    agent
}

fn participant(participant: &Participant, purpose: &str, muted: bool) -> Value {
    json!({
        "id": participant.id,
        "connectedTime": iso_millis(participant.since_ms),
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
