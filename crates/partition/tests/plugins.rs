//! Events that wait for a plugin, whatever the plugin does: no longer than its budget, and no other conversation's.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use trunkline_config::OrderMode;
use trunkline_partition::conversation::Callers;
use trunkline_partition::entity::Retention;
use trunkline_partition::plugins::{
    Command, LookedUp, LookupOrder, Message, MessageContent, Plugins, Question, Registration,
};
use trunkline_partition::{Context, MemoryState, Settings, StateError, Task};
use trunkline_plugin::{Actions, Lookup};
use trunkline_profiles::Profiles;
use trunkline_rules::RuleSet;
use trunkline_schemas::{SourceStatus, event_type as et};
use trunkline_systems::ProfileField;

#[path = "support/arrived.rs"]
mod arrived;
#[path = "support/events.rs"]
mod events;

use arrived::arrived;

const BUDGET_MS: i64 = 50;

const QUEUE: usize = 3;

const MOST_ORDERS: usize = 5;

const DAY_MS: i64 = 24 * 3_600_000;

/// What happens.
#[derive(Debug, Clone)]
enum Happens {
    /// An event of a conversation is read; the plugin wants to see it, or not.
    Read { conversation: usize, wanted: bool },
    /// Milliseconds pass.
    Pass(i64),
    /// The plugin is done with the oldest question of its thread: it answers, or fails.
    Treated { well: bool },
    /// It answers by so many lookups that it wants.
    LooksUp(usize),
    /// The oldest lookup is answered.
    LookedUp,
    /// The plugin's thread is gone.
    Gone,
}

/// A partition and one plugin, and what is known of both from outside.
struct World {
    task: Task,
    state: MemoryState,
    profiles: Profiles,
    rules: RuleSet,
    plugins: Plugins,
    now: i64,
    /// Conversations of the offsets that are not finished.
    unfinished: BTreeMap<i64, String>,
    read: i64,
    /// By conversation: when its event was asked about that waits.
    asked: BTreeMap<String, i64>,
    thread: u64,
    questions: Vec<Question>,
    orders: Vec<LookupOrder>,
}

impl World {
    fn new() -> Self {
        let plugins = Plugins::new(vec![Registration {
            name: "mood",
            events: vec![et::MESSAGE_RECEIVED.to_owned()],
            queue: QUEUE,
            budget_ms: BUDGET_MS,
            lookups: vec!["points".to_owned()],
        }])
        .looking_up_at_most(MOST_ORDERS);
        let settings = Settings {
            sources: HashMap::from_iter([("test".to_owned(), (OrderMode::Causal, 500))]),
            retention: Retention { ids_ms: DAY_MS, ended_ms: DAY_MS, silent_ms: DAY_MS },
            repeat_window_ms: 5 * 60_000,
            profile_keep_ms: DAY_MS,
            enrich_deadline_ms: 0,
            callers: Callers::default(),
            max_record_bytes: 1 << 20,
            include_data: true,
            plugin_events: plugins.events().map(str::to_owned).collect(),
            instance: "test".to_owned(),
        };
        let state = MemoryState::default();
        Self {
            task: Task::restored(Arc::new(settings), &state).unwrap(),
            state,
            profiles: Profiles::new(1, 1, ProfileField::ALL.into()),
            rules: RuleSet::none(),
            plugins,
            now: 1_000,
            unfinished: BTreeMap::new(),
            read: 0,
            asked: BTreeMap::new(),
            thread: 0,
            questions: Vec::new(),
            orders: Vec::new(),
        }
    }

    fn happen(&mut self, what: &Happens) {
        match what {
            Happens::Read { conversation, wanted } => self.read(&format!("c{conversation}"), *wanted),
            Happens::Pass(milliseconds) => {
                self.now += milliseconds;
                let now = self.now;
                self.step(|task, ctx| task.read_to_the_end(now, ctx));
                self.step(Task::tick);
            }
            Happens::Treated { well } if !self.questions.is_empty() => {
                let ticket = self.questions.remove(0).ticket;
                let result = if *well { Ok(Actions::new()) } else { Err("no model".to_owned()) };
                self.message(MessageContent::Answered { ticket, result, took: Duration::ZERO });
            }
            Happens::LooksUp(lookups) if !self.questions.is_empty() => {
                let ticket = self.questions.remove(0).ticket;
                let lookups = vec![Lookup::new("points"); *lookups];
                let result = Ok(Actions { lookups, ..Actions::new() });
                self.message(MessageContent::Answered { ticket, result, took: Duration::ZERO });
            }
            Happens::LookedUp if !self.orders.is_empty() => {
                let id = self.orders.remove(0).id;
                let looked_up = LookedUp { id, status: SourceStatus::Ok, values: BTreeMap::new() };
                self.plugins.looked_up(looked_up, self.now);
            }
            Happens::Treated { .. } | Happens::LooksUp(_) | Happens::LookedUp => {}
            Happens::Gone => {
                self.questions.clear();
                self.message(MessageContent::Ended);
            }
        }
        for settled in self.plugins.poll(self.now) {
            self.step(|task, ctx| task.plugins_answered(settled.number, settled.answers, ctx));
        }
        self.carry_out();
    }

