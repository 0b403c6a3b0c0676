//! Genesys Cloud: attributes of a participant in a conversation.

use std::collections::BTreeMap;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::course::Repeat;
use crate::error::{CallError, CallErrorKind};
use crate::outbound::{Outbound, Request};
use crate::writes::{self, Applied, Current};

/// Reads of conversations.
pub const READ: &str = "conversations.read";
/// Writes of attributes.
pub const WRITE: &str = "conversations.attributes";

/// Sets attributes. There is no version to check, the last writer wins; setting a value again changes nothing.
pub(crate) async fn set_attributes(
    outbound: &Outbound,
    write: &writes::Request,
    deadline: Instant,
) -> Result<Applied, CallError> {
    let request = Request {
        method: Method::PATCH,
        path: format!(
            "/api/v2/conversations/{}/participants/{}/attributes",
            write.segment("conversationId"),
            write.segment("participantId")
        ),
        headers: vec![(writes::IDEMPOTENCY_KEY, write.command_id.clone())],
        body: Some(json!({ "attributes": write.fields })),
        // Writing twice converges, but a first request that is only late could undo what came after it: whoever gets no
        // answer waits out its life and reads the resource back.
        repeat: Repeat::OnceAnswered,
        traceparent: write.traceparent.clone(),
    };
    let response = outbound.call(WRITE, &request, deadline).await?;
    Ok(Applied { status: response.status, attempts: response.attempts, created: false })
}

/// Reads the attributes that a write would set.
pub(crate) async fn current(
    outbound: &Outbound,
    write: &writes::Request,
    deadline: Instant,
) -> Result<Current, CallError> {
    let request = Request {
        method: Method::GET,
        path: format!("/api/v2/conversations/{}", write.segment("conversationId")),
        headers: Vec::new(),
        body: None,
        repeat: Repeat::Always,
        traceparent: write.traceparent.clone(),
    };
    match outbound.call(READ, &request, deadline).await {
        Ok(response) => {
            Ok(read_attributes(&response.json(), write.parameter("participantId"), &write.fields))
        }
        Err(error) if error.kind == CallErrorKind::NotFound => Ok(Current::default()),
        Err(error) => Err(error),
    }
}

fn read_attributes(conversation: &Value, participant_id: &str, wanted: &BTreeMap<String, String>) -> Current {
    let participants = conversation.get("participants").and_then(Value::as_array);
    let is_it = |participant: &&Value| participant.get("id").and_then(Value::as_str) == Some(participant_id);
    let Some(participant) = participants.and_then(|participants| participants.iter().find(is_it)) else {
        return Current::default();
    };
    let attribute =
        |name: &String| participant.get("attributes").and_then(|attributes| attributes.get(name)).cloned();
    let fields = wanted.keys().map(|name| (name.clone(), attribute(name).unwrap_or(Value::Null)));
    Current { exists: true, fields: fields.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attributes_of_the_participant_are_read() {
        let conversation = json!({"id": "c", "participants": [
            {"id": "p1", "attributes": {"tier": "SILVER"}},
            {"id": "p2", "attributes": {"tier": "GOLD", "other": "x"}},
            {"id": "p3"},
        ]});
        let wanted =
            BTreeMap::from([("tier".to_owned(), "GOLD".to_owned()), ("queue".to_owned(), "vip".to_owned())]);
        let read = |id| read_attributes(&conversation, id, &wanted);
        assert_eq!(
            read("p2").fields,
            BTreeMap::from([("queue".to_owned(), Value::Null), ("tier".to_owned(), json!("GOLD")),])
        );
        assert!(read("p3").exists);
        assert!(!read("p4").exists);
    }
}
