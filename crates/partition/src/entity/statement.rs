//! What an event says, and of what: in numbers that are small enough to be kept.

use serde::Deserialize;
use trunkline_schemas::EncodedEvent;
use trunkline_schemas::state_events::{self, Named};
use uuid::Uuid;

/// The type of the entity of an event that names nothing, and is about what it says.
const NOBODY: &str = "unknown";

/// The platform whose events are on topics. Those of its formats that are on none tell no states.
const ON_TOPICS: &str = "genesys";

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Of what.
    pub subject: Subject,
    /// What; `None` where the event's id, or its source's number, names that: it is said by no other event, and comes
    /// between what others say.
    pub content: Option<u64>,
    /// What it says but for fields that its platform's schema does not name; `None` where a source's number names it.
    pub core: Option<u64>,
    /// The id of the same, where it has such fields.
    pub declared: Option<u128>,
    /// Whether saying it twice in a row says nothing new. Of what names nobody, two may say the same of two.
    pub is_state: bool,
}

/// Of what something is said: hashes, 0 where the event does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Subject {
    /// The platform's type of the event.
    pub(super) source_type: u32,
    /// The topic with the ids in it.
    pub(super) topic: u32,
    /// Of whom, where the topic tells of several.
    pub(super) member: u32,
}

// === impl Statement ===

impl Statement {
    /// What an event says.
    pub fn of(event: &EncodedEvent) -> Self {
        // A source's number that does not come out would be a hole.
        let is_numbered = event.sequence().is_some();
        let content = event.content_id().filter(|_| !is_numbered);
        let declared = event.declared_id().filter(|_| !is_numbered).map(super::id_bits);
        let whole = || super::id_bits(content.unwrap_or(event.event_id()));
        let event_type = event.event_type();
        Self {
            subject: Subject::of(event, content.is_none()),
            content: content.map(|id| super::id_bits(id) as u64),
            core: (!is_numbered).then(|| declared.unwrap_or_else(whole) as u64),
            declared,
            is_state: state_events::is_state(event_type) && event.entity_type() != NOBODY,
        }
    }
}

// === impl Subject ===

impl Subject {
    /// What an event is about.
    ///
    /// Where events are on topics, each of these is a subject. Builds before there were contents named no topics:
    /// whatever one of theirs says of an agent or a queue may be about any of its topics. A conversation has many
    /// events that are on no topic of a state, which the type tells, unless those builds wrote it with the ids of the
    /// topic in it. Where no event is on a topic, the subject is the entity: what one type tells, another one may
    /// change.
    fn of(event: &EncodedEvent, without_content: bool) -> Self {
        let source_type = event.source_type();
        // A topic without ids says no more than the type.
        let topic = event.topic().filter(|topic| *topic != source_type);
        let (on_topics, no_topic) = (event.platform() == ON_TOPICS, event.topic().is_none());
        let tells_type = event.is_conversational() && !has_ids(source_type);
        let anything = without_content && no_topic && on_topics && !tells_type;
        let of_entity = no_topic && !on_topics;
        let named = Named {
            agent: event.agent_id(),
            participant: event.participant_id(),
            medium: event.media_type(),
        };
        let member = state_events::member(event.event_type(), named);
        Self {
            source_type: if anything || of_entity { 0 } else { hash(source_type) },
            topic: topic.map_or(0, hash),
            member: member.filter(|_| !anything).map_or(0, hash),
        }
    }

    /// Whether both may be about the same: what one does not name may be what the other does.
    pub fn may_be(&self, other: &Self) -> bool {
        let may = |own: u32, other: u32| own == other || own == 0 || other == 0;
        may(self.source_type, other.source_type)
            && may(self.topic, other.topic)
            && may(self.member, other.member)
    }

    #[cfg(test)]
    pub(super) fn numbered(source_type: u32, topic: u32, member: u32) -> Self {
        Self { source_type, topic, member }
    }
}

/// Whether a topic of Genesys, as a type, was not brought into its common form.
fn has_ids(source_type: &str) -> bool {
    source_type.starts_with("v2.") && !source_type.contains("{id}")
}

/// The same for the same text in every build, since it is kept; never 0. Two topics with one hash would only come
/// between each other: what they say differs all the same.
fn hash(text: &str) -> u32 {
    let (bits, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).as_u64_pair();
    ((bits >> 32) as u32).max(1)
}

#[cfg(test)]
mod tests;
