//! Putting the events of one channel in order: pure decisions about what goes on and what waits.
//!
//! A channel's order lives twice: as kept in state, after what was *emitted*, and here, after what was *let through*
//! to the lane in front of the emission. The latter starts from the former.
//!
//! Events of the same millisecond keep the order of their arrival, unless their types say which is the cause of which
//! (`ties`). What waits stands in `waiting`.

mod ties;
mod waiting;

use serde::Deserialize;
use trunkline_config::OrderMode;

use self::ties::rank;
pub use self::ties::{Edge, Span, edge};
use self::waiting::{Turn, Waiting, WaitingRoom};
use crate::conversation::{Causes, Need};

/// How far a channel has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct ChannelOrder {
    /// The latest time of an event, UTC milliseconds.
    furthest: Option<i64>,
    /// The next sequence number expected.
    next_sequence: Option<i64>,
}

// === impl ChannelOrder ===

impl ChannelOrder {
    /// As state keeps it.
    pub(crate) fn kept(furthest: Option<i64>, next_sequence: Option<i64>) -> Self {
        Self { furthest, next_sequence }
    }

    /// The latest time of an event, UTC milliseconds.
    pub(crate) fn furthest(&self) -> Option<i64> {
        self.furthest
    }

    /// The next sequence number expected.
    pub(crate) fn next_sequence(&self) -> Option<i64> {
        self.next_sequence
    }
}

/// What ordering looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Where its record lies in its partition: the order of arrival.
    pub offset: i64,
    /// When it happened.
    pub event_time: i64,
    /// When it arrived, in the partition's time: its hold begins.
    pub arrived_at: i64,
    /// The source's own number.
    pub sequence: Option<i64>,
    /// Its canonical type.
    pub event_type: &'a str,
    /// What its conversation must have seen before it.
    pub need: Need,
    /// Its place in what it is a part of, see [`edge`]. Only times are tied, so only [`OrderMode::Sorted`] asks for it.
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
    /// Milliseconds that it had to wait, in the partition's time, one at least; 0 when it did not.
    pub held_ms: i64,
    /// The channel's order once it is emitted.
    pub order: ChannelOrder,
}

/// The events of one channel that wait for their turn.
#[derive(Debug)]
pub struct Channel<T> {
    mode: OrderMode,
    hold_ms: i64,
    order: ChannelOrder,
    waiting: WaitingRoom<T>,
}

// === impl Channel ===

impl<T> Channel<T> {
    /// Goes on from what was emitted.
    pub fn new(mode: OrderMode, hold_ms: i64, order: ChannelOrder) -> Self {
        Self { mode, hold_ms, order, waiting: WaitingRoom::new() }
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
        self.waiting.next_due()
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
        let again = if by_time { self.waiting.again(main, facts.edge.as_ref()) } else { 0 };
        let turn = Turn { main, again, rank, offset: facts.offset, after: -1 };
        if let Some((edge, span)) = &facts.edge {
            self.waiting.move_effects_behind(turn, *edge, span);
        }
        let waiting = Waiting {
            item,
            due: facts.arrived_at.saturating_add(self.hold_ms),
            offset: facts.offset,
            event_time: facts.event_time,
            event_type: facts.event_type.to_owned(),
            need: facts.need,
            edge: facts.edge,
            has_start: false,
        };
        self.waiting.insert(turn, waiting);
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
        let turn = self.waiting.first()?;
        let (sequence, next) = (turn.main, self.order.next_sequence.unwrap_or(1));
        if sequence > next && !self.waiting.any_due(now) {
            return None;
        }
        let waiting = self.waiting.remove(turn)?;
        self.order.next_sequence = Some(next.max(sequence.saturating_add(1)));
        let flags = Flags { gap_before: sequence > next, late: sequence < next };
        Some(self.released(waiting, flags, now))
    }

    fn next_sorted(&mut self, now: i64) -> Option<Passed<T>> {
        // Everything that sorts before an event whose hold is over goes before it.
        if !self.waiting.any_due(now) {
            return None;
        }
        let waiting = self.waiting.remove(self.waiting.first()?)?;
        Some(self.released(waiting, Flags::default(), now))
    }

    fn next_causal(&mut self, now: i64, seen: &Causes) -> Option<Passed<T>> {
        let waiting = self.waiting.remove(self.waiting.first_free(now, seen)?)?;
        let flags = Flags { gap_before: !seen.admit(waiting.need), late: self.is_behind(waiting.event_time) };
        Some(self.released(waiting, flags, now))
    }

    fn released(&mut self, waiting: Waiting<T>, flags: Flags, now: i64) -> Passed<T> {
        let arrived_at = waiting.due.saturating_sub(self.hold_ms);
        let held_ms = now.saturating_sub(arrived_at).max(1);
        Passed { held_ms, ..self.passed(waiting.item, waiting.event_time, flags) }
    }

    fn is_behind(&self, event_time: i64) -> bool {
        self.order.furthest.is_some_and(|furthest| event_time < furthest)
    }

    fn passed(&mut self, item: T, event_time: i64, flags: Flags) -> Passed<T> {
        let furthest = self.order.furthest.map_or(event_time, |furthest| furthest.max(event_time));
        self.order.furthest = Some(furthest);
        Passed { item, late: flags.late, gap_before: flags.gap_before, held_ms: 0, order: self.order }
    }
}

#[derive(Default)]
struct Flags {
    late: bool,
    gap_before: bool,
}

#[cfg(test)]
mod tests;
