//! Whole conversations of Genesys Cloud as an agent or a queue sees them: participants, who each have their media.
//!
//! There are two models of a participant. That of all media (`v2.users.{id}.conversations`) has ids (`userId`) and
//! one list of communications for each medium (`calls`); that of one medium (`….conversations.calls`) has
//! references (`user.id`) and the communication's fields in the participant itself.
//!
//! A communication has a state, and that of an agent tells whether the agent answered, which no detail event does.

use serde_json::Value;

use super::{Mapped, genesys_topics};
use crate::field::Fields;

/// The purposes of participants who are the customer.
const CUSTOMER: [&str; 2] = ["customer", "external"];

/// Lists of communications in a participant, and the media type of each.
const MEDIA: [(&str, &str); 10] = [
    ("calls", "voice"),
    ("callbacks", "callback"),
    ("chats", "chat"),
    ("cobrowsesessions", "cobrowse"),
    ("emails", "email"),
    ("internalMessages", "internalmessage"),
    ("messages", "message"),
    ("screenshares", "screenshare"),
    ("socialExpressions", "socialexpression"),
    ("videos", "video"),
];

/// The participants who observe another one or were asked for help: each has the field, which names the other.
const OBSERVERS: [(&str, &str); 4] = [
    ("coachingParticipantIds", "coachedParticipantId"),
    ("monitoringParticipantIds", "monitoredParticipantId"),
    ("bargingParticipantIds", "bargedParticipantId"),
    ("consultParticipantIds", "consultParticipantId"),
];

/// States of a communication that an agent is asked to answer. One that is `dialing` or `contacting` may be the agent's
/// own call to somebody, and a `scheduled` one is not there yet: they tell nothing of an answer.
const ALERTING: [&str; 2] = ["alerting", "offering"];

/// Maps a snapshot; `owner` is the agent or the queue that the topic names.
pub fn map(mapped: &mut Mapped, topic: &str, owner: Option<String>, body: &Fields<'_>) {
    mapped.conversation_id = body.first(&["id", "conversationId"]);
    let participants: Vec<Fields<'_>> = body.items("participants").collect();
    if topic.starts_with("v2.users.") {
        mapped.agent_id = owner;
        let agent = mapped.agent_id.as_ref();
        let is_agent =
            |one: &&Fields<'_>| agent.is_some() && one.first(&["userId", "user.id"]).as_ref() == agent;
        // An agent who came back is a further participant.
        if let Some(own) = participants.iter().rfind(is_agent) {
            mapped.participant_id = own.id("id");
            mapped.queue_id = own.first(&["queueId", "queue.id"]);
        }
    } else {
        mapped.queue_id = owner;
    }
    let customer = participants
        .iter()
        .find(|one| one.lower("purpose").is_some_and(|purpose| CUSTOMER.contains(&purpose.as_str())));
    mapped.media_type = genesys_topics::media_type(topic).or_else(|| only_medium(&participants));
    add_attributes(mapped, &participants, customer);
    if let Some(customer) = customer {
        name_customer(mapped, customer);
    }
}

fn name_customer(mapped: &mut Mapped, customer: &Fields<'_>) {
    mapped.contact_id = customer.first(&["externalContactId", "externalContact.id"]);
    mapped.customer_id = customer
        .first(&["attributes.customerId", "attributes.customer_id"])
        .or_else(|| mapped.contact_id.clone());
    let of_medium = MEDIA.iter().find_map(|(list, _)| customer.lower(&format!("{list}.0.direction")));
    mapped.direction = customer.lower("direction").or(of_medium);
}

/// The one medium of all participants; `None` when there are several.
fn only_medium(participants: &[Fields<'_>]) -> Option<String> {
    let used = |list: &str| {
        let has =
            |one: &Fields<'_>| one.value(list).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        participants.iter().any(has)
    };
    let mut media = MEDIA.iter().filter(|(list, _)| used(list)).map(|(_, medium)| *medium);
    let first = media.next()?;
    media.next().is_none().then(|| first.to_owned())
}

fn add_attributes(mapped: &mut Mapped, participants: &[Fields<'_>], customer: Option<&Fields<'_>>) {
    for (name, field) in OBSERVERS {
        let having = participants.iter().filter(|one| one.id(field).is_some());
        let ids: Vec<String> = having.filter_map(|one| one.id("id")).collect();
        mapped.attribute(name, (!ids.is_empty()).then(|| ids.join(",")));
    }
    add_sessions(mapped, participants);
    // What flows found out about the customer counts where an agent's script set the same name.
    for one in participants.iter().chain(customer) {
        mapped.tenant_attributes(&one.under("attributes"));
    }
}

/// The sessions of agents who are connected, or were, and of those who are only alerted: `participant/session`, or the
/// participant alone where the model of one medium names no session.
fn add_sessions(mapped: &mut Mapped, participants: &[Fields<'_>]) {
    let mut connected = Vec::new();
    let mut alerting = Vec::new();
    for agent in participants.iter().filter(|one| one.first(&["userId", "user.id"]).is_some()) {
        let Some(participant) = agent.id("id").filter(|id| is_plain(id)) else { continue };
        let mut tell = |state: Option<String>, was_connected: bool, session: String| match state.as_deref() {
            Some("connected") => connected.push(session),
            _ if was_connected => connected.push(session),
            Some(state) if ALERTING.contains(&state) => alerting.push(session),
            _ => {}
        };
        tell(agent.lower("state"), false, participant.clone());
        for communication in MEDIA.iter().flat_map(|(list, _)| agent.items(list)) {
            let Some(id) = communication.id("id").filter(|id| is_plain(id)) else { continue };
            let was_connected = communication.text("connectedTime").is_some();
            tell(communication.lower("state"), was_connected, format!("{participant}/{id}"));
        }
    }
    for (name, sessions) in [("connectedSessions", connected), ("alertingSessions", alerting)] {
        mapped.attribute(name, (!sessions.is_empty()).then(|| sessions.join(",")));
    }
}

/// Whether an id can stand in a list of sessions and be told from its neighbours.
fn is_plain(id: &str) -> bool {
    !id.contains([',', '/'])
}
