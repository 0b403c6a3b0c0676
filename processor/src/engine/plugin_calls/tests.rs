//! Plugins that answer, fail, panic, hang and are slow, on real threads; and a partition whose events wait for them.
//! The time that decides is the test's own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use trunkline_config::OrderMode;
use trunkline_partition::conversation::Callers;
use trunkline_partition::entity::Retention;
use trunkline_partition::output::Emission;
use trunkline_partition::task::entity_of;
use trunkline_partition::{Arrived, MemoryState, Output, Settings};
use trunkline_plugin::{Actions, Context as Known, Decision, Factory, Failure, Plugin, WriteBack};
use trunkline_profiles::Profiles;
use trunkline_rules::RuleSet;
use trunkline_schemas::headers::Headers;
use trunkline_schemas::{EnrichedEvent, InboundRecord, event_type as et};
use trunkline_systems::ProfileField;
use trunkline_telemetry::Health;

use trunkline_partition::plugins::Standing;

use super::*;
use crate::enriched::as_read;
use crate::events::{encoded, event};
use crate::plugins::Threads;

mod lookups;

const BUDGET_MS: i64 = 60_000;

/// Longest time that a test waits for a thread.
const PATIENCE: Duration = Duration::from_secs(60);

type Handler = Arc<dyn Fn(&EnrichedEvent) -> Result<Actions, Failure> + Send + Sync>;

struct Scripted {
    event_type: &'static str,
    handler: Handler,
}

impl Plugin for Scripted {
    fn events(&self) -> Vec<String> {
        vec![self.event_type.to_owned()]
    }

    fn handle(&mut self, event: &EnrichedEvent, _: &Known<'_>) -> Result<Actions, Failure> {
        (self.handler)(event)
    }
}

fn factory(
    name: &'static str,
    event_type: &'static str,
    handler: impl Fn(&EnrichedEvent) -> Result<Actions, Failure> + Send + Sync + 'static,
) -> Factory {
    let handler: Handler = Arc::new(handler);
    Factory::new(name, move |_: Value| Ok(Scripted { event_type, handler: handler.clone() }))
}

/// A partition and its plugins.
struct World {
    settings: Arc<Settings>,
    state: MemoryState,
    profiles: Profiles,
    rules: RuleSet,
    calls: PluginCalls,
    task: Task,
    offset: i64,
    now: i64,
    emitted: Vec<(EnrichedEvent, Emission)>,
}

impl World {
    fn new(factories: &[Factory], queue: usize) -> Self {
        let section = || trunkline_config::Plugin {
            events: None,
            queue,
            budget: Duration::from_millis(BUDGET_MS as u64),
            settings: Value::Null,
        };
        let configured = factories.iter().map(|factory| (factory.name().to_owned(), section())).collect();
        let day = 24 * 3_600_000;
        let (threads, plugins) = Threads::start(factories, &configured, &["points"]).unwrap();
        let plugins = plugins.looking_up_at_most(10);
        let settings = Arc::new(Settings {
            sources: HashMap::from_iter([("test".to_owned(), (OrderMode::Causal, 500))]),
            retention: Retention { ids_ms: day, ended_ms: day, silent_ms: day },
            repeat_window_ms: 5 * 60_000,
            profile_keep_ms: day,
            enrich_deadline_ms: 0,
            callers: Callers::default(),
            max_record_bytes: 1 << 20,
            include_data: true,
            plugin_events: plugins.events().map(str::to_owned).collect(),
            instance: "test".to_owned(),
        });
        let state = MemoryState::default();
        Self {
            task: Task::restored(settings.clone(), &state).unwrap(),
            settings,
            state,
            profiles: Profiles::new(1, 1, ProfileField::ALL.into()),
            rules: RuleSet::none(),
            calls: {
                let reporting = PluginReports::new(&plugins, Health::new());
                PluginCalls::new(plugins, Box::new(threads), Box::<lookups::Echo>::default(), reporting)
            },
            offset: 0,
            now: 1_000,
            emitted: Vec::new(),
        }
    }

