//! CXone Digital event types: which canonical event each is.
//!
//! `Contact…` is the newer name of `Case…`; both are in use.

use trunkline_schemas::event_type as types;

use super::cxone_contact::{Contact, is_one};
use crate::field::Fields;

/// Events and answers that are known, and about nothing that has a canonical type.
const UNTYPED: [&str; 18] = [
    "FireProactiveAction",
    "MessagePreviewCreated",
    "ChannelCreated",
    "ChannelDeleted",
    "ChannelUpdated",
    "RoutingQueueCreated",
    "RoutingQueueDeleted",
    "RoutingQueueUpdated",
    "SubqueueAssignedToRoutingQueue",
    "SubqueueUnassignedFromRoutingQueue",
    "UserAssignedToRoutingQueue",
    "UserUnassignedFromRoutingQueue",
    "TokenRefreshed",
    "MoreMessagesLoaded",
    "ThreadArchived",
    "ThreadMetadataLoaded",
    "ThreadListFetched",
    "ThreadUpdated",
];

/// The canonical type of a Digital event; `None` when its type is not known. Some types need a look at the
/// event.
pub fn canonical_type(event_type: &str, event: &Fields<'_>) -> Option<&'static str> {
    let data = event.under("data");
    let contact = Contact::of(data);
    Some(match event_type {
        "CaseCreated" | "ContactCreated" => types::CONVERSATION_STARTED,
        "CaseStatusChanged" | "ContactStatusChanged" => match contact.current("status").as_deref() {
            Some("closed") => types::CONVERSATION_ENDED,
            _ => types::CONVERSATION_STATUS_CHANGED,
        },
        "CaseInboxAssigneeChanged" | "ContactInboxAssigneeChanged" => {
            match is_set(&data, &contact, "inboxAssignee", Contact::assignee) {
                true => types::PARTICIPANT_CONNECTED,
                false => types::PARTICIPANT_DISCONNECTED,
            }
        }
        // A part that is nobody's yet, or no longer, connects nobody.
        "AgentContactStarted" | "AgentContactEnded" if contact.is_segment_of_nobody() => {
            types::PARTICIPANT_CHANGED
        }
        "AgentContactStarted" => types::PARTICIPANT_CONNECTED,
        "AgentContactEnded" => types::PARTICIPANT_DISCONNECTED,
        "AgentContactUpdated"
        | "ConsumerContactInboxPreAssigneeChanged"
        | "ContactInboxPreAssigneeChanged" => types::PARTICIPANT_CHANGED,
        "CaseToRoutingQueueAssignmentChanged" | "ContactToRoutingQueueAssignmentChanged" => {
            match is_set(&data, &contact, "routingQueue", Contact::queue) {
                true => types::QUEUE_ENTERED,
                false => types::QUEUE_LEFT,
            }
        }
        "ContactUpdated"
        | "ContactSync"
        | "ContactPreferredUserChanged"
        | "ContactProficiencyChanged"
        | "ContactPriorityChanged"
        | "ContactRecipientsChanged" => types::CONVERSATION_UPDATED,
        "MessageCreated" => match message_direction(&data).as_deref() {
            Some("outbound") => types::MESSAGE_SENT,
            _ => types::MESSAGE_RECEIVED,
        },
        "MessageAddedIntoCase" | "MessageAddedIntoContact" => types::CONVERSATION_MESSAGE_ADDED,
        "MessageSent" => types::MESSAGE_SENT,
        "MessageUpdated" => types::MESSAGE_UPDATED,
        "MessageReadChanged"
        | "MessageSeenChanged"
        | "MessageSeenByUser"
        | "MessageSeenByEndUser"
        | "MessageDeliveryStatusChanged"
        | "MessageDeliveredToUser"
        | "MessageDeliveredToEndUser" => types::MESSAGE_RECEIPT,
        "MessageNoteCreated" | "MessageNoteUpdated" | "MessageNoteDeleted" => types::MESSAGE_NOTE_CHANGED,
        "SenderTypingStarted" => types::TYPING_STARTED,
        "SenderTypingEnded" => types::TYPING_ENDED,
        "SetPositionInQueue" => types::QUEUE_POSITION_CHANGED,
        "EndContact" => types::CONVERSATION_END_REQUESTED,
        "StoreVisitorEvents" | "StoreVisitor" | "PageViewCreated" => types::VISITOR_ACTIVITY,
        "UserStatusChanged" => types::AGENT_STATE_CHANGED,
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
        known if UNTYPED.contains(&known) => types::PLATFORM_EVENT,
        _ => return None,
    })
}

/// Whether a contact has one of something now: as the event says, else a delta, else the contact itself.
fn is_set<'a>(
    data: &Fields<'a>,
    contact: &Contact<'a>,
    name: &str,
    of_contact: fn(&Contact<'a>) -> Option<String>,
) -> bool {
    match data.has(name) {
        true => is_one(&data.under(name)),
        false => contact.becomes(name).unwrap_or_else(|| of_contact(contact).is_some()),
    }
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
            ("AgentContactStarted", json!({"agentContact": {"id": "s"}}), Some(types::PARTICIPANT_CONNECTED)),
            (
                "AgentContactStarted",
                json!({"agentContact": {"id": "s", "user": {"id": 0}}}),
                Some(types::PARTICIPANT_CHANGED),
            ),
            ("AgentContactEnded", json!({"agentContact": {"user": null}}), Some(types::PARTICIPANT_CHANGED)),
            (
                "AgentContactEnded",
                json!({"agentContact": {"user": {"id": 7}}}),
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

    #[test]
    fn what_is_assigned_to_nobody_is_no_assignment() {
        let nobody = [
            json!(0),
            json!("0"),
            json!(0.0),
            json!(""),
            json!(" "),
            json!(null),
            json!({}),
            json!([]),
            json!({"id": 0}),
            json!({"id": "0"}),
            json!({"id": ""}),
            json!({"id": null, "firstName": ""}),
        ];
        let is = |event_type: &str, data: serde_json::Value| {
            let event = json!({ "data": data });
            canonical_type(event_type, &Fields::of(&event))
        };
        for none in nobody {
            for (event_type, name, expected) in [
                ("CaseInboxAssigneeChanged", "inboxAssignee", types::PARTICIPANT_DISCONNECTED),
                ("CaseToRoutingQueueAssignmentChanged", "routingQueue", types::QUEUE_LEFT),
            ] {
                let mut data = json!({ "case": { name: 7 } });
                data[name] = none.clone();
                assert_eq!(is(event_type, data), Some(expected), "{name} {none}");
                let delta = json!({"delta": {"name": name, "previousValue": 7, "currentValue": none}});
                assert_eq!(is(event_type, delta), Some(expected), "delta of {name} {none}");
                let of_contact = json!({"contact": { name: none }});
                assert_eq!(is(event_type, of_contact), Some(expected), "contact with {name} {none}");
            }
        }
        for somebody in [json!(7), json!("a"), json!({"id": 7}), json!({"firstName": "Ann"})] {
            let data = json!({ "inboxAssignee": somebody });
            assert_eq!(
                is("CaseInboxAssigneeChanged", data),
                Some(types::PARTICIPANT_CONNECTED),
                "{somebody}"
            );
        }
    }
}
