//! The facts of a conversation that its figures are made of, as kept in state.

use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::earlier_sessions::EarlierSessions;
use super::figures::Figures;
use super::observer::Observers;
use super::span::{self, Edge, Kind, Mark, Span};
use super::totals::{Totals, sum};

/// Most sessions that are kept apart: beyond, the oldest are folded into sums.
const MOST: usize = 64;

/// How many are folded at once, so that not each event of a long conversation is one too many.
const FOLDED_AT_ONCE: usize = 8;

/// Facts about sessions, whatever order they came in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sessions {
    pub(super) spans: Vec<Span>,
    /// After-contact work: by session, in milliseconds.
    pub(super) after_work: Vec<(u64, i64)>,
    pub(super) observers: Observers,
    pub(super) answers: Answers,
    /// Few conversations have any.
    pub(super) folded: Option<Box<Folded>>,
}

/// What is known of sessions that are not, or no longer, kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Folded {
    pub(super) totals: Totals,
    /// One of a customer had ended.
    pub(super) customer_ended: bool,
    /// One of an agent who had answered was over.
    pub(super) agent_left: bool,
    /// The conversation was begun by a build that knew one agent and one life: the other figures are not known of it.
    pub(super) older_format: bool,
}

// === impl Sessions ===

impl Sessions {
    /// Those of an older format.
    pub(super) fn of_older_format(spans: Vec<Span>, totals: Totals) -> Self {
        let folded = Folded { totals, older_format: true, ..Folded::default() };
        Self { spans, folded: Some(Box::new(folded)), ..Self::default() }
    }

    /// What is known of those that are not kept apart.
    pub(super) fn folded(&self) -> Folded {
        self.folded.as_deref().copied().unwrap_or_default()
    }

    /// Takes a start or an end.
    pub(super) fn add(&mut self, mark: Mark) {
        if self.folded().older_format {
            self.name_older(&mark);
        }
        span::add(&mut self.spans, mark);
        if self.spans.len() > MOST {
            self.fold();
        }
    }

    /// Takes the time that an agent worked on after a session.
    pub(super) fn work_after(&mut self, session: u64, milliseconds: i64) {
        match self.after_work.iter_mut().find(|(known, _)| *known == session) {
            Some((_, longest)) => *longest = (*longest).max(milliseconds),
            None => self.after_work.push((session, milliseconds)),
        }
        if self.after_work.len() > MOST {
            let (_, oldest) = self.after_work.remove(0);
            let totals = &mut self.folded.get_or_insert_default().totals;
            totals.after_work = sum(totals.after_work, Some(oldest));
        }
    }

    /// What adds up besides sessions.
    pub(super) fn unsessioned(&self) -> Totals {
        let work = self.after_work.iter().map(|(_, milliseconds)| *milliseconds);
        Totals {
            after_work: work.reduce(i64::saturating_add),
            conferences: self.observers.barging(),
            ..Totals::default()
        }
    }

    /// An older format did not keep whose a stay was: its end is the first of its kind that has no start.
    fn name_older(&mut self, mark: &Mark) {
        let same = |span: &Span| (span.kind, span.name) == (mark.kind, mark.name);
        if mark.edge == Edge::Start || self.spans.iter().any(same) {
            return;
        }
        let kind = if mark.kind == Kind::Assignee { Kind::Agent } else { mark.kind };
        let nameless = |span: &&mut Span| (span.kind, span.name, span.end) == (kind, 0, None);
        if let Some(span) = self.spans.iter_mut().find(nameless) {
            (span.kind, span.name) = (mark.kind, mark.name);
        }
    }

    /// Folds those that ended longest ago, so that the figures are what they were.
    fn fold(&mut self) {
        let before = Figures::of(self).totals;
        self.spans.sort_by_key(|span| (span.end.is_none(), span.end.or(span.start)));
        let mut folded = Folded { totals: Totals::default(), ..self.folded() };
        for span in self.spans.drain(..FOLDED_AT_ONCE) {
            match span.kind {
                Kind::Customer => folded.customer_ended |= span.end.is_some(),
                Kind::Agent | Kind::Assignee => folded.agent_left = true,
                Kind::Queue | Kind::Flow => {}
            }
        }
        self.folded = Some(Box::new(folded));
        folded.totals = before.minus(Figures::of(self).totals);
        self.folded = Some(Box::new(folded));
    }
}

impl<S: Into<Span>> From<EarlierSessions<S>> for Sessions {
    fn from(earlier: EarlierSessions<S>) -> Self {
        let EarlierSessions { spans, after_work, observers, folded } = earlier;
        let spans = spans.into_iter().map(S::into).collect();
        Self { spans, after_work, observers, answers: Answers::default(), folded }
    }
}
