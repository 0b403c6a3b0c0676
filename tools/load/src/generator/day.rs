//! The day: conversations arrive, overlap and end; their deliveries come out in the order to post them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::arrivals::Arrivals;
use super::delivery::Delivery;
use super::dice::Dice;
use super::repeat::Repeats;
use super::script::{Fact, Script};
use super::staff::Staff;
use super::transport::{Pending, StreamFaults, deliver};
use super::world::World;
use super::world_shares::WorldShares;
use super::{background, cxone_digital, message, snapshot, states, voice};

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

/// Shares of the conversations by kind, and how many facts each tells on average (measured; a test keeps them true).
const VOICE: (f64, f64) = (0.5, 12.6);
const MESSAGE: (f64, f64) = (0.25, 14.9);
const CXONE: (f64, f64) = (0.25, 14.5);
/// Share of all deliveries that belong to no conversation and come by themselves.
const BACKGROUND: f64 = 0.04;
/// Share of the conversations' facts that come by EventBridge (measured; a test keeps it true).
const EVENTBRIDGE_SHARE: f64 = 0.6;
/// What may come after an agent's last fact, beside honest repeats: the network's delay and a copy.
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

/// How often something begins over the whole day, on average, so that the asked rate comes out.
#[derive(Debug)]
struct Expected {
    conversations: f64,
    background: f64,
    staff: f64,
    /// Of what the staff does, the share that leaves a state and returns to it.
    returning: f64,
}

// === impl Expected ===

impl Expected {
    fn of(settings: &DaySettings) -> Self {
        let DaySettings { faults, world, .. } = settings;
        let deliveries = settings.rate * settings.duration.as_secs_f64();
        let repeated =
            |eventbridge: f64| 1.0 + faults.duplicates + faults.malformed + world.repeats * eventbridge;
        let voice = VOICE.1 + voice::ANSWERED * world.muting * snapshot::MUTING_FACTS;
        let facts = VOICE.0 * voice + MESSAGE.0 * MESSAGE.1 + CXONE.0 * CXONE.1;
        let in_conversations = 1.0 - BACKGROUND - world.returning - world.equal_bodies;
        let returning = deliveries * world.returning / states::RETURNING_FACTS / repeated(1.0);
        let equal_bodies = deliveries * world.equal_bodies / states::EQUAL_BODIES_FACTS / repeated(1.0);
        Self {
            conversations: deliveries * in_conversations / (facts * repeated(EVENTBRIDGE_SHARE)),
            background: deliveries * BACKGROUND / repeated(1.0),
            staff: returning + equal_bodies,
            returning: returning / (returning + equal_bodies).max(f64::MIN_POSITIVE),
        }
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
        let repeats = Repeats::new(settings.world.repeats, settings.start_ms, settings.duration);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{EVENTBRIDGE, OPEN_MESSAGING};

    /// The means that the rate is computed with are the means of the scripts.
    #[test]
    fn conversations_tell_as_many_facts_as_assumed() {
        let quiet = World::new(500, WorldShares::NONE);
        let muting = World::new(500, WorldShares { muting: 0.5, ..WorldShares::NONE });
        let muted = VOICE.1 + voice::ANSWERED * 0.5 * snapshot::MUTING_FACTS;
        type Write = fn(&World, Script<'_>) -> Vec<Fact>;
        let scripts: [(Write, &World, f64, &str); 4] = [
            (voice::call, &quiet, VOICE.1, "voice"),
            (voice::call, &muting, muted, "muted voice"),
            (message::exchange, &quiet, MESSAGE.1, "message"),
            (cxone_digital::case, &quiet, CXONE.1, "cxone"),
        ];
        let mut wrong = Vec::new();
        for (write, world, assumed, name) in scripts {
            let mut dice = Dice::new(11);
            let mut told = 0;
            for _ in 0..4000 {
                told += write(world, Script::new(&mut dice, 0, 1_000_000_000, 1000.0)).len();
            }
            let mean = told as f64 / 4000.0;
            if (mean / assumed - 1.0).abs() > 0.02 {
                wrong.push(format!("{name}: {mean} facts, assumed {assumed}"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    /// Of a day's conversations, as many facts come by EventBridge as the rate assumes.
    #[test]
    fn eventbridge_has_the_share_assumed() {
        let settings = DaySettings {
            faults: StreamFaults::NONE,
            ..DaySettings::new(11, 400.0, Duration::from_secs(120), 0)
        };
        let conversational: Vec<Delivery> =
            Day::new(DaySettings { world: WorldShares { repeats: 0.0, ..settings.world }, ..settings })
                .filter(|delivery| delivery.conversation_id.is_some() || delivery.source == OPEN_MESSAGING)
                .collect();
        let matching = conversational.iter().filter(|delivery| delivery.source == EVENTBRIDGE).count();
        let share = matching as f64 / conversational.len() as f64;
        assert!((share / EVENTBRIDGE_SHARE - 1.0).abs() < 0.05, "{share}");
    }

    /// How many facts the staff tells at a time, which the rate is computed with too.
    #[test]
    fn the_staff_tells_as_many_facts_as_assumed() {
        let world = World::new(500, WorldShares::NONE);
        let mut dice = Dice::new(11);
        let mut staff = Staff::new(&world, 0, &mut dice);
        let mut mean = |write: fn(&World, &mut Staff, Script<'_>) -> Vec<Fact>| {
            let told: usize = (0..4000)
                .map(|_| write(&world, &mut staff, Script::new(&mut dice, 0, 1_000_000_000, 1000.0)).len())
                .sum();
            told as f64 / 4000.0
        };
        assert!((mean(states::returning) / states::RETURNING_FACTS - 1.0).abs() < 0.02);
        assert!((mean(states::equal_bodies) - states::EQUAL_BODIES_FACTS).abs() < 1e-9);
    }
}
