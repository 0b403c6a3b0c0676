//! The fields of the envelope that a table can fill.

use std::collections::BTreeMap;

use crate::section::Section;
use crate::values::pointers;

/// A field of the envelope that a table can fill, see `PlatformEvent` of the schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventField {
    /// The conversation.
    ConversationId,
    /// What the event is about where it names no conversation; its type is configured.
    EntityId,
    /// The contact.
    ContactId,
    /// The session of a flow.
    FlowSessionId,
    /// The participant.
    ParticipantId,
    /// The agent.
    AgentId,
    /// The queue.
    QueueId,
    /// The customer.
    CustomerId,
    /// The organisation, where the configured one is not the only one.
    OrgId,
    /// The medium.
    MediaType,
    /// `inbound` or `outbound`.
    Direction,
    /// When it happened.
    EventTime,
    /// What correlates it with other events.
    CorrelationId,
    /// What the transport calls this delivery.
    TransportId,
}

// === impl EventField ===

impl EventField {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::ConversationId,
        Self::EntityId,
        Self::ContactId,
        Self::FlowSessionId,
        Self::ParticipantId,
        Self::AgentId,
        Self::QueueId,
        Self::CustomerId,
        Self::OrgId,
        Self::MediaType,
        Self::Direction,
        Self::EventTime,
        Self::CorrelationId,
        Self::TransportId,
    ];

    /// As the envelope and the configuration name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConversationId => "conversationId",
            Self::EntityId => "entityId",
            Self::ContactId => "contactId",
            Self::FlowSessionId => "flowSessionId",
            Self::ParticipantId => "participantId",
            Self::AgentId => "agentId",
            Self::QueueId => "queueId",
            Self::CustomerId => "customerId",
            Self::OrgId => "orgId",
            Self::MediaType => "mediaType",
            Self::Direction => "direction",
            Self::EventTime => "eventTime",
            Self::CorrelationId => "correlationId",
            Self::TransportId => "transportId",
        }
    }

    /// Where the fields stand that `section` (`mapping.fields`) names, and those of `base` that it does not name.
    pub(super) fn read_all(
        section: &Section<'_>,
        base: BTreeMap<Self, Vec<String>>,
    ) -> BTreeMap<Self, Vec<String>> {
        // What is there and wrong is noted already, and not missing as well.
        let read = |field: Self| {
            let read = section.optional(field.as_str(), pointers);
            section.has(field.as_str()).then(|| (field, read.unwrap_or_default()))
        };
        base.into_iter().chain(Self::ALL.into_iter().filter_map(read)).collect()
    }
}
