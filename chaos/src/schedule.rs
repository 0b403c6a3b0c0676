//! What goes wrong, and when: a pure function of seed, length and fleet.
//!
//! Each processor has a lane of its own, the brokers share one, so that no processor suffers two things at once and no
//! two brokers are away together, while anything may happen to different ones at the same time. In a lane the faults
//! come in random order, with random pauses; each keeps its room free behind it, for the recovery.

use std::cmp::Reverse;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::fault::{Fault, SESSION_TIMEOUT, SOCKET_TIMEOUT, Trouble};

/// What there is to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
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

/// How many of each kind ten minutes have; a shorter run has its share, rounded up.
///
/// More than the minimum asked of such a run, since not every plan comes off: an EndTxn that is to be held has to come by.
mod per_ten_minutes {
    pub(super) const KILLS: usize = 54;
    pub(super) const FREEZES: usize = 7;
    pub(super) const CUTS: usize = 8;
    pub(super) const SLOW: usize = 5;
    pub(super) const BLACKHOLES: usize = 6;
    pub(super) const HELD: usize = 10;
    pub(super) const OVERTAKEN: usize = 10;
    pub(super) const LOST_ANSWERS: usize = 7;
    pub(super) const FULL_DISKS: usize = 2;
    pub(super) const BROKER_KILLS: usize = 9;
}

const TEN_MINUTES: u64 = 600;
/// One rolling restart in every so many seconds; shorter runs have none.
const ROLLING_EVERY: u64 = 200;
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
pub fn plan(seed: u64, length: Duration, fleet: Fleet) -> Vec<Planned> {
    let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
    let seconds = length.as_secs();
    let windows = rolling_windows(seconds, fleet.processors);
    let mut planned: Vec<Planned> =
        windows.iter().map(|&(at, _)| Planned { at, fault: Fault::RollingRestart }).collect();
    for lane in lanes(&mut dice, seconds, fleet) {
        planned.extend(spread(&mut dice, lane, length, &windows));
    }
    let broker_kills = (0..share(per_ten_minutes::BROKER_KILLS, seconds))
        .map(|_| Fault::KillBroker { broker: dice.below(fleet.brokers), away: dice.between(500, 8_000) })
        .collect();
    planned.extend(spread(&mut dice, broker_kills, length, &[]));
    planned.sort_by_key(|planned| planned.at);
    planned
}

/// Start and end of each rolling restart.
fn rolling_windows(seconds: u64, processors: usize) -> Vec<(Duration, Duration)> {
    let times = seconds / ROLLING_EVERY;
    let room = ROLLING_ROOM * processors as u32;
    let start = |number: u64| Duration::from_secs(seconds * (number + 1) / (times + 1));
    (0..times).map(|number| (start(number), start(number) + room)).collect()
}

/// The processors' troubles, dealt out so that every lane has about as much to bear.
fn lanes(dice: &mut Dice, seconds: u64, fleet: Fleet) -> Vec<Vec<Fault>> {
    let mut lanes: Vec<Vec<Fault>> = vec![Vec::new(); fleet.processors];
    if let Some(processor) = fleet.small_disk {
        let troubles = full_disks(dice, seconds).into_iter();
        lanes[processor].extend(troubles.map(|trouble| Fault::Processor { processor, trouble }));
    }
    let mut troubles = troubles(dice, seconds, fleet.brokers);
    // The longest first, each to whoever has the least: what remains is short and evens it out.
    troubles.sort_by_key(|trouble| Reverse(trouble.room()));
    for trouble in troubles {
        let load = |lane: &Vec<Fault>| lane.iter().map(Fault::room).sum::<Duration>();
        let lightest = (0..lanes.len()).min_by_key(|processor| load(&lanes[*processor]));
        if let Some(processor) = lightest {
            lanes[processor].push(Fault::Processor { processor, trouble });
        }
    }
    lanes
}

/// The store writes to disk every 30 s at the latest: a long one meets that, a short one with a kill meets a start.
fn full_disks(dice: &mut Dice, seconds: u64) -> Vec<Trouble> {
    let full_disk = |number: usize| match number % 2 {
        0 => Trouble::FullDisk { length: dice.between(10_000, 14_000), killed: true },
        _ => Trouble::FullDisk { length: dice.between(33_000, 38_000), killed: false },
    };
    (0..share(per_ten_minutes::FULL_DISKS, seconds)).map(full_disk).collect()
}

