//! The day: conversations arrive, overlap and end; their deliveries come out in the order to post them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::arrivals::Arrivals;
use super::delivery::Delivery;
use super::dice::Dice;
use super::expected::{Expected, MESSAGE, VOICE};
use super::repeat::Repeats;
use super::script::{Fact, Script};
use super::staff::Staff;
use super::transport::{Pending, StreamFaults, deliver};
use super::world::World;
use super::world_shares::WorldShares;
use super::{background, cxone_digital, message, states, voice};

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
    /// How often the world behaves as no textbook says.
    pub world: WorldShares,
}

impl DaySettings {
    /// A day with 500 customers, the usual faults, and a world as it usually is.
    #[must_use]
    pub fn new(seed: u64, rate: f64, duration: Duration, start_ms: i64) -> Self {
        let (faults, world) = (StreamFaults::default(), WorldShares::default());
        Self { seed, rate, duration, start_ms, customers: 500, faults, world }
    }
}

/// What may come after an agent's last fact, beside repeats and replays: the network's delay and a copy.
const STRAGGLERS_MS: i64 = 1000;
/// A conversation takes about this many units of human time, of at most so many milliseconds each.
const UNITS: f64 = 6.0;
const UNIT_MS_MAX: f64 = 1500.0;

/// An endless supply would be no day: this iterator ends when every conversation has.
#[derive(Debug)]
pub struct Day {
    settings: DaySettings,
    world: World,
    staff: Staff,
    repeats: Repeats,
    dice: Dice,
    unit_ms: f64,
    upcoming: [(Origin, Upcoming); 3],
    heap: BinaryHeap<Reverse<Queued>>,
    queued: u64,
    delivered: u64,
}

/// Where facts come from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Origin {
    Conversations,
    Background,
    /// Agents; of what they do, the share that leaves a state and returns to it.
    Staff {
        returning: f64,
    },
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
        let world = World::new(settings.customers, settings.world);
        let repeats = Repeats::new(&settings.world, settings.start_ms, settings.duration);
        let expected = Expected::of(&settings);
        // The last to call still gets most of a conversation before the day ends.
        let calling_ms = length_ms - UNITS * unit_ms * 0.8;
        let upcoming = [
            (Origin::Conversations, expected.conversations, calling_ms),
            (Origin::Background, expected.background, length_ms),
            (Origin::Staff { returning: expected.returning }, expected.staff, calling_ms),
        ]
        .map(|(origin, count, until)| (origin, Upcoming::new(Arrivals::new(count, until), dice.fork())));
        let staff = Staff::new(&world, repeats.within_ms + STRAGGLERS_MS, &mut dice.fork());
        let heap = BinaryHeap::new();
        Self { settings, world, staff, repeats, dice, unit_ms, upcoming, heap, queued: 0, delivered: 0 }
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
            let begins = |index: usize| self.upcoming[index].1.next_ms.map(|offset| (offset, index));
            let first = (0..self.upcoming.len()).filter_map(begins).min();
            let Some((offset_ms, index)) =
                first.filter(|(offset, _)| self.settings.start_ms + offset <= due_ms)
            else {
                return;
            };
            let mut dice = self.dice.fork();
            let facts = self.write(self.upcoming[index].0, offset_ms, &mut dice);
            for pending in deliver(&facts, &self.settings.faults, &self.repeats, &mut dice) {
                self.queued += 1;
                self.heap.push(Reverse(Queued { at_ms: pending.at_ms, number: self.queued, pending }));
            }
            self.upcoming[index].1.advance();
        }
    }

    fn write(&mut self, origin: Origin, offset_ms: i64, dice: &mut Dice) -> Vec<Fact> {
        let start_ms = self.settings.start_ms + offset_ms;
        let end_ms = self.settings.start_ms
            + i64::try_from(self.settings.duration.as_millis()).unwrap_or(i64::MAX / 2);
        let kind = dice.unit();
        let script = Script::new(dice, start_ms, end_ms, self.unit_ms);
        match origin {
            Origin::Background => background::event(&self.world, script),
            Origin::Staff { returning } if kind < returning => {
                states::returning(&self.world, &mut self.staff, script)
            }
            Origin::Staff { .. } => states::equal_bodies(&self.world, &mut self.staff, script),
            Origin::Conversations if kind < VOICE.0 => voice::call(&self.world, script),
            Origin::Conversations if kind < VOICE.0 + MESSAGE.0 => message::exchange(&self.world, script),
            Origin::Conversations => cxone_digital::case(&self.world, script),
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
            fact: pending.fact,
            behaviour: pending.behaviour,
        })
    }
}
