//! What a partition publishes of a history.

use std::collections::HashMap;
use std::sync::Arc;

use apache_avro::Schema;
use trunkline_config::OrderMode;
use trunkline_partition::conversation::Callers;
use trunkline_partition::entity::Retention;
use trunkline_partition::output::Enriched;
use trunkline_partition::{Context, MemoryState, Output, Settings, StateError, Task};
use trunkline_profiles::Profiles;
use trunkline_rules::RuleSet;
use trunkline_schemas::codec::Value as _;
use trunkline_schemas::{EnrichedEncoder, EnrichedEvent, PlatformEvent};
use trunkline_systems::ProfileField;
use trunkline_verifier::avro;
use trunkline_verifier::decode::Intake;
use trunkline_verifier::evidence::{Evidence, Place};
use trunkline_verifier::topics::Record;
use uuid::Uuid;

use crate::arrived::arrived;
use crate::fact::Fact;

const START: i64 = 1_790_000_000_000;
const DAY_MS: i64 = 24 * 3_600_000;
const HOLD_MS: i64 = 500;

/// Between two arrivals: some come within a hold.
const PACE_MS: i64 = 60;

/// A partition whose profiles nobody asks for.
struct Partition {
    task: Task,
    state: MemoryState,
    profiles: Profiles,
    rules: RuleSet,
    now: i64,
}

impl Partition {
    fn new(mode: OrderMode) -> Self {
        let settings = Settings {
            sources: HashMap::from_iter([("test".to_owned(), (mode, HOLD_MS))]),
            retention: Retention { ids_ms: DAY_MS, ended_ms: DAY_MS, silent_ms: DAY_MS },
            repeat_window_ms: 0,
            profile_keep_ms: DAY_MS,
            enrich_deadline_ms: 0,
            callers: Callers::default(),
            max_record_bytes: 1 << 20,
            include_data: true,
            plugin_events: Default::default(),
            instance: "test".to_owned(),
        };
        let state = MemoryState::default();
        let task = Task::restored(Arc::new(settings), &state).unwrap();
        let profiles = Profiles::new(30_000, 100, ProfileField::ALL.into());
        Self { task, state, profiles, rules: RuleSet::none(), now: START }
    }

    fn step(&mut self, step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), StateError>) {
        let Self { task, state, profiles, rules, now } = self;
        step(task, &mut Context { now: *now, state, profiles, rules }).unwrap();
        let mut changes = Vec::new();
        task.take_changes(&mut changes).unwrap();
        state.apply(&changes);
    }

    fn take(&mut self, offset: i64, event: &PlatformEvent) {
        self.now = event.ingest_time;
        let arrived = arrived(offset, event);
        self.step(|task, ctx| task.record(arrived, ctx));
    }
}

/// What is published of a history, in the order of publication, as the judge reads it. Each fact is an event, also one
/// that is told twice.
pub fn published(mode: OrderMode, facts: &[Fact]) -> Evidence {
    let mut partition = Partition::new(mode);
    for (offset, fact) in facts.iter().enumerate() {
        let offset = offset as i64;
        let event_id = Uuid::from_u128(offset as u128 + 1).to_string();
        let event = PlatformEvent { event_id, ingest_time: START + offset * PACE_MS, ..fact.event() };
        partition.take(offset, &event);
    }
    partition.now += 2 * HOLD_MS;
    let now = partition.now;
    partition.step(|task, ctx| task.read_to_the_end(now, ctx));
    let outputs = partition.task.take_outputs();
    let events = outputs.into_iter().filter_map(|output| match output {
        Output::Event(emission) => Some((emission.key, emission.event)),
        _ => None,
    });
    let evidence = as_read(events);
    assert_eq!(evidence.enriched.len(), facts.len(), "every fact is published");
    evidence
}

/// Records of `events.enriched`, as the judge takes them in.
fn as_read(events: impl Iterator<Item = (Option<Vec<u8>>, Enriched)>) -> Evidence {
    let schema = Schema::parse_str(EnrichedEvent::SCHEMA).unwrap();
    let (mut intake, mut encoder) = (Intake::new(None), EnrichedEncoder::new(1));
    for (offset, (key, event)) in events.enumerate() {
        let value = event.encode(&mut encoder).unwrap();
        let (id, body) = avro::split(&value).unwrap();
        let fields = avro::decode(id, &schema, body).unwrap();
        let record = Record {
            topic: "events.enriched".to_owned(),
            place: Place { partition: 0, offset: offset as i64 },
            timestamp: START,
            key,
            value: Some(value),
            headers: Vec::new(),
        };
        intake.take("events.enriched", &record, &fields).unwrap();
    }
    intake.evidence
}
