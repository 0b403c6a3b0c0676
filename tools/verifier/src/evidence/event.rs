//! Events before and after the processor.

use std::collections::BTreeMap;

use super::{Enrichment, Fingerprint, Place, ProfileFields, ValueDigest};

/// What a record of `events.normalized` and one of `events.enriched` both say of an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fact {
    /// Where the record is.
    pub place: Place,
    /// The record's key.
    pub key: String,
    /// The record's own time; UTC milliseconds.
    pub timestamp: i64,
    /// Identity of the fact.
    pub event_id: String,
    /// Identity of what it says, where the same may be said under several ids.
    pub content_id: Option<String>,
    /// Identity of what it says but for fields that the platform's schema does not name, where it has such.
    pub declared_id: Option<String>,
    /// The platform's own name of the type.
    pub source_type: String,
    /// The platform's topic with its ids, where the event names it.
    pub topic: Option<String>,
    /// Canonical type.
    pub event_type: String,
    /// What kind of thing it is about. A native id is unique among things of a kind only.
    pub entity_type: String,
    /// Native id of the conversation, where it belongs to one.
    pub conversation_id: Option<String>,
    /// The customer, where known.
    pub customer_id: Option<String>,
    /// Who says that this is the customer.
    pub customer_by: NamedBy,
    /// The agent concerned.
    pub agent_id: Option<String>,
    /// What it tells of a session, where it is of a type that figures depend on.
    pub told: Option<Box<Told>>,
    /// When it happened; UTC milliseconds.
    pub event_time: i64,
    /// When ingest took it in; UTC milliseconds.
    pub ingest_time: i64,
    /// The participant concerned.
    pub participant_id: Option<String>,
    /// The participant's session, or that of a flow.
    pub session_id: Option<String>,
    /// The source's own number.
    pub sequence: Option<i64>,
    /// Configured name of its source.
    pub source: String,
    /// Stream within the source that has an order of its own.
    pub channel: String,
    /// Correlates everything that the fact caused.
    pub correlation_id: String,
    /// Every field of the platform's event, by name.
    pub fields: Fingerprint,
    /// The record's value: how many bytes, and a digest of them.
    pub value: ValueDigest,
}

/// Who says who a customer is; what counts more comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum NamedBy {
    /// A channel, by what it knows somebody by.
    #[default]
    Channel,
    /// The platform: it is its contact.
    Platform,
    /// The tenant, in an attribute.
    Tenant,
}

/// What an event tells of a session of its conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// The medium.
    pub media_type: Option<String>,
    /// Who began it: `inbound` or `outbound`.
    pub direction: Option<String>,
    /// The platform's own fields, as texts.
    pub attributes: BTreeMap<String, String>,
}

/// An entity, and the id of an event of it.
pub type Identity<'a> = ((&'a str, &'a str), &'a str);

/// One record of `events.normalized`.
pub type Normalized = Fact;

/// One record of `events.enriched`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Enriched {
    /// The event itself.
    pub fact: Fact,
    /// Its place in the conversation, and why.
    pub ordering: Ordering,
    /// Marked as older than the dedup window.
    pub dedup_unknown: bool,
    /// Marked as a possible repetition.
    pub possible_repeat: bool,
    /// Where its conversation stands after it.
    pub figures: Figures,
    /// How complete its customer's profile is, and by which systems.
    pub enrichment: Enrichment,
    /// The customer's profile, where known.
    pub profile: Option<ProfileFields>,
    /// How long it was held to be put in order; milliseconds.
    pub held_ms: i64,
}

/// The order of an event among those of its conversation, as published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ordering {
    /// 1, 2, 3 …
    pub position: i64,
    /// `SEQUENCED`, `CAUSAL` or `SORTED`.
    pub mode: String,
    /// Came after events that belong behind it.
    pub late: bool,
    /// Events that belong before it are missing.
    pub gap_before: bool,
}

/// The figures of a conversation after an event, as published. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// `new`, `started`, `ivr`, `queued`, `connected`, `wrapup`, `ended`; `none` for what is no conversation.
    pub state: String,
    /// When it began; UTC milliseconds.
    pub started_at: Option<i64>,
    /// In queues that it has left.
    pub queued_ms: Option<i64>,
    /// With agents that have left.
    pub handled_ms: Option<i64>,
    /// Times it went from one agent to another.
    pub transfers: i64,
    /// Events so far, this one included.
    pub events: i64,
    /// Those that a record of an older build lacks.
    pub more: Option<MoreFigures>,
}

/// Figures that builds of an older schema did not publish. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MoreFigures {
    /// Times it began again after its end.
    pub reopened: Option<i64>,
    /// Distinct agents who handled it.
    pub agents: Option<i64>,
    /// Those connected now.
    pub connected_agents: Option<i64>,
    /// As far as told, with agents alerted.
    pub alerted_ms: Option<i64>,
    /// As far as told, on hold.
    pub held_ms: Option<i64>,
    /// As far as told, of work after the contact.
    pub acw_ms: Option<i64>,
    /// Times an agent asked another.
    pub consults: Option<i64>,
    /// Times another agent joined.
    pub conferences: Option<i64>,
    /// Transfers after the agents spoke.
    pub attended_transfers: Option<i64>,
    /// Transfers without that.
    pub blind_transfers: Option<i64>,
    /// Agents who were alerted and did not answer.
    pub unanswered: Option<i64>,
}

// === impl Fact ===

impl Fact {
    /// True when it belongs to a conversation.
    pub fn is_conversational(&self) -> bool {
        self.conversation_id.is_some()
    }

    /// What tells it from every other event: its id, within its entity. (Two entities should never share an
    /// id; where they do, that is a finding by itself, and each is judged by its own record.)
    pub fn identity(&self) -> Identity<'_> {
        (self.entity(), &self.event_id)
    }

    /// What its order and its position are kept for: its conversation, else the entity of its kind. An agent
    /// may have the number of a queue and share its key, not its positions.
    pub fn entity(&self) -> (&str, &str) {
        (&self.key, if self.is_conversational() { "" } else { &self.entity_type })
    }
}
