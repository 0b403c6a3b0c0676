//! A digital case on NICE CXone: created, queued, assigned, answered, perhaps handed on, resolved.

use serde_json::{Value, json};

use super::CXONE_DIGITAL;
use super::behaviour::Behaviour;
use super::dice::Dice;
use super::script::{Fact, Script};
use super::world::{Agent, CXONE_BRAND, CXONE_TENANT, Queue, World};
use crate::clock::format;
use crate::customers::{Customer, draw};

const TEXTS: [&str; 4] =
    ["Hello, is somebody there?", "I would like to return an item.", "Danke schön!", "Please call me back."];

/// Share of the cases that are closed, and do not stay resolved.
pub(crate) const CLOSED: f64 = 0.7;
/// How many facts a case tells that is opened again after it was closed.
pub(crate) const REOPENED_FACTS: f64 = 7.0;

/// A case, with what changes while it lives.
struct Case<'a> {
    world: &'a World,
    customer: Customer,
    id: String,
    thread: String,
    contact: String,
    interaction: String,
    created_ms: i64,
    status: &'static str,
    status_ms: i64,
    queue: Option<Queue>,
    assignee: Option<Agent>,
}

pub(crate) fn case(world: &World, mut script: Script<'_>) -> Vec<Fact> {
    let customer = Customer::of(world.caller(script.dice));
    let created_ms = script.now_ms();
    let mut case = Case {
        world,
        id: script.dice.between(100_000_000_000, 999_999_999_999).to_string(),
        thread: script.dice.uuid().to_uppercase(),
        contact: script.dice.uuid(),
        interaction: script.dice.uuid(),
        created_ms,
        status: "new",
        status_ms: created_ms,
        queue: None,
        assignee: None,
        customer,
    };
    script.about(&case.id, &case.customer.id);
    case.tell(&mut script, "Case", "CaseCreated", json!({}));
    case.message(&mut script, true);
    script.blink();
    let queue = script.dice.pick(&world.queues).clone();
    case.queue = Some(queue.clone());
    case.tell(
        &mut script,
        "Case",
        "CaseToRoutingQueueAssignmentChanged",
        json!({
            "routingQueue": {"id": &queue.id, "name": queue.name, "isSubqueue": false, "isDeleted": false},
            "previousRoutingQueue": null,
            "routingMode": "legacy",
        }),
    );
    script.think(1.2);
    case.assign(&mut script);
    script.blink();
    case.change_status(&mut script, "open");
    for _ in 0..script.dice.between(1, 4) {
        script.think(0.8);
        case.message(&mut script, false);
        if script.dice.chance(0.6) {
            script.think(0.6);
            case.message(&mut script, true);
        }
    }
    if script.dice.chance(0.15) {
        script.think(0.3);
        case.assign(&mut script);
        script.think(0.8);
        case.message(&mut script, false);
    }
    script.think(0.5);
    case.change_status(&mut script, "resolved");
    if script.dice.chance(CLOSED) {
        script.think(0.5);
        case.change_status(&mut script, "closed");
        if script.dice.chance(world.shares.reopened) {
            case.reopen(&mut script);
        }
    }
    script.finish()
}

