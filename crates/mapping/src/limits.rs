//! How large the parts of an envelope may be. The payload itself is kept whole in `data`, so nothing is lost
//! by it; but an id goes into keys and state, and all that the pipeline adds to a payload must fit into a
//! record beside it.

use std::collections::BTreeMap;

use crate::format::Mapped;

/// Longest id, in bytes. Ids of the platforms have 36 characters, those of social media up to some hundred.
pub const ID_MAX: usize = 1024;

/// Longest attribute value, in bytes; the rest of a longer one is in `data`.
const ATTRIBUTE_MAX: usize = 8 * 1024;

/// Most attributes; Genesys allows a participant about as many.
const ATTRIBUTES_MAX: usize = 256;

/// What keeps a payload from becoming an event; `None` when nothing does.
pub fn broken(mapped: &Mapped) -> Option<String> {
    let entity = mapped.entity.as_ref().map(|(_, id)| id);
    [
        ("orgId", mapped.org.as_ref()),
        ("entityId", entity),
        ("conversationId", mapped.conversation_id.as_ref()),
        ("contactId", mapped.contact_id.as_ref()),
        ("flowSessionId", mapped.flow_session_id.as_ref()),
        ("participantId", mapped.participant_id.as_ref()),
        ("agentId", mapped.agent_id.as_ref()),
        ("queueId", mapped.queue_id.as_ref()),
        ("customerId", mapped.customer_id.as_ref()),
        ("correlationId", mapped.correlation_id.as_ref()),
        ("transportId", mapped.transport_id.as_ref()),
        ("sourceType", Some(&mapped.source_type)),
        ("mediaType", mapped.media_type.as_ref()),
        ("direction", mapped.direction.as_ref()),
    ]
    .into_iter()
    .filter_map(|(field, id)| Some((field, id?.len())))
    .find(|(_, length)| *length > ID_MAX)
    .map(|(field, length)| format!("what would be {field} has {length} bytes, at most {ID_MAX} are an id"))
}

/// The attributes that go into the envelope; `cut` becomes true when one was left out or shortened.
pub fn bounded(attributes: BTreeMap<String, String>, cut: &mut bool) -> BTreeMap<String, String> {
    let given = attributes.len();
    let bounded: BTreeMap<String, String> = attributes
        .into_iter()
        .filter(|(name, _)| name.len() <= ID_MAX)
        .take(ATTRIBUTES_MAX)
        .map(|(name, mut value)| {
            *cut |= value.len() > ATTRIBUTE_MAX;
            value.truncate(value.floor_char_boundary(ATTRIBUTE_MAX));
            (name, value)
        })
        .collect();
    *cut |= bounded.len() < given;
    bounded
}

/// Whether a text is as long as an attribute that was shortened, or longer.
pub fn may_be_cut(text: &str) -> bool {
    // A character of several bytes is left out whole.
    text.len() > ATTRIBUTE_MAX - char::MAX.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_bounded_and_stay_text() {
        let long = "\u{e9}".repeat(ATTRIBUTE_MAX);
        let mut attributes: BTreeMap<String, String> =
            (0..2 * ATTRIBUTES_MAX).map(|n| (format!("k{n:04}"), "v".to_owned())).collect();
        attributes.insert("a".to_owned(), long);
        attributes.insert("n".repeat(ID_MAX + 1), "v".to_owned());
        let mut cut = false;
        let bounded = bounded(attributes, &mut cut);
        assert_eq!(bounded.len(), ATTRIBUTES_MAX);
        assert_eq!(bounded["a"].len(), ATTRIBUTE_MAX);
        assert!(bounded.keys().all(|name| name.len() <= ID_MAX));
        assert!(cut);
    }

    #[test]
    fn each_way_of_being_cut_is_told() {
        let one = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let many = |count: usize| (0..count).map(|n| (format!("k{n}"), "v".to_owned())).collect();
        for (attributes, expected) in [
            (one("a", &"v".repeat(ATTRIBUTE_MAX)), false),
            (one("a", &"v".repeat(ATTRIBUTE_MAX + 1)), true),
            (one(&"n".repeat(ID_MAX), "v"), false),
            (one(&"n".repeat(ID_MAX + 1), "v"), true),
            (many(ATTRIBUTES_MAX), false),
            (many(ATTRIBUTES_MAX + 1), true),
        ] {
            let mut cut = false;
            bounded(attributes, &mut cut);
            assert_eq!(cut, expected);
            let mut cut = true;
            bounded(BTreeMap::new(), &mut cut);
            assert!(cut, "what one map says, another does not take back");
        }
    }
}