    fn message(&mut self, content: MessageContent) {
        self.plugins.take_in(Message { plugin: 0, thread: self.thread, content }, self.now);
    }

    fn read(&mut self, conversation: &str, wanted: bool) {
        self.now += 1;
        let event_type = if wanted { et::MESSAGE_RECEIVED } else { et::CONVERSATION_UPDATED };
        let event = events::event(conversation, event_type, self.now);
        let arrived = arrived(self.read, &event);
        self.unfinished.insert(self.read, conversation.to_owned());
        self.read += 1;
        self.step(|task, ctx| task.record(arrived, ctx));
    }

    fn step(&mut self, step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), StateError>) {
        let Self { task, state, profiles, rules, now, .. } = self;
        let mut ctx = Context { now: *now, state, profiles, rules };
        step(task, &mut ctx).unwrap();
        loop {
            let requests = task.take_plugin_requests();
            if requests.is_empty() {
                break;
            }
            for request in requests {
                self.asked.insert(request.event.entity_id.clone(), ctx.now);
                let number = request.number;
                if let Some(answers) = self.plugins.ask(0, request, ctx.now) {
                    task.plugins_answered(number, answers, &mut ctx).unwrap();
                }
            }
        }
        for offset in task.drain_finished() {
            self.unfinished.remove(&offset);
        }
        task.take_outputs();
        self.carry_out();
    }

    fn carry_out(&mut self) {
        for command in self.plugins.take_commands() {
            match command {
                Command::Ask { question, .. } => self.questions.push(question),
                Command::Replace { thread, .. } => {
                    self.thread = thread;
                    self.questions.clear();
                }
                Command::LookUp(order) => self.orders.push(order),
            }
        }
    }

    /// The conversations of which something is not finished.
    fn waiting(&self) -> BTreeSet<&str> {
        self.unfinished.values().map(String::as_str).collect()
    }
}

fn happens() -> impl Strategy<Value = Vec<Happens>> {
    let one = prop_oneof![
        6 => (0usize..4, any::<bool>()).prop_map(|(conversation, wanted)| Happens::Read { conversation, wanted }),
        3 => (1i64..40).prop_map(Happens::Pass),
        1 => Just(Happens::Pass(2_000)),
        3 => any::<bool>().prop_map(|well| Happens::Treated { well }),
        3 => (1usize..6).prop_map(Happens::LooksUp),
        5 => Just(Happens::LookedUp),
        1 => Just(Happens::Gone),
    ];
    proptest::collection::vec(one, 1..150)
}

proptest! {
    #[test]
    fn an_event_waits_for_its_budget_at_most_and_other_conversations_not_at_all(happens in happens()) {
        let mut world = World::new();
        for what in &happens {
            world.happen(what);
            prop_assert!(world.orders.len() <= MOST_ORDERS);
            prop_assert!(world.questions.len() <= QUEUE, "a thread is given no more than fits");
            for conversation in world.waiting() {
                let asked = world.asked.get(conversation);
                prop_assert!(asked.is_some(), "{conversation} waits, and nobody was asked for it");
                prop_assert!(
                    asked.is_some_and(|asked| world.now < asked + BUDGET_MS),
                    "{conversation} waits at {} since {asked:?}", world.now
                );
            }
        }
        world.happen(&Happens::Pass(BUDGET_MS));
        for _ in 0..world.read {
            world.happen(&Happens::Pass(BUDGET_MS));
        }
        prop_assert!(world.waiting().is_empty());
    }
}

#[test]
fn a_plugin_that_says_nothing_holds_up_its_own_conversation_only() {
    let mut world = World::new();
    world.happen(&Happens::Read { conversation: 0, wanted: true });
    world.happen(&Happens::Read { conversation: 0, wanted: false });
    world.happen(&Happens::Read { conversation: 1, wanted: false });
    assert_eq!(world.unfinished.keys().copied().collect::<Vec<_>>(), [0, 1]);
    world.happen(&Happens::Pass(BUDGET_MS));
    assert!(world.unfinished.is_empty());
}

#[test]
fn an_answer_to_a_task_that_is_gone_reaches_nobody() {
    let mut world = World::new();
    world.happen(&Happens::Read { conversation: 0, wanted: true });
    world.plugins.forget(0);
    world.happen(&Happens::Treated { well: true });
    world.happen(&Happens::Pass(BUDGET_MS));
    assert_eq!(world.unfinished.len(), 1, "its partition reads it again elsewhere");
}
