//! What plugins add to an event.

use std::collections::btree_map::Entry;

use trunkline_plugin::Failure;
use trunkline_rules::Answer;
use trunkline_schemas::EnrichedEvent;

/// Bytes that plugins may add to an event, names and values together: what enrichment reserves of the largest
/// record has room for so many.
const LIMIT_BYTES: usize = 16 << 10;

/// Adds the attributes that plugins want to the event. What the event has already stays as it is, and what is
/// too much is left out; either is a failure of the plugin that wanted it. Returns whether the event got any.
pub fn add_attributes(event: &mut EnrichedEvent, answers: &mut [Answer]) -> bool {
    let mut left = LIMIT_BYTES;
    let before = event.attributes.len();
    for actions in answers.iter_mut().filter_map(|answer| answer.wants.as_mut().ok()) {
        for (name, value) in std::mem::take(&mut actions.attributes) {
            let bytes = name.len() + value.len();
            let message = match event.attributes.entry(name) {
                Entry::Occupied(taken) => format!("the event has the attribute '{}' already", taken.key()),
                Entry::Vacant(free) if bytes > left => {
                    format!(
                        "the attribute '{}' is one too many: plugins may add {LIMIT_BYTES} bytes",
                        free.key()
                    )
                }
                Entry::Vacant(free) => {
                    left -= bytes;
                    free.insert(value);
                    continue;
                }
            };
            actions.failures.push(Failure::new(message));
        }
    }
    event.attributes.len() > before
}

#[cfg(test)]
mod tests {
    use trunkline_plugin::Actions;

    use super::*;
    use crate::enriched::enriched;

    #[test]
    fn what_an_event_says_of_itself_stays_and_there_is_a_limit() {
        let mut event = enriched("c", "message.received", 1);
        event.attributes.insert("ani".to_owned(), "+49".to_owned());
        let actions = Actions::new().attribute("ani", "x").attribute("mood", "bad");
        let second = Actions::new().attribute("mood", "good").attribute("text", "x".repeat(LIMIT_BYTES));
        let mut answers = [actions, second].map(|actions| Answer { plugin: "p", wants: Ok(actions) });
        assert!(add_attributes(&mut event, &mut answers));
        assert!(!add_attributes(&mut event, &mut []));
        assert_eq!((event.attributes["ani"].as_str(), event.attributes["mood"].as_str()), ("+49", "bad"));
        assert_eq!(event.attributes.len(), 2);
        let failures = answers.map(|answer| answer.wants.unwrap().failures.len());
        assert_eq!(failures, [1, 2]);
    }
}
