//! Putting the events of one channel in order: pure decisions about what goes on and what waits.
//!
//! A channel's order lives twice: as kept in state, after what was *emitted*, and here, after what was *let through*
//! to the lane in front of the emission. The latter starts from the former.
//!
//! Events of the same millisecond keep the order of their arrival, unless their types say which is the cause of which
//! (`ties`).

mod ties;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunkline_config::OrderMode;

use self::ties::rank;
pub use self::ties::{Edge, Span, edge};
use crate::conversation::{Causes, Need};

/// How far a channel has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChannelOrder {
    /// The latest time of an event, UTC milliseconds.
    furthest: Option<i64>,
    /// The next sequence number expected.
    next_sequence: Option<i64>,
}

// === impl ChannelOrder ===

impl ChannelOrder {
    /// As older builds kept it.
    pub(crate) fn kept(furthest: Option<i64>, next_sequence: Option<i64>) -> Self {
        Self { furthest, next_sequence }
    }
}

/// What ordering looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Where its record lies in its partition: the order of arrival.
    pub offset: i64,
    /// When it happened.
    pub event_time: i64,
    /// When it was taken in.
    pub ingest_time: i64,
    /// The source's own number.
    pub sequence: Option<i64>,
    /// Its canonical type.
    pub event_type: &'a str,
    /// What its conversation must have seen before it.
    pub need: Need,
    /// What begins or ends with it, see [`edge`]. Only times are tied, so only [`OrderMode::Sorted`] asks for it.
    pub edge: Option<(Edge, Span)>,
}

/// An event that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed<T> {
    /// What was held, or just came.
    pub item: T,
    /// It came after events that belong behind it.
    pub late: bool,
    /// The events before it never came within the hold.
    pub gap_before: bool,
    /// Whether it had to wait.
    pub held: bool,
    /// The channel's order once it is emitted.
    pub order: ChannelOrder,
}

/// The events of one channel that wait for their turn.
#[derive(Debug)]
pub struct Channel<T> {
    mode: OrderMode,
    hold_ms: i64,
    order: ChannelOrder,
    waiting: BTreeMap<Turn, Waiting<T>>,
}

/// Whose turn comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// What the mode goes by: the source's number, the time, or nothing.
    main: i64,
    /// Times that the conversation starts again within the millisecond, up to here.
    again: u32,
    /// The place among those of the same millisecond that the type gives.
    rank: u8,
    /// Where its record lies, or that of the event that it comes right after.
    offset: i64,
    /// Where its own record lies, where it comes right after another; else -1.
    after: i64,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    due: i64,
    event_time: i64,
    event_type: String,
    need: Need,
    edge: Option<(Edge, Span)>,
}

// === impl Channel ===

impl<T> Channel<T> {
    /// Goes on from what was emitted.
    pub fn new(mode: OrderMode, hold_ms: i64, order: ChannelOrder) -> Self {
        Self { mode, hold_ms, order, waiting: BTreeMap::new() }
    }

