//! What goes wrong, and when: a pure function of seed, length and rig.
//!
//! Each processor has a lane of its own, the brokers share one, so that no processor suffers two things at once and
//! no two brokers are away together, while anything may happen to different ones at the same time. Sink, ingest and
//! each of the outside systems have theirs as well. In a lane the faults come in random order, with random pauses;
//! each keeps its room free behind it, for the recovery.
//!
//! How many of each kind there are is in the table of the world's faults ([`crate::world`]): more than the minimum
//! asked of such a run, since not every plan comes off. An EndTxn that is to be held has to come by.

use std::cmp::Reverse;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use trunkline_simulators::System;

use crate::fault::{Fault, Interruption, Lapse, ProcessorFault, SESSION_TIMEOUT, SOCKET_TIMEOUT};
use crate::kind::Kind;
use crate::world;

/// What there is to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rig {
    /// Processors, numbered from 0.
    pub processors: usize,
    /// Brokers, numbered from 0.
    pub brokers: usize,
    /// The processor whose state lies on a disk that can be filled.
    pub small_disk: Option<usize>,
}

/// A fault with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// From the start.
    pub at: Duration,
    /// What goes wrong.
    pub fault: Fault,
}

const TEN_MINUTES: u64 = 600;
/// Time kept free for a rolling restart, for each processor.
const ROLLING_ROOM: Duration = Duration::from_secs(8);
/// One kill in so many keeps the processor away until its partitions have moved …
const LONG_ABSENCE_EVERY: usize = 7;
/// … and one in so many loses its state.
const STATE_LOST_EVERY: usize = 4;
/// Nothing goes wrong before the load has begun.
const CALM: Duration = Duration::from_secs(2);
/// The longest room of a fault that does not fill a disk: what a rolling restart may push it back by.
const ROOM_MAX: Duration = Duration::from_secs(18);

/// The schedule, in order of time.
pub fn plan(seed: u64, length: Duration, rig: Rig) -> Vec<Planned> {
    let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
    let seconds = length.as_secs();
    let windows = rolling_windows(seconds, rig.processors);
    let mut planned: Vec<Planned> =
        windows.iter().map(|&(at, _)| Planned { at, fault: Fault::RollingRestart }).collect();
    for lane in lanes(&mut dice, seconds, rig) {
        planned.extend(spread(&mut dice, lane, length, &windows));
    }
    let broker_kills = (0..share(Kind::BrokerKilled, seconds))
        .map(|_| Fault::KillBroker { broker: dice.below(rig.brokers), away: dice.between(500, 8_000) })
        .collect();
    planned.extend(spread(&mut dice, broker_kills, length, &[]));
    let sink = interruptions(&mut dice, seconds, Kind::SinkKilled, Kind::SinkFrozen);
    planned.extend(spread(&mut dice, sink.into_iter().map(Fault::Sink).collect(), length, &[]));
    let ingest = interruptions(&mut dice, seconds, Kind::IngestKilled, Kind::IngestFrozen);
    planned.extend(spread(&mut dice, ingest.into_iter().map(Fault::Ingest).collect(), length, &[]));
    for lane in systems(&mut dice, seconds) {
        planned.extend(spread(&mut dice, lane, length, &[]));
    }
    planned.sort_by_key(|planned| planned.at);
    planned
}

/// Start and end of each rolling restart.
fn rolling_windows(seconds: u64, processors: usize) -> Vec<(Duration, Duration)> {
    // Rounded down: a short run would be nothing else.
    let times = world::per_ten_minutes(Kind::RollingRestart) as u64 * seconds / TEN_MINUTES;
    let room = ROLLING_ROOM * processors as u32;
    let start = |number: u64| Duration::from_secs(seconds * (number + 1) / (times + 1));
    (0..times).map(|number| (start(number), start(number) + room)).collect()
}

