//! Plugins that want something looked up first, on real threads.

use std::collections::VecDeque;

use trunkline_partition::plugins::{LookedUp, LookupOrder};
use trunkline_plugin::{Lookup, LookupAnswer};
use trunkline_schemas::SourceStatus;

use super::*;
use crate::engine::PluginLookups;
use crate::plugins::PluginError;

/// A source that says what it was asked with, and nothing to those who ask for silence.
#[derive(Default)]
pub(super) struct Echo {
    answers: VecDeque<LookedUp>,
}

impl PluginLookups for Echo {
    fn look_up(&mut self, order: LookupOrder) {
        assert_eq!(order.event.conversation_id.as_deref(), Some("a"));
        let values = order.lookup.parameters;
        if !values.contains_key("silence") {
            self.answers.push_back(LookedUp { id: order.id, status: SourceStatus::Ok, values });
        }
    }

    fn next_answer(&mut self) -> Option<LookedUp> {
        self.answers.pop_front()
    }
}

/// Looks up one thing, and says what it was told.
struct Curious {
    parameter: &'static str,
}

impl Plugin for Curious {
    fn events(&self) -> Vec<String> {
        vec![et::MESSAGE_RECEIVED.to_owned()]
    }

    fn lookups(&self) -> Vec<String> {
        vec!["points".to_owned()]
    }

    fn handle(&mut self, _: &EnrichedEvent, _: &Known<'_>) -> Result<Actions, Failure> {
        let lookup = Lookup::new("points").parameter(self.parameter, "GOLD");
        Ok(Actions::new().attribute("asked", "yes").look_up(lookup))
    }

    fn answered(
        &mut self,
        event: &EnrichedEvent,
        answers: &[LookupAnswer],
        _: &Known<'_>,
    ) -> Result<Actions, Failure> {
        assert!(!event.attributes.contains_key("asked"), "the event is as it was");
        let told = answers[0].value("tier").map_or_else(|| format!("{:?}", answers[0].status), str::to_owned);
        Ok(Actions::new().attribute("told", told))
    }
}

fn curious(parameter: &'static str) -> Factory {
    Factory::new("curious", move |_: Value| Ok(Curious { parameter }))
}

#[test]
fn what_a_plugin_had_looked_up_is_in_the_event_with_what_it_makes_of_it() {
    let mut world = World::new(&[curious("tier")], 3);
    world.read("a", et::MESSAGE_RECEIVED);
    world.turn_until(|world| world.emitted.len() == 1);
    let event = &world.emitted[0].0;
    assert_eq!((event.attributes["asked"].as_str(), event.attributes["told"].as_str()), ("yes", "GOLD"));
}

#[test]
fn without_an_answer_the_plugin_is_asked_before_the_budget_is_over() {
    let mut world = World::new(&[curious("silence")], 3);
    world.read("a", et::MESSAGE_RECEIVED);
    world.turn_until(|world| world.standing().queue == 0);
    world.now += BUDGET_MS - 5;
    world.turn_until(|world| world.emitted.len() == 1);
    assert_eq!(world.emitted[0].0.attributes["told"], "Timeout");
    assert_eq!(world.seen(), [("a", 1, vec![])]);
}

#[test]
fn one_that_looks_up_what_is_not_configured_keeps_the_processor_from_starting() {
    let section = trunkline_config::Plugin {
        events: None,
        queue: 1,
        budget: Duration::from_millis(1),
        settings: Value::Null,
    };
    let configured = BTreeMap::from([("curious".to_owned(), section)]);
    let error = Threads::start(&[curious("tier")], &configured, &["point", "crm"]).err().unwrap();
    assert!(matches!(error, PluginError::UnknownSource { .. }));
    assert_eq!(
        error.to_string(),
        "plugin 'curious' looks up 'points', but there is no [enrichment.sources.points], did you mean 'point'?"
    );
}