    /// The mode it was made with.
    pub fn mode(&self) -> OrderMode {
        self.mode
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When the first event's hold ends.
    pub fn next_due(&self) -> Option<i64> {
        self.waiting.values().map(|w| w.due).min()
    }

    /// Takes an event; it passes now, or waits. `seen` is what the conversation has seen, after what was let through.
    pub fn arrive(&mut self, facts: Facts<'_>, item: T, seen: &Causes) -> Option<Passed<T>> {
        let late = Flags { late: true, ..Flags::default() };
        match (self.mode, facts.sequence) {
            (OrderMode::Sequenced, Some(sequence)) => {
                // Sources number from 1; from where else a first number stands is known only after the hold.
                let next = self.order.next_sequence.unwrap_or(1);
                if sequence < next && self.order.next_sequence.is_some() {
                    return Some(self.passed(item, facts.event_time, late));
                }
                if sequence <= next {
                    self.order.next_sequence = Some(sequence.saturating_add(1));
                    return Some(self.passed(item, facts.event_time, Flags::default()));
                }
                self.wait(sequence, facts, item);
                None
            }
            (OrderMode::Sorted, _) => {
                if self.is_behind(facts.event_time) {
                    return Some(self.passed(item, facts.event_time, late));
                }
                self.wait(facts.event_time, facts, item);
                None
            }
            // A source that numbers its events and did not number this one: there is nothing to wait for.
            (OrderMode::Causal | OrderMode::Sequenced, _) => {
                if self.mode == OrderMode::Causal && !seen.admit(facts.need) {
                    self.wait(0, facts, item);
                    return None;
                }
                let late = self.is_behind(facts.event_time);
                Some(self.passed(item, facts.event_time, Flags { late, ..Flags::default() }))
            }
        }
    }

    fn wait(&mut self, main: i64, facts: Facts<'_>, item: T) {
        let by_time = self.mode == OrderMode::Sorted;
        let rank = if by_time { rank(facts.event_type) } else { 0 };
        let again = if by_time { self.again(main, facts.edge.as_ref()) } else { 0 };
        let turn = Turn { main, again, rank, offset: facts.offset, after: -1 };
        if let Some((Edge::Start, span)) = &facts.edge {
            self.move_ends_behind(turn, span);
        }
        let due = facts.ingest_time + self.hold_ms;
        let event_type = facts.event_type.to_owned();
        let Facts { event_time, need, edge, .. } = facts;
        let waiting = Waiting { item, due, event_time, event_type, need, edge };
        self.waiting.insert(turn, waiting);
    }

    /// How many times the conversation starts again among the events of this time, this one included: with a start
    /// that comes after the end of another session of the customer.
    fn again(&self, time: i64, edge: Option<&(Edge, Span)>) -> u32 {
        let first = Turn { main: time, again: 0, rank: 0, offset: i64::MIN, after: -1 };
        let of_time = || self.waiting.range(first..).take_while(|(turn, _)| turn.main == time);
        let again = of_time().map(|(turn, _)| turn.again).max().unwrap_or(0);
        let Some((Edge::Start, span)) = edge.filter(|(_, span)| span.is_of_customer()) else { return again };
        let ended = |(turn, waiting): (&Turn, &Waiting<T>)| match &waiting.edge {
            Some((Edge::End, other)) => turn.again == again && other.is_of_customer() && other != span,
            _ => false,
        };
        again + u32::from(of_time().any(ended))
    }

    /// What ends in the millisecond in which it starts, and came first, comes right after its start.
    fn move_ends_behind(&mut self, start: Turn, span: &Span) {
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
                && let Some(end) = self.waiting.remove(&turn)
            {
                self.waiting.insert(Turn { offset: start.offset, after: turn.offset, ..turn }, end);
            }
        }
    }

    /// The next event whose turn it is, at partition time `now`. Call until there is none.
    pub fn next_ready(&mut self, now: i64, seen: &Causes) -> Option<Passed<T>> {
        match self.mode {
            OrderMode::Sequenced => self.next_sequenced(now),
            OrderMode::Sorted => self.next_sorted(now),
            OrderMode::Causal => self.next_causal(now, seen),
        }
    }

    fn next_sequenced(&mut self, now: i64) -> Option<Passed<T>> {
        let (&turn, _) = self.waiting.first_key_value()?;
        let (sequence, next) = (turn.main, self.order.next_sequence.unwrap_or(1));
        let due = self.waiting.values().any(|w| w.due <= now);
        if sequence > next && !due {
            return None;
        }
        let waiting = self.waiting.remove(&turn)?;
        self.order.next_sequence = Some(next.max(sequence.saturating_add(1)));
        let flags = Flags { gap_before: sequence > next, late: sequence < next, held: true };
        Some(self.passed(waiting.item, waiting.event_time, flags))
    }

    fn next_sorted(&mut self, now: i64) -> Option<Passed<T>> {
        // Everything that sorts before an event whose hold is over goes before it.
        if !self.waiting.values().any(|w| w.due <= now) {
            return None;
        }
        let (_, waiting) = self.waiting.pop_first()?;
        Some(self.passed(waiting.item, waiting.event_time, Flags { held: true, ..Flags::default() }))
    }

    fn next_causal(&mut self, now: i64, seen: &Causes) -> Option<Passed<T>> {
        let free = |w: &Waiting<T>| seen.admit(w.need) || w.due <= now;
        let first = self.waiting.values().find(|w| free(w))?.event_time;
        // By arrival; of one millisecond, by what the types say.
        let of_its_time = self.waiting.iter().filter(|(_, w)| w.event_time == first && free(w));
        let key = *of_its_time.min_by_key(|(turn, w)| (rank(&w.event_type), **turn))?.0;
        let waiting = self.waiting.remove(&key)?;
        let flags = Flags {
            gap_before: !seen.admit(waiting.need),
            late: self.is_behind(waiting.event_time),
            held: true,
        };
        Some(self.passed(waiting.item, waiting.event_time, flags))
    }

    fn is_behind(&self, event_time: i64) -> bool {
        self.order.furthest.is_some_and(|furthest| event_time < furthest)
    }

    fn passed(&mut self, item: T, event_time: i64, flags: Flags) -> Passed<T> {
        let furthest = self.order.furthest.map_or(event_time, |furthest| furthest.max(event_time));
        self.order.furthest = Some(furthest);
        Passed { item, late: flags.late, gap_before: flags.gap_before, held: flags.held, order: self.order }
    }
}

#[derive(Default)]
struct Flags {
    late: bool,
    gap_before: bool,
    held: bool,
}

#[cfg(test)]
mod tests;
