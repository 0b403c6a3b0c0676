//! The answers of searches that are not finished. A search takes several questions, one after the other; one that
//! outlasts its deadline goes on from there when it is wanted again, instead of asking everything once more.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;

/// What unfinished searches were answered, by target and question.
#[derive(Debug, Default)]
pub(crate) struct SearchMemory(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    kept: HashMap<(String, String), Kept>,
    /// The questions by when their answers are too old; those of answers that are gone as well.
    until: VecDeque<(Instant, (String, String))>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    answer: Value,
    until: Instant,
    bytes: usize,
}

/// For so long an answer may be gone on from: an event of the same customer wants the search again within a second or
/// two, and what a profile says is as old as the last answer, give or take this.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// So many bytes of answers, as JSON, are kept at most: those of some thousand customers whose searches are under way.
const MOST_BYTES: usize = 16 << 20;

/// An answer of more bytes than this is no record of a customer.
const LARGEST: usize = 256 << 10;

// === impl SearchMemory ===

impl SearchMemory {
    /// What was answered to this question a moment ago, and how long ago that was.
    pub(crate) fn recall(&self, target: &str, path: &str, now: Instant) -> Option<(Value, Duration)> {
        let answers = self.0.lock();
        let kept = answers.kept.get(&(target.to_owned(), path.to_owned()))?;
        let left = kept.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((kept.answer.clone(), KEPT_FOR.saturating_sub(left)))
    }

    /// Keeps an answer, and lets go of those that are too old. Where there is no room, it is not kept: the search then
    /// begins anew, as it always may.
    pub(crate) fn keep(&self, target: &str, path: &str, answer: &Value, now: Instant) {
        let mut answers = self.0.lock();
        while let Some((_, question)) = answers.until.pop_front_if(|(until, _)| *until <= now) {
            if answers.kept.get(&question).is_some_and(|kept| kept.until <= now) {
                answers.forget(&question);
            }
        }
        let bytes = answer.to_string().len() + path.len();
        if bytes > LARGEST || answers.bytes + bytes > MOST_BYTES {
            return;
        }
        let (question, until) = ((target.to_owned(), path.to_owned()), now + KEPT_FOR);
        answers.forget(&question);
        answers.bytes += bytes;
        answers.until.push_back((until, question.clone()));
        answers.kept.insert(question, Kept { answer: answer.clone(), until, bytes });
    }

    /// Forgets the answers to these questions, whose search is finished: the next one asks anew.
    pub(crate) fn forget<'p>(&self, target: &str, paths: impl IntoIterator<Item = &'p str>) {
        let mut answers = self.0.lock();
        for path in paths {
            answers.forget(&(target.to_owned(), path.to_owned()));
        }
    }

    /// Forgets all answers.
    pub(crate) fn clear(&self) {
        *self.0.lock() = Answers::default();
    }
}

// === impl Answers ===

impl Answers {
    fn forget(&mut self, question: &(String, String)) {
        if let Some(kept) = self.kept.remove(question) {
            self.bytes -= kept.bytes;
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
        assert_eq!(memory.recall("erp", "/a", now + KEPT_FOR / 2), Some((json!(1), KEPT_FOR / 2)));
        assert_eq!(memory.recall("crm", "/a", now), None, "of another system");
        assert_eq!(memory.recall("erp", "/a", now + KEPT_FOR), None);
        memory.forget("erp", ["/a"]);
        assert_eq!(
            (memory.recall("erp", "/a", now), memory.recall("erp", "/b", now)),
            (None, Some((json!(2), Duration::ZERO)))
        );
    }

    #[test]
    fn memory_is_bounded_and_what_is_old_goes() {
        let (memory, now) = (SearchMemory::default(), Instant::now());
        let large = json!("x".repeat(LARGEST / 2));
        for number in 0..=2 * MOST_BYTES / LARGEST {
            memory.keep("erp", &number.to_string(), &large, now);
        }
        assert!(memory.0.lock().bytes <= MOST_BYTES);
        assert_eq!(memory.recall("erp", &(2 * MOST_BYTES / LARGEST).to_string(), now), None);
        memory.keep("erp", "larger", &json!("x".repeat(LARGEST)), now + KEPT_FOR);
        let is_empty = |answers: &Answers| answers.kept.is_empty() && answers.bytes == 0;
        assert!(is_empty(&memory.0.lock()));
        memory.keep("erp", "late", &json!(0), now + KEPT_FOR);
        assert_eq!(memory.0.lock().kept.len(), 1);
        memory.clear();
        assert_eq!(memory.recall("erp", "late", now + KEPT_FOR), None);
    }
}
