//! How often something begins, so that the asked rate comes out.

use super::day::DaySettings;
use super::world_shares::WorldShares;
use super::{callback, cxone_digital, handover, message, snapshot, states, voice, waiting};

/// Shares of the conversations by kind, and how many facts each tells on average where nothing special happens (exact
/// for voice, else measured; a test keeps them true).
pub(crate) const VOICE: (f64, f64) = (0.5, 11.76);
pub(crate) const MESSAGE: (f64, f64) = (0.25, 14.9);
const CXONE: (f64, f64) = (0.25, 14.5);
/// Share of all deliveries that belong to no conversation and come by themselves.
const BACKGROUND: f64 = 0.04;
/// Share of the conversations' facts that come by EventBridge (measured; a test keeps it true).
const EVENTBRIDGE_SHARE: f64 = 0.61;

/// How often something begins over the whole day, on average.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) conversations: f64,
    pub(crate) background: f64,
    pub(crate) staff: f64,
    /// Of what the staff does, the share that leaves a state and returns to it.
    pub(crate) returning: f64,
}

// === impl Expected ===

impl Expected {
    pub(crate) fn of(settings: &DaySettings) -> Self {
        let DaySettings { faults, world, .. } = settings;
        let deliveries = settings.rate * settings.duration.as_secs_f64();
        let again = world.repeats + world.replays;
        let repeated = |eventbridge: f64| 1.0 + faults.duplicates + faults.malformed + again * eventbridge;
        let facts = VOICE.0 * of_call(world) + MESSAGE.0 * of_exchange(world) + CXONE.0 * of_case(world);
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

/// How many facts a call tells, on average.
fn of_call(world: &WorldShares) -> f64 {
    let with_others = world.observed * handover::OBSERVED_FACTS
        + world.consults * handover::CONSULT_FACTS
        + world.conferences * handover::CONFERENCE_FACTS
        + (world.attended_transfers + world.blind_transfers) * handover::TRANSFER_FACTS;
    let alone = world.muting * snapshot::MUTING_FACTS + world.unanswered * waiting::UNANSWERED_FACTS;
    let ordinary = VOICE.1 + voice::ANSWERED * (alone + with_others);
    let called_back = 1.0 + voice::MENU_FACTS + callback::PROMISED_FACTS;
    (1.0 - world.callbacks) * ordinary + world.callbacks * called_back
}

/// How many facts an exchange of messages tells, on average.
fn of_exchange(world: &WorldShares) -> f64 {
    let special = world.unanswered * waiting::UNANSWERED_FACTS + world.reopened * message::REOPENED_FACTS;
    MESSAGE.1 + message::ANSWERED * special
}

/// How many facts a digital case tells, on average.
fn of_case(world: &WorldShares) -> f64 {
    CXONE.1 + cxone_digital::CLOSED * world.reopened * cxone_digital::REOPENED_FACTS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::generator::dice::Dice;
    use crate::generator::script::{Fact, Script};
    use crate::generator::staff::Staff;
    use crate::generator::world::World;
    use crate::generator::{Day, Delivery, EVENTBRIDGE, OPEN_MESSAGING, StreamFaults};

    type Write = fn(&World, Script<'_>) -> Vec<Fact>;
    type Assumed = fn(&WorldShares) -> f64;

    /// The means that the rate is computed with are the means of the scripts, whatever happens in them.
    #[test]
    fn conversations_tell_as_many_facts_as_assumed() {
        let none = WorldShares::NONE;
        let worlds = [
            none,
            WorldShares { muting: 0.5, unanswered: 0.5, ..none },
            WorldShares { observed: 0.5, consults: 0.5, ..none },
            WorldShares { conferences: 1.0, ..none },
            WorldShares { attended_transfers: 0.5, blind_transfers: 0.5, ..none },
            WorldShares { callbacks: 1.0, reopened: 1.0, ..none },
            WorldShares::default(),
        ];
        let scripts: [(Write, Assumed, &str); 3] = [
            (super::voice::call, of_call, "voice"),
            (super::message::exchange, of_exchange, "message"),
            (super::cxone_digital::case, of_case, "cxone"),
        ];
        let mut wrong = Vec::new();
        for shares in worlds {
            let world = World::new(500, shares);
            for (write, assumed, name) in scripts {
                let (mut dice, assumed) = (Dice::new(11), assumed(&shares));
                let told = |_| write(&world, Script::new(&mut dice, 0, 1_000_000_000, 1000.0)).len();
                let mean = (0..1500).map(told).sum::<usize>() as f64 / 1500.0;
                if (mean / assumed - 1.0).abs() > 0.02 {
                    wrong.push(format!("{name}: {mean} facts, assumed {assumed}, with {shares:?}"));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    /// Of a day's conversations, as many facts come by EventBridge as the rate assumes.
    #[test]
    fn eventbridge_has_the_share_assumed() {
        let usual = DaySettings::new(11, 400.0, Duration::from_secs(120), 0);
        let world = WorldShares { repeats: 0.0, replays: 0.0, ..usual.world };
        let settings = DaySettings { faults: StreamFaults::NONE, world, ..usual };
        let conversational: Vec<Delivery> = Day::new(settings)
            .filter(|delivery| delivery.conversation_id.is_some() || delivery.source == OPEN_MESSAGING)
            .collect();
        let matching = conversational.iter().filter(|delivery| delivery.source == EVENTBRIDGE).count();
        let share = matching as f64 / conversational.len() as f64;
        assert!((share / EVENTBRIDGE_SHARE - 1.0).abs() < 0.03, "{share}");
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
