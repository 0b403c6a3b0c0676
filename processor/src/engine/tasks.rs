//! The tasks of the partitions that are processed, with what they share.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_partition::state::{Change, StateError, StateView};
use trunkline_partition::task::{Counters, LookupRequest};
use trunkline_partition::{Context, Settings, Task};
use trunkline_profiles::{Profiles, TakenIn};
use trunkline_rules::RuleSet;
use trunkline_schemas::CustomerProfile;

use super::numbering::NumberingWarnings;
use super::plugin_calls::PluginCalls;
use crate::metrics;
use crate::state::{PartitionState, StateStore};

/// The tasks, and what they share.
pub(super) struct Tasks {
    running: BTreeMap<i32, Running>,
    settings: Arc<Settings>,
    profiles: Profiles,
    rules: RuleSet,
    max_entities_in_memory: usize,
    numbering: NumberingWarnings,
}

struct Running {
    task: Task,
    /// As the metrics have it.
    counted: Counters,
}

// === impl Tasks ===

impl Tasks {
    /// None runs yet.
    pub(super) fn new(
        settings: Arc<Settings>,
        profiles: Profiles,
        rules: RuleSet,
        max_entities_in_memory: usize,
    ) -> Self {
        let (running, numbering) = (BTreeMap::new(), NumberingWarnings::default());
        Self { running, settings, profiles, rules, max_entities_in_memory, numbering }
    }

    /// Starts a partition's task.
    pub(super) fn begin(&mut self, partition: i32, state: &dyn StateView) -> Result<(), StateError> {
        let task = Task::restored(self.settings.clone(), state)?;
        self.running.insert(partition, Running { task, counted: Counters::default() });
        Ok(())
    }

    /// Forgets a partition's task.
    pub(super) fn let_go(&mut self, partition: i32) {
        self.running.remove(&partition);
    }

    /// What was learned with a transaction that took no effect was not learned.
    pub(super) fn forget_profiles(&mut self) {
        self.profiles.clear();
    }

    /// The partitions that are processed.
    pub(super) fn partitions(&self) -> Vec<i32> {
        self.running.keys().copied().collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// Runs one step of a task with everything it may look at, then asks the plugins that it wants asked.
    /// Partitions that are not ours are passed over.
    pub(super) fn step<S: StateStore>(
        &mut self,
        partition: i32,
        store: &S,
        now: i64,
        plugins: &mut PluginCalls,
        step: impl FnOnce(&mut Task, &mut Context<'_>) -> Result<(), StateError>,
    ) -> Result<Option<&mut Task>, StateError> {
        let Some(Running { task, .. }) = self.running.get_mut(&partition) else { return Ok(None) };
        let state = PartitionState::new(store, partition);
        let mut ctx = Context { now, state: &state, profiles: &mut self.profiles, rules: &mut self.rules };
        step(task, &mut ctx)?;
        plugins.consult(partition, task, &mut ctx)?;
        Ok(Some(task))
    }

    /// Partitions with holds that are over if nothing is left to be read of what was there at `now`.
    pub(super) fn awaiting_the_end(&self, now: i64) -> Vec<i32> {
        let awaiting = self.running.iter().filter(|(_, running)| running.task.awaits_the_end(now));
        awaiting.map(|(partition, _)| *partition).collect()
    }

    /// Takes in a fetched profile. Returns it as it now stands.
    pub(super) fn learn(&mut self, fetched: CustomerProfile, now: i64) -> CustomerProfile {
        self.profiles.learn(fetched, now)
    }

    /// Takes in what was published of a customer, by whichever instance.
    pub(super) fn told(&mut self, record: CustomerProfile, now: i64) -> TakenIn {
        self.profiles.take_in(record, now)
    }

    /// A customer was erased.
    pub(super) fn forget_profile(&mut self, customer: &str, now: i64) {
        self.profiles.forget(customer, now);
    }

    /// What is known of a customer, if anything is in memory.
    pub(super) fn known(&self, customer: &str) -> Option<&CustomerProfile> {
        self.profiles.known(customer)
    }

    /// Customers to look up.
    pub(super) fn take_lookups(&mut self) -> Vec<LookupRequest> {
        self.running.values_mut().flat_map(|running| running.task.take_lookups()).collect()
    }

    /// Appends what changed of a partition since the last commit. True when the commit concerns it for what
    /// it published.
    pub(super) fn take_changes(
        &mut self,
        partition: i32,
        changes: &mut Vec<Change>,
    ) -> Result<bool, StateError> {
        let Some(Running { task, .. }) = self.running.get_mut(&partition) else { return Ok(false) };
        task.take_changes(changes)?;
        Ok(task.take_published())
    }

    /// After a commit: lets go of what is too much to keep in memory.
    pub(super) fn evict(&mut self) {
        let limit = self.max_entities_in_memory / self.running.len().max(1);
        self.running.values_mut().for_each(|running| running.task.evict(limit));
    }

    /// Bytes of events of a partition that are under way.
    pub(super) fn outstanding_bytes(&self, partition: i32) -> usize {
        self.running.get(&partition).map_or(0, |running| running.task.outstanding_bytes())
    }

    /// Whether a partition's events wait for the ends of holds, and for nothing else.
    pub(super) fn waits_for_holds_alone(&self, partition: i32) -> bool {
        self.running.get(&partition).is_some_and(|running| running.task.waits_for_holds_alone())
    }

    /// Brings the metrics up to date, and says what shows in them alone.
    pub(super) fn count(&mut self, now_ms: i64) {
        for Running { task, counted } in self.running.values_mut() {
            let now = task.counters();
            metrics::events(*counted, now);
            *counted = now;
            for source in task.take_suspected_numbering() {
                self.numbering.suspected(&source, now_ms);
            }
        }
    }
}
