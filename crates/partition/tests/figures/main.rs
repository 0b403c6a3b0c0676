//! Random histories of conversations: their figures are those of a reference model that shares nothing with the code,
//! whatever order their facts come in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod dice;
mod fact;
mod history;
mod reference;

#[path = "../support/events.rs"]
mod events;

use std::collections::{BTreeMap, VecDeque};

use trunkline_partition::conversation::{Callers, Conversation};
use trunkline_schemas::ConversationSummary;

use crate::dice::Dice;
use crate::fact::Fact;
use crate::history::history;

/// Histories that are played.
const HISTORIES: u64 = 10_000;

fn after(facts: &[Fact]) -> ConversationSummary {
    let mut conversation = Conversation::default();
    facts.iter().for_each(|fact| conversation.apply(&events::encoded(&fact.event()), &Callers::default()));
    conversation.summary(0)
}

/// The same facts without those that make no difference to a failure.
fn smallest(mut facts: Vec<Fact>, fails: impl Fn(&[Fact]) -> bool) -> Vec<Fact> {
    let mut at = 0;
    while at < facts.len() {
        let mut without = facts.clone();
        without.remove(at);
        if fails(&without) {
            facts = without;
            at = 0;
        } else {
            at += 1;
        }
    }
    facts
}

fn differs(facts: &[Fact]) -> bool {
    !facts.is_empty() && after(facts) != reference::figures(facts)
}

#[test]
fn the_figures_of_ten_thousand_histories_are_those_of_the_reference_model() {
    for seed in 0..HISTORIES {
        let facts = history(seed);
        if differs(&facts) {
            let facts = smallest(facts, differs);
            assert_eq!(after(&facts), reference::figures(&facts), "seed {seed}: {facts:#?}");
        }
    }
}

#[test]
fn the_figures_are_right_after_each_event() {
    for seed in 0..HISTORIES / 10 {
        let facts = history(seed);
        let mut conversation = Conversation::default();
        for (index, fact) in facts.iter().enumerate() {
            conversation.apply(&events::encoded(&fact.event()), &Callers::default());
            // Whatever state has of it says the same.
            let bytes = conversation.to_bytes().unwrap();
            conversation = Conversation::from_bytes(&bytes).unwrap();
            let expected = reference::figures(&facts[..=index]);
            assert_eq!(conversation.summary(0), expected, "seed {seed}: {:#?}", &facts[..=index]);
        }
    }
}

/// The same facts in another order, but for those of one millisecond, of which the order of arrival says which was
/// first.
fn shuffled(facts: &[Fact], dice: &mut Dice) -> Vec<Fact> {
    let mut times: Vec<i64> = facts.iter().map(|fact| fact.at).collect();
    dice.shuffle(&mut times);
    let mut of_time: BTreeMap<i64, VecDeque<&Fact>> = BTreeMap::new();
    facts.iter().for_each(|fact| of_time.entry(fact.at).or_default().push_back(fact));
    times.iter().filter_map(|at| of_time.get_mut(at)?.pop_front()).cloned().collect()
}

#[test]
fn the_order_in_which_facts_come_makes_no_difference_beyond_a_millisecond() {
    for seed in 0..HISTORIES {
        let facts = history(seed);
        let mut dice = Dice::new(seed);
        let mut shuffled = shuffled(&facts, &mut dice);
        // Some of them twice.
        let again: Vec<Fact> = shuffled.iter().filter(|_| dice.percent(20)).cloned().collect();
        shuffled.extend(again);
        assert_eq!(after(&facts), after(&shuffled), "seed {seed}: {facts:#?} and {shuffled:#?}");
    }
}

#[test]
fn the_histories_have_what_matters() {
    let all: Vec<ConversationSummary> = (0..1_000).map(|seed| reference::figures(&history(seed))).collect();
    let having = |what: fn(&ConversationSummary) -> bool| all.iter().filter(|summary| what(summary)).count();
    for (name, count) in [
        ("transfers", having(|s| s.transfers > 1)),
        ("blind", having(|s| s.blind_transfers > Some(0))),
        ("attended", having(|s| s.attended_transfers > Some(0))),
        ("consults", having(|s| s.consults > Some(0))),
        ("conferences", having(|s| s.conferences > Some(0))),
        ("reopened", having(|s| s.reopened > Some(0))),
        ("unanswered", having(|s| s.unanswered > Some(0))),
        ("nothing but unanswered", having(|s| s.unanswered > Some(0) && s.handled_ms == Some(0))),
        ("several agents connected", having(|s| s.connected_agents > Some(1))),
        ("agents who may be connected", having(|s| s.connected_agents.is_none())),
        ("agents who may have been", having(|s| s.agents.is_none() && s.connected_agents.is_some())),
        ("after-contact work", having(|s| s.acw_ms.is_some())),
        ("unknown", having(|s| s.handled_ms.is_none() && s.queued_ms.is_none())),
        ("ended", having(|s| s.state == "ended")),
        ("connected", having(|s| s.state == "connected")),
        ("queued", having(|s| s.state == "queued")),
        ("ivr", having(|s| s.state == "ivr")),
        ("wrapup", having(|s| s.state == "wrapup")),
        ("started", having(|s| s.state == "started")),
    ] {
        assert!(count >= 10, "{name}: only {count} of 1000");
    }
}
