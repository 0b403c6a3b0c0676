//! What goes wrong by itself as time passes, and what coordinators and brokers do by themselves.

use trunkline_kafka::changelog::digest;
use trunkline_kafka::topics::DELETE_RETENTION_MS;
use trunkline_schemas::catalog;
use trunkline_schemas::headers::Headers;

use crate::group::SESSION_MS;
use crate::instance::Process;
use crate::log::Entry;
use crate::world::{Due, World};

// === impl World ===

impl World {
    /// Nothing goes wrong any more.
    pub fn calm(&mut self) {
        self.calm = true;
        let numbers: Vec<usize> = self.clients.keys().copied().collect();
        for number in numbers {
            if let Some(client) = self.clients.get_mut(&number) {
                (client.cut_until, client.unreachable_until) = (0, 0);
            }
            self.learn_of_loss(number);
        }
    }

    /// The processes that work on a partition, and rightly so.
    pub fn owners<'p>(
        &self,
        partition: i32,
        processes: impl Iterator<Item = (usize, Option<&'p dyn Process>)>,
    ) -> Vec<usize> {
        processes
            .filter(|(number, process)| {
                let member = self.clients.get(number);
                member.is_some_and(|client| self.group.holds(&client.name, client.member, partition))
                    && process.is_some_and(|process| process.owned().contains(&partition))
            })
            .map(|(number, _)| number)
            .collect()
    }

    /// What goes wrong by itself, and what coordinators do by themselves.
    pub fn weather(&mut self, elapsed: i64) {
        let share = elapsed as f64 / 1_000.0;
        let now = self.now();
        for (id, decision) in self.coordinator.time_out(now) {
            self.note("transaction timed out", || id.clone());
            self.decided(&id, decision);
        }
        let beating = self.beating();
        for name in self.group.tick(now, &beating) {
            self.note("session over", || name);
        }
        let scramble = self.fault(|plan| plan.scramble * share);
        if scramble {
            self.group.unsettle();
        }
        let partitions = self.plan.partitions;
        if let Some(changes) = self.group.rebalance(partitions, &beating, scramble, &mut self.dice) {
            self.note("rebalance", || format!("{changes:?}"));
            let generation = self.group.generation();
            for client in self.clients.values_mut() {
                if self.group.is_member(&client.name, client.member) {
                    client.generation = generation;
                }
            }
            for (client, change) in changes {
                if let Some(client) = self.clients.get_mut(&client) {
                    client.changes.push_back(change);
                }
            }
        }
        let numbers: Vec<usize> = self.clients.keys().copied().collect();
        for number in numbers {
            if self.fault(|plan| plan.cut_off * share) {
                let cut = self.dice.between(3_000, 2 * SESSION_MS);
                self.note("cut off from the group", || format!("process {number} for {cut} ms"));
                if let Some(client) = self.clients.get_mut(&number) {
                    client.cut_until = now + cut;
                }
                self.schedule(cut + 1, Due::Lost { client: number });
            }
            if self.fault(|plan| plan.unreachable * share) {
                let away = self.dice.between(50, 3_000);
                self.note("unreachable", || format!("process {number} for {away} ms"));
                if let Some(client) = self.clients.get_mut(&number) {
                    client.unreachable_until = now + away;
                }
            }
        }
        for partition in 0..partitions {
            if self.fault(|plan| plan.compaction * share) {
                self.compact(partition);
            }
        }
    }

    pub fn compact(&mut self, partition: i32) {
        self.count("compaction");
        let tombstones = self.now() - DELETE_RETENTION_MS;
        self.compact_changelog(partition, tombstones);
    }

    /// No process runs: what is open is given up, and what is decided is marked.
    pub fn settle_transactions(&mut self) {
        let now = self.now();
        for (id, decision) in self.coordinator.time_out(now) {
            self.decided(&id, decision);
        }
        for due in self.take_markers() {
            if let Due::Marker { id, epoch, txn, commit, part } = due {
                self.mark(&id, epoch, txn, commit, &part);
            }
        }
    }

    /// Copies a changelog to another of its name. No disk may hold state whose last record lies in the copy
    /// just where it lay before: a process could not tell the two logs apart, and copying in another order
    /// makes sure of that.
    pub fn remake_changelog(&mut self, partition: i32) {
        let mut records = self.oracle.latest(partition);
        if records.len() < 2 {
            return;
        }
        for _ in 0..20 {
            self.dice.shuffle(&mut records);
            let told_apart = self.disks.values().all(|disk| {
                disk.borrow().checkpoint(partition).is_none_or(|checkpoint| {
                    let there = records.get(checkpoint.anchor.offset as usize);
                    there.is_none_or(|(key, value)| {
                        digest(self.now(), key, value.as_deref()) != checkpoint.anchor.digest
                    })
                })
            });
            if told_apart {
                let now = self.now();
                let entries = records.iter().map(|(key, value)| Entry {
                    offset: 0,
                    txn: None,
                    at: now,
                    key: Some(key.clone()),
                    value: value.clone(),
                    headers: Headers::new(),
                });
                self.count("changelog made anew");
                self.log_mut(catalog::PROCESSOR_CHANGELOG, partition).remake(entries.collect());
                self.oracle.remade(partition, &records);
                return;
            }
        }
    }
}
