//! A partition driven by something else than the processor: a recorded list of events, with state in memory,
//! profiles and plugins as functions, and a clock that is a number.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use trunkline_config::OrderMode;
use trunkline_partition::conversation::Callers;
use trunkline_partition::entity::Retention;
use trunkline_partition::plugins::{Command, Message, MessageContent, Plugins, Registration};
use trunkline_partition::{Context, MemoryState, Output, Settings, StateError, Task};
use trunkline_plugin::{Actions, Decision};
use trunkline_profiles::{AskedSource, ProfileData, ProfilePart, Profiles, merge};
use trunkline_rules::RuleSet;
use trunkline_schemas::event_type as et;
use trunkline_schemas::{CustomerProfile, PlatformEvent, SourceStatus};
use trunkline_systems::{ProfileField, System};

#[path = "support/arrived.rs"]
mod arrived;
#[path = "support/events.rs"]
mod events;

use arrived::arrived;

const DAY_MS: i64 = 24 * 3_600_000;

const HOLD_MS: i64 = 500;

/// A partition, and everything it asks for.
struct Replay {
    task: Task,
    state: MemoryState,
    profiles: Profiles,
    rules: RuleSet,
    plugins: Plugins,
    now: i64,
    outputs: Vec<Output>,
    finished: Vec<i64>,
}

impl Replay {
    fn new() -> Self {
        let plugins = Plugins::new(vec![Registration {
            name: "mood",
            events: vec![et::MESSAGE_RECEIVED.to_owned()],
            queue: 10,
            budget_ms: 100,
            lookups: Vec::new(),
        }]);
        let settings = Settings {
            sources: HashMap::from_iter([("test".to_owned(), (OrderMode::Sequenced, HOLD_MS))]),
            retention: Retention { ids_ms: DAY_MS, ended_ms: DAY_MS, silent_ms: DAY_MS },
            repeat_window_ms: 5 * 60_000,
            profile_keep_ms: DAY_MS,
            enrich_deadline_ms: 250,
            callers: Callers::default(),
            max_record_bytes: 1 << 20,
            include_data: true,
            plugin_events: plugins.events().map(str::to_owned).collect(),
            instance: "replay".to_owned(),
        };
        let state = MemoryState::default();
        Self {
            task: Task::restored(Arc::new(settings), &state).unwrap(),
            state,
            profiles: Profiles::new(30_000, 100, ProfileField::ALL.into()).asking(vec![AskedSource {
                name: "salesforce".into(),
                system: "salesforce".into(),
                freshness_ms: 30_000,
            }]),
            rules: RuleSet::none(),
            plugins,
            now: 0,
            outputs: Vec::new(),
            finished: Vec::new(),
        }
    }

    /// One step of the task, and whatever it asks for, answered at once.
    fn step(&mut self, step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), StateError>) {
        let Self { task, state, profiles, rules, plugins, now, .. } = self;
        let mut ctx = Context { now: *now, state, profiles, rules };
        step(task, &mut ctx).unwrap();
        loop {
            let (lookups, requests) = (task.take_lookups(), task.take_plugin_requests());
            if lookups.is_empty() && requests.is_empty() {
                break;
            }
            for lookup in lookups {
                let profile = ctx.profiles.learn(profile(&lookup.customer, ctx.now), ctx.now);
                task.publish(Output::Profile(profile));
                task.profile_learned(&lookup.customer, &mut ctx).unwrap();
            }
            for request in requests {
                assert!(plugins.ask(0, request, ctx.now).is_none(), "the plugin is on");
            }
            for command in plugins.take_commands() {
                let Command::Ask { plugin, question } = command else { panic!("{command:?}") };
                let result = Ok(Actions::new().attribute("mood", "good").decide(Decision::to("calm")));
                let content =
                    MessageContent::Answered { ticket: question.ticket, result, took: Duration::ZERO };
                plugins.take_in(Message { plugin, thread: 0, content }, ctx.now);
            }
            for settled in plugins.poll(ctx.now) {
                task.plugins_answered(settled.number, settled.answers, &mut ctx).unwrap();
            }
        }
        self.finished.extend(self.task.drain_finished());
        self.outputs.extend(self.task.take_outputs());
        let mut changes = Vec::new();
        self.task.take_changes(&mut changes).unwrap();
        self.state.apply(&changes);
    }

    /// Everything that comes of these events.
    fn run(mut self, recorded: &[PlatformEvent]) -> (Vec<String>, MemoryState) {
        for (offset, event) in recorded.iter().enumerate() {
            self.now = self.now.max(event.ingest_time);
            let arrived = arrived(offset as i64, event);
            self.step(|task, ctx| task.record(arrived, ctx));
        }
        for _ in 0..3 {
            self.now += HOLD_MS;
            let now = self.now;
            self.step(|task, ctx| task.read_to_the_end(now, ctx));
            self.step(Task::tick);
        }
        let offsets: HashSet<i64> = self.finished.iter().copied().collect();
        assert_eq!(offsets.len(), recorded.len(), "every offset is finished, and once");
        assert_eq!(self.finished.len(), recorded.len());
        (self.outputs.iter().map(|output| format!("{output:?}")).collect(), self.state)
    }
}

fn profile(customer: &str, now: i64) -> CustomerProfile {
    let data = ProfileData {
        account_name: Some("Acme".to_owned()),
        open_tickets: Some(1),
        ..ProfileData::default()
    };
    let part = ProfilePart {
        source: "salesforce".to_owned(),
        system: System::Salesforce,
        status: SourceStatus::Ok,
        fetched_at: Some(now),
        latency_ms: 3,
        data,
        identity: None,
    };
    merge(customer, &[part], now)
}

/// Two calls, one of a known customer, out of order and with a duplicate.
fn recorded() -> Vec<PlatformEvent> {
    let mut recorded = Vec::new();
    for (conversation, customer) in [("a", None), ("b", Some("C-1"))] {
        for (number, event_type) in
            [et::CONVERSATION_STARTED, et::MESSAGE_RECEIVED, et::MESSAGE_RECEIVED, et::CONVERSATION_ENDED]
                .into_iter()
                .enumerate()
        {
            let mut event = events::event(conversation, event_type, 1_000 + number as i64);
            event.sequence = Some(number as i64 + 1);
            event.customer_id = customer.map(str::to_owned);
            recorded.push(event);
        }
    }
    recorded.swap(1, 2);
    recorded.push(recorded[4].clone());
    recorded
}

#[test]
fn a_replay_of_the_same_events_gives_the_same_outputs_and_the_same_state() {
    let recorded = recorded();
    let (outputs, state) = Replay::new().run(&recorded);
    let (again, state_again) = Replay::new().run(&recorded);
    assert_eq!(outputs, again);
    assert_eq!(state, state_again);
    let events = outputs.iter().filter(|output| output.starts_with("Event")).count();
    assert_eq!(events, 8, "the duplicate is dropped");
    let decided = outputs.iter().filter(|output| output.contains("queue: \"calm\"")).count();
    assert_eq!(decided, 4, "what the plugin wants of each message");
}

#[test]
fn what_if_events_had_come_in_order_makes_nothing_held() {
    let held = |events: &[PlatformEvent]| {
        let (outputs, _) = Replay::new().run(events);
        outputs.iter().filter(|output| output.contains("held_ms: ") && !output.contains("held_ms: 0")).count()
    };
    let recorded = recorded();
    let mut in_order = recorded.clone();
    in_order.swap(1, 2);
    assert_eq!((held(&recorded), held(&in_order)), (1, 0));
}
