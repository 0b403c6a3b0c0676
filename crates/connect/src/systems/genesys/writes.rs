//! Attributes of a participant in a conversation.

use reqwest::Method;
use serde_json::Value;

use crate::writes::{Current, Implementation, Request};

pub(super) static OPERATIONS: &[Implementation] = &[Implementation {
    operation: "participant_attributes",
    method: Method::PATCH,
    path: attributes_path,
    headers: &[],
    created: |_| Some(false),
    read_path: conversation_path,
    read: read_attributes,
}];

fn conversation_path(write: &Request) -> String {
    format!("/api/v2/conversations/{}", write.segment("conversationId"))
}

fn attributes_path(write: &Request) -> String {
    format!("{}/participants/{}/attributes", conversation_path(write), write.segment("participantId"))
}

fn read_attributes(write: &Request, conversation: &Value) -> Current {
    let participants = conversation.get("participants").and_then(Value::as_array);
    let participant_id = write.parameter("participantId");
    let is_it = |participant: &&Value| participant.get("id").and_then(Value::as_str) == Some(participant_id);
    match participants.and_then(|participants| participants.iter().find(is_it)) {
        Some(participant) => {
            let attributes = participant.get("attributes");
            Current::of(write, |name| attributes.and_then(|attributes| attributes.get(name)))
        }
        None => Current::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use trunkline_systems::System;

    use super::*;
    use crate::testing;

    fn request(participant: &str) -> Request {
        let parameters = [("conversationId", "c"), ("participantId", participant)];
        let command =
            testing::command("participant_attributes", &parameters, &[("tier", "GOLD"), ("queue", "vip")]);
        Request::from_write_back(&command, System::Genesys, None).unwrap()
    }

    #[test]
    fn the_attributes_of_the_participant_are_read() {
        let conversation = json!({"id": "c", "participants": [
            {"id": "p1", "attributes": {"tier": "SILVER"}},
            {"id": "p2", "attributes": {"tier": "GOLD", "other": "x"}},
            {"id": "p3"},
        ]});
        let read = |id| read_attributes(&request(id), &conversation);
        assert_eq!(
            read("p2").fields,
            BTreeMap::from([("queue".to_owned(), Value::Null), ("tier".to_owned(), json!("GOLD"))])
        );
        assert!(read("p3").exists);
        assert!(!read("p4").exists);
    }
}
