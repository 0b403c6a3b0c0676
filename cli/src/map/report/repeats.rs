//! Which payloads repeat one that came before them.

use std::collections::HashMap;

use super::Event;

/// The events so far.
#[derive(Default)]
pub(super) struct Repeats {
    /// Where each event id was first.
    places: HashMap<String, String>,
    /// What was said last on each topic about each entity, and where.
    latest: HashMap<(String, String), (String, String)>,
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
        let Some(content) = &event.event.content_id else { return };
        // The topic with its ids, where its name is one that has ids.
        let topic = event.event.attributes.get("topicName").unwrap_or(&event.event.source_type);
        let subject = (event.key.clone(), topic.clone());
        let said = (content.clone(), place.to_owned());
        if let Some((latest, place)) = self.latest.insert(subject, said)
            && latest == *content
        {
            event.possible_repeat_of = Some(place);
        }
    }
}