impl Case<'_> {
    fn tell(&self, script: &mut Script<'_>, object: &str, event_type: &str, extra: Value) {
        let now_ms = script.now_ms();
        let mut data = json!({
            "brand": {"id": CXONE_BRAND, "tenantId": CXONE_TENANT, "businessUnitId": 4_597_607},
            "channel": {
                "id": format!("chat_{}", self.world.channel),
                "idOnExternalPlatform": self.world.channel,
                "name": "Web chat",
                "externalPlatformId": "chat",
                "isPrivate": true,
                "isLiveChat": false,
            },
            "case": self.body(),
        });
        if let (Value::Object(data), Value::Object(extra)) = (&mut data, extra) {
            data.extend(extra);
        }
        let body = json!({
            "eventId": script.dice.uuid(),
            "eventObject": object,
            "eventType": event_type,
            "createdAt": with_offset(now_ms, "%Y-%m-%dT%H:%M:%S%:z"),
            "createdAtWithMilliseconds": with_offset(now_ms, "%Y-%m-%dT%H:%M:%S%.3f%:z"),
            "data": data,
            "context": [],
        });
        script.tell(CXONE_DIGITAL, body);
    }

    /// A message, reported as created and as added to the case.
    fn message(&self, script: &mut Script<'_>, inbound: bool) {
        let text = *script.dice.pick(&TEXTS);
        let message = json!({
            "id": script.dice.uuid(),
            "idOnExternalPlatform": script.dice.uuid().to_uppercase(),
            "threadId": self.thread_id(),
            "threadIdOnExternalPlatform": self.thread,
            "messageContent": {"type": "TEXT", "text": text, "payload": {"text": text, "postback": "", "elements": []}},
            "createdAt": format(script.now_ms(), "%Y-%m-%dT%H:%M:%S+00:00"),
            "direction": if inbound { "inbound" } else { "outbound" },
            "isMadeByUser": !inbound,
            "authorUser": if inbound { Value::Null } else { user(self.assignee.as_ref()) },
            "authorEndUserIdentity": if inbound { self.identity() } else { Value::Null },
            "sentiment": *script.dice.pick(&["neutral", "positive", "negative"]),
            "attachments": [],
            "contactNumber": self.id,
        });
        script.blink();
        self.tell(script, "Message", "MessageCreated", json!({"message": message.clone()}));
        script.blink();
        self.tell(script, "Case", "MessageAddedIntoCase", json!({"message": message}));
    }

    fn assign(&mut self, script: &mut Script<'_>) {
        let previous = self.assignee.take();
        let agent = script.dice.pick(&self.world.agents).clone();
        self.assignee = Some(agent);
        let extra = json!({
            "previousInboxAssignee": user(previous.as_ref()),
            "inboxAssignee": user(self.assignee.as_ref()),
        });
        self.tell(script, "Case", "CaseInboxAssigneeChanged", extra);
    }

    /// The customer writes to a closed case, which is opened, given to somebody, answered and closed again.
    fn reopen(&mut self, script: &mut Script<'_>) {
        script.behave(Some(Behaviour::Reopened));
        script.think(0.5);
        self.message(script, true);
        script.blink();
        self.change_status(script, "open");
        script.blink();
        self.assign(script);
        script.think(0.5);
        self.message(script, false);
        script.think(0.5);
        self.change_status(script, "closed");
    }

    fn change_status(&mut self, script: &mut Script<'_>, status: &'static str) {
        self.status = status;
        self.status_ms = script.now_ms();
        self.tell(script, "Case", "CaseStatusChanged", json!({}));
    }

    fn body(&self) -> Value {
        json!({
            "id": self.id,
            "threadId": self.thread_id(),
            "threadIdOnExternalPlatform": self.thread,
            "channelId": format!("chat_{}", self.world.channel),
            "contactId": self.contact,
            "interactionId": self.interaction,
            "customerContactId": self.contact,
            "status": self.status,
            "statusUpdatedAt": format(self.status_ms, "%Y-%m-%dT%H:%M:%S+00:00"),
            "createdAt": format(self.created_ms, "%Y-%m-%dT%H:%M:%S+00:00"),
            "direction": "inbound",
            "routingQueueId": self.queue.as_ref().map(|queue| queue.id.as_str()),
            "routingQueuePriority": 1,
            "inboxAssignee": self.assignee.as_ref().map(|agent| agent.number),
            "inboxAssigneeUser": user(self.assignee.as_ref()),
            "ownerAssignee": null,
            "authorEndUserIdentity": self.identity(),
            "customFields": self.custom_fields(),
            "detailUrl": format!("https://app.niceincontact.com/care?redirect=no#/care/case/{}", self.id),
        })
    }

    fn thread_id(&self) -> String {
        format!("chat_{}_{}", self.world.channel, self.thread)
    }

    /// What the form before the chat asked for: some know their customer number.
    fn custom_fields(&self) -> Value {
        match knows_number(&self.customer) {
            true => json!([{"ident": "customerId", "label": "Customer", "value": self.customer.id}]),
            false => json!([]),
        }
    }

    /// Chats are begun by those who are logged in, by their e-mail addresses.
    fn identity(&self) -> Value {
        json!({
            "idOnExternalPlatform": self.customer.email,
            "externalPlatformId": "chat",
            "id": format!("chat_{}", self.customer.email),
            "firstName": "Redacted",
            "lastName": "Redacted",
            "nickname": "",
            "fullName": "Redacted Redacted",
        })
    }
}

/// Whether a customer fills in the customer number: one in four does.
pub(crate) fn knows_number(customer: &Customer) -> bool {
    draw(customer.number, 10).is_multiple_of(4)
}

fn user(agent: Option<&Agent>) -> Value {
    agent.map_or(Value::Null, |agent| {
        json!({
            "id": agent.number,
            "incontactId": agent.id,
            "firstName": agent.name,
            "surname": "Redacted",
            "nickname": agent.name,
            "isBotUser": false,
            "isSurveyUser": false,
        })
    })
}

/// The platform writes the tenant's local time, here one hour east of UTC.
fn with_offset(epoch_ms: i64, pattern: &str) -> String {
    let utc = chrono::DateTime::from_timestamp_millis(epoch_ms).unwrap_or_default();
    match chrono::FixedOffset::east_opt(3600) {
        Some(offset) => utc.with_timezone(&offset).format(pattern).to_string(),
        None => utc.format(pattern).to_string(),
    }
}

/// Gives the copy of a delivery an id of its own, as if the platform had published it anew.
pub(crate) fn renew(body: &mut Value, dice: &mut Dice) {
    body["eventId"] = json!(dice.uuid());
}