/// The processors' processor_faults, dealt out so that every lane has about as much to bear.
fn lanes(dice: &mut Dice, seconds: u64, rig: Rig) -> Vec<Vec<Fault>> {
    let mut lanes: Vec<Vec<Fault>> = vec![Vec::new(); rig.processors];
    if let Some(processor) = rig.small_disk {
        let processor_faults = full_disks(dice, seconds).into_iter();
        lanes[processor].extend(processor_faults.map(|fault| Fault::Processor { processor, fault }));
    }
    let mut processor_faults = processor_faults(dice, seconds, rig.brokers);
    // The longest first, each to whoever has the least: what remains is short and evens it out.
    processor_faults.sort_by_key(|fault| Reverse(fault.room()));
    for fault in processor_faults {
        let load = |lane: &Vec<Fault>| lane.iter().map(Fault::room).sum::<Duration>();
        let lightest = (0..lanes.len()).min_by_key(|processor| load(&lanes[*processor]));
        if let Some(processor) = lightest {
            lanes[processor].push(Fault::Processor { processor, fault });
        }
    }
    lanes
}

/// The store writes to disk every 30 s at the latest: a long one meets that, a short one with a kill meets a start.
fn full_disks(dice: &mut Dice, seconds: u64) -> Vec<ProcessorFault> {
    let full_disk = |number: usize| match number % 2 {
        0 => ProcessorFault::FullDisk { length: dice.between(10_000, 14_000), killed: true },
        _ => ProcessorFault::FullDisk { length: dice.between(33_000, 38_000), killed: false },
    };
    (0..share(Kind::DiskFull, seconds)).map(full_disk).collect()
}

fn processor_faults(dice: &mut Dice, seconds: u64, brokers: usize) -> Vec<ProcessorFault> {
    let mut processor_faults = Vec::new();
    let mut add = |kind: Kind, make: &mut dyn FnMut(usize) -> ProcessorFault| {
        processor_faults.extend((0..share(kind, seconds)).map(make));
    };
    add(Kind::ProcessorKilled, &mut |number| ProcessorFault::Killed {
        away: if number % LONG_ABSENCE_EVERY == 1 {
            SESSION_TIMEOUT + dice.between(1_000, 4_000)
        } else {
            dice.between(0, 2_000)
        },
        state_lost: number % STATE_LOST_EVERY == 1,
    });
    add(Kind::ProcessorFrozen, &mut |number| ProcessorFault::Frozen {
        length: SESSION_TIMEOUT + dice.between(1_500, 5_000),
        // The group notices 7 to 10 s after the freeze, by when the last heartbeat was.
        commit_after: (number % 2 == 0).then(|| dice.between(7_000, 11_500)),
    });
    add(Kind::ConnectionsCut, &mut |_| ProcessorFault::Cut);
    add(Kind::ConnectionsSlow, &mut |_| ProcessorFault::Slow {
        latency: dice.between(50, 600),
        length: dice.between(3_000, 6_000),
    });
    add(Kind::ConnectionsBlackholed, &mut |_| ProcessorFault::Blackhole {
        broker: dice.chance(0.7).then(|| dice.below(brokers)),
        length: dice.between(2_000, 8_000),
    });
    add(Kind::EndTxnDelayed, &mut |_| ProcessorFault::DelayedEndTxn {
        hold: SOCKET_TIMEOUT + dice.between(1_100, 4_500),
    });
    // The client asks again after 40 ms and more, or as long as it is told to wait.
    add(Kind::EndTxnOvertaken, &mut |_| ProcessorFault::OvertakenEndTxn { hold: dice.between(100, 1_500) });
    add(Kind::EndTxnAnswerLost, &mut |_| ProcessorFault::LostEndTxnAnswer);
    processor_faults
}

