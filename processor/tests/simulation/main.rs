//! The processor's engine against a model of everything around it, in virtual time, from a seed.
//! ARCHITECTURE.md says what is modelled and what is not.
//!
//! # Layout
//!
//! - the model: [`log`], [`transactions`], [`group`], and [`world`], which holds them and what is still to come
//! - the ports of a process: [`brokers`] with its [`client`], [`restorer`], [`store`], [`plugins`],
//!   [`surroundings`]; [`handle`] is their way to the world
//! - [`plan`]: which faults a seed has; [`weather`]: those that come with time; [`input`]: what it reads;
//!   [`input_log`]: what is said of the log;
//!   [`dice`]: chance
//! - [`instance`]: a process; [`schedule`]: who runs when; [`run`]: many seeds
//! - [`made_anew`]: an input that is another log from some moment on
//! - [`oracle`]: what must hold, with [`plugin_effects`] and [`patience`]; [`saboteurs`]: proof that it would
//!   be seen if it did not

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod brokers;
mod client;
mod dice;
mod group;
mod handle;
mod input;
mod input_log;
mod instance;
mod log;
mod made_anew;
mod oracle;
mod patience;
mod plan;
mod plugin_effects;
mod plugins;
mod restorer;
mod run;
mod saboteurs;
mod schedule;
mod store;
mod surroundings;
mod transactions;
mod weather;
mod world;

use run::{Report, runs};
use saboteurs::Sabotage;

/// Seeds that take half a minute or so on two idle cores.
const SEEDS: u64 = 6_000;

/// Within so many seeds every saboteur must be caught.
const SABOTAGE_SEEDS: u64 = 500;

#[test]
fn whatever_happens_every_event_takes_effect_once_and_in_order() {
    let (first, count) = run::seeds(SEEDS);
    let report = runs(first, count);
    if count == 1 && report.failures.is_empty() {
        print!("{}", report.timeline());
    }
    println!("{report}");
    if let Some(failure) = report.failures.first() {
        panic!("{failure}");
    }
}

#[test]
fn a_seed_gives_the_same_run() {
    for seed in 0..100 {
        let (one, other) = (Report::of(seed, None), Report::of(seed, None));
        assert_eq!(one.history, other.history, "seed {seed}");
        assert_eq!(one.to_string(), other.to_string(), "seed {seed}");
    }
}

#[test]
fn every_sabotage_is_caught() {
    for sabotage in Sabotage::ALL {
        let caught = run::caught(sabotage, SABOTAGE_SEEDS);
        let (seed, violation) =
            caught.unwrap_or_else(|| panic!("{sabotage:?} passes {SABOTAGE_SEEDS} seeds"));
        println!("{sabotage:?}: caught by seed {seed}, {}: {}", violation.invariant, violation.what);
        let honest = Report::of(seed, None);
        assert!(honest.failures.is_empty(), "seed {seed} fails without {sabotage:?} as well");
    }
}
