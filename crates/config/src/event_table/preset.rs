//! The tables of kinds whose senders can be told what to write; configurations say more before them.

use trunkline_schemas::event_type;

use super::{EventField, EventTable, TypeRule, WordPattern};
use crate::source_kind::SourceKind;
use crate::values::owned;

/// The table of a kind; `None` where everything is configured.
pub(super) fn of(kind: SourceKind) -> Option<EventTable> {
    match kind {
        SourceKind::CxoneStudio => Some(STUDIO.table()),
        SourceKind::GenesysDataAction => Some(DATA_ACTION.table()),
        SourceKind::DesktopSdk => Some(DESKTOP.table()),
        _ => None,
    }
}

/// A table as it is written here.
struct Preset {
    /// Empty where each source says it.
    platform: &'static str,
    identity: &'static [&'static str],
    source_type: &'static [&'static str],
    canonical: &'static [&'static str],
    /// Where the type stands that `types` are words of.
    type_at: &'static str,
    types: &'static [(&'static str, &'static str)],
    entity_type: Option<&'static str>,
    fields: &'static [(EventField, &'static [&'static str])],
    /// Attributes that are named as their fields, without the slash.
    attributes: &'static [&'static str],
    tenant_attributes: &'static [&'static str],
    required: &'static [EventField],
    known: &'static [&'static str],
}

/// A script's author gives the body its shape. These are the names that docs/webhooks.md asks for, and those of the
/// variables of Studio and of CXone's own events, however their capitals are written.
const STUDIO: Preset = Preset {
    platform: "cxone",
    identity: &[],
    source_type: &["/event", "/eventType"],
    canonical: &["/eventType"],
    type_at: "/event",
    types: &[],
    entity_type: None,
    fields: &[
        (
            EventField::ConversationId,
            &[
                "/masterId",
                "/masterID",
                "/MasterID",
                "/MasterId",
                "/contactId",
                "/contactID",
                "/ContactID",
                "/ContactId",
            ],
        ),
        (EventField::ContactId, &["/contactId", "/contactID", "/ContactID", "/ContactId"]),
        (EventField::AgentId, &["/agentId", "/agentID", "/AgentID", "/AgentId"]),
        (EventField::QueueId, &["/skillId", "/skillID", "/SkillID", "/SkillId"]),
        (EventField::CustomerId, &["/customerId", "/customer_id"]),
        (EventField::MediaType, &["/mediaType"]),
        (EventField::Direction, &["/direction"]),
        (EventField::EventTime, &["/eventTime", "/timestamp"]),
    ],
    attributes: &["ani", "dnis", "script", "node"],
    tenant_attributes: &["/attributes"],
    required: &[],
    known: &["/busNo", "/BusNo"],
};

/// The template of a data action gives the body its shape; the names are those of the bodies that triggers hand to
/// workflows (`v2.detail.events.conversation.{id}.…`), with the topic beside them.
const DATA_ACTION: Preset = Preset {
    platform: "genesys",
    identity: &[],
    source_type: &["/topicName", "/eventType"],
    canonical: &["/eventType"],
    type_at: "/topicName",
    types: &[
        ("v2.detail.events.conversation.*.customer.start", event_type::CONVERSATION_STARTED),
        ("v2.detail.events.conversation.*.customer.end", event_type::CONVERSATION_ENDED),
        ("v2.detail.events.conversation.*.acd.start", event_type::QUEUE_ENTERED),
        ("v2.detail.events.conversation.*.acd.end", event_type::QUEUE_LEFT),
        ("v2.detail.events.conversation.*.user.start", event_type::PARTICIPANT_CONNECTED),
        ("v2.detail.events.conversation.*.user.end", event_type::PARTICIPANT_DISCONNECTED),
        ("v2.detail.events.conversation.*.flow.start", event_type::FLOW_STARTED),
        ("v2.detail.events.conversation.*.flow.end", event_type::FLOW_ENDED),
        ("v2.detail.events.conversation.*.flow.outcome", event_type::FLOW_OUTCOME),
        ("v2.detail.events.conversation.*.acw", event_type::ACW_ENDED),
        ("v2.detail.events.conversation.*.wrapup", event_type::WRAPUP_APPLIED),
        ("v2.detail.events.conversation.*.attributes", event_type::CONVERSATION_ATTRIBUTES_CHANGED),
        ("v2.detail.events.conversation.*.contact", event_type::CONVERSATION_CONTACT_CHANGED),
        ("v2.detail.events.conversation.*.outbound", event_type::OUTBOUND_ATTEMPTED),
        ("v2.detail.events.conversation.*.voicemail.start", event_type::VOICEMAIL_STARTED),
        ("v2.detail.events.conversation.*.voicemail.end", event_type::VOICEMAIL_ENDED),
    ],
    entity_type: None,
    fields: &[
        (EventField::ConversationId, &["/conversationId"]),
        (EventField::ContactId, &["/externalContactId"]),
        (EventField::FlowSessionId, &["/flowExecutionId"]),
        (EventField::ParticipantId, &["/participantId"]),
        (EventField::AgentId, &["/userId"]),
        (EventField::QueueId, &["/queueId"]),
        (EventField::CustomerId, &["/customerId", "/customer_id", "/externalContactId"]),
        (EventField::OrgId, &["/organizationId"]),
        (EventField::MediaType, &["/mediaType"]),
        (EventField::Direction, &["/direction"]),
        (EventField::EventTime, &["/eventTime"]),
    ],
    attributes: &[
        "ani",
        "dnis",
        "sessionId",
        "provider",
        "disconnectType",
        "addressTo",
        "addressFrom",
        "messageType",
        "subject",
        "wrapupCode",
        "interactingDurationMs",
        "flowId",
        "node",
    ],
    tenant_attributes: &["/attributes"],
    required: &[],
    known: &["/externalOrganizationId", "/callbackUserName", "/callbackNumbers", "/callbackScheduledTime"],
};

/// What docs/webhooks.md asks a desktop to post.
const DESKTOP: Preset = Preset {
    platform: "",
    identity: &["/id"],
    source_type: &["/eventType"],
    canonical: &["/eventType"],
    type_at: "/eventType",
    types: &[],
    entity_type: Some("desktop_session"),
    fields: &[
        (EventField::ConversationId, &["/conversationId"]),
        (EventField::EntityId, &["/sessionId"]),
        (EventField::AgentId, &["/agentId"]),
        (EventField::EventTime, &["/time"]),
    ],
    attributes: &["sessionId", "sdkVersion", "reason"],
    tenant_attributes: &["/attributes"],
    required: &[EventField::EntityId],
    known: &[],
};

// === impl Preset ===

impl Preset {
    fn table(&self) -> EventTable {
        let rule = |(word, event_type): &(&str, &'static str)| TypeRule {
            when: vec![(self.type_at.to_owned(), WordPattern::new(word))],
            event_type,
        };
        EventTable {
            platform: self.platform.to_owned(),
            identity: owned(self.identity),
            source_type: owned(self.source_type),
            canonical: owned(self.canonical),
            types: self.types.iter().map(rule).collect(),
            entity_type: self.entity_type.map(ToOwned::to_owned),
            fields: self.fields.iter().map(|(field, pointers)| (*field, owned(pointers))).collect(),
            attributes: self
                .attributes
                .iter()
                .map(|name| ((*name).to_owned(), vec![format!("/{name}")]))
                .collect(),
            tenant_attributes: owned(self.tenant_attributes),
            required: self.required.to_vec(),
            known: Some(owned(self.known)),
        }
    }
}
