//! What was said of an entity lately, so that a repetition is told from a change.
//!
//! Some platforms say the same again under another id of their transport, and nothing in it says whether it is a
//! repetition or a state that was left and returned to. What was published last decides: saying the same twice
//! in a row tells nobody anything new, while a return follows something else. Whatever is told of the same subject
//! counts as something else, also what has an id or a number of its own.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::statement::{Statement, Subject};

/// Contents kept of an entity: of some 30 bytes each, so that all of them fit into a block of the store (4 KiB).
const LIMIT: usize = 128;

/// How many windows a content is kept behind others of its subject: one for comparing, and one because events are not
/// taken in quite in the order in which they are read. The latest of a subject is kept for as long as there is room.
const WINDOWS_KEPT: i64 = 2;

/// What was published lately, in the order of publication.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contents {
    said: VecDeque<Said>,
    /// When the latest content was taken in that is no longer kept for want of room, UTC milliseconds.
    forgotten: Option<i64>,
}

/// Something that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    subject: Subject,
    /// None of what no other event says.
    content: Option<u64>,
    /// What it says but for fields that its platform's schema does not name, where it has such.
    declared: Option<u64>,
    /// When the event that said it was taken in, UTC milliseconds.
    taken_in: i64,
}

/// What formats 4 and 5 of state kept: frozen, and only ever read.
#[derive(Deserialize)]
pub struct EarlierContents {
    said: VecDeque<(Subject, Option<u64>, i64)>,
    forgotten: Option<i64>,
}

/// What an event is beside what was published before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It says something else than what was said lately.
    New,
    /// It may repeat what was said before: a repetition or a fact, which cannot be known.
    PossibleRepeat,
    /// It says again what was said last, a moment ago.
    Repeat,
}

// === impl Contents ===

impl Contents {
    /// Those of which nothing is known but when the latest was taken in (UTC milliseconds).
    pub fn forgotten_since(latest: Option<i64>) -> Self {
        Self { said: VecDeque::new(), forgotten: latest }
    }

    /// Whether there is nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty() && self.forgotten.is_none()
    }

    /// What an event would be that says this and was taken in at that time (UTC milliseconds). Contents count as close
    /// when they were taken in at most `window_ms` apart; 0 turns the comparison off.
    pub fn judge(&self, statement: &Statement, taken_in: i64, window_ms: i64) -> Novelty {
        if window_ms == 0 {
            return Novelty::New;
        }
        let Statement { content, .. } = *statement;
        let close = |at: i64| (taken_in - at).abs() <= window_ms;
        let mut of_it = self.said.iter().rev().filter(|said| said.subject.may_be(&statement.subject));
        let same = |said: &Said| content.is_some() && said.content == content;
        let says_it = |said: &Said| same(said) && close(said.taken_in);
        // It may be the same again, with other fields than before that the platform's schema does not name.
        let says_the_core = |said: &Said| said.has_the_core(statement) && close(said.taken_in);
        match of_it.next() {
            Some(latest) if says_it(latest) && statement.is_state => Novelty::Repeat,
            // However long ago: nothing came in between, so that no change shows it to be another fact.
            Some(latest) if same(latest) || says_the_core(latest) => Novelty::PossibleRepeat,
            Some(_) if of_it.any(|said| says_it(said) || says_the_core(said)) => Novelty::PossibleRepeat,
            _ if content.is_some() && self.forgotten.is_some_and(close) => Novelty::PossibleRepeat,
            _ => Novelty::New,
        }
    }

    /// Takes note of what was published. A repetition that was not published takes no part: whatever keeps
    /// saying the same comes out once in each window.
    pub fn published(&mut self, statement: &Statement, taken_in: i64, window_ms: i64) {
        let Statement { subject, content, declared, .. } = *statement;
        if content.is_none() && declared.is_none() && !self.is_between(&subject) {
            return;
        }
        let kept_from = taken_in.saturating_sub(window_ms.saturating_mul(WINDOWS_KEPT));
        self.forgotten = self.forgotten.filter(|at| *at >= kept_from);
        self.said.push_back(Said { subject, content, declared: declared.map(|id| id as u64), taken_in });
        if window_ms == 0 {
            self.said.clear();
        }
        // What another subject came after stays what it was.
        let superseded = |said: &Said| said.taken_in < kept_from && said.subject.may_be(&subject);
        if self.said.len() > LIMIT || self.said.iter().any(superseded) {
            self.forget_superseded(kept_from);
        }
        if self.said.len() > LIMIT
            && let Some(said) = self.said.pop_front()
        {
            self.forgotten = self.forgotten.max(Some(said.taken_in));
        }
    }

    /// Forgets what was taken in before a time and is not the latest of its subject; then what only came between.
    fn forget_superseded(&mut self, kept_from: i64) {
        let mut later: Vec<Subject> = Vec::with_capacity(self.said.len());
        let mut kept = VecDeque::with_capacity(self.said.len());
        for said in self.said.iter().rev() {
            let superseded = || later.iter().any(|subject| subject.may_be(&said.subject));
            if said.taken_in >= kept_from || !superseded() {
                kept.push_front(*said);
            }
            later.push(said.subject);
        }
        self.said.clear();
        for said in kept {
            let comes_after = |earlier: &Said| earlier.subject.may_be(&said.subject);
            if said.content.is_some() || said.taken_in >= kept_from || self.said.iter().any(comes_after) {
                self.said.push_back(said);
            }
        }
    }

    /// Whether what no other event says has to be kept: there is something that it comes after, and that is not known
    /// already.
    fn is_between(&self, subject: &Subject) -> bool {
        let latest = self.said.iter().rev().find(|said| said.subject.may_be(subject));
        latest.is_some_and(|said| said.content.is_some() || said.subject != *subject)
    }
}

// === impl Said ===

impl Said {
    /// Whether it says the same but for fields that the platform's schema does not name, of which one of the two has
    /// some.
    fn has_the_core(&self, statement: &Statement) -> bool {
        match (self.declared, statement.declared) {
            (Some(_), _) => self.declared == statement.core,
            (None, Some(_)) => self.content.is_some() && self.content == statement.core,
            (None, None) => false,
        }
    }
}

impl From<EarlierContents> for Contents {
    fn from(earlier: EarlierContents) -> Self {
        let EarlierContents { said, forgotten } = earlier;
        let said = said.into_iter();
        let said =
            said.map(|(subject, content, taken_in)| Said { subject, content, declared: None, taken_in });
        Self { said: said.collect(), forgotten }
    }
}

#[cfg(test)]
mod tests;