/// Kills and freezes of a process that has no others beside it: short, since everything waits for it.
fn interruptions(dice: &mut Dice, seconds: u64, kill: Kind, freeze: Kind) -> Vec<Interruption> {
    let kills = share(kill, seconds);
    let mut interruptions: Vec<Interruption> =
        (0..kills).map(|_| Interruption::Killed { away: dice.between(0, 2_000) }).collect();
    let freezes = share(freeze, seconds);
    interruptions.extend((0..freezes).map(|_| Interruption::Frozen { length: dice.between(1_000, 6_000) }));
    interruptions
}

/// The lapses of the outside systems that the pipeline asks or writes to, dealt out among them; one lane for each.
fn systems(dice: &mut Dice, seconds: u64) -> Vec<Vec<Fault>> {
    const ASKED: [System; 4] = [System::Genesys, System::Salesforce, System::Sap, System::ServiceNow];
    let mut lapses: Vec<Lapse> = Vec::new();
    let mut add = |kind: Kind, make: &mut dyn FnMut() -> Lapse| {
        lapses.extend((0..share(kind, seconds)).map(|_| make()));
    };
    add(Kind::SystemDown, &mut || Lapse::Down { length: dice.between(2_000, 8_000) });
    add(Kind::SystemSlow, &mut || Lapse::Slow {
        latency: dice.between(200, 1_500),
        length: dice.between(2_000, 8_000),
    });
    add(Kind::SystemAnswersLost, &mut || Lapse::AnswersLost { length: dice.between(1_000, 4_000) });
    add(Kind::TokensRevoked, &mut || Lapse::TokensRevoked);
    let mut lanes: Vec<Vec<Fault>> = vec![Vec::new(); ASKED.len()];
    for (number, lapse) in lapses.into_iter().enumerate() {
        let lane = number % ASKED.len();
        lanes[lane].push(Fault::System { system: ASKED[lane], lapse });
    }
    lanes
}

/// Gives the faults of one lane their times: in random order, with random pauses, outside the windows.
fn spread(
    dice: &mut Dice,
    mut faults: Vec<Fault>,
    length: Duration,
    windows: &[(Duration, Duration)],
) -> Vec<Planned> {
    faults.shuffle(&mut dice.0);
    let rooms: Duration = faults.iter().map(Fault::room).sum();
    let lost: Duration = windows.iter().map(|(start, end)| *end - *start + ROOM_MAX).sum();
    let spare = length.saturating_sub(CALM + rooms + lost);
    let mut pauses: Vec<f64> = faults.iter().map(|_| dice.unit()).collect();
    // One more pause follows the last fault.
    pauses.push(dice.unit());
    let all: f64 = pauses.iter().sum();
    let mut at = CALM;
    let mut planned = Vec::new();
    for (fault, pause) in faults.into_iter().zip(pauses) {
        at += spare.mul_f64(pause / all);
        if let Some((_, end)) = windows.iter().find(|(start, end)| at < *end && at + fault.room() > *start) {
            at = *end;
        }
        planned.push(Planned { at, fault });
        at += fault.room();
    }
    planned
}

/// How many of a kind a run of this length has: its share of what ten minutes have, rounded up.
fn share(kind: Kind, seconds: u64) -> usize {
    (world::per_ten_minutes(kind) as u64 * seconds).div_ceil(TEN_MINUTES) as usize
}

/// Everything random in a schedule.
struct Dice(Xoshiro256PlusPlus);

// === impl Dice ===

impl Dice {
    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        self.0.random()
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    fn below(&mut self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }

