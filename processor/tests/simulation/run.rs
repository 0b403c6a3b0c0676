//! Runs seeds, and says what came of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::dice::Dice;
use crate::input;
use crate::oracle::PROGRESS;
use crate::plan::Plan;
use crate::saboteurs::Sabotage;
use crate::schedule::TestBed;
use crate::world::{Due, Violation, World};

/// Seeds run at the same time.
const THREADS: usize = 2;

/// What came of seeds.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds that were run.
    pub seeds: u64,
    /// What was wrong.
    pub failures: Vec<Failure>,
    /// What happened, of a single seed: with when, in milliseconds.
    pub history: Vec<(i64, String)>,
    counts: BTreeMap<&'static str, u64>,
    events: usize,
}

/// A seed that shows something wrong.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What is wrong.
    pub violation: Violation,
    history: Vec<(i64, String)>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", timeline(&self.history))?;
        writeln!(
            formatter,
            "seed {}: {} does not hold: {}",
            self.seed, self.violation.invariant, self.violation.what
        )?;
        write!(formatter, "again: ./run simulate --seed {}", self.seed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{} seeds, {} events published, {} failures",
            self.seeds,
            self.events,
            self.failures.len()
        )?;
        for (what, count) in &self.counts {
            writeln!(formatter, "{count:>10}  {what}")?;
        }
        Ok(())
    }
}

impl Report {
    /// Runs one seed.
    pub fn of(seed: u64, sabotage: Option<Sabotage>) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let mut inputs = dice.fork();
        let mut world = World::new(dice, plan);
        let planned = input::make(&mut inputs, &world.plan, |key| world.partition_of(key));
        for record in planned {
            world.schedule(record.after_ms, Due::Input(Box::new(record)));
        }
        let (absence, anew) = (world.plan.long_absence, world.plan.new_changelog);
        let hours = *world.dice.pick(&[30, 100, 200]);
        for (share, hours, new_changelog) in [(absence, hours, false), (anew, 0, true)] {
            if world.dice.chance(share) {
                let after = world.dice.between(3_000, world.plan.chaos_ms);
                let absence_ms = hours * 3_600_000 + world.dice.between(1_000, 30_000);
                world.schedule(after, Due::FullStop { absence_ms, new_changelog });
            }
        }
        let set = world.plan.clock_set;
        if world.dice.chance(set) {
            let after = world.dice.between(1_000, world.plan.chaos_ms);
            let by_ms = *world.dice.pick(&[-600_000, -3_000, 3_000, 40 * 24 * 3_600_000]);
            world.schedule(after, Due::ClockSet { by_ms });
        }
        let bed = TestBed::new(world, sabotage);
        bed.run();
        let world = bed.world.borrow();
        let failure = world.verdict.clone().map(|violation| Failure {
            seed,
            violation,
            history: world.history.clone(),
        });
        Self {
            seeds: 1,
            failures: failure.into_iter().collect(),
            history: world.history.clone(),
            counts: world.counts.clone(),
            events: world.oracle.events(),
        }
    }

    /// What happened in a single seed.
    pub fn timeline(&self) -> String {
        timeline(&self.history)
    }

    fn add(&mut self, other: Self) {
        self.history = if self.seeds == 0 { other.history } else { Vec::new() };
        self.seeds += other.seeds;
        self.events += other.events;
        self.failures.extend(other.failures);
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }
}

fn timeline(history: &[(i64, String)]) -> String {
    history.iter().map(|(at, what)| format!("{at:>10} ms  {what}\n")).collect()
}

/// The seeds to run: those that the environment asks for, else this many.
pub fn seeds(usual: u64) -> (u64, u64) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match (number("TRUNKLINE_SIMULATION_SEED"), number("TRUNKLINE_SIMULATION_SEEDS")) {
        (Some(seed), _) => (seed, 1),
        (None, count) => (0, count.unwrap_or(usual)),
    }
}

/// Runs seeds on all threads until `enough` says so of what they showed.
fn runs_until(
    first: u64,
    count: u64,
    sabotage: Option<Sabotage>,
    enough: impl Fn(&Failure) -> bool + Sync,
) -> Report {
    let next = AtomicU64::new(first);
    let total = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let report = Report::of(seed, sabotage);
                    if report.failures.iter().any(&enough) {
                        next.store(first + count, Ordering::Relaxed);
                    }
                    total.lock().unwrap().add(report);
                }
            });
        }
    });
    let mut total = total.into_inner().unwrap();
    total.failures.sort_by_key(|failure| failure.seed);
    total
}

/// Runs seeds on all threads, and stops at the first that shows something wrong.
pub fn runs(first: u64, count: u64) -> Report {
    runs_until(first, count, None, |_| true)
}

/// The first of so many seeds in which a sabotage breaks an invariant. That nothing goes on any more does not
/// count: what must be shown is that it does harm.
pub fn caught(sabotage: Sabotage, seeds: u64) -> Option<(u64, Violation)> {
    let harm = |failure: &Failure| failure.violation.invariant != PROGRESS;
    let failures = runs_until(0, seeds, Some(sabotage), harm).failures;
    failures.into_iter().find(harm).map(|failure| (failure.seed, failure.violation))
}
