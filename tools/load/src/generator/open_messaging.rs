//! Open Messaging: what Genesys posts to the webhook of an integration.

use serde_json::{Value, json};

use super::OPEN_MESSAGING;
use super::address::Sender;
use super::script::Script;
use super::world::World;
use crate::clock::iso_millis;

/// A conversation's place on the channel.
#[derive(Debug)]
pub(crate) struct Thread<'a> {
    pub(crate) world: &'a World,
    pub(crate) conversation_id: &'a str,
    pub(crate) sender: &'a Sender,
    /// What the customer is called there.
    pub(crate) nickname: &'a str,
}

impl Thread<'_> {
    /// The customer writes.
    pub(crate) fn inbound(&self, script: &mut Script<'_>, text: &str) {
        let message_id = script.dice.hex();
        let body = json!({
            "channel": {
                "messageId": message_id,
                "platform": "Open",
                "type": "Private",
                "from": {"id": self.sender.id, "idType": self.sender.id_type, "nickname": self.nickname},
                "to": {"id": self.world.integration},
                "time": iso_millis(script.now_ms()),
            },
            "direction": "Inbound",
            "type": "Text",
            "text": text,
            "conversationId": self.conversation_id,
        });
        script.tell(OPEN_MESSAGING, body);
    }

    /// An agent writes; the message's id, for its receipts.
    pub(crate) fn outbound(&self, script: &mut Script<'_>, text: &str) -> String {
        let message_id = script.dice.hex();
        let body = json!({
            "id": message_id,
            "channel": self.outbound_channel(&message_id, script.now_ms()),
            "conversationId": self.conversation_id,
            "direction": "Outbound",
            "originatingEntity": "Human",
            "type": "Text",
            "text": text,
            "content": [],
            "reasons": [],
            "relatedMessages": [],
        });
        script.tell(OPEN_MESSAGING, body);
        message_id
    }

    /// What became of a message. Its `id` is the message's: a receipt has none of its own, and no conversation.
    pub(crate) fn receipt(&self, script: &mut Script<'_>, message_id: &str, delivered: bool) {
        let reasons = match delivered {
            true => json!([]),
            false => json!([{"code": "GeneralError", "message": "the customer's device is not reachable"}]),
        };
        let body = json!({
            "id": message_id,
            "channel": self.outbound_channel(message_id, script.now_ms()),
            "type": "Receipt",
            "status": if delivered { "Delivered" } else { "Failed" },
            "reasons": reasons,
            "isFinalReceipt": true,
            "direction": "Outbound",
            "metadata": {"gum-correlationId": script.dice.uuid(), "type": "delivery"},
        });
        script.tell_apart(OPEN_MESSAGING, body);
    }

    fn outbound_channel(&self, message_id: &str, now_ms: i64) -> Value {
        json!({
            "id": self.world.integration,
            "messageId": message_id,
            "platform": "Open",
            "type": "Private",
            "to": {"id": self.sender.id, "idType": self.sender.id_type},
            "from": {"nickName": "Trunkline sandbox", "id": self.world.integration, "idType": "Opaque"},
            "time": iso_millis(now_ms),
        })
    }
}
