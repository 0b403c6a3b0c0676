//! One process: the processor's own engine, with every port going to the model.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::broadcast;
use trunkline_config::{Kafka, OnLoss, OrderMode, Security};
use trunkline_connect::Reporter;
use trunkline_kafka::LogGuard;
use trunkline_kafka::schemas::Ids;
use trunkline_partition::Settings;
use trunkline_partition::conversation::Callers;
use trunkline_partition::entity::Retention;
use trunkline_partition::plugins::Plugins;
use trunkline_processor::engine::{Engine, Parts};
use trunkline_processor::publisher::Publisher;
use trunkline_profiles::{AskedSource, Profiles};
use trunkline_rules::RuleSet;
use trunkline_schemas::catalog;
use trunkline_systems::ProfileField;
use trunkline_telemetry::progress::{self, Limits};
use trunkline_telemetry::{Health, ProgressWatch};

use crate::brokers::ModelBrokers;
use crate::handle::Handle;
use crate::input;
use crate::input_log::ModelWatch;
use crate::plugins::{self, ModelPlugins, ModelSource};
use crate::restorer::ModelRestorer;
use crate::saboteurs::{Sabotage, Sabotaged};
use crate::store::{Disk, ModelStore};
use crate::surroundings::{ModelClock, ModelEnds, ModelLookups, ModelProfileRecords, ModelRegistry, SOURCE};

/// How long events are held for their order; milliseconds.
pub const HOLD_MS: i64 = 500;

/// How long an event waits for its profile; milliseconds.
const DEADLINE_MS: i64 = 250;

/// Bytes of the largest record: a margin of 64 KiB is left for what enrichment adds.
pub const MAX_RECORD_BYTES: usize = (64 << 10) + 2_000;

/// Lookups of plugins under way at once.
const MOST_LOOKUPS: usize = 3;

const DAY_MS: i64 = 24 * 3_600_000;

/// Ids and entities are remembered for longer than any run takes; milliseconds.
const REMEMBERED_MS: i64 = 60 * DAY_MS;

/// A running processor.
pub trait Process {
    /// One turn of its loop, or why it ends.
    fn turn(&mut self) -> Result<(), String>;

    /// Its orderly end, or why it had none.
    fn drain(self: Box<Self>) -> Result<(), String>;

    /// Partitions that it processes.
    fn owned(&self) -> Vec<i32>;
}

type ModelEngine = Engine<Sabotaged<ModelBrokers>, ModelStore>;

impl Process for ModelEngine {
    fn turn(&mut self) -> Result<(), String> {
        Engine::turn(self).map_err(|error| error.to_string())
    }

    fn drain(self: Box<Self>) -> Result<(), String> {
        Engine::drain(*self).map_err(|error| error.to_string())
    }

    fn owned(&self) -> Vec<i32> {
        Engine::owned(self)
    }
}

/// Settings of a cluster that is not there.
pub fn kafka() -> Kafka {
    Kafka {
        brokers: "localhost:1".to_owned(),
        prefix: String::new(),
        partitions: 1,
        replication: 1,
        retention: Default::default(),
        security: Security::Plaintext,
    }
}

/// Sources with their order and hold.
pub fn sources() -> HashMap<String, (OrderMode, i64)> {
    HashMap::from([
        ("sequenced".to_owned(), (OrderMode::Sequenced, HOLD_MS)),
        ("causal".to_owned(), (OrderMode::Causal, HOLD_MS)),
        ("sorted".to_owned(), (OrderMode::Sorted, HOLD_MS)),
    ])
}

/// Where the commands of [`rules`] go.
pub const WRITE_BACKS: &str = "writebacks.genesys";

/// Rules of which each event of a type makes one thing, see `oracle`; and one that fails.
const RULES: &str = r#"
allow_env_secrets = true
[kafka]
brokers = "localhost:1"
[registry]
url = "http://localhost:1"
[targets.genesys]
system = "genesys"
org = "org"
base_url = "http://localhost:1"
token_url = "http://localhost:1/oauth/token"
client_id = "id"
client_secret = "env:PATH"
[rules]
default_queue = "general"
[[rules.routing]]
id = "to-its-queue"
on = ["queue.entered"]
queue = 'event.entityId'
[[rules.writeback]]
id = "say-so"
on = ["conversation.ended"]
target = "genesys"
operation = "participant_attributes"
[rules.writeback.parameters]
conversationId = 'event.conversationId'
participantId = '"customer"'
[rules.writeback.fields]
state = 'conversation.state'
[[rules.writeback]]
id = "fails"
on = ["participant.connected"]
target = "genesys"
operation = "participant_attributes"
[rules.writeback.parameters]
conversationId = 'event.conversationId'
participantId = 'event.attributes["none"]'
[rules.writeback.fields]
never = '"written"'
"#;

