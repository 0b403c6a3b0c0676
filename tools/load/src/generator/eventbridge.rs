//! Genesys events in the envelope of Amazon EventBridge.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::script::Script;
use super::world::{Agent, GENESYS_ORG, Queue};
use super::{EVENTBRIDGE, world::World};
use crate::clock::{iso_millis, iso_seconds};

/// The parts of a Genesys conversation that every detail event repeats.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    /// The customer's contact in Genesys' directory; `None` where the platform does not know which it is.
    pub(crate) contact_id: Option<String>,
    /// What the conversation comes from: the URI of a caller, or who writes.
    pub(crate) address: String,
    /// The number on which the customer is called back, and the one that was called; empty where nobody calls.
    pub(crate) phone: String,
    pub(crate) dnis: String,
}

/// The medium of a session, with who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Voice,
    /// A call that the contact centre makes.
    VoiceOut,
    Message,
    /// A promise to call at that time; UTC milliseconds.
    Callback(i64),
}

/// A participant with its session, which begins now.
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) media: Media,
    pub(crate) since_ms: i64,
}

impl Participant {
    pub(crate) fn new(script: &mut Script<'_>, media: Media) -> Self {
        let (id, session) = (script.dice.uuid(), script.dice.uuid());
        Self { id, session, media, since_ms: script.now_ms() }
    }

    /// A further session of the same participant, which begins now.
    pub(crate) fn again(&self, script: &mut Script<'_>, media: Media) -> Self {
        Self { id: self.id.clone(), ..Self::new(script, media) }
    }

    /// How long the session has been, in milliseconds.
    pub(crate) fn span_ms(&self, script: &Script<'_>) -> i64 {
        script.now_ms() - self.since_ms
    }
}

/// Tells a `v2.detail.events.conversation.{id}.<suffix>` event, with the fields that the platform's model of that topic
/// has.
pub(crate) fn detail(
    script: &mut Script<'_>,
    conversation: &Conversation,
    participant: &Participant,
    suffix: &str,
    extra: Value,
) {
    let mut body = Map::new();
    body.insert("eventTime".into(), json!(script.now_ms()));
    body.insert("conversationId".into(), json!(conversation.id));
    body.insert("participantId".into(), json!(participant.id));
    if let Some(contact) = &conversation.contact_id {
        body.insert("conversationExternalContactIds".into(), json!([contact]));
    }
    // What is known of a participant is known beyond its sessions.
    if suffix != "attributes" {
        body.insert("sessionId".into(), json!(participant.session));
        body.extend(medium(conversation, participant.media));
    }
    if let Some(contact) = &conversation.contact_id
        && (suffix == "contact" || suffix.starts_with("customer."))
    {
        body.insert("externalContactId".into(), json!(contact));
    }
    if let Value::Object(extra) = extra {
        body.extend(extra);
    }
    let topic = format!("v2.detail.events.conversation.{}.{suffix}", conversation.id);
    let detail_type = format!("v2.detail.events.conversation.{{id}}.{suffix}");
    report(script, &detail_type, &topic, Value::Object(body));
}

/// The medium of a session, and its addresses.
fn medium(conversation: &Conversation, media: Media) -> Map<String, Value> {
    let Conversation { address, phone, dnis, .. } = conversation;
    let tel = |number: &str| format!("tel:{number}");
    let call = |direction: &str, ani: &str, dnis: &str| {
        json!({
            "mediaType": "VOICE",
            "direction": direction,
            "provider": "Edge",
            "ani": ani,
            "dnis": dnis,
        })
    };
    let fields = match media {
        Media::Voice => call("INBOUND", address, &tel(dnis)),
        Media::VoiceOut => call("OUTBOUND", &tel(dnis), &tel(phone)),
        Media::Message => json!({
            "mediaType": "MESSAGE",
            "direction": "INBOUND",
            "messageType": "OPEN",
            "provider": "PureCloud Messaging",
            "addressFrom": address,
        }),
        Media::Callback(scheduled_ms) => json!({
            "mediaType": "CALLBACK",
            "direction": "INBOUND",
            "provider": "PureCloud Callback",
            "callbackNumbers": [phone],
            "callbackScheduledTime": scheduled_ms,
        }),
    };
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Tells what a topic reports, about the script's conversation where it has one.
pub(crate) fn report(script: &mut Script<'_>, detail_type: &str, topic: &str, body: Value) {
    let envelope = envelope(script.dice, script.now_ms(), detail_type, topic, body);
    script.tell(EVENTBRIDGE, envelope);
}

/// Tells that an agent's routing status changed; about the agent, in no conversation.
pub(crate) fn user_activity(script: &mut Script<'_>, world: &World, agent: &Agent, status: &str) {
    let now = iso_millis(script.now_ms());
    // Some time ago, so that two reports of one agent in one millisecond do not have the same words.
    let queues_changed = script.now_ms() - script.dice.between(0, 3_600_000);
    let body = json!({
        "id": agent.id,
        "routingStatus": {"userId": agent.id, "status": status, "startTime": now},
        "presence": {
            "presenceDefinition": {"id": "e08eaf1b-ee47-4fa9-a231-1200e284798f", "systemPresence": "ON_QUEUE"},
            "modifiedDate": now,
        },
        "outOfOffice": {"active": false, "modifiedDate": "2018-04-02T01:42:52.505Z"},
        "activeQueueIds": world.queues.iter().map(|queue| queue.id.as_str()).collect::<Vec<_>>(),
        "dateActiveQueuesChanged": iso_millis(queues_changed),
    });
    let topic = format!("v2.users.{}.activity", agent.id);
    let envelope = envelope(script.dice, script.now_ms(), "v2.users.{id}.activity", &topic, body);
    script.tell_apart(EVENTBRIDGE, envelope);
}

/// Tells that somebody changed something in the organisation; about that thing, in no conversation.
pub(crate) fn audit(script: &mut Script<'_>, agent: &Agent, queue: &Queue) {
    let changed = script.dice.between(5, 60).to_string();
    let body = json!({
        "id": script.dice.uuid(),
        "userId": agent.id,
        "userHomeOrgId": GENESYS_ORG,
        "serviceName": "Routing",
        "eventTime": iso_millis(script.now_ms()),
        "action": "Update",
        "entityType": "Queue",
        "entity": {"id": queue.id, "name": queue.name},
        "propertyChanges": [{"property": "alertingTimeoutSeconds", "oldValues": ["8"], "newValues": [changed]}],
    });
    let topic = format!("v2.audits.entitytype.Queue.entityid.{}", queue.id);
    let envelope =
        envelope(script.dice, script.now_ms(), "v2.audits.entitytype.{id}.entityid.{id}", &topic, body);
    script.tell_apart(EVENTBRIDGE, envelope);
}

fn envelope(dice: &mut Dice, now_ms: i64, detail_type: &str, topic: &str, body: Value) -> Value {
    json!({
        "version": "0",
        "id": dice.uuid(),
        "detail-type": detail_type,
        "source": format!("aws.partner/genesys.com/cloud/{GENESYS_ORG}/trunkline-simulators"),
        "account": "123456789012",
        "time": iso_seconds(now_ms),
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "topicName": topic,
            "version": "2",
            "eventBody": body,
            "metadata": {"CorrelationId": dice.uuid()},
            "timestamp": iso_millis(now_ms),
        },
    })
}
