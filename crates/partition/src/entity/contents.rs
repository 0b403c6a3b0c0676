//! What an entity said last on each topic, so that a repetition is told from a change.
//!
//! Some platforms say the same again under another id of their transport, and nothing in it says whether it is a
//! repetition or a state that was left and returned to. What was published last decides: saying the same twice
//! in a row tells nobody anything new, while a return follows something else.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use trunkline_schemas::EncodedEvent;
use uuid::Uuid;

/// Topics of which contents are kept, those that spoke last. An agent has some six of them, a conversation one for each
/// agent and queue that watches it.
const TOPICS: usize = 16;

/// Contents kept of a topic: enough to see a repetition that comes after up to three changes.
const OF_A_TOPIC: usize = 4;

/// What was published last, by topic; at most [`TOPICS`] times [`OF_A_TOPIC`] contents of some 24 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contents {
    /// The topic that spoke last stands last.
    topics: VecDeque<(u64, VecDeque<Content>)>,
}

/// One content, as it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    id: u128,
    /// When the event that said it was taken in, UTC milliseconds.
    taken_in: i64,
}

/// What an event says, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The topic, with the ids in it.
    pub topic: u64,
    /// What is said.
    pub content: u128,
    /// When it was taken in, UTC milliseconds.
    pub taken_in: i64,
}

/// What an event is beside what was published before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It says something else than what was said last.
    New,
    /// It says what was said before: a repetition or a return, which cannot be known.
    PossibleRepeat,
    /// It says again what was said last, a moment ago.
    Repeat,
}

// === impl Said ===

impl Said {
    /// What an event says; `None` where its id names that already, so that it never says the same twice, and where its
    /// source numbers its events: a number that does not come out would be a hole.
    pub fn by(event: &EncodedEvent, taken_in: i64) -> Option<Self> {
        if event.sequence().is_some() {
            return None;
        }
        let content = super::id_bits(event.content_id()?);
        let (topic, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, event.topic().as_bytes()).as_u64_pair();
        Some(Self { topic, content, taken_in })
    }
}

// === impl Contents ===

impl Contents {
    /// What an event would be. Contents count as close when they were taken in at most `window_ms` apart; 0
    /// turns the comparison off.
    pub fn judge(&self, said: Said, window_ms: i64) -> Novelty {
        let Some((_, known)) = self.topics.iter().find(|(topic, _)| *topic == said.topic) else {
            return Novelty::New;
        };
        if window_ms == 0 {
            return Novelty::New;
        }
        let close = |content: &Content| (said.taken_in - content.taken_in).abs() <= window_ms;
        let same = |content: &&Content| content.id == said.content;
        match known.back().filter(same) {
            Some(latest) if close(latest) => Novelty::Repeat,
            Some(_) => Novelty::PossibleRepeat,
            None if known.iter().filter(same).any(close) => Novelty::PossibleRepeat,
            None => Novelty::New,
        }
    }

    /// Takes note of what was published. A repetition that was not published takes no part: whatever keeps
    /// saying the same comes out once in each window.
    pub fn published(&mut self, said: Said) {
        let found = self.topics.iter().position(|(topic, _)| *topic == said.topic);
        let (_, mut known) = found.and_then(|at| self.topics.remove(at)).unwrap_or_default();
        known.push_back(Content { id: said.content, taken_in: said.taken_in });
        if known.len() > OF_A_TOPIC {
            known.pop_front();
        }
        self.topics.push_back((said.topic, known));
        if self.topics.len() > TOPICS {
            self.topics.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: i64 = 1_000;

    /// What comes of contents that are taken in one after the other on one topic, each published unless it is a
    /// repetition.
    fn judged(said: &[(u128, i64)]) -> Vec<Novelty> {
        let mut contents = Contents::default();
        said.iter().map(|(content, at)| say(&mut contents, 1, *content, *at)).collect()
    }

    fn say(contents: &mut Contents, topic: u64, content: u128, taken_in: i64) -> Novelty {
        let said = Said { topic, content, taken_in };
        let novelty = contents.judge(said, WINDOW);
        if novelty != Novelty::Repeat {
            contents.published(said);
        }
        novelty
    }

    use Novelty::{New, PossibleRepeat, Repeat};

    #[test]
    fn a_state_that_returns_is_no_repetition_and_one_said_twice_is() {
        assert_eq!(judged(&[(1, 0), (2, 1), (1, 2)]), [New, New, PossibleRepeat]);
        assert_eq!(judged(&[(1, 0), (1, 1), (2, 2), (2, 3)]), [New, Repeat, New, Repeat]);
        assert_eq!(judged(&[(1, 0), (2, 1), (1, 1_001)]), [New, New, New], "too long ago to be a repetition");
    }

    #[test]
    fn the_window_begins_with_what_was_published() {
        let said = [(1, 0), (1, 600), (1, 1_000), (1, 1_200), (1, 2_000)];
        assert_eq!(judged(&said), [New, Repeat, Repeat, PossibleRepeat, Repeat]);
    }

    #[test]
    fn topics_do_not_know_of_each_other_and_the_silent_ones_are_forgotten() {
        let mut contents = Contents::default();
        assert_eq!(say(&mut contents, 1, 7, 0), New);
        assert_eq!(say(&mut contents, 2, 7, 0), New);
        assert_eq!(say(&mut contents, 1, 7, 0), Repeat);
        for topic in 2..=TOPICS as u64 {
            say(&mut contents, topic, 8, 0);
        }
        assert_eq!(contents.judge(Said { topic: 1, content: 7, taken_in: 0 }, WINDOW), Repeat);
        say(&mut contents, 99, 8, 0);
        assert_eq!(contents.judge(Said { topic: 1, content: 7, taken_in: 0 }, WINDOW), New);
        assert_eq!(contents.topics.len(), TOPICS);
    }

    #[test]
    fn a_window_of_zero_lets_everything_through() {
        let mut contents = Contents::default();
        let said = Said { topic: 1, content: 1, taken_in: 0 };
        contents.published(said);
        assert_eq!(contents.judge(said, 0), New);
    }
}