fn rules() -> RuleSet {
    let config =
        trunkline_config::parse(RULES, "trunkline.toml").unwrap_or_else(|mistakes| panic!("{mistakes}"));
    RuleSet::compile(&config).expect("rules that are right")
}

fn asked() -> AskedSource {
    AskedSource { name: SOURCE.into(), system: SOURCE.into(), freshness_ms: 1_000 }
}

/// Puts a processor together.
pub fn assemble(
    handle: &Handle,
    name: &str,
    epoch: i32,
    disk: Rc<RefCell<Disk>>,
    sabotage: Option<Sabotage>,
) -> Box<dyn Process> {
    let (clock, plan) = {
        let mut world = handle.world();
        let skew = world.plan.skew_ms;
        let skew = world.dice.between(-skew, skew + 1);
        let (now, set_by) = (world.clock(), world.clock_set_by());
        (ModelClock::new(now, set_by, skew), world.plan.clone())
    };
    let ids: Ids = catalog::TOPICS.iter().map(|topic| (topic.name, input::OUTPUT_SCHEMA)).collect();
    let brokers = ModelBrokers::new(handle.clone(), name.to_owned(), epoch);
    let registrations = plugins::registrations(&plan, sabotage);
    let threads = ModelPlugins::new(handle.clone(), clock.clone(), registrations.len(), sabotage);
    let plugins = Plugins::new(registrations).looking_up_at_most(MOST_LOOKUPS);
    let settings = Settings {
        sources: sources().into_iter().collect(),
        retention: Retention { ids_ms: REMEMBERED_MS, ended_ms: REMEMBERED_MS, silent_ms: REMEMBERED_MS },
        repeat_window_ms: 5 * 60_000,
        profile_keep_ms: DAY_MS,
        enrich_deadline_ms: DEADLINE_MS,
        callers: Callers { phones: true, ..Callers::default() },
        max_record_bytes: MAX_RECORD_BYTES,
        include_data: true,
        plugin_events: plugins.events().map(str::to_owned).collect(),
        instance: name.to_owned(),
    };
    Box::new(Engine::new(Parts {
        brokers: Sabotaged::new(brokers, handle.clone(), disk.clone(), sabotage),
        store: ModelStore::new(handle.clone(), disk),
        restorer: Box::new(ModelRestorer::new(handle.clone(), sabotage)),
        schemas: Box::new(ModelRegistry::new(handle.clone())),
        input_ends: Box::new(ModelEnds::new(handle.clone(), sabotage)),
        lookups: Box::new(ModelLookups::new(handle.clone())),
        profile_records: Box::new(ModelProfileRecords::new(handle.clone())),
        clock: Box::new(clock),
        events: broadcast::channel(1).1,
        reporter: Reporter::new("processor", name),
        notices: mpsc::channel().1,
        profiles: Profiles::new(1_000, 4, ProfileField::ALL.into()).asking(vec![asked()]),
        rules: rules(),
        plugins,
        plugin_threads: Box::new(threads),
        plugin_lookups: Box::new(ModelSource::new(handle.clone())),
        publisher: Publisher::new(&kafka(), &ids, name).expect("an id for every schema"),
        settings: Arc::new(settings),
        commit_interval_ms: 50,
        hand_over_bytes: plan.hand_over_bytes,
        max_held_events: plan.max_held_events,
        max_entities_in_memory: plan.max_entities,
        health: Health::new(),
        progress: Arc::new(ProgressWatch::new(progress::Process::Processor, Limits::of(Duration::MAX))),
        logs: LogGuard::new(plan.on_log_change, OnLoss::Stop, "processor", name),
        log_watch: Box::new(ModelWatch::new(handle.clone())),
        input_topic: catalog::EVENTS_NORMALIZED.to_owned(),
        changelog_topic: catalog::PROCESSOR_CHANGELOG.to_owned(),
    }))
}
