//! What plugins want looked up before they say more: ordered, bounded, and within the one budget of the event.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_partition::plugins::{
    Command, LookedUp, LookupOrder, Message, MessageContent, Notice, PluginRequest, Plugins, Question,
    Registration,
};
use trunkline_plugin::{Actions, Decision, Lookup, LookupAnswer};
use trunkline_rules::Answer;
use trunkline_schemas::{SourceStatus, event_type as et};

#[path = "support/enriched.rs"]
#[expect(dead_code, reason = "other tests read what is published")]
mod enriched;
#[path = "support/events.rs"]
mod events;

const BUDGET_MS: i64 = 100;

/// Lookups end before the budget does.
const LOOKUPS_END_MS: i64 = 90;

/// Two plugins, what their threads and the sources are asked, and the answers that events get.
struct World {
    plugins: Plugins,
    questions: Vec<(usize, Question)>,
    orders: Vec<LookupOrder>,
    number: u64,
}

impl World {
    fn new(most: usize) -> Self {
        let registration = |name: &'static str, lookups: &[&str]| Registration {
            name,
            events: vec![et::MESSAGE_RECEIVED.to_owned()],
            queue: 2,
            budget_ms: BUDGET_MS,
            lookups: lookups.iter().map(|name| (*name).to_owned()).collect(),
        };
        let registrations = vec![registration("asks", &["points", "score"]), registration("knows", &[])];
        let plugins = Plugins::new(registrations).looking_up_at_most(most);
        Self { plugins, questions: Vec::new(), orders: Vec::new(), number: 0 }
    }

    fn ask(&mut self, now: i64) {
        self.number += 1;
        let event = Arc::new(enriched::enriched("c", et::MESSAGE_RECEIVED, 1));
        let answers = self.plugins.ask(
            self.number as i32,
            PluginRequest { number: self.number, event, customer: Some("C-1".to_owned()), traceparent: None },
            now,
        );
        assert!(answers.is_none());
        self.carry_out();
    }

    fn carry_out(&mut self) {
        for command in self.plugins.take_commands() {
            match command {
                Command::Ask { plugin, question } => self.questions.push((plugin, question)),
                Command::LookUp(order) => self.orders.push(order),
                Command::Replace { .. } => panic!("nobody is gone"),
            }
        }
    }

    /// The oldest question to a plugin is answered. Gives what it was asked with.
    fn answer(
        &mut self,
        plugin: usize,
        result: Result<Actions, String>,
        now: i64,
    ) -> Option<Vec<LookupAnswer>> {
        let at = self.questions.iter().position(|(asked, _)| *asked == plugin).expect("it is asked");
        let (_, question) = self.questions.remove(at);
        let content = MessageContent::Answered { ticket: question.ticket, result, took: Duration::ZERO };
        self.plugins.take_in(Message { plugin, thread: 0, content }, now);
        self.carry_out();
        question.answers
    }

    fn looked_up(&mut self, at: usize, status: SourceStatus, value: &str, now: i64) {
        let id = self.orders.remove(at).id;
        let values = BTreeMap::from([("v".to_owned(), value.to_owned())]);
        self.plugins.looked_up(LookedUp { id, status, values }, now);
        self.carry_out();
    }

    /// The answers of the events that go on now.
    fn poll(&mut self, now: i64) -> Vec<Vec<Answer>> {
        let settled = self.plugins.poll(now).into_iter().map(|settled| settled.answers).collect();
        self.carry_out();
        settled
    }

    fn outcomes(&mut self) -> Vec<(String, &'static str)> {
        let looked_up = |notice| match notice {
            Notice::LookedUp { plugin: "asks", source, outcome } => Some((source, outcome)),
            _ => None,
        };
        self.plugins.take_notices().into_iter().filter_map(looked_up).collect()
    }
}

fn wanting(sources: &[&str]) -> Result<Actions, String> {
    let first = Actions::new().attribute("a", "first").attribute("b", "first").decide(Decision::to("q"));
    Ok(sources.iter().fold(first, |actions, source| actions.look_up(Lookup::new(*source))))
}

fn message(answer: &Answer) -> &str {
    answer.wants.as_ref().map_or_else(|why| why.message.as_str(), |_| "")
}

#[test]
fn answers_come_in_the_order_of_the_questions_and_both_wants_take_effect_together() {
    let mut world = World::new(10);
    world.ask(0);
    assert_eq!(world.answer(1, Ok(Actions::new()), 1), None, "asked for the first time");
    world.answer(0, wanting(&["points", "score"]), 1);
    assert_eq!(world.orders.iter().map(|order| order.until).collect::<Vec<_>>(), [LOOKUPS_END_MS; 2]);
    assert!(world.orders.iter().all(|order| order.customer.as_deref() == Some("C-1")));
    assert!(world.poll(2).is_empty() && world.questions.is_empty());
    world.looked_up(1, SourceStatus::Ok, "-1", 3);
    assert!(world.questions.is_empty(), "not all are answered");
    world.looked_up(0, SourceStatus::NotFound, "", 4);
    assert_eq!(world.questions[0].1.until, BUDGET_MS, "no longer than before");
    let second = Ok(Actions::new().attribute("b", "second"));
    let answers = world.answer(0, second, 5).unwrap();
    let seen: Vec<_> = answers.iter().map(|answer| (answer.lookup.source.as_str(), answer.status)).collect();
    assert_eq!(seen, [("points", SourceStatus::NotFound), ("score", SourceStatus::Ok)]);
    assert_eq!(answers[1].value("v"), Some("-1"));
    let settled = world.poll(5);
    let wants = settled[0][0].wants.as_ref().unwrap();
    assert_eq!((wants.attributes["a"].as_str(), wants.attributes["b"].as_str()), ("first", "second"));
    assert_eq!((wants.decision.as_ref(), wants.lookups.len()), (Some(&Decision::to("q")), 0));
    assert_eq!(world.outcomes(), [("score".to_owned(), "ok"), ("points".to_owned(), "not_found")]);
}

