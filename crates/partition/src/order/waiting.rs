//! The events of a channel that wait for their turn. Whatever is asked of them for each event that comes costs no more
//! than the logarithm of their number: a source that is held for a minute has many.

use std::collections::{BTreeMap, BTreeSet};

use super::ties::{Edge, Span, rank};
use crate::conversation::Phase;

/// Whose turn comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    /// What the mode goes by: the source's number, the time, or nothing.
    pub(super) main: i64,
    /// The place among those of the same millisecond that the type gives.
    pub(super) rank: u8,
    /// Where its record lies, or that of the event that it comes right after.
    pub(super) offset: i64,
    /// Where its own record lies, where it comes right after another; else -1.
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
    pub(super) edge: Option<(Edge, Span)>,
}

/// The events that wait.
#[derive(Debug)]
pub(super) struct WaitingRoom<T> {
    waiting: BTreeMap<Turn, Waiting<T>>,
    /// When holds end, with where the records lie.
    dues: BTreeSet<(i64, i64)>,
    /// By when they happened, and what their types say of their place.
    times: BTreeSet<(i64, u8, Turn)>,
    /// How many of each type there are.
    types: BTreeMap<String, usize>,
}

// === impl WaitingRoom ===

impl<T> WaitingRoom<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            dues: BTreeSet::new(),
            times: BTreeSet::new(),
            types: BTreeMap::new(),
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
        match self.types.get_mut(&waiting.event_type) {
            Some(count) => *count += 1,
            None => {
                self.types.insert(waiting.event_type.clone(), 1);
            }
        }
        self.waiting.insert(turn, waiting);
    }

    pub(super) fn remove(&mut self, turn: Turn) -> Option<Waiting<T>> {
        let waiting = self.waiting.remove(&turn)?;
        self.dues.remove(&(waiting.due, waiting.offset));
        self.times.remove(&(waiting.event_time, rank(&waiting.event_type), turn));
        if let Some(count) = self.types.get_mut(&waiting.event_type) {
            *count -= 1;
            if *count == 0 {
                self.types.remove(&waiting.event_type);
            }
        }
        Some(waiting)
    }

    /// What ends in the millisecond in which it starts, and came first, comes right after its start.
    pub(super) fn move_ends_behind(&mut self, start: Turn, span: &Span) {
        let first = Turn { offset: i64::MIN, after: -1, ..start };
        let ends: Vec<Turn> = self
            .waiting
            .range(first..start)
            .filter(|(_, waiting)| matches!(&waiting.edge, Some((Edge::End, ended)) if ended == span))
            .map(|(turn, _)| *turn)
            .collect();
        for turn in ends {
            // One that already follows its start ended another session of the same name.
            if turn.after < 0
                && let Some(end) = self.remove(turn)
            {
                self.insert(Turn { offset: start.offset, after: turn.offset, ..turn }, end);
            }
        }
    }

    /// The first to arrive of those that lack nothing any more or whose hold is over; of its millisecond, the one that
    /// the types put first.
    pub(super) fn first_free(&self, now: i64, phase: Phase) -> Option<Turn> {
        let admits = |(event_type, _): (&String, &usize)| phase.admits(event_type);
        if !self.any_due(now) && !self.types.iter().any(admits) {
            return None;
        }
        let free = |waiting: &Waiting<T>| phase.admits(&waiting.event_type) || waiting.due <= now;
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
    const FIRST: Self = Self { main: i64::MIN, rank: 0, offset: i64::MIN, after: i64::MIN };
}
