//! The task against a model of its surroundings: a log to read, state that is only ever changed by a commit, and
//! crashes that forget everything else.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trunkline_config::OrderMode;
use trunkline_profiles::{AskedSource, ProfileData, ProfilePart, Profiles, merge};
use trunkline_schemas::event_type as et;
use trunkline_schemas::headers::Headers;
use trunkline_schemas::{
    CustomerProfile, EnrichedEvent, EnrichmentStatus, InboundRecord, PlatformEvent, SourceStatus,
};
use trunkline_systems::{ProfileField, System};

use super::*;
use crate::conversation::Callers;
use crate::enriched::as_read;
use crate::entity::{HOUR_MS, Retention};
use crate::events::{encoded, event};
use crate::output::DeadLetter;
use crate::state::{MemoryState, keys};

mod callers;
mod generators;
mod holds;
mod looked_at;
mod repeats;

use generators::{Step, displaced_log, duplicates, steps, with_duplicates};

const HOLD: i64 = 500;
const DEADLINE: i64 = 250;
const REPEAT_WINDOW: i64 = 5 * 60_000;
const DAY: i64 = 24 * HOUR_MS;

fn settings(mode: OrderMode, enrich_deadline_ms: i64) -> Arc<Settings> {
    Arc::new(Settings {
        sources: HashMap::from_iter([("test".to_owned(), (mode, HOLD))]),
        retention: Retention { ids_ms: 5 * DAY, ended_ms: 10 * DAY, silent_ms: 30 * DAY },
        repeat_window_ms: REPEAT_WINDOW,
        profile_keep_ms: DAY,
        enrich_deadline_ms,
        callers: Callers::default(),
        max_record_bytes: 1 << 20,
        include_data: true,
        plugin_events: Default::default(),
        instance: "test".to_owned(),
    })
}

fn record(offset: i64, key: &str) -> InboundRecord {
    InboundRecord {
        topic: "events.normalized".into(),
        partition: 0,
        offset,
        key: Some(key.as_bytes().to_vec()),
        value: Some(vec![1, 2, 3]),
        headers: Headers::new(),
        timestamp: 5,
        leader_epoch: None,
    }
}

/// A partition, what is committed of it, and the task that works on it.
struct World {
    settings: Arc<Settings>,
    log: Vec<PlatformEvent>,
    state: MemoryState,
    committed: i64,
    position: i64,
    now: i64,
    profiles: Profiles,
    rules: RuleSet,
    task: Task,
    /// Offsets that are finished, and those of them that a commit has made so for good.
    finished: BTreeSet<i64>,
    finished_for_good: BTreeSet<i64>,
    published: Vec<EnrichedEvent>,
}

impl World {
    fn new(settings: Arc<Settings>, log: Vec<PlatformEvent>) -> Self {
        let state = MemoryState::default();
        let task = Task::restored(settings.clone(), &state).unwrap();
        Self {
            settings,
            log,
            state,
            committed: 0,
            position: 0,
            now: 1,
            profiles: no_profiles(),
            rules: RuleSet::none(),
            task,
            finished: BTreeSet::new(),
            finished_for_good: BTreeSet::new(),
            published: Vec::new(),
        }
    }

