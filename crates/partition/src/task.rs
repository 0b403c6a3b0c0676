//! One partition: dedup, order, enrich, emit. A pure function of (state, input, now): what it wants done it returns.
//!
//! The way of an event: [`Task::record`] drops it if its id is known; its channel holds it or lets it through
//! to its entity's lane; at the head of the lane it is dropped if it only repeats what was said last, else it
//! waits for its customer's profile if need be, then for the plugins that want to see it; then it is emitted,
//! gets its position, and its offset is finished. Until then it leaves no trace in state: a crash has it read
//! again.
//!
//! # Layout
//!
//! - `arrive`: a record comes in
//! - `advance`: time passes, and lanes move as far as they go
//! - `resolve`: what the head of a lane waits for: its profile, its plugins
//! - `repeat`: what only repeats what was said last
//! - `emit`: the one place where an event leaves a trace
//! - `commit`: what changed since the last commit
//! - `lane`, `timers`, `clock`, `entity_cache`: what it works on
//! - `expiry`, `migration`, `kept_profiles`: state beside the stream
//! - `findings`, `size`: what is published, and whether it fits
//! - `numbering`: sources whose numbers seem to run across conversations

mod advance;
mod arrive;
mod clock;
mod commit;
mod emit;
mod entity_cache;
mod expiry;
mod findings;
mod kept_profiles;
mod lane;
mod migration;
mod numbering;
mod repeat;
mod resolve;
mod settings;
mod size;
mod timers;

pub use arrive::{Arrived, entity_of};
pub use clock::Arrival;
pub use settings::Settings;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use trunkline_profiles::Profiles;
use trunkline_rules::RuleSet;
use trunkline_schemas::SystemIdentity;

use self::clock::PartitionClock;
use self::entity_cache::EntityCache;
use self::expiry::Expiry;
use self::migration::Migration;
use self::numbering::Numbering;
use self::timers::Timers;
use crate::output::Output;
use crate::plugins::PluginRequest;
use crate::state::{StateError, StateView};

/// What a step may look at, besides the task itself.
pub struct Context<'a> {
    /// UTC milliseconds.
    pub now: i64,
    /// Committed state of the partition.
    pub state: &'a dyn StateView,
    /// Profiles at hand.
    pub profiles: &'a mut Profiles,
    /// The rules.
    pub rules: &'a mut RuleSet,
}

/// Counters since the task began.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Events emitted.
    pub emitted: u64,
    /// Events dropped because their id took effect before.
    pub duplicates: u64,
    /// Events not emitted because they only repeat what was said last.
    pub repeats: u64,
    /// Events emitted that may repeat what was said before.
    pub possible_repeats: u64,
    /// Events that were held and came out in order.
    pub put_in_order: u64,
    /// Events marked late.
    pub late: u64,
    /// Events marked as following a gap.
    pub gaps: u64,
    /// Customers of conversations of whom a later event says by stronger evidence that they are others.
    pub customers_replaced: u64,
    /// Records that became dead letters.
    pub dead_letters: u64,
}

/// A customer to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupRequest {
    /// The customer, as events name him.
    pub customer: String,
    /// Which customer of each system that is, as far as it was found out before.
    pub identities: Vec<SystemIdentity>,
    /// The trace context of the event that wants it.
    pub traceparent: Option<String>,
    /// The conversation of that event.
    pub conversation: Option<String>,
    /// Until then the event waits for it; UTC milliseconds.
    pub until: i64,
}

/// One partition's task.
pub struct Task {
    settings: Arc<Settings>,
    entities: EntityCache,
    /// Ends of holds, in partition time.
    holds: Timers,
    /// Ends of waits for a profile, in wall-clock time.
    waits: Timers,
    /// All profiles that were fetched before this time have been taken in; UTC milliseconds.
    profiles_until: i64,
    /// Lanes by the customer they wait for.
    waiting: HashMap<String, Vec<Arc<str>>>,
    /// Lanes by the number of what they ask plugins.
    consulting: HashMap<u64, Arc<str>>,
    plugin_requests: Vec<PluginRequest>,
    /// The number of the latest request to plugins.
    requested: u64,
    lookups: Vec<LookupRequest>,
    outputs: Vec<Output>,
    /// Offsets of records that are done with.
    finished: Vec<i64>,
    /// Outputs were taken since the last commit: it concerns this partition.
    published: bool,
    /// Changes of state besides those of entities, the latest of each key.
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    expiry: Expiry,
    migration: Migration,
    counters: Counters,
    numbering: Numbering,
    clock: PartitionClock,
    held_bytes: usize,
}

// === impl Task ===

impl Task {
    /// Starts with restored state. Records come from the committed offset on, without those that were finished before.
    ///
    /// # Errors
    /// [`StateError`] when state cannot be read.
    pub fn restored(settings: Arc<Settings>, state: &dyn StateView) -> Result<Self, StateError> {
        Ok(Self {
            settings,
            entities: EntityCache::default(),
            holds: Timers::default(),
            waits: Timers::default(),
            profiles_until: 0,
            waiting: HashMap::new(),
            consulting: HashMap::new(),
            plugin_requests: Vec::new(),
            requested: 0,
            lookups: Vec::new(),
            outputs: Vec::new(),
            finished: Vec::new(),
            published: false,
            changes: BTreeMap::new(),
            expiry: Expiry::default(),
            migration: Migration::restored(state)?,
            counters: Counters::default(),
            numbering: Numbering::default(),
            clock: PartitionClock::default(),
            held_bytes: 0,
        })
    }

    /// Publishes a record with the next commit, besides those of events.
    pub fn publish(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Customers to look up; their profiles come back by [`Task::profile_learned`].
    pub fn take_lookups(&mut self) -> Vec<LookupRequest> {
        std::mem::take(&mut self.lookups)
    }

    /// Events to ask plugins about; their answers come back by [`Task::plugins_answered`].
    pub fn take_plugin_requests(&mut self) -> Vec<PluginRequest> {
        std::mem::take(&mut self.plugin_requests)
    }

    /// What is to be published with the next commit, since the last call.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        self.published |= !self.outputs.is_empty();
        std::mem::take(&mut self.outputs)
    }

    /// The offsets that were finished since the last call, in the order in which they were.
    pub fn drain_finished(&mut self) -> impl Iterator<Item = i64> + '_ {
        self.finished.drain(..)
    }

    /// Bytes of the events that are held or wait.
    pub fn outstanding_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Sources whose numbers seem to run across conversations, since the last call, see `numbering`.
    pub fn take_suspected_numbering(&mut self) -> Vec<String> {
        self.numbering.take_suspected()
    }

    /// Counters since the task began.
    pub fn counters(&self) -> Counters {
        self.counters
    }
}

#[cfg(test)]
mod tests;
