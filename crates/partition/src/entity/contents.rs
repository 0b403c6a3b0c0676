//! What was said of an entity lately, so that a repetition is told from a change.
//!
//! Some platforms say the same again under another id of their transport, and nothing in it says whether it is a
//! repetition or a state that was left and returned to. What was published last decides: saying the same twice
//! in a row tells nobody anything new, while a return follows something else. Whatever is told of the same subject
//! counts as something else, also what has an id or a number of its own.

use std::collections::VecDeque;

use super::statement::{Statement, Subject};
use crate::state::StateError;
use crate::state::packed::{Reader, Writer, bits};

/// Contents kept of an entity: of some 20 bytes each, so that all of them fit into a block of the store (4 KiB). Where
/// each differs from the one before in all parts of its subject, has unknown fields, and was taken in days after it,
/// they take 34 each, a sixteenth more than a block.
const LIMIT: usize = 128;

/// How many windows a content is kept behind others of its subject: one for comparing, and one because events are not
/// taken in quite in the order in which they are read. The latest of a subject is kept for as long as there is room.
const WINDOWS_KEPT: i64 = 2;

/// What was published lately, in the order of publication.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    said: VecDeque<Said>,
    /// When the latest that said anything was taken in which is no longer kept for want of room, UTC milliseconds.
    forgotten: Option<i64>,
    /// The same of the latest that had fields which no schema names: what has an id of its own may say it again.
    forgotten_declared: Option<i64>,
}

/// Something that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) subject: Subject,
    /// None of what no other event says.
    pub(super) content: Option<u64>,
    /// What it says but for fields that its platform's schema does not name, where it has such.
    pub(super) declared: Option<u64>,
    /// When the event that said it was taken in, UTC milliseconds.
    pub(super) taken_in: i64,
}

/// Which parts contents have, beside four times their number.
mod has {
    pub(super) const FORGOTTEN: usize = 1;
    pub(super) const FORGOTTEN_DECLARED: usize = 2;
}

/// Which parts something said has, as bits of a byte, and which parts of its subject differ from the one before.
mod said_has {
    pub(super) const CONTENT: u8 = 1;
    pub(super) const DECLARED: u8 = 2;
    pub(super) const SOURCE_TYPE: u8 = 4;
    pub(super) const TOPIC: u8 = 8;
    pub(super) const MEMBER: u8 = 16;
    pub(super) const ALL: u8 = 31;
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
        Self { forgotten: latest, ..Self::default() }
    }

    /// As older formats kept them: with when the latest was taken in that was forgotten, and the latest of those that
    /// may have had fields which no schema names (UTC milliseconds).
    pub(super) fn kept(
        said: VecDeque<Said>,
        forgotten: Option<i64>,
        forgotten_declared: Option<i64>,
    ) -> Self {
        Self { said, forgotten, forgotten_declared }
    }

    /// Writes them.
    pub(super) fn pack(&self, out: &mut Writer) -> Result<(), StateError> {
        let forgotten = if self.forgotten.is_some() { has::FORGOTTEN } else { 0 };
        let declared = if self.forgotten_declared.is_some() { has::FORGOTTEN_DECLARED } else { 0 };
        out.put_length(self.said.len() << 2 | forgotten | declared)?;
        let mut before = Subject::default();
        for said in &self.said {
            said.pack(before, out)?;
            before = said.subject;
        }
        self.forgotten.iter().chain(&self.forgotten_declared).try_for_each(|at| out.put_time(*at))
    }

    /// Reads them back.
    pub(super) fn unpack(from: &mut Reader<'_>) -> Result<Self, StateError> {
        let first: usize = from.take()?;
        let mut said = VecDeque::new();
        let mut before = Subject::default();
        for _ in 0..first >> 2 {
            let one = Said::unpack(before, from)?;
            before = one.subject;
            said.push_back(one);
        }
        let mut time = |flag: usize| (first & flag != 0).then(|| from.take_time()).transpose();
        let (forgotten, forgotten_declared) = (time(has::FORGOTTEN)?, time(has::FORGOTTEN_DECLARED)?);
        Ok(Self { said, forgotten, forgotten_declared })
    }

    /// Whether there is nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty() && self.forgotten.is_none() && self.forgotten_declared.is_none()
    }

    /// What an event would be that says this and was taken in at that time (UTC milliseconds). Contents count as close
    /// when they were taken in at most `window_ms` apart; 0 turns the comparison off.
    pub fn judge(&self, statement: &Statement, taken_in: i64, window_ms: i64) -> Novelty {
        if window_ms == 0 {
            return Novelty::New;
        }
        let Statement { content, core, .. } = *statement;
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
            _ if core.is_some() && self.forgotten_declared.is_some_and(close) => Novelty::PossibleRepeat,
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
        self.forgotten_declared = self.forgotten_declared.filter(|at| *at >= kept_from);
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
            self.forget(&said);
        }
    }

    /// Takes note of what there was no room for. What only came between said nothing.
    fn forget(&mut self, said: &Said) {
        let at = Some(said.taken_in);
        if said.content.is_some() || said.declared.is_some() {
            self.forgotten = self.forgotten.max(at);
        }
        if said.declared.is_some() {
            self.forgotten_declared = self.forgotten_declared.max(at);
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
    /// Writes it; `before` is the subject of what was said before.
    fn pack(&self, before: Subject, out: &mut Writer) -> Result<(), StateError> {
        let Self { subject, content, declared, taken_in } = *self;
        let flags = bits(&[
            (said_has::CONTENT, content.is_some()),
            (said_has::DECLARED, declared.is_some()),
            (said_has::SOURCE_TYPE, subject.source_type != before.source_type),
            (said_has::TOPIC, subject.topic != before.topic),
            (said_has::MEMBER, subject.member != before.member),
        ]);
        out.put_byte(flags);
        let parts = [
            (said_has::SOURCE_TYPE, subject.source_type),
            (said_has::TOPIC, subject.topic),
            (said_has::MEMBER, subject.member),
        ];
        let differing = parts.iter().filter(|(flag, _)| flags & flag != 0);
        differing.for_each(|(_, hash)| out.put_bytes(&hash.to_le_bytes()));
        content.iter().chain(&declared).for_each(|id| out.put_bytes(&id.to_le_bytes()));
        out.put_time(taken_in)
    }

    fn unpack(before: Subject, from: &mut Reader<'_>) -> Result<Self, StateError> {
        let flags = from.take_bits(said_has::ALL)?;
        let has = |flag: u8| flags & flag != 0;
        let mut part = |flag: u8, before: u32| {
            if has(flag) { from.take_bytes().map(u32::from_le_bytes) } else { Ok(before) }
        };
        let subject = Subject {
            source_type: part(said_has::SOURCE_TYPE, before.source_type)?,
            topic: part(said_has::TOPIC, before.topic)?,
            member: part(said_has::MEMBER, before.member)?,
        };
        let mut id = |flag: u8| has(flag).then(|| from.take_bytes().map(u64::from_le_bytes)).transpose();
        let (content, declared) = (id(said_has::CONTENT)?, id(said_has::DECLARED)?);
        Ok(Self { subject, content, declared, taken_in: from.take_time()? })
    }

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

#[cfg(test)]
mod tests;