    fn step(&mut self, step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), StateError>) {
        let mut ctx = Context {
            now: self.now,
            state: &self.state,
            profiles: &mut self.profiles,
            rules: &mut self.rules,
        };
        step(&mut self.task, &mut ctx).unwrap();
        self.finished.extend(self.task.drain_finished());
    }

    /// Reads one record. False at the end of the log.
    fn read(&mut self) -> bool {
        let Some(event) = self.log.get(self.position as usize).cloned() else { return false };
        let offset = self.position;
        self.position += 1;
        self.now = self.now.max(event.ingest_time);
        let record = InboundRecord { timestamp: event.ingest_time, ..record(offset, &event.key()) };
        self.take(record, event);
        true
    }

    fn take(&mut self, record: InboundRecord, event: PlatformEvent) {
        let arrived = encoded(&event);
        let entity = entity_of(&event.key(), &arrived);
        if self.finished.contains(&record.offset) {
            let arrival = Arrival { ingest_time: event.ingest_time, record_time: record.timestamp };
            return self.step(|task, ctx| task.skip(arrival, ctx));
        }
        let arrived = Box::new(Arrived { record, entity, event: arrived });
        self.step(|task, ctx| task.record(arrived, ctx));
    }

    fn pass(&mut self, milliseconds: i64) {
        self.now += milliseconds;
        if self.position == self.log.len() as i64 {
            let now = self.now;
            self.step(|task, ctx| task.read_to_the_end(now, ctx));
        }
        self.step(Task::tick);
    }

    fn commit(&mut self) {
        let outputs = self.task.take_outputs();
        let mut changes = Vec::new();
        self.task.take_changes(&mut changes).unwrap();
        self.state.apply(&changes);
        self.finished_for_good.clone_from(&self.finished);
        self.committed = (0..).find(|offset| !self.finished.contains(offset)).unwrap();
        self.published.extend(outputs.into_iter().filter_map(|output| match output {
            Output::Event(emission) => Some(as_read(&emission.event)),
            _ => None,
        }));
        self.task.evict(3);
    }

    /// Everything not committed is gone; the next life starts from what is.
    fn crash(&mut self) {
        self.task = Task::restored(self.settings.clone(), &self.state).unwrap();
        self.finished.clone_from(&self.finished_for_good);
        self.position = self.committed;
    }

    fn finish(&mut self) {
        while self.read() {}
        self.pass(HOLD + 50);
        // Nobody answers lookups here: each event waits for its deadline, one after the other.
        for _ in 0..self.log.len() {
            self.pass(DEADLINE + 1);
        }
        self.commit();
        assert_eq!(self.task.outstanding_bytes(), 0);
        assert_eq!(self.committed, self.log.len() as i64);
    }

    /// I2 and I3: every distinct event once; positions 1, 2, 3 … per key.
    fn check(&self) {
        let expected: BTreeSet<&str> = self.log.iter().map(|e| e.event_id.as_str()).collect();
        let mut seen = BTreeSet::new();
        let mut positions: BTreeMap<String, i64> = BTreeMap::new();
        for event in &self.published {
            assert!(seen.insert(event.event_id.as_str()), "{} was published twice", event.event_id);
            let position = positions.entry(format!("{} {}", event.key(), event.entity_type)).or_default();
            *position += 1;
            assert_eq!(event.ordering.position, *position);
        }
        assert_eq!(seen, expected);
    }
}

fn by_key(published: &[EnrichedEvent]) -> BTreeMap<String, Vec<(String, i64, bool, bool)>> {
    let mut keys: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for e in published {
        let entry = (e.event_id.clone(), e.ordering.position, e.ordering.late, e.ordering.gap_before);
        keys.entry(e.key()).or_default().push(entry);
    }
    keys
}

proptest! {
    #[test]
    fn duplicates_and_disorder_within_the_hold_change_nothing(log in displaced_log(), duplicates in duplicates()) {
        for mode in [OrderMode::Sorted, OrderMode::Sequenced] {
            let mut in_order = log.clone();
            in_order.sort_by_key(|e| e.event_time);
            for event in &mut in_order {
                event.ingest_time = event.event_time;
            }
            let mut reference = World::new(settings(mode, 0), in_order);
            reference.finish();

            let mut world = World::new(settings(mode, 0), with_duplicates(log.clone(), &duplicates));
            world.finish();
            world.check();
            prop_assert_eq!(by_key(&world.published), by_key(&reference.published));
        }
    }

    #[test]
    fn crashes_at_any_step_lose_and_double_nothing(
        log in displaced_log(),
        duplicates in duplicates(),
        steps in steps(),
        mode in prop_oneof![Just(OrderMode::Sorted), Just(OrderMode::Sequenced), Just(OrderMode::Causal)],
        enriched in any::<bool>(),
    ) {
        let mut log = with_duplicates(log, &duplicates);
        if enriched {
            for event in &mut log {
                event.customer_id = Some(format!("C-{}", event.entity_id));
            }
        }
        let mut world = World::new(settings(mode, if enriched { DEADLINE } else { 0 }), log);
        for step in steps {
            match step {
                Step::Read => { world.read(); }
                Step::Pass(milliseconds) => world.pass(milliseconds),
                Step::Commit => world.commit(),
                Step::Crash => world.crash(),
            }
        }
        world.finish();
        world.check();
    }
}