fn troubles(dice: &mut Dice, seconds: u64, brokers: usize) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut add = |per_ten_minutes: usize, make: &mut dyn FnMut(usize) -> Trouble| {
        troubles.extend((0..share(per_ten_minutes, seconds)).map(make));
    };
    add(per_ten_minutes::KILLS, &mut |number| Trouble::Killed {
        away: if number % LONG_ABSENCE_EVERY == 1 {
            SESSION_TIMEOUT + dice.between(1_000, 4_000)
        } else {
            dice.between(0, 2_000)
        },
        state_lost: number % STATE_LOST_EVERY == 1,
    });
    add(per_ten_minutes::FREEZES, &mut |number| Trouble::Frozen {
        length: SESSION_TIMEOUT + dice.between(1_500, 5_000),
        // The group notices 7 to 10 s after the freeze, by when the last heartbeat was.
        commit_after: (number % 2 == 0).then(|| dice.between(7_000, 11_500)),
    });
    add(per_ten_minutes::CUTS, &mut |_| Trouble::Cut);
    add(per_ten_minutes::SLOW, &mut |_| Trouble::Slow {
        latency: dice.between(50, 600),
        length: dice.between(3_000, 6_000),
    });
    add(per_ten_minutes::BLACKHOLES, &mut |_| Trouble::Blackhole {
        broker: dice.chance(0.7).then(|| dice.below(brokers)),
        length: dice.between(2_000, 8_000),
    });
    add(per_ten_minutes::HELD, &mut |_| Trouble::DelayedEndTxn {
        hold: SOCKET_TIMEOUT + dice.between(1_100, 4_500),
    });
    // The client asks again after 40 ms and more, or as long as it is told to wait.
    add(per_ten_minutes::OVERTAKEN, &mut |_| Trouble::OvertakenEndTxn { hold: dice.between(100, 1_500) });
    add(per_ten_minutes::LOST_ANSWERS, &mut |_| Trouble::LostEndTxnAnswer);
    troubles
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

/// What a run of this length has of something that ten minutes have so many of, rounded up.
fn share(per_ten_minutes: usize, seconds: u64) -> usize {
    (per_ten_minutes as u64 * seconds).div_ceil(TEN_MINUTES) as usize
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

    const FLEET: Fleet = Fleet { processors: 3, brokers: 3, small_disk: Some(0) };

    fn ten_minutes(seed: u64) -> Vec<Planned> {
        plan(seed, Duration::from_secs(600), FLEET)
    }

    fn count(planned: &[Planned], is: impl Fn(&Trouble) -> bool) -> usize {
        let troubles = planned.iter().filter_map(|planned| match &planned.fault {
            Fault::Processor { trouble, .. } => Some(trouble),
            _ => None,
        });
        troubles.filter(|trouble| is(trouble)).count()
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
            assert!(count(&planned, |t| matches!(t, Trouble::Killed { .. })) > 40);
            assert!(count(&planned, |t| matches!(t, Trouble::Frozen { .. })) > 5);
            assert!(count(&planned, |t| matches!(t, Trouble::DelayedEndTxn { .. })) > 5);
            let brokers = planned.iter().filter(|p| matches!(p.fault, Fault::KillBroker { .. })).count();
            assert!(brokers > 5);
        }
    }

    #[test]
    fn even_one_minute_has_one_of_each_trouble() {
        let planned = plan(3, Duration::from_secs(60), FLEET);
        let kinds: [fn(&Trouble) -> bool; 9] = [
            |t| matches!(t, Trouble::Killed { state_lost: true, .. }),
            |t| matches!(t, Trouble::Frozen { commit_after: Some(_), .. }),
            |t| matches!(t, Trouble::Cut),
            |t| matches!(t, Trouble::Slow { .. }),
            |t| matches!(t, Trouble::Blackhole { .. }),
            |t| matches!(t, Trouble::DelayedEndTxn { .. }),
            |t| matches!(t, Trouble::OvertakenEndTxn { .. }),
            |t| matches!(t, Trouble::LostEndTxnAnswer),
            |t| matches!(t, Trouble::FullDisk { .. }),
        ];
        assert!(kinds.iter().all(|kind| count(&planned, kind) > 0), "{planned:#?}");
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
        let planned = plan(1, Duration::from_secs(600), Fleet { small_disk: None, ..FLEET });
        assert_eq!(count(&planned, |t| matches!(t, Trouble::FullDisk { .. })), 0);
    }
}
