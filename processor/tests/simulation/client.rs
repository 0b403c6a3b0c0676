//! One process's client: what it was told of the group, and what it reads. What it was told may be long out of date.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::group::Change;
use crate::patience::Patience;
use crate::world::{Due, World};

/// What a partition is read with.
#[derive(Debug, Clone, Copy)]
pub struct Fetch {
    /// The next offset.
    pub position: i64,
    /// Not to be read from.
    pub paused: bool,
}

/// The brokers' view of one process, and its own view of them.
#[derive(Debug)]
pub struct Client {
    /// Name of the instance.
    pub name: String,
    /// The member's id, as it was told.
    pub member: u64,
    /// The generation, as it was told.
    pub generation: u32,
    /// The process does nothing.
    pub frozen: bool,
    /// Heartbeats do not come through until then.
    pub cut_until: i64,
    /// Nothing comes through until then.
    pub unreachable_until: i64,
    /// Another process bears its name: it cannot go on.
    pub fatal: bool,
    /// To be told when it polls.
    pub changes: VecDeque<Change>,
    /// Its partitions.
    pub fetches: BTreeMap<i32, Fetch>,
    /// Its events that wait for plugins.
    pub patience: Patience,
}

// === impl Client ===

impl Client {
    /// A process that has not joined yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            member: 0,
            generation: 0,
            frozen: false,
            cut_until: 0,
            unreachable_until: 0,
            fatal: false,
            changes: VecDeque::new(),
            fetches: BTreeMap::new(),
            patience: Patience::default(),
        }
    }
}

// === impl World ===

impl World {
    /// Members whose heartbeats arrive.
    pub fn beating(&self) -> BTreeSet<usize> {
        let now = self.now();
        self.clients
            .iter()
            .filter(|(_, client)| !client.frozen && !client.fatal && client.cut_until <= now)
            .map(|(number, _)| *number)
            .collect()
    }

    /// A process stops to do anything, or goes on.
    pub fn set_frozen(&mut self, client: usize, frozen: bool) {
        if let Some(known) = self.clients.get_mut(&client) {
            known.frozen = frozen;
        }
        if !frozen {
            self.learn_of_loss(client);
        }
    }

    /// A member that is none any more will hear of it with a heartbeat to come.
    pub fn learn_of_loss(&mut self, client: usize) {
        let Some(known) = self.clients.get(&client) else { return };
        if !known.frozen && !self.group.is_member(&known.name, known.member) {
            let after = if self.calm { 10 } else { self.dice.between(1, 3_000) };
            self.schedule(after, Due::Lost { client });
        }
    }

    /// A member hears that it is none.
    pub fn lost(&mut self, client: usize) {
        let Some(known) = self.clients.get_mut(&client) else { return };
        if known.frozen || known.fatal || self.group.is_member(&known.name, known.member) {
            return;
        }
        if known.changes.iter().any(|change| matches!(change, Change::Revoked { lost: true, .. })) {
            return;
        }
        let announced = known.changes.iter().filter_map(|change| match change {
            Change::Assigned(partitions) => Some(partitions.clone()),
            Change::Revoked { .. } => None,
        });
        let mut partitions: BTreeSet<i32> = known.fetches.keys().copied().collect();
        partitions.extend(announced.flatten());
        if partitions.is_empty() {
            self.join(client);
        } else {
            let partitions = partitions.into_iter().collect();
            known.changes.push_back(Change::Revoked { partitions, lost: true });
        }
    }

    /// A process joins the group.
    pub fn join(&mut self, client: usize) {
        let Some(known) = self.clients.get(&client) else { return };
        let name = known.name.clone();
        for (_, other) in self.clients.iter_mut().filter(|(number, c)| **number != client && c.name == name) {
            other.fatal = true;
        }
        let (member, change) = self.group.join(&name, client, self.now());
        let generation = self.group.generation();
        if let Some(known) = self.clients.get_mut(&client) {
            (known.member, known.generation) = (member, generation);
            known.changes.extend(change);
        }
    }

    /// How a process reads partitions.
    pub fn fetches(&self, client: usize, partitions: &[i32]) -> Vec<(i32, Fetch)> {
        let fetches = self.clients.get(&client).map(|client| &client.fetches);
        let fetch =
            |partition: &i32| fetches.and_then(|f| f.get(partition)).map(|fetch| (*partition, *fetch));
        partitions.iter().filter_map(fetch).collect()
    }

    /// Has a process read partitions.
    pub fn set_fetches(&mut self, client: usize, fetches: Vec<(i32, Fetch)>) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.fetches.extend(fetches);
        }
    }
}