/// Nothing is at hand of anybody.
fn no_profiles() -> Profiles {
    let asked = |name: &str| AskedSource { name: name.into(), system: name.into(), freshness_ms: 30_000 };
    Profiles::new(30_000, 100, ProfileField::ALL.into()).asking(["salesforce", "sap"].map(asked).into())
}

fn profile(customer: &str, at: i64) -> CustomerProfile {
    let data = ProfileData {
        account_name: Some("Acme".to_owned()),
        loyalty_tier: Some("GOLD".to_owned()),
        ..ProfileData::default()
    };
    let part = ProfilePart {
        source: "salesforce".to_owned(),
        system: System::Salesforce,
        status: SourceStatus::Ok,
        fetched_at: Some(at),
        latency_ms: 3,
        data,
        identity: None,
    };
    merge(customer, &[part], at)
}

#[test]
fn a_slow_customer_delays_only_its_own_conversation_and_only_to_the_deadline() {
    let mut slow = event("slow", et::CONVERSATION_STARTED, 1_000);
    slow.customer_id = Some("C-slow".to_owned());
    let mut next = event("slow", et::MESSAGE_RECEIVED, 1_001);
    next.customer_id.clone_from(&slow.customer_id);
    let mut quick = event("quick", et::CONVERSATION_STARTED, 1_002);
    quick.customer_id = Some("C-quick".to_owned());
    let mut world = World::new(settings(OrderMode::Causal, DEADLINE), vec![slow, next, quick]);
    while world.read() {}
    let wanted: Vec<String> = world.task.take_lookups().into_iter().map(|lookup| lookup.customer).collect();
    assert_eq!(wanted, ["C-slow", "C-quick"]);

    world.profiles.learn(profile("C-quick", world.now), world.now);
    world.step(|task, ctx| task.profile_learned("C-quick", ctx));
    world.commit();
    assert_eq!(world.published.len(), 1);
    assert_eq!(world.published[0].enrichment.status, EnrichmentStatus::Complete);
    assert_eq!(world.published[0].profile.as_ref().unwrap().loyalty_tier.as_deref(), Some("GOLD"));
    // The quick one is finished above an unfinished offset: a crash now must not publish it again.
    assert_eq!(world.committed, 0);
    world.crash();
    while world.read() {}
    world.pass(DEADLINE + 1);
    // The second event of the slow conversation asks for itself.
    world.pass(DEADLINE + 1);
    world.commit();
    world.check();
    assert_eq!(world.published[1].enrichment.status, EnrichmentStatus::Missing);
}

#[test]
fn what_is_answered_in_the_millisecond_of_the_deadline_is_in_the_event_and_what_is_later_is_named() {
    for (answered_after, status) in [
        (DEADLINE - 1, EnrichmentStatus::Complete),
        (DEADLINE, EnrichmentStatus::Complete),
        (DEADLINE + 1, EnrichmentStatus::Missing),
    ] {
        let mut log: Vec<_> =
            [et::CONVERSATION_STARTED, et::MESSAGE_RECEIVED].map(|kind| event("c", kind, 1_000)).into();
        log[0].customer_id = Some("C-1".to_owned());
        let mut world = World::new(settings(OrderMode::Causal, DEADLINE), log);
        assert!(world.read());
        assert_eq!(world.task.take_lookups()[0].until, world.now + DEADLINE);

        // The answer comes just after the answers of this millisecond were taken in; and so does the next event.
        world.pass(answered_after);
        assert!(world.read());
        world.profiles.learn(profile("C-1", world.now), world.now);
        world.step(|task, ctx| task.profile_learned("C-1", ctx));
        world.pass(1);
        world.commit();

        let enrichment = &world.published[0].enrichment;
        assert_eq!(enrichment.status, status, "answered after {answered_after} ms");
        if status == EnrichmentStatus::Missing {
            let late: Vec<_> = enrichment.sources.iter().map(|s| (&*s.system, s.status)).collect();
            assert_eq!(late, [("salesforce", SourceStatus::Timeout), ("sap", SourceStatus::Timeout)]);
        }
    }
}

