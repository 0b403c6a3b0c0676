//! The sink's whole loop against a model of everything around it, in virtual time and on one thread, from a seed.
//!
//! # Layout
//!
//! - the model: [`world`], with its transactions and its group ([`group`]), and the [`targets`]
//! - the ports of a process: [`brokers`], [`logs`], [`targets`], [`surroundings`]
//! - [`commands`]: what is written to the log; [`dice`]: chance
//! - [`run`]: who runs when, what goes wrong when, and what must hold in the end
//!
//! Judged: every command has exactly one result, or one dead letter where it cannot be understood; no two
//! requests for one resource are alive at once, and their effects come in the order of the commands, each
//! once; the committed watermark and the saved offsets name finished records only, and all of them; no
//! transaction is begun by a producer whose last one has no known outcome; a schema that came late makes dead
//! letters for a minute and no longer; everything is finished once nothing goes wrong any more.
//!
//! Not modelled: a process that is overtaken while it calls a target, records that arrive after their
//! transaction has ended, several topics.
//!
//! Not judged: a request for a record of the late schema that is still alive when the partition goes to an
//! instance which refuses that schema. That one does not know that there was a command, so it cannot wait for
//! it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod brokers;
mod commands;
mod dice;
mod group;
mod logs;
mod run;
mod surroundings;
mod targets;
mod world;

use brokers::Sabotage;

/// Seeds that take some seconds.
const SEEDS: u64 = 300;

/// Within so many seeds every saboteur must be caught.
const SABOTAGE_SEEDS: u64 = 200;

/// The first seed and how many: one by `TRUNKLINE_SIMULATION_SEED`, many by `TRUNKLINE_SIMULATION_SEEDS`.
fn seeds() -> (u64, u64) {
    let number = |name| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    match number("TRUNKLINE_SIMULATION_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("TRUNKLINE_SIMULATION_SEEDS").unwrap_or(SEEDS)),
    }
}

#[test]
fn whatever_happens_every_command_has_one_result_and_one_effect() {
    let (first, count) = seeds();
    for seed in first..first + count {
        let run = run::seed(seed, None);
        if count == 1 {
            println!("{}", run.history.join("\n"));
        }
        if let Some(violation) = run.violation {
            panic!("{}\nseed {seed}: {violation}", run.history.join("\n"));
        }
    }
}

#[test]
fn a_seed_gives_the_same_run() {
    for seed in 0..20 {
        assert_eq!(run::seed(seed, None).history, run::seed(seed, None).history, "seed {seed}");
    }
}

#[test]
fn every_sabotage_is_caught() {
    for sabotage in Sabotage::ALL {
        let caught = (0..SABOTAGE_SEEDS).find(|seed| run::seed(*seed, Some(sabotage)).violation.is_some());
        assert!(caught.is_some(), "{sabotage:?} passes {SABOTAGE_SEEDS} seeds");
    }
}
