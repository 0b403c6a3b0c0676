//! Random histories of conversations, played through the partition: the judge's own model has the figures that were
//! published. Neither was written from the other, and the histories are those of the partition's tests.
//!
//! - [`played`]: what a partition publishes of a history, taken in as the judge takes in records

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../../../../crates/partition/tests/support/arrived.rs"]
mod arrived;
#[path = "../../../../crates/partition/tests/figures/dice.rs"]
mod dice;
#[path = "../../../../crates/partition/tests/support/events.rs"]
mod events;
#[path = "../../../../crates/partition/tests/figures/fact.rs"]
mod fact;
#[path = "../../../../crates/partition/tests/figures/history.rs"]
mod history;
mod played;

use trunkline_config::OrderMode;
use trunkline_verifier::evidence::Evidence;
use trunkline_verifier::judge::figures::judge;

use crate::fact::Fact;
use crate::history::history;
use crate::played::published;

/// Histories that are played: as many as take a few seconds.
const HISTORIES: u64 = 3_000;

/// What the judge objects to.
fn objections(mode: OrderMode, facts: &[Fact]) -> Vec<String> {
    let verdict = judge(&published(mode, facts));
    let number = verdict.violations();
    let examples: Vec<String> = verdict.examples().iter().map(|example| format!("{example:?}")).collect();
    assert_eq!(number == 0, examples.is_empty());
    examples
}

/// The same facts without those that make no difference to an objection.
fn smallest(mode: OrderMode, mut facts: Vec<Fact>) -> Vec<Fact> {
    let mut at = 0;
    while at < facts.len() {
        let mut without = facts.clone();
        without.remove(at);
        if objections(mode, &without).is_empty() {
            at += 1;
        } else {
            (facts, at) = (without, 0);
        }
    }
    facts
}

#[test]
fn the_judges_model_has_the_figures_that_a_partition_publishes() {
    for seed in 0..HISTORIES {
        let mode = [OrderMode::Sequenced, OrderMode::Causal, OrderMode::Sorted][seed as usize % 3];
        let facts = history(seed);
        if !objections(mode, &facts).is_empty() {
            let facts = smallest(mode, facts);
            panic!("seed {seed}, {mode:?}: {:#?} of {facts:#?}", objections(mode, &facts));
        }
    }
}

#[test]
fn figures_of_a_history_that_are_changed_are_objected_to() {
    for seed in 0..50 {
        let Evidence { mut enriched, .. } = published(OrderMode::Causal, &history(seed));
        let Some(last) = enriched.last_mut() else { continue };
        last.figures.transfers += 1;
        assert_eq!(judge(&Evidence { enriched, ..Evidence::default() }).violations(), 1, "seed {seed}");
    }
}