#[test]
fn an_agent_with_the_number_of_a_conversation_is_not_that_conversation() {
    let mut agent = event("777001", et::AGENT_STATE_CHANGED, 2_000);
    agent.conversation_id = None;
    agent.entity_type = "agent".to_owned();
    let log = vec![
        event("777001", et::CONVERSATION_STARTED, 1_000),
        agent,
        event("777001", et::CONVERSATION_ENDED, 3_000),
    ];
    let mut world = World::new(settings(OrderMode::Causal, 0), log);
    world.finish();
    let seen: Vec<(&str, i64, &str)> = world
        .published
        .iter()
        .map(|e| (e.entity_type.as_str(), e.ordering.position, e.conversation.state.as_str()))
        .collect();
    assert_eq!(seen, [("conversation", 1, "started"), ("agent", 1, "none"), ("conversation", 2, "ended")]);
}

#[test]
fn what_is_older_than_the_window_says_so() {
    let mut old = event("c", et::CONVERSATION_STARTED, 0);
    old.ingest_time = 6 * 24 * 3_600_000;
    let mut world = World::new(settings(OrderMode::Causal, 0), vec![old]);
    world.finish();
    assert!(world.published[0].dedup_unknown);
}

#[test]
fn a_dead_letter_keeps_its_bytes_and_holds_nobody_up() {
    let mut world = World::new(settings(OrderMode::Causal, 0), vec![event("c", et::CONVERSATION_STARTED, 1)]);
    world.task.dead_letter(DeadLetter {
        record: record(0, "k"),
        code: "TL-3001",
        message: "no frame".to_owned(),
    });
    let outputs = world.task.take_outputs();
    assert_eq!(world.task.drain_finished().collect::<Vec<_>>(), [0]);
    assert!(world.task.take_published(), "the commit concerns this partition");
    assert!(matches!(&outputs[0], Output::DeadLetter(letter) if letter.record == record(0, "k")));
}

#[test]
fn what_the_brokers_would_not_take_becomes_a_dead_letter_without_leaving_a_hole() {
    let log: Vec<PlatformEvent> = (1..=3).map(|n| event("c", et::MESSAGE_RECEIVED, n)).collect();
    let mut world = World::new(settings(OrderMode::Causal, 0), Vec::new());
    for (offset, mut event) in log.into_iter().enumerate() {
        if offset == 1 {
            event.data = "7".repeat(1 << 20);
        }
        world.take(record(offset as i64, &event.key()), event);
    }
    let outputs = world.task.take_outputs();
    assert_eq!(world.finished, BTreeSet::from([0, 1, 2]));
    let outputs: Vec<String> = outputs
        .iter()
        .map(|output| match output {
            Output::Event(emission) => as_read(&emission.event).ordering.position.to_string(),
            Output::DeadLetter(letter) => format!("{} {}", letter.code, letter.record.offset),
            Output::Profile(_) => "profile".to_owned(),
        })
        .collect();
    assert_eq!(outputs, ["1", "TL-3007 1", "2"]);
}

