//! The answers of searches that are not finished. A search takes several questions, one after the other; one that
//! outlasts its deadline goes on from there when it is wanted again, instead of asking everything once more.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;

/// What unfinished searches were answered, by target and question.
#[derive(Debug, Default)]
pub(crate) struct SearchMemory(Mutex<HashMap<(String, String), Kept>>);

#[derive(Debug)]
struct Kept {
    answer: Value,
    until: Instant,
}

/// For so long an answer may be gone on from: an event of the same customer wants the search again within a second or
/// two, and what a profile says is as old as the last answer, give or take this.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// So many answers are kept at most: those of some hundred customers whose searches are under way.
const MOST_ANSWERS: usize = 1_000;

// === impl SearchMemory ===

impl SearchMemory {
    /// What was answered to this question a moment ago.
    pub(crate) fn recall(&self, target: &str, path: &str, now: Instant) -> Option<Value> {
        let answers = self.0.lock();
        let kept = answers.get(&(target.to_owned(), path.to_owned()))?;
        (now < kept.until).then(|| kept.answer.clone())
    }

    /// Keeps an answer. Where too many are kept, it is not: the search then begins anew, as it always may.
    pub(crate) fn keep(&self, target: &str, path: &str, answer: &Value, now: Instant) {
        let mut answers = self.0.lock();
        if answers.len() >= MOST_ANSWERS {
            answers.retain(|_, kept| now < kept.until);
        }
        if answers.len() < MOST_ANSWERS {
            let kept = Kept { answer: answer.clone(), until: now + KEPT_FOR };
            answers.insert((target.to_owned(), path.to_owned()), kept);
        }
    }

    /// Forgets the answers to these questions, whose search is finished: the next one asks anew.
    pub(crate) fn forget<'p>(&self, target: &str, paths: impl IntoIterator<Item = &'p str>) {
        let mut answers = self.0.lock();
        for path in paths {
            answers.remove(&(target.to_owned(), path.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_gone_on_from_until_its_search_is_finished_or_it_is_too_old() {
        let (memory, now) = (SearchMemory::default(), Instant::now());
        memory.keep("erp", "/a", &json!(1), now);
        memory.keep("erp", "/b", &json!(2), now);
        assert_eq!(memory.recall("erp", "/a", now + KEPT_FOR / 2), Some(json!(1)));
        assert_eq!(memory.recall("crm", "/a", now), None, "of another system");
        assert_eq!(memory.recall("erp", "/a", now + KEPT_FOR), None);
        memory.forget("erp", ["/a"]);
        assert_eq!(
            (memory.recall("erp", "/a", now), memory.recall("erp", "/b", now)),
            (None, Some(json!(2)))
        );
    }

    #[test]
    fn memory_is_bounded_and_what_is_old_makes_room() {
        let (memory, now) = (SearchMemory::default(), Instant::now());
        for number in 0..=MOST_ANSWERS {
            memory.keep("erp", &number.to_string(), &json!(number), now);
        }
        assert_eq!(memory.0.lock().len(), MOST_ANSWERS);
        assert_eq!(memory.recall("erp", &MOST_ANSWERS.to_string(), now), None);
        memory.keep("erp", "late", &json!(0), now + KEPT_FOR);
        assert_eq!(memory.0.lock().len(), 1);
    }
}
