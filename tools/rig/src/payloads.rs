//! Payloads as the platforms send them, with ids of one's own choosing: for tests, and for cases of chaos.

use serde_json::{Value, json};
use trunkline_load::customers::contact;
use trunkline_load::generator::GENESYS_ORG;

/// One step of a Genesys conversation in the EventBridge envelope.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// Native id of the conversation.
    pub conversation: &'a str,
    /// The last part of the topic, for instance `customer.start`.
    pub step: &'a str,
    /// When it happened; UTC milliseconds.
    pub at: i64,
    /// The customer's number, from 1; the event names the customer's contact in Genesys' directory.
    pub customer: u32,
}

// === impl Step ===

impl Step<'_> {
    /// The envelope, under a transport id of its own.
    pub fn envelope(&self, transport_id: &str) -> Value {
        let Self { conversation, step, at, customer } = self;
        let contact = contact(*customer);
        json!({
            "version": "0",
            "id": transport_id,
            "detail-type": format!("v2.detail.events.conversation.{{id}}.{step}"),
            "source": format!("aws.partner/genesys.com/cloud/{GENESYS_ORG}/trunkline"),
            "account": "123456789012",
            "time": "2026-04-06T09:30:45Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "topicName": format!("v2.detail.events.conversation.{conversation}.{step}"),
                "version": "2",
                "eventBody": {
                    "eventTime": at,
                    "conversationId": conversation,
                    "participantId": "9fb2ca78-8389-4758-b76a-9b0300de1fce",
                    "sessionId": "c03d300e-fa79-4353-9695-b97a71322785",
                    "mediaType": "VOICE",
                    "provider": "Edge",
                    "direction": "INBOUND",
                    "userId": "e40f28ea-fa86-493f-a5b8-d559c8533c96",
                    "queueId": "0ad9d4f3-1a5c-4c2b-8f6e-6a3f4f2b7c11",
                    "externalContactId": contact,
                    "conversationExternalContactIds": [contact],
                },
                "metadata": {"CorrelationId": "fe8a8579-b83f-4f07-b371-2b39398f91a8"},
                "timestamp": "2026-04-06T09:30:45.013Z",
            },
        })
    }
}

/// The steps of one short call, in the order in which they happen, one second apart from `start` on.
pub fn call(conversation: &str, customer: u32, start: i64) -> Vec<Step<'_>> {
    let steps = ["customer.start", "acd.start", "acd.end", "user.start", "user.end", "acw", "customer.end"];
    let timed = steps.into_iter().zip(0..);
    timed.map(|(step, second)| Step { conversation, step, at: start + second * 1_000, customer }).collect()
}
