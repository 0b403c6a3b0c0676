//! Of what an event says something, as docs/event-types.md has it.

use crate::evidence::Fact;

/// Of what an event says something; `None` where it does not name it, and may mean any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    source_type: Option<&'a str>,
    topic: Option<&'a str>,
    member: Option<&'a str>,
}

// === impl Subject ===

impl<'a> Subject<'a> {
    /// That of an event.
    pub fn of(fact: &'a Fact) -> Self {
        let names_itself = fact.content_id.is_none() || fact.sequence.is_some();
        // As older builds wrote it, with the ids of the topic in it.
        let of_one_object = fact
            .source_type
            .split_once('.')
            .is_some_and(|(first, rest)| first == "v2" && !rest.contains("{id}"));
        if names_itself
            && has_topics(fact)
            && fact.topic.is_none()
            && (of_one_object || !fact.is_conversational())
        {
            return Self { source_type: None, topic: None, member: None };
        }
        let source_type = fact.source_type.as_str();
        let agent = fact.agent_id.as_deref();
        let member = match fact.event_type.as_str() {
            "queue.member_changed" => agent,
            "participant.changed" => fact.participant_id.as_deref().or(agent),
            "queue.observed" => {
                Some(fact.told.as_ref().and_then(|told| told.media_type.as_deref()).unwrap_or("all"))
            }
            _ => None,
        };
        let topic = fact.topic.as_deref().filter(|topic| *topic != source_type);
        // Other platforms' events are on no topic: whatever is told of the entity is told of the same.
        let by_type = fact.topic.is_some() || has_topics(fact);
        Self { source_type: Some(source_type).filter(|_| by_type), topic, member }
    }

    /// Whether both may be the same.
    pub fn overlaps(&self, other: &Self) -> bool {
        let may = |own: Option<&str>, other: Option<&str>| own.is_none() || other.is_none() || own == other;
        may(self.source_type, other.source_type)
            && may(self.topic, other.topic)
            && may(self.member, other.member)
    }
}

/// Whether an event is of the platform whose events are on topics: keys begin with it.
fn has_topics(fact: &Fact) -> bool {
    fact.key.starts_with("genesys/")
}

/// Whether an event says how something is, rather than that something happened: of whom has to be known.
pub fn tells_a_state(fact: &Fact) -> bool {
    let of_something = fact.is_conversational() || fact.entity_type != "unknown";
    let state = matches!(
        fact.event_type.as_str(),
        "conversation.updated"
            | "participant.changed"
            | "queue.member_changed"
            | "queue.observed"
            | "agent.state_changed"
            | "agent.load_changed"
            | "agent.leg_changed"
    );
    state && of_something
}
