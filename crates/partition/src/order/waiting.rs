//! The events of a channel that wait for their turn. Whatever is asked of them for each event that comes costs no more
//! than the logarithm of their number: a source that is held for a minute has many.

use std::collections::{BTreeMap, BTreeSet};

use super::ties::{Edge, Span, rank};
use crate::conversation::{Causes, Need};

/// Whose turn comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    /// What the mode goes by: the source's number, the time, or nothing.
    pub(super) main: i64,
    /// Times that the conversation starts again within the millisecond, up to here.
    pub(super) again: u32,
    /// The place among those of the same millisecond that the type gives.
    pub(super) rank: u8,
    /// Where its record lies, or that of the event that it comes right after.
    pub(super) offset: i64,
    /// Its number among those that come right after another, where it does; else -1.
    pub(super) after: i64,
}

/// One event that waits.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    pub(super) item: T,
    /// When its hold ends.
    pub(super) due: i64,
    /// Where its record lies.
    pub(super) offset: i64,
    pub(super) event_time: i64,
    pub(super) event_type: String,
    /// What has to come before it.
    pub(super) need: Need,
    pub(super) edge: Option<(Edge, Span)>,
    /// Whether it was put behind its own start, which came later.
    pub(super) has_start: bool,
}

/// The events that wait.
#[derive(Debug)]
pub(super) struct WaitingRoom<T> {
    waiting: BTreeMap<Turn, Waiting<T>>,
    /// When holds end, with where the records lie.
    dues: BTreeSet<(i64, i64)>,
    /// By when they happened, and what their types say of their place.
    times: BTreeSet<(i64, u8, Turn)>,
    /// How many lack the same.
    needs: BTreeMap<Need, usize>,
}

// === impl WaitingRoom ===

impl<T> WaitingRoom<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            dues: BTreeSet::new(),
            times: BTreeSet::new(),
            needs: BTreeMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When the first hold ends.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.dues.first().map(|(due, _)| *due)
    }

    /// Whether any hold is over.
    pub(super) fn any_due(&self, now: i64) -> bool {
        self.next_due().is_some_and(|due| due <= now)
    }

    /// Whose turn is first.
    pub(super) fn first(&self) -> Option<Turn> {
        self.waiting.first_key_value().map(|(turn, _)| *turn)
    }

    pub(super) fn insert(&mut self, turn: Turn, waiting: Waiting<T>) {
        self.dues.insert((waiting.due, waiting.offset));
        self.times.insert((waiting.event_time, rank(&waiting.event_type), turn));
        *self.needs.entry(waiting.need).or_default() += 1;
        self.waiting.insert(turn, waiting);
    }

    pub(super) fn remove(&mut self, turn: Turn) -> Option<Waiting<T>> {
        let waiting = self.waiting.remove(&turn)?;
        self.dues.remove(&(waiting.due, waiting.offset));
        self.times.remove(&(waiting.event_time, rank(&waiting.event_type), turn));
        if let Some(count) = self.needs.get_mut(&waiting.need) {
            *count -= 1;
            if *count == 0 {
                self.needs.remove(&waiting.need);
            }
        }
        Some(waiting)
    }

    /// How many times the conversation starts again among the events of this time, this one included: with a start
    /// that comes after the end of another session of the customer.
    pub(super) fn again(&self, time: i64, edge: Option<&(Edge, Span)>) -> u32 {
        let first = Turn { main: time, ..Turn::FIRST };
        let of_time = || self.waiting.range(first..).take_while(|(turn, _)| turn.main == time);
        let again = of_time().map(|(turn, _)| turn.again).max().unwrap_or(0);
        let Some((Edge::Start, span)) = edge.filter(|(_, span)| span.is_of_customer()) else { return again };
        let ended = |(turn, waiting): (&Turn, &Waiting<T>)| match &waiting.edge {
            Some((Edge::End, other)) => turn.again == again && other.is_of_customer() && other != span,
            _ => false,
        };
        again + u32::from(of_time().any(ended))
    }

    /// What comes after an event in the same span and millisecond, and came first, comes right after it: its own start,
    /// what happened within, or its end.
    pub(super) fn move_effects_behind(&mut self, cause: Turn, edge: Edge, span: &Span) {
        let first = Turn { offset: i64::MIN, after: -1, ..cause };
        let effects: Vec<Turn> = self
            .waiting
            .range(first..cause)
            .filter(|(_, waiting)| {
                let is_effect = |(other, of): &(Edge, Span)| other.comes_after(edge) && of == span;
                // One that already follows its start is of another session of the same name.
                waiting.edge.as_ref().is_some_and(is_effect) && !(edge == Edge::Start && waiting.has_start)
            })
            .map(|(turn, _)| *turn)
            .collect();
        for (after, turn) in (0..).zip(effects) {
            if let Some(mut effect) = self.remove(turn) {
                effect.has_start |= edge == Edge::Start;
                self.insert(Turn { offset: cause.offset, after, ..turn }, effect);
            }
        }
    }

    /// The first to arrive of those that lack nothing any more or whose hold is over; of its millisecond, the one that
    /// the types put first.
    pub(super) fn first_free(&self, now: i64, seen: &Causes) -> Option<Turn> {
        if !self.any_due(now) && !self.needs.keys().any(|need| seen.admit(*need)) {
            return None;
        }
        let free = |waiting: &Waiting<T>| seen.admit(waiting.need) || waiting.due <= now;
        let first = self.waiting.values().find(|waiting| free(waiting))?.event_time;
        let of_its_time = self.times.range((first, 0, Turn::FIRST)..).map_while(|(time, _, turn)| {
            (*time == first).then(|| self.waiting.get(turn).map(|waiting| (*turn, waiting)))?
        });
        let mut free_of_its_time = of_its_time.filter(|(_, waiting)| free(waiting));
        free_of_its_time.next().map(|(turn, _)| turn)
    }
}

// === impl Turn ===

impl Turn {
    /// Before all others.
    const FIRST: Self = Self { main: i64::MIN, again: 0, rank: 0, offset: i64::MIN, after: i64::MIN };
}