#[test]
fn what_is_not_answered_in_time_is_a_timeout_and_the_plugin_still_has_its_say() {
    let mut world = World::new(10);
    world.ask(0);
    world.answer(1, Ok(Actions::new()), 1);
    world.answer(0, wanting(&["points", "score"]), 1);
    world.looked_up(0, SourceStatus::Ok, "7", 2);
    assert!(world.poll(LOOKUPS_END_MS - 1).is_empty() && world.questions.is_empty());
    assert!(world.poll(LOOKUPS_END_MS).is_empty());
    let answers = world.answer(0, Ok(Actions::new()), LOOKUPS_END_MS + 1).unwrap();
    let seen: Vec<_> = answers.iter().map(|answer| (answer.status, answer.values.len())).collect();
    assert_eq!(seen, [(SourceStatus::Ok, 1), (SourceStatus::Timeout, 0)]);
    assert_eq!(world.poll(LOOKUPS_END_MS + 1).len(), 1);
    world.looked_up(0, SourceStatus::Ok, "late", LOOKUPS_END_MS + 2);
    assert!(world.questions.is_empty() && world.poll(500).is_empty());
}

#[test]
fn a_second_answer_that_fails_or_does_not_come_leaves_out_the_first_as_well() {
    for failed in [true, false] {
        let mut world = World::new(10);
        world.ask(0);
        world.answer(1, Ok(Actions::new()), 1);
        world.answer(0, wanting(&["points"]), 1);
        world.looked_up(0, SourceStatus::Ok, "7", 2);
        if failed {
            world.answer(0, Err("no model".to_owned()), 3);
        }
        let settled = world.poll(BUDGET_MS);
        let said = if failed { "no model" } else { "no answer within its budget" };
        assert!(message(&settled[0][0]).contains(said), "{settled:?}");
    }
}

#[test]
fn what_may_not_be_looked_up_is_a_failure_that_says_why() {
    for (wants, said) in [
        (wanting(&["balance"]), "wants the source 'balance' looked up, which its lookups() do not name"),
        (wanting(&["points"; 5]), "wants 5 lookups for one event; at most 4 are made"),
    ] {
        let mut world = World::new(10);
        world.ask(0);
        world.answer(1, Ok(Actions::new()), 1);
        world.answer(0, wants, 1);
        assert!(world.orders.is_empty());
        assert!(message(&world.poll(1)[0][0]).contains(said));
    }
    let mut world = World::new(10);
    world.ask(0);
    world.answer(1, Ok(Actions::new()), 1);
    world.answer(0, wanting(&["points"]), 1);
    world.looked_up(0, SourceStatus::Ok, "7", 2);
    world.answer(0, wanting(&["points"]), 3);
    assert!(message(&world.poll(3)[0][0]).contains("further lookups"));
}

#[test]
fn beyond_the_limit_lookups_are_refused_until_others_are_answered() {
    let mut world = World::new(3);
    world.ask(0);
    world.answer(0, wanting(&["points", "score"]), 1);
    world.ask(2);
    world.answer(0, wanting(&["points", "score"]), 3);
    assert_eq!(world.orders.len(), 3);
    assert_eq!(world.outcomes(), [("score".to_owned(), "refused")]);
    world.looked_up(2, SourceStatus::Ok, "7", 4);
    let answers = world.answer(0, Ok(Actions::new()), 5).unwrap();
    assert_eq!(
        answers.iter().map(|a| a.status).collect::<Vec<_>>(),
        [SourceStatus::Ok, SourceStatus::Unavailable]
    );
    world.ask(6);
    world.answer(0, wanting(&["points", "score"]), 7);
    assert_eq!(world.orders.len(), 3, "one was answered, one is refused again");
}

#[test]
fn nobody_waits_for_the_lookups_of_a_partition_that_is_gone() {
    let mut world = World::new(1);
    world.ask(0);
    world.answer(1, Ok(Actions::new()), 1);
    world.answer(0, wanting(&["points"]), 1);
    world.plugins.forget(1);
    world.looked_up(0, SourceStatus::Ok, "7", 2);
    assert!(world.questions.is_empty() && world.poll(1_000).is_empty());
    let standing = world.plugins.standings().next().unwrap();
    assert!(standing.on && standing.queue == 0);
    // It holds no place any more.
    world.ask(2_000);
    world.ask(2_000);
    assert_eq!(world.questions.iter().filter(|(plugin, _)| *plugin == 0).count(), 2);
    world.plugins.forget(2);
    world.answer(0, wanting(&["points"]), 2_001);
    assert!(world.orders.is_empty(), "it was gone before it was looked up");
}