#[test]
fn a_clock_that_is_far_ahead_makes_nobody_else_late_and_forgets_nothing() {
    let now = 100 * DAY;
    let mut ahead = event("c", et::MESSAGE_RECEIVED, now + 400 * DAY);
    ahead.ingest_time = now + 400 * DAY;
    let mut next = event("c", et::MESSAGE_RECEIVED, now + 1_000_000);
    next.ingest_time = now + 1_000_000;
    let mut again = event("c", et::MESSAGE_RECEIVED, now);
    again.ingest_time = now + 1_000_001;
    let mut first = again.clone();
    first.ingest_time = now;
    let mut world = World::new(settings(OrderMode::Causal, 0), Vec::new());
    // The brokers' clocks are right; whether ours is does not matter.
    for (offset, (at, event)) in
        [(now, first), (now + 1, ahead), (now + 1_000_000, next), (now + 1_000_001, again)]
            .into_iter()
            .enumerate()
    {
        world.now = at;
        let record = InboundRecord { timestamp: at, ..record(offset as i64, &event.key()) };
        world.take(record, event);
    }
    world.commit();
    let seen: Vec<(i64, bool)> =
        world.published.iter().map(|e| (e.ordering.position, e.ordering.late)).collect();
    assert_eq!(seen, [(1, false), (2, false), (3, false)], "one is a duplicate, none is late");
}

#[test]
fn conversations_are_forgotten_when_their_time_is_over_and_the_changelog_hears_of_it() {
    let mut log = vec![
        event("ended", et::CONVERSATION_STARTED, 1_000),
        event("ended", et::CONVERSATION_ENDED, 2_000),
        event("silent", et::CONVERSATION_STARTED, 3_000),
    ];
    for (name, day) in [("later", 6), ("later", 11), ("later", 31)] {
        log.push(event(name, et::MESSAGE_RECEIVED, day * DAY));
    }
    let mut world = World::new(settings(OrderMode::Causal, 0), log);
    let known = |world: &World, name: &str| {
        world.state.get(&keys::entity(&format!("genesys/org/{name}"))).unwrap().is_some()
    };
    for expected in [(true, false), (true, false), (true, true), (true, true), (false, true), (false, false)]
    {
        assert!(world.read());
        world.step(Task::tick);
        world.commit();
        // What is due only after this commit's events is looked at with the next tick.
        world.step(Task::tick);
        world.commit();
        assert_eq!((known(&world, "ended"), known(&world, "silent")), expected, "after {}", world.position);
    }
    // Nothing is left of either but what the last one, `later`, has.
    assert!(world.state.entries().keys().all(|key| {
        let text = String::from_utf8_lossy(key);
        !text.contains("ended") && !text.contains("silent")
    }));
}

#[test]
fn a_profile_survives_a_restart_and_is_forgotten_when_nobody_asks() {
    let mut first = event("c", et::CONVERSATION_STARTED, 1_000);
    first.customer_id = Some("C-1".to_owned());
    let mut next = event("c", et::MESSAGE_RECEIVED, 2_000);
    next.customer_id.clone_from(&first.customer_id);
    let mut later = event("other", et::MESSAGE_RECEIVED, 3 * DAY);
    later.customer_id = None;
    let mut world = World::new(settings(OrderMode::Causal, DEADLINE), vec![first, next, later]);
    world.read();
    world.profiles.learn(profile("C-1", world.now), world.now);
    world.step(|task, ctx| task.profile_learned("C-1", ctx));
    world.commit();
    assert!(world.state.get(&keys::profile("C-1")).unwrap().is_some());

    // Another life, with nothing in memory: the event goes on at once, without a lookup.
    world.profiles = no_profiles();
    world.crash();
    world.read();
    assert!(world.task.take_lookups().is_empty());
    world.commit();
    assert_eq!(world.published[1].enrichment.status, EnrichmentStatus::Complete);

    world.read();
    world.step(Task::tick);
    world.commit();
    assert!(world.state.get(&keys::profile("C-1")).unwrap().is_none());
}

#[test]
fn only_the_fields_allowed_enter_events() {
    let mut profiles = Profiles::new(30_000, 10, [ProfileField::AccountName].into());
    let mut known = profile("C-1", 0);
    known.balance = Some(5.into());
    known.currency = Some("EUR".to_owned());
    profiles.learn(known, 0);
    let view = profiles.at_hand("C-1", 1).profile.unwrap();
    assert_eq!(view.account_name.as_deref(), Some("Acme"));
    assert_eq!((&view.loyalty_tier, view.balance, &view.currency), (&None, None, &None));
}