    fn step(&mut self, step: impl FnOnce(&mut Task, &mut Context<'_>)) {
        let mut ctx = Context {
            now: self.now,
            state: &self.state,
            profiles: &mut self.profiles,
            rules: &mut self.rules,
        };
        step(&mut self.task, &mut ctx);
        self.calls.consult(0, &mut self.task, &mut ctx).unwrap();
        let outputs = self.task.take_outputs();
        let mut changes = Vec::new();
        self.task.take_changes(&mut changes).unwrap();
        self.state.apply(&changes);
        self.emitted.extend(outputs.into_iter().filter_map(|output| match output {
            Output::Event(emission) => Some((as_read(&emission.event), *emission)),
            _ => None,
        }));
    }

    fn read(&mut self, conversation: &str, event_type: &str) {
        self.now += 1;
        let event = event(conversation, event_type, self.now);
        let record = InboundRecord {
            topic: "events.normalized".into(),
            partition: 0,
            offset: self.offset,
            key: Some(event.key().into_bytes()),
            value: None,
            headers: Headers::new(),
            timestamp: self.now,
            leader_epoch: None,
        };
        self.offset += 1;
        let key = event.key();
        let event = encoded(&event);
        let arrived = Box::new(Arrived { record, entity: entity_of(&key, &event), event });
        self.step(|task, ctx| task.record(arrived, ctx).unwrap());
    }

    /// As the engine does at each turn.
    fn turn(&mut self) {
        for Settled { number, answers, .. } in self.calls.take_settled(self.now) {
            self.step(|task, ctx| task.plugins_answered(number, answers, ctx).unwrap());
        }
    }

    fn turn_until(&mut self, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(self) {
            assert!(Instant::now() < deadline, "{:?}", self.seen());
            self.turn();
            std::thread::yield_now();
        }
    }

    /// Where the first plugin stands.
    fn standing(&self) -> Standing {
        self.calls.plugins.standings().next().unwrap()
    }

    /// What was emitted: conversation, position, codes of errors.
    fn seen(&self) -> Vec<(&str, i64, Vec<&str>)> {
        self.emitted
            .iter()
            .map(|(event, emission)| {
                let codes = emission.errors.iter().map(|error| error.code.as_str()).collect();
                (event.entity_id.as_str(), event.ordering.position, codes)
            })
            .collect()
    }
}

#[test]
fn a_slow_one_is_waited_for_by_its_own_conversation_only_and_its_wishes_are_granted() {
    let open = Arc::new(AtomicBool::new(false));
    let opened = open.clone();
    let slow = factory("slow", et::MESSAGE_RECEIVED, move |event| {
        while !opened.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        assert_eq!(event.conversation.state, "started", "as it will be published");
        Ok(Actions::new()
            .attribute("mood", "bad")
            .decide(Decision::to("retention"))
            .write_back(WriteBack::new("nowhere", "upsert")))
    });
    let mut world = World::new(&[slow], 10);
    world.read("a", et::CONVERSATION_STARTED);
    world.read("a", et::MESSAGE_RECEIVED);
    world.read("a", et::CONVERSATION_UPDATED);
    world.read("b", et::CONVERSATION_STARTED);
    world.turn();
    assert_eq!(world.seen(), [("a", 1, vec![]), ("b", 1, vec![])]);
    open.store(true, Ordering::Release);
    world.turn_until(|world| world.emitted.len() == 4);
    assert_eq!(world.seen()[2..], [("a", 2, vec!["TL-3009"]), ("a", 3, vec![])]);
    let (event, message) = &world.emitted[2];
    assert_eq!(event.attributes["mood"], "bad");
    let decision = message.decision.as_ref().unwrap();
    assert_eq!((decision.queue.as_str(), decision.rule_id.as_str()), ("retention", "slow"));
    assert!(message.errors[0].message.contains("target 'nowhere', which is not configured"));
}

#[test]
fn one_that_panics_is_made_anew_then_turned_off_then_tried_again() {
    let handled = Arc::new(AtomicUsize::new(0));
    let made = Arc::new(AtomicUsize::new(0));
    let (count, makes) = (handled.clone(), made.clone());
    let handler: Handler = Arc::new(move |_| {
        assert!(count.fetch_add(1, Ordering::Relaxed) >= 6, "boom");
        Ok(Actions::new().attribute("mood", "good"))
    });
    let panics = Factory::new("panics", move |_: Value| {
        makes.fetch_add(1, Ordering::Relaxed);
        Ok(Scripted { event_type: et::MESSAGE_RECEIVED, handler: handler.clone() })
    });
    let mut world = World::new(&[panics], 10);
    for number in 1..=5 {
        world.read("a", et::MESSAGE_RECEIVED);
        world.turn_until(|world| world.emitted.len() == number);
    }
    assert!(world.seen().iter().all(|(_, _, codes)| *codes == ["TL-3009"]), "{:?}", world.seen());
    assert!(
        world.emitted[0].1.errors[0].message.contains("it panicked: boom"),
        "{:?}",
        world.emitted[0].1.errors
    );
    let changes = world.calls.report();
    assert_eq!(changes.len(), 1);
    assert!(!changes[0].on && changes[0].message.contains("turned off for 1 s: it panicked: boom"));
    assert_eq!(made.load(Ordering::Relaxed), 5);

    // While it is off, nobody waits.
    world.read("b", et::MESSAGE_RECEIVED);
    assert_eq!(world.seen().last().unwrap(), &("b", 1, vec![]));
    // After the pause one event decides; the sixth panic doubles the pause.
    world.now += 1_000;
    world.read("c", et::MESSAGE_RECEIVED);
    world.turn_until(|world| world.emitted.len() == 7);
    assert_eq!(world.seen().last().unwrap(), &("c", 1, vec!["TL-3009"]));
    world.now += 1_000;
    world.read("d", et::MESSAGE_RECEIVED);
    assert_eq!(world.seen().last().unwrap(), &("d", 1, vec![]));
    world.now += 1_000;
    world.read("e", et::MESSAGE_RECEIVED);
    world.turn_until(|world| world.emitted.len() == 9);
    assert_eq!(world.emitted[8].0.attributes["mood"], "good");
    let changes: Vec<bool> = world.calls.report().iter().map(|change| change.on).collect();
    assert_eq!(changes, [false, true]);
}

#[test]
fn one_that_spins_for_ever_keeps_nobody_and_a_new_thread_takes_over() {
    let (release, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (released, makes) = (release.clone(), made.clone());
    let spins = Factory::new("spins", move |_: Value| {
        let first = makes.fetch_add(1, Ordering::Relaxed) == 0;
        let released = released.clone();
        let handler: Handler = Arc::new(move |_| {
            while first && !released.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            Ok(Actions::new().attribute("mood", "good"))
        });
        Ok(Scripted { event_type: et::MESSAGE_RECEIVED, handler })
    });
    let mut world = World::new(&[spins], 3);
    for conversation in ["a", "b", "c", "d"] {
        world.read(conversation, et::MESSAGE_RECEIVED);
        world.read("other", et::CONVERSATION_UPDATED);
    }
    // The fourth did not fit into the queue and went on at once, and so did all events that it does not look at.
    let passed = world.seen();
    let others = passed.iter().filter(|(conversation, ..)| *conversation == "other").count();
    assert_eq!((passed.len(), others), (5, 4));
    assert!(passed.contains(&("d", 1, vec!["TL-3010"])));
    world.now += BUDGET_MS;
    world.turn();
    assert_eq!(
        world.seen()[5..],
        [("a", 1, vec!["TL-3010"]), ("b", 1, vec!["TL-3010"]), ("c", 1, vec!["TL-3010"])]
    );
    // Its thread has three questions that nobody waits for; each further one is a failure, and then it is off.
    for _ in 0..2 {
        world.read("e", et::MESSAGE_RECEIVED);
    }
    assert!(!world.calls.report()[0].on);
    world.read("f", et::MESSAGE_RECEIVED);
    assert_eq!(world.seen().last().unwrap(), &("f", 1, vec![]));

    world.now += 1_000;
    world.read("g", et::MESSAGE_RECEIVED);
    world.turn_until(|world| world.emitted.len() == 12);
    assert_eq!(world.emitted[11].0.attributes["mood"], "good");
    assert!(world.calls.report()[0].on);
    assert_eq!(world.standing().lost_threads, 1);
    release.store(true, Ordering::Release);
    world.turn_until(|world| world.standing().lost_threads == 0);
}

#[test]
fn what_is_asked_again_after_a_crash_takes_effect_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let counts = factory("counts", et::MESSAGE_RECEIVED, move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Actions::new().decide(Decision::to("q")))
    });
    let mut world = World::new(&[counts], 10);
    world.read("a", et::MESSAGE_RECEIVED);
    assert!(world.emitted.is_empty());
    // Nothing of it was committed: it is read again.
    world.task = Task::restored(world.settings.clone(), &world.state).unwrap();
    world.calls.let_go(0);
    world.offset = 0;
    world.now -= 1;
    world.read("a", et::MESSAGE_RECEIVED);
    world.turn_until(|_| asked.load(Ordering::Relaxed) == 2);
    world.turn_until(|world| world.emitted.len() == 1 && world.standing().queue == 0);
    assert_eq!(world.seen(), [("a", 1, vec![])]);
}

#[test]
fn one_that_does_not_start_keeps_the_processor_from_starting() {
    let refuses =
        Factory::new("refuses", |_: Value| -> Result<Scripted, Failure> { Err(Failure::new("no model")) });
    let section = trunkline_config::Plugin {
        events: None,
        queue: 1,
        budget: Duration::from_millis(1),
        settings: Value::Null,
    };
    let configured = BTreeMap::from([("refuses".to_owned(), section)]);
    let error = Threads::start(std::slice::from_ref(&refuses), &configured, &[]).err().unwrap();
    assert_eq!(error.to_string(), "plugin 'refuses' does not start: no model");
    // Without a section it does not run at all.
    assert_eq!(Threads::start(&[refuses], &BTreeMap::new(), &[]).unwrap().1.events().count(), 0);
}
