//! How long a process lets events wait for plugins. What was asked is overdue once its budget is over and the
//! process has looked at its plugins since; by its next commit the event must be published then.

use std::collections::BTreeMap;

use trunkline_schemas::EnrichedEvent;

use crate::plugin_effects::PLUGINS;
use crate::world::World;

/// The events of one process that wait for plugins.
#[derive(Debug, Default)]
pub struct Patience {
    /// By event: its partition, and when nobody should wait any more by the process's clock.
    waiting: BTreeMap<String, (i32, i64)>,
    /// Those that should go on now, each with its partition.
    overdue: BTreeMap<String, i32>,
}

// === impl Patience ===

impl Patience {
    fn asked(&mut self, event: &str, partition: i32, until: i64) {
        let (_, known) = self.waiting.entry(event.to_owned()).or_insert((partition, until));
        *known = until.max(*known);
    }

    fn taken_in(&mut self, now: i64) {
        let due = self.waiting.extract_if(.., |_, (_, until)| *until <= now);
        self.overdue.extend(due.map(|(event, (partition, _))| (event, partition)));
    }

    /// An event is published.
    pub fn published(&mut self, event: &str) {
        self.waiting.remove(event);
        self.overdue.remove(event);
    }

    /// The process forgets what is not committed of these partitions.
    pub fn let_go(&mut self, partitions: &[i32]) {
        self.waiting.retain(|_, (partition, _)| !partitions.contains(partition));
        self.overdue.retain(|_, partition| !partitions.contains(partition));
    }

    /// The process forgets everything that is not committed.
    pub fn let_go_of_all(&mut self) {
        *self = Self::default();
    }
}

// === impl World ===

impl World {
    /// A process asks a plugin about an event, and waits until then by its own clock.
    pub fn plugin_asked(&mut self, number: usize, ticket: u64, event: &EnrichedEvent, until: i64) {
        self.count("plugin asked");
        self.oracle.plugins.asked(number, ticket, &event.event_id);
        let partition = self.partition_of(event.key().as_bytes());
        if let Some(client) = self.clients.get_mut(&number) {
            client.patience.asked(&event.event_id, partition, until);
        }
    }

    /// A process has taken in everything that its plugins have said by then, by its own clock.
    pub fn plugins_taken_in(&mut self, number: usize, now: i64) {
        if let Some(client) = self.clients.get_mut(&number) {
            client.patience.taken_in(now);
        }
    }

    /// A process commits: what is overdue must be among it.
    pub fn judge_patience(&mut self, number: usize) {
        let overdue =
            self.clients.get(&number).and_then(|client| client.patience.overdue.keys().next().cloned());
        if let Some(event) = overdue {
            let what = format!("event {event} waits for a plugin of process {number} beyond its budget");
            self.violated(PLUGINS, what);
        }
    }
}
