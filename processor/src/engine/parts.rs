//! Everything the engine works with.

use std::sync::{Arc, mpsc};

use tokio::sync::broadcast;
use trunkline_connect::{Event, Reporter};
use trunkline_kafka::ports::Clock;
use trunkline_kafka::{LogGuard, LogWatch, SchemaSource};
use trunkline_partition::Settings;
use trunkline_partition::plugins::Plugins;
use trunkline_profiles::Profiles;
use trunkline_rules::RuleSet;
use trunkline_schemas::PipelineError;
use trunkline_telemetry::{Health, ProgressWatch};

use super::ports::{InputEnds, PluginLookups, PluginThreads, ProfileLookups, ProfileRecords};
use crate::publisher::Publisher;
use crate::restore::Restorer;

/// Everything the engine works with.
pub struct Parts<B, S> {
    /// Membership and transactions.
    pub brokers: B,
    /// State.
    pub store: S,
    /// Brings state up to date.
    pub restorer: Box<dyn Restorer>,
    /// Schemas of records that this build does not know.
    pub schemas: Box<dyn SchemaSource>,
    /// Asks where the partitions of the input end.
    pub input_ends: Box<dyn InputEnds>,
    /// Asks the CRMs.
    pub lookups: Box<dyn ProfileLookups>,
    /// Reads what other instances know of customers.
    pub profile_records: Box<dyn ProfileRecords>,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// What happens to the connections to the CRMs.
    pub events: broadcast::Receiver<Event>,
    /// Makes reports of it.
    pub reporter: Reporter,
    /// What else operators should know.
    pub notices: mpsc::Receiver<PipelineError>,
    /// Profiles at hand.
    pub profiles: Profiles,
    /// Rules.
    pub rules: RuleSet,
    /// Plugins that events wait for.
    pub plugins: Plugins,
    /// What they run on.
    pub plugin_threads: Box<dyn PluginThreads>,
    /// Where they have sources looked up.
    pub plugin_lookups: Box<dyn PluginLookups>,
    /// Encodes.
    pub publisher: Publisher,
    /// For the tasks.
    pub settings: Arc<Settings>,
    /// How often to commit; milliseconds.
    pub commit_interval_ms: i64,
    /// Bytes of encoded records after which the client gets them before the commit: enough for large batches,
    /// little enough that the brokers have most of a transaction before it ends.
    pub hand_over_bytes: usize,
    /// Events under way per instance after which partitions pause.
    pub max_held_events: usize,
    /// Entities kept in memory per instance.
    pub max_entities_in_memory: usize,
    /// Readiness.
    pub health: Arc<Health>,
    /// Is told what is in hand and what took effect.
    pub progress: Arc<ProgressWatch>,
    /// What stands still because of what its log turned out to be.
    pub logs: LogGuard,
    /// Looks at the logs beside the engine.
    pub log_watch: Box<dyn LogWatch>,
    /// The topic that is read, with its prefix.
    pub input_topic: String,
    /// The changelog topic, with its prefix.
    pub changelog_topic: String,
}
