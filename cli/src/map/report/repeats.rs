//! Which payloads repeat one that came before them.

use std::collections::HashMap;

use trunkline_schemas::PlatformEvent;
use trunkline_schemas::state_events::{self, Named};

use super::Event;

/// The events so far.
#[derive(Default)]
pub(super) struct Repeats {
    /// Where each event id was first.
    places: HashMap<String, String>,
    /// What was said about each entity, the latest last.
    said: HashMap<String, Vec<Said>>,
}

/// What an event said, of what, and where it is.
struct Said {
    subject: Subject,
    content: Option<String>,
    place: String,
}

/// Of what an event says something; what it does not name may be any.
#[derive(PartialEq, Eq)]
struct Subject {
    source_type: String,
    topic: Option<String>,
    member: Option<String>,
}

// === impl Repeats ===

impl Repeats {
    /// Marks an event that repeats an earlier one, and remembers it.
    ///
    /// An id that was there is a duplicate, however long ago. A content without an id of its own repeats only
    /// what was said last: a state that returns after another one is a new fact.
    pub(super) fn mark(&mut self, event: &mut Event, place: &str) {
        let id = &event.event.event_id;
        if let Some(first) = self.places.get(id) {
            event.duplicate_of = Some(first.clone());
            return;
        }
        self.places.insert(id.clone(), place.to_owned());
        let (subject, content) = (Subject::of(&event.event), event.event.content_id.clone());
        let said = self.said.entry(event.key.clone()).or_default();
        let latest = said.iter().rposition(|said| said.subject.may_be(&subject)).map(|at| &said[at]);
        event.possible_repeat_of = latest
            .filter(|latest| content.is_some() && latest.content == content)
            .map(|latest| latest.place.clone());
        said.retain(|said| said.subject != subject);
        said.push(Said { subject, content, place: place.to_owned() });
    }
}

// === impl Subject ===

impl Subject {
    fn of(event: &PlatformEvent) -> Self {
        let named = Named {
            agent: event.agent_id.as_deref(),
            participant: event.participant_id.as_deref(),
            medium: event.media_type.as_deref(),
        };
        // A topic without ids says no more than the type.
        let topic = event.attributes.get("topicName").filter(|topic| **topic != event.source_type);
        Self {
            source_type: event.source_type.clone(),
            topic: topic.cloned(),
            member: state_events::member(&event.event_type, named).map(ToOwned::to_owned),
        }
    }

    fn may_be(&self, other: &Self) -> bool {
        let may =
            |own: &Option<String>, other: &Option<String>| own.is_none() || other.is_none() || own == other;
        self.source_type == other.source_type
            && may(&self.topic, &other.topic)
            && may(&self.member, &other.member)
    }
}
