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
    pub(crate) customer_id: String,
    pub(crate) media: Media,
    pub(crate) ani: String,
    pub(crate) dnis: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Voice,
    Message,
}

/// A participant with its session.
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    pub(crate) id: String,
    pub(crate) session: String,
}

impl Participant {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        Self { id: dice.uuid(), session: dice.uuid() }
    }
}

/// Whether the event says which customer it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// `externalContactId` and `conversationExternalContactIds`.
    Customer,
    /// `conversationExternalContactIds` alone, as the agents' events have it.
    ConversationOnly,
}

/// Tells a `v2.detail.events.conversation.{id}.<suffix>` event.
pub(crate) fn detail(
    script: &mut Script<'_>,
    conversation: &Conversation,
    participant: &Participant,
    suffix: &str,
    names: Names,
    extra: Value,
) {
    let mut body = Map::new();
    body.insert("eventTime".into(), json!(script.now_ms()));
    body.insert("conversationId".into(), json!(conversation.id));
    body.insert("participantId".into(), json!(participant.id));
    body.insert("sessionId".into(), json!(participant.session));
    body.insert("direction".into(), json!("INBOUND"));
    body.insert("conversationExternalContactIds".into(), json!([conversation.customer_id]));
    match conversation.media {
        Media::Voice => {
            body.insert("mediaType".into(), json!("VOICE"));
            body.insert("provider".into(), json!("Edge"));
            body.insert("ani".into(), json!(format!("tel:{}", conversation.ani)));
            body.insert("dnis".into(), json!(format!("tel:{}", conversation.dnis)));
        }
        Media::Message => {
            body.insert("mediaType".into(), json!("MESSAGE"));
            body.insert("messageType".into(), json!("OPEN"));
            body.insert("provider".into(), json!("PureCloud Messaging"));
            body.insert("addressFrom".into(), json!(conversation.customer_id));
        }
    }
    if names == Names::Customer {
        body.insert("externalContactId".into(), json!(conversation.customer_id));
    }
    if let Value::Object(extra) = extra {
        body.extend(extra);
    }
    let topic = format!("v2.detail.events.conversation.{}.{suffix}", conversation.id);
    let detail_type = format!("v2.detail.events.conversation.{{id}}.{suffix}");
    report(script, &detail_type, &topic, Value::Object(body));
}

/// Tells what a topic reports, about the script's conversation where it has one.
pub(crate) fn report(script: &mut Script<'_>, detail_type: &str, topic: &str, body: Value) {
    let envelope = envelope(script.dice, script.now_ms(), detail_type, topic, body);
    script.tell(EVENTBRIDGE, envelope);
}

/// An agent's participant, user and queue, as `user.*`, `acw` and `wrapup` events carry them.
pub(crate) fn agent_fields(agent: &Agent, queue: &Queue) -> Value {
    json!({"userId": agent.id, "queueId": queue.id, "divisionId": GENESYS_ORG})
}

/// Tells that an agent's routing status changed; about the agent, in no conversation.
pub(crate) fn user_activity(script: &mut Script<'_>, world: &World, agent: &Agent, status: &str) {
    let now = iso_millis(script.now_ms());
    let body = json!({
        "id": agent.id,
        "routingStatus": {"userId": agent.id, "status": status, "startTime": now},
        "presence": {
            "presenceDefinition": {"id": "e08eaf1b-ee47-4fa9-a231-1200e284798f", "systemPresence": "ON_QUEUE"},
            "modifiedDate": now,
        },
        "outOfOffice": {"active": false, "modifiedDate": "2018-04-02T01:42:52.505Z"},
        "activeQueueIds": world.queues.iter().map(|queue| queue.id.as_str()).collect::<Vec<_>>(),
        "dateActiveQueuesChanged": now,
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