    /// A time between these, in milliseconds.
    fn between(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(low + (self.unit() * (high - low) as f64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Lane;

    const FLEET: Rig = Rig { processors: 3, brokers: 3, small_disk: Some(0) };

    fn ten_minutes(seed: u64) -> Vec<Planned> {
        plan(seed, Duration::from_secs(600), FLEET)
    }

    fn count(planned: &[Planned], is: impl Fn(&ProcessorFault) -> bool) -> usize {
        let processor_faults = planned.iter().filter_map(|planned| match &planned.fault {
            Fault::Processor { fault, .. } => Some(fault),
            _ => None,
        });
        processor_faults.filter(|fault| is(fault)).count()
    }

    #[test]
    fn the_same_seed_plans_the_same_and_another_another() {
        assert_eq!(ten_minutes(1), ten_minutes(1));
        assert_ne!(ten_minutes(1), ten_minutes(2));
    }

    #[test]
    fn ten_minutes_have_more_of_each_than_is_asked_for() {
        for seed in 0..50 {
            let planned = ten_minutes(seed);
            assert!(count(&planned, |t| matches!(t, ProcessorFault::Killed { .. })) > 40);
            assert!(count(&planned, |t| matches!(t, ProcessorFault::Frozen { .. })) > 5);
            assert!(count(&planned, |t| matches!(t, ProcessorFault::DelayedEndTxn { .. })) > 5);
            let brokers = planned.iter().filter(|p| matches!(p.fault, Fault::KillBroker { .. })).count();
            assert!(brokers > 5);
        }
    }

    #[test]
    fn even_one_minute_has_one_of_each_trouble() {
        let planned = plan(3, Duration::from_secs(60), FLEET);
        let kinds: [fn(&ProcessorFault) -> bool; 9] = [
            |t| matches!(t, ProcessorFault::Killed { state_lost: true, .. }),
            |t| matches!(t, ProcessorFault::Frozen { commit_after: Some(_), .. }),
            |t| matches!(t, ProcessorFault::Cut),
            |t| matches!(t, ProcessorFault::Slow { .. }),
            |t| matches!(t, ProcessorFault::Blackhole { .. }),
            |t| matches!(t, ProcessorFault::DelayedEndTxn { .. }),
            |t| matches!(t, ProcessorFault::OvertakenEndTxn { .. }),
            |t| matches!(t, ProcessorFault::LostEndTxnAnswer),
            |t| matches!(t, ProcessorFault::FullDisk { .. }),
        ];
        assert!(kinds.iter().all(|kind| count(&planned, kind) > 0), "{planned:#?}");
    }

    #[test]
    fn ten_minutes_have_every_kind() {
        let kinds: std::collections::BTreeSet<Kind> =
            ten_minutes(1).iter().map(|planned| Kind::of(&planned.fault)).collect();
        assert_eq!(kinds, Kind::ALL.into());
    }

    #[test]
    fn it_fits_and_nobody_suffers_two_things_at_once() {
        for (seed, seconds) in (0..200).flat_map(|seed| [(seed, 60), (seed, 120), (seed, 300), (seed, 600)]) {
            let planned = plan(seed, Duration::from_secs(seconds), FLEET);
            let mut free: std::collections::BTreeMap<Lane, Duration> = Default::default();
            for Planned { at, fault } in &planned {
                let free = free.entry(fault.lane()).or_default();
                assert!(
                    *free <= *at,
                    "seed {seed}, {seconds} s: {fault} at {at:?} comes into what was before"
                );
                *free = *at + fault.room();
            }
            let end = free.values().max().unwrap();
            assert!(*end <= Duration::from_secs(seconds + 12), "seed {seed}, {seconds} s: ends at {end:?}");
        }
    }

    #[test]
    fn a_rolling_restart_has_the_processors_for_itself() {
        for seed in 0..50 {
            let windows = rolling_windows(600, 3);
            assert_eq!(windows.len(), 3);
            for Planned { at, fault } in ten_minutes(seed) {
                let within = |(start, end): &(Duration, Duration)| at < *end && at + fault.room() > *start;
                let processor = matches!(fault, Fault::Processor { .. });
                assert!(!processor || !windows.iter().any(within), "seed {seed}: {fault} at {at:?}");
            }
        }
    }

    #[test]
    fn without_a_small_disk_none_is_filled() {
        let planned = plan(1, Duration::from_secs(600), Rig { small_disk: None, ..FLEET });
        assert_eq!(count(&planned, |t| matches!(t, ProcessorFault::FullDisk { .. })), 0);
    }
}
