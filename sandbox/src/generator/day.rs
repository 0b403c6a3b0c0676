//! The day: conversations arrive, overlap and end; their deliveries come out in the order to post them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::arrivals::Arrivals;
use super::delivery::Delivery;
use super::dice::Dice;
use super::script::{Fact, Script};
use super::transport::{Pending, StreamFaults, deliver};
use super::world::World;
use super::{background, cxone_digital, message, voice};

/// Which day to play.
#[derive(Debug, Clone, PartialEq)]
pub struct DaySettings {
    /// Everything random follows from it.
    pub seed: u64,
    /// Deliveries per second, on average over the day.
    pub rate: f64,
    /// How long the day is squeezed to.
    pub duration: Duration,
    /// When it starts; UTC milliseconds. Event times are this plus the time into the day.
    pub start_ms: i64,
    /// Customers `C-000001` to this number call.
    pub customers: u32,
    /// How often the stream misbehaves.
    pub faults: StreamFaults,
}

impl DaySettings {
    /// A day with 500 customers and the usual faults.
    #[must_use]
    pub fn new(seed: u64, rate: f64, duration: Duration, start_ms: i64) -> Self {
        Self { seed, rate, duration, start_ms, customers: 500, faults: StreamFaults::default() }
    }
}

/// Shares of the conversations by kind, and how many facts each tells on average (measured; a test keeps them true).
const VOICE: (f64, f64) = (0.5, 12.6);
const MESSAGE: (f64, f64) = (0.25, 14.9);
const CXONE: (f64, f64) = (0.25, 14.5);
/// Share of all deliveries that belong to no conversation and come by themselves.
const BACKGROUND: f64 = 0.04;
/// A conversation takes about this many units of human time, of at most so many milliseconds each.
const UNITS: f64 = 6.0;
const UNIT_MS_MAX: f64 = 1500.0;

/// An endless supply would be no day: this iterator ends when every conversation has.
#[derive(Debug)]
pub struct Day {
    settings: DaySettings,
    world: World,
    dice: Dice,
    unit_ms: f64,
    conversations: Upcoming,
    background: Upcoming,
    heap: BinaryHeap<Reverse<Queued>>,
    queued: u64,
    delivered: u64,
}

/// A stream of arrivals, with the next one drawn.
#[derive(Debug)]
struct Upcoming {
    arrivals: Arrivals,
    dice: Dice,
    next_ms: Option<i64>,
}

impl Upcoming {
    fn new(arrivals: Arrivals, dice: Dice) -> Self {
        let mut upcoming = Self { arrivals, dice, next_ms: None };
        upcoming.advance();
        upcoming
    }

    fn advance(&mut self) {
        self.next_ms = self.arrivals.next(&mut self.dice);
    }
}

/// Ordered by time, then by the order of generation.
#[derive(Debug, PartialEq, Eq)]
struct Queued {
    at_ms: i64,
    number: u64,
    pending: Pending,
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_ms, self.number).cmp(&(other.at_ms, other.number))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

// === impl Day ===

impl Day {
    /// The day of these settings.
    #[must_use]
    pub fn new(settings: DaySettings) -> Self {
        let mut dice = Dice::new(settings.seed);
        let length_ms = (settings.duration.as_secs_f64() * 1000.0).max(1.0);
        let unit_ms = (length_ms * 0.3 / UNITS).min(UNIT_MS_MAX);
        let deliveries = settings.rate * settings.duration.as_secs_f64();
        let repeated = 1.0 + settings.faults.duplicates + settings.faults.malformed;
        let facts = VOICE.0 * VOICE.1 + MESSAGE.0 * MESSAGE.1 + CXONE.0 * CXONE.1;
        let conversations = deliveries * (1.0 - BACKGROUND) / (facts * repeated);
        // The last to call still gets most of a conversation before the day ends.
        let calling_ms = length_ms - UNITS * unit_ms * 0.8;
        let conversations = Upcoming::new(Arrivals::new(conversations, calling_ms), dice.fork());
        let background =
            Upcoming::new(Arrivals::new(deliveries * BACKGROUND / repeated, length_ms), dice.fork());
        let world = World::new(settings.customers);
        let heap = BinaryHeap::new();
        Self { settings, world, dice, unit_ms, conversations, background, heap, queued: 0, delivered: 0 }
    }

    /// What the day was made from.
    #[must_use]
    pub fn settings(&self) -> &DaySettings {
        &self.settings
    }

    /// Writes whatever begins before the next delivery is due, so that nothing can come before it any more.
    fn fill(&mut self) {
        loop {
            let due_ms = self.heap.peek().map_or(i64::MAX, |Reverse(first)| first.at_ms);
            let begins = [self.conversations.next_ms, self.background.next_ms].into_iter().flatten().min();
            let Some(offset_ms) = begins.filter(|offset| self.settings.start_ms + offset <= due_ms) else {
                return;
            };
            let in_conversation = self.conversations.next_ms == Some(offset_ms);
            let mut dice = self.dice.fork();
            let facts = self.write(in_conversation, offset_ms, &mut dice);
            for pending in deliver(facts, &self.settings.faults, &mut dice) {
                self.queued += 1;
                self.heap.push(Reverse(Queued { at_ms: pending.at_ms, number: self.queued, pending }));
            }
            if in_conversation { self.conversations.advance() } else { self.background.advance() }
        }
    }

    fn write(&self, in_conversation: bool, offset_ms: i64, dice: &mut Dice) -> Vec<Fact> {
        let start_ms = self.settings.start_ms + offset_ms;
        let end_ms = self.settings.start_ms
            + i64::try_from(self.settings.duration.as_millis()).unwrap_or(i64::MAX / 2);
        let kind = dice.unit();
        let script = Script::new(dice, start_ms, end_ms, self.unit_ms);
        if !in_conversation {
            background::event(&self.world, script)
        } else if kind < VOICE.0 {
            voice::call(&self.world, script)
        } else if kind < VOICE.0 + MESSAGE.0 {
            message::exchange(&self.world, script)
        } else {
            cxone_digital::case(&self.world, script)
        }
    }
}

impl Iterator for Day {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        self.fill();
        let Reverse(Queued { pending, .. }) = self.heap.pop()?;
        self.delivered += 1;
        let offset_ms = u64::try_from(pending.at_ms - self.settings.start_ms).unwrap_or(0);
        Some(Delivery {
            id: self.delivered,
            at: Duration::from_millis(offset_ms),
            source: pending.source,
            kind: pending.kind,
            expected_status: pending.expected_status,
            body: pending.body,
            conversation_id: pending.conversation_id,
            customer_id: pending.customer_id,
            event_time: pending.event_time,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The means that the rate is computed with are the means of the scripts.
    #[test]
    fn conversations_tell_as_many_facts_as_assumed() {
        let world = World::new(500);
        type Write = fn(&World, Script<'_>) -> Vec<Fact>;
        let scripts: [(Write, f64, &str); 3] = [
            (voice::call, VOICE.1, "voice"),
            (message::exchange, MESSAGE.1, "message"),
            (cxone_digital::case, CXONE.1, "cxone"),
        ];
        let mut wrong = Vec::new();
        for (write, assumed, name) in scripts {
            let mut dice = Dice::new(11);
            let mut told = 0;
            for _ in 0..4000 {
                told += write(&world, Script::new(&mut dice, 0, 1_000_000_000, 1000.0)).len();
            }
            let mean = told as f64 / 4000.0;
            if (mean / assumed - 1.0).abs() > 0.02 {
                wrong.push(format!("{name}: {mean} facts, assumed {assumed}"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
