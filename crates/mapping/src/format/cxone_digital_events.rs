//! CXone Digital event types: which canonical event each is.
//!
//! `Contact…` is the newer name of `Case…`; both are in use.

use trunkline_schemas::event_type as types;

use super::cxone_contact::{Contact, is_one};
use crate::field::Fields;

/// Events and answers that are known, and about nothing that has a canonical type.
const UNTYPED: [&str; 24] = [
    "ContactGetAbandoned",
    "CustomerContactClosed",
    "CustomerContactCreated",
    "DigitalACWStarted",
    "ThreadFocused",
    "ThreadUnfocused",
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

/// The states of a contact in which nobody has it any more.
const FINAL_STATES: [&str; 2] = ["closed", "trashed"];

/// The canonical type of a Digital event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canonical {
    /// The type; `None` when the platform's is not known.
    pub event_type: Option<&'static str>,
    /// JSON Pointer of what the platform's type promises to tell, where nothing in the event tells it.
    pub untold: Option<&'static str>,
}

/// The field of a contact that a type of event is about.
pub fn field_of(source_type: &str) -> Option<&'static str> {
    Some(match source_type {
        "CaseStatusChanged" | "ContactStatusChanged" => "status",
        "CaseInboxAssigneeChanged" | "ContactInboxAssigneeChanged" => "inboxAssignee",
        "ConsumerContactInboxPreAssigneeChanged" | "ContactInboxPreAssigneeChanged" => "inboxPreAssignee",
        "CaseToRoutingQueueAssignmentChanged" | "ContactToRoutingQueueAssignmentChanged" => "routingQueue",
        "ContactPriorityChanged" => "priority",
        _ => return None,
    })
}

/// The canonical type of a Digital event. Some types need a look at the event: what it does not tell is no change to
/// nothing.
pub fn canonical(source_type: &str, event: &Fields<'_>) -> Canonical {
    let data = event.under("data");
    let field = field_of(source_type);
    let contact = Contact::of(data).about(field);
    let told =
        |is_set: Option<bool>, [set, unset, changed]: [&'static str; 3], pointer: &'static str| Canonical {
            event_type: Some(is_set.map_or(changed, |is_set| if is_set { set } else { unset })),
            untold: is_set.is_none().then_some(pointer),
        };
    match field {
        Some("status") => {
            let status = contact.current("status").map(|status| status.to_lowercase());
            let ended = status.as_deref().map(|status| FINAL_STATES.contains(&status));
            let types = [
                types::CONVERSATION_ENDED,
                types::CONVERSATION_STATUS_CHANGED,
                types::CONVERSATION_STATUS_CHANGED,
            ];
            told(ended, types, "/data/contact/status")
        }
        Some("inboxAssignee") => {
            let types =
                [types::PARTICIPANT_CONNECTED, types::PARTICIPANT_DISCONNECTED, types::PARTICIPANT_CHANGED];
            told(is_set(&data, &contact, &ASSIGNEE), types, "/data/inboxAssignee")
        }
        Some("routingQueue") => {
            let types = [types::QUEUE_ENTERED, types::QUEUE_LEFT, types::CONVERSATION_UPDATED];
            told(is_set(&data, &contact, &QUEUE), types, "/data/routingQueue")
        }
        _ => Canonical { event_type: fixed_type(source_type, &data, &contact), untold: None },
    }
}

/// The canonical type of an event whose type says what happened.
fn fixed_type(event_type: &str, data: &Fields<'_>, contact: &Contact<'_>) -> Option<&'static str> {
    Some(match event_type {
        "CaseCreated"
        | "ContactCreated"
        | "CaseCreatedNew"
        | "CaseCreatedOpen"
        | "CaseCreatedPending"
        | "CaseCreatedEscalated"
        | "CaseCreatedResolved" => types::CONVERSATION_STARTED,
        // A part that is nobody's yet, or no longer, connects nobody.
        "AgentContactStarted" | "AgentContactEnded" if contact.is_segment_of_nobody() => {
            types::PARTICIPANT_CHANGED
        }
        "AgentContactStarted" => types::PARTICIPANT_CONNECTED,
        "AgentContactEnded" => types::PARTICIPANT_DISCONNECTED,
        "AgentContactUpdated"
        | "ConsumerContactInboxPreAssigneeChanged"
        | "ContactInboxPreAssigneeChanged" => types::PARTICIPANT_CHANGED,
        "ContactUpdated"
        | "ContactSync"
        | "ContactPreferredUserChanged"
        | "ContactProficiencyChanged"
        | "ContactPriorityChanged"
        | "ContactRecipientsChanged" => types::CONVERSATION_UPDATED,
        "MessageCreated" => match message_direction(data).as_deref() {
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

/// Something that a contact has or has not, and how an event tells of it.
struct Held {
    /// Its name in the event and in deltas.
    name: &'static str,
    /// Its names in the contact.
    in_contact: [&'static str; 2],
    /// What the contact had before.
    previous: &'static str,
    of_contact: fn(&Contact<'_>) -> Option<String>,
}

const ASSIGNEE: Held = Held {
    name: "inboxAssignee",
    in_contact: ["inboxAssignee", "inboxAssigneeUser"],
    previous: "previousInboxAssignee",
    of_contact: |contact| contact.assignee(),
};

const QUEUE: Held = Held {
    name: "routingQueue",
    in_contact: ["routingQueue", "routingQueueId"],
    previous: "previousRoutingQueue",
    of_contact: |contact| contact.queue(),
};

/// Whether a contact has one of something now: as the event says, else a delta, else the contact itself. That it had
/// one before says that it has none now where nothing names another. `None` where nothing speaks of it.
fn is_set(data: &Fields<'_>, contact: &Contact<'_>, held: &Held) -> Option<bool> {
    if data.has(held.name) {
        return Some(is_one(&data.under(held.name)));
    }
    let told_by_contact = || {
        let is = (held.of_contact)(contact).is_some();
        (is || contact.has(&held.in_contact) || is_one(&data.under(held.previous))).then_some(is)
    };
    contact.becomes(held.name).or_else(told_by_contact)
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
            (
                "CaseToRoutingQueueAssignmentChanged",
                json!({"previousRoutingQueue": {"id": "q"}}),
                Some(types::QUEUE_LEFT),
            ),
            ("MessageCreated", json!({"message": {"direction": "outbound"}}), Some(types::MESSAGE_SENT)),
            ("MessageCreated", json!({"message": {"isMadeByUser": true}}), Some(types::MESSAGE_SENT)),
            ("MessageCreated", json!({}), Some(types::MESSAGE_RECEIVED)),
            ("ThreadRecovered", json!({}), Some(types::CONVERSATION_RECOVERED)),
            ("String", json!({}), None),
        ] {
            let event = json!({ "data": data });
            let canonical = canonical(event_type, &Fields::of(&event));
            assert_eq!(canonical, Canonical { event_type: expected, untold: None }, "{event_type} {event}");
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
            canonical(event_type, &Fields::of(&event)).event_type
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
