//! CXone Digital event types: which canonical event each is.
//!
//! `Contact…` is the newer name of `Case…`; both are in use.

use trunkline_schemas::event_type as types;

use crate::field::Fields;

/// The canonical type of a Digital event; `None` when its type is not known. Some types need a look at the
/// event.
pub fn canonical_type(event_type: &str, event: &Fields<'_>) -> Option<&'static str> {
    let data = event.under("data");
    Some(match event_type {
        "CaseCreated" | "ContactCreated" => types::CONVERSATION_STARTED,
        "CaseStatusChanged" | "ContactStatusChanged" => {
            match data.first(&["case.status", "contact.status"]).as_deref() {
                Some("closed") => types::CONVERSATION_ENDED,
                _ => types::CONVERSATION_STATUS_CHANGED,
            }
        }
        "CaseInboxAssigneeChanged" | "ContactInboxAssigneeChanged" => match data.value("inboxAssignee") {
            Some(_) => types::PARTICIPANT_CONNECTED,
            None => types::PARTICIPANT_DISCONNECTED,
        },
        "CaseToRoutingQueueAssignmentChanged" | "ContactToRoutingQueueAssignmentChanged" => {
            match data.value("routingQueue") {
                Some(_) => types::QUEUE_ENTERED,
                None => types::QUEUE_LEFT,
            }
        }
        "MessageCreated" => match message_direction(&data).as_deref() {
            Some("outbound") => types::MESSAGE_SENT,
            _ => types::MESSAGE_RECEIVED,
        },
        "MessageAddedIntoCase" | "MessageAddedIntoContact" => types::CONVERSATION_MESSAGE_ADDED,
        "MessageSent" => types::MESSAGE_SENT,
        "MessageUpdated" => types::MESSAGE_UPDATED,
        "MessageReadChanged"
        | "MessageSeenChanged"
        | "MessageDeliveredToUser"
        | "MessageDeliveredToEndUser" => types::MESSAGE_RECEIPT,
        "MessageNoteCreated" | "MessageNoteUpdated" | "MessageNoteDeleted" => types::MESSAGE_NOTE_CHANGED,
        "SenderTypingStarted" => types::TYPING_STARTED,
        "SenderTypingEnded" => types::TYPING_ENDED,
        "SetPositionInQueue" => types::QUEUE_POSITION_CHANGED,
        "EndContact" => types::CONVERSATION_END_REQUESTED,
        "StoreVisitorEvents" | "StoreVisitor" => types::VISITOR_ACTIVITY,
        "AuthorizeCustomer" | "ReconnectCustomer" => types::CUSTOMER_AUTHORIZATION_REQUESTED,
        "EventInS3" => types::PLATFORM_EVENT_OFFLOADED,
        _ => return postback_type(event_type),
    })
}

/// The canonical type of an answer to a client's request.
pub fn postback_type(event_type: &str) -> Option<&'static str> {
    Some(match event_type {
        "ConsumerAuthorized" | "CustomerAuthorized" | "ConsumerReconnected" | "CustomerReconnected" => {
            types::CUSTOMER_AUTHORIZED
        }
        "ThreadRecovered" | "LivechatRecovered" => types::CONVERSATION_RECOVERED,
        _ => return None,
    })
}

/// `inbound` or `outbound`; older payloads say only whether a user of the platform wrote the message.
pub fn message_direction(data: &Fields<'_>) -> Option<String> {
    data.lower("message.direction").or_else(|| {
        let by_user = data.text("message.isMadeByUser")?;
        Some(if by_user == "true" { "outbound" } else { "inbound" }.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn some_types_depend_on_what_happened() {
        for (event_type, data, expected) in [
            ("CaseStatusChanged", json!({"case": {"status": "closed"}}), Some(types::CONVERSATION_ENDED)),
            (
                "ContactStatusChanged",
                json!({"contact": {"status": "open"}}),
                Some(types::CONVERSATION_STATUS_CHANGED),
            ),
            (
                "CaseInboxAssigneeChanged",
                json!({"inboxAssignee": {"id": 1}}),
                Some(types::PARTICIPANT_CONNECTED),
            ),
            (
                "CaseInboxAssigneeChanged",
                json!({"inboxAssignee": null}),
                Some(types::PARTICIPANT_DISCONNECTED),
            ),
            (
                "ContactToRoutingQueueAssignmentChanged",
                json!({"routingQueue": {"id": 1}}),
                Some(types::QUEUE_ENTERED),
            ),
            ("CaseToRoutingQueueAssignmentChanged", json!({}), Some(types::QUEUE_LEFT)),
            ("MessageCreated", json!({"message": {"direction": "outbound"}}), Some(types::MESSAGE_SENT)),
            ("MessageCreated", json!({"message": {"isMadeByUser": true}}), Some(types::MESSAGE_SENT)),
            ("MessageCreated", json!({}), Some(types::MESSAGE_RECEIVED)),
            ("ThreadRecovered", json!({}), Some(types::CONVERSATION_RECOVERED)),
            ("String", json!({}), None),
        ] {
            let event = json!({ "data": data });
            assert_eq!(canonical_type(event_type, &Fields::of(&event)), expected, "{event_type} {event}");
        }
    }
}
