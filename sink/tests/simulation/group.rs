//! The consumer group: who owns which partition, and what its members are told of it.

use std::collections::VecDeque;

use trunkline_kafka::{Polled, TopicPartition};

use crate::commands::TOPIC;

/// After so long without a sign of life a member's partitions go to others, in milliseconds.
const SESSION_MS: i64 = 10_000;

/// Who owns a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Held(usize),
    /// The first is asked to give it back; then the second gets it.
    Moving(usize, usize),
}

/// The group; members are static, named by their number.
pub struct Group {
    owners: Vec<Owner>,
    news: Vec<VecDeque<Polled>>,
    /// Since when a member gives no sign of life.
    silent_since: Vec<Option<i64>>,
}

/// A partition's name.
pub fn name(partition: usize) -> TopicPartition {
    TopicPartition::new(TOPIC, partition as i32)
}

// === impl Group ===

impl Group {
    /// Every member is about to start; the partitions are spread over them.
    pub fn new(members: usize, partitions: usize) -> Self {
        Self {
            owners: (0..partitions).map(|partition| Owner::Held(partition % members)).collect(),
            news: (0..members).map(|_| VecDeque::new()).collect(),
            silent_since: vec![Some(0); members],
        }
    }

    /// A member joins, for the first time or after a restart: it gets what is kept for it.
    pub fn join(&mut self, member: usize) {
        self.silent_since[member] = None;
        self.news[member].clear();
        // What it gets at first may be nothing, and is told all the same.
        self.news[member].push_back(Polled::Assigned(Vec::new()));
        for partition in 0..self.owners.len() {
            match self.owners[partition] {
                Owner::Held(owner) if owner == member => self.give(partition, member),
                Owner::Moving(from, to) if from == member => self.give(partition, to),
                _ => {}
            }
        }
    }

    /// A member gives no sign of life from now on.
    pub fn falls_silent(&mut self, member: usize, now: i64) {
        self.silent_since[member].get_or_insert(now);
    }

    /// A member that was only frozen goes on; what it lost meanwhile it is told first.
    pub fn speaks_again(&mut self, member: usize) {
        self.silent_since[member] = None;
    }

    /// The next change for a member.
    pub fn news(&mut self, member: usize) -> Option<Polled> {
        self.news[member].pop_front()
    }

    /// That a member has lost its partitions, which its client finds out by itself: it knows for how long nobody has
    /// answered that it is alive.
    pub fn loss(&mut self, member: usize) -> Option<Polled> {
        self.news[member].pop_front_if(|news| matches!(news, Polled::Revoked { lost: true, .. }))
    }

    /// Partitions of members that were silent for too long go to others.
    pub fn expire(&mut self, now: i64) {
        let Some(heir) = (0..self.news.len()).find(|member| self.silent_since[*member].is_none()) else {
            return;
        };
        for member in 0..self.news.len() {
            if self.silent_since[member].is_none_or(|since| now - since < SESSION_MS) {
                continue;
            }
            let lost: Vec<usize> =
                (0..self.owners.len()).filter(|partition| self.owns(*partition, member)).collect();
            if lost.is_empty() {
                continue;
            }
            // Of what it was told and did not take in, nothing is true any more; it hears of all of them at once.
            self.news[member].clear();
            let partitions = lost.iter().map(|partition| name(*partition)).collect();
            self.news[member].push_back(Polled::Revoked { partitions, lost: true });
            lost.into_iter().for_each(|partition| self.give(partition, heir));
        }
    }

    /// Asks the owner of a partition to give it back, for another member.
    pub fn rebalance(&mut self, partition: usize, to: usize) -> bool {
        let Owner::Held(from) = self.owners[partition] else { return false };
        let alive = |member: usize| self.silent_since[member].is_none();
        if from == to || !alive(from) || !alive(to) {
            return false;
        }
        self.owners[partition] = Owner::Moving(from, to);
        self.news[from].push_back(Polled::Revoked { partitions: vec![name(partition)], lost: false });
        // The new generation is told to its other members, too; they get nothing before it is given back.
        self.news[to].push_back(Polled::Assigned(Vec::new()));
        true
    }

    /// A member has given a partition back.
    pub fn released(&mut self, partition: usize, member: usize) {
        if let Owner::Moving(from, to) = self.owners[partition]
            && from == member
        {
            self.give(partition, to);
        }
    }

    /// Whether a member may commit offsets of a partition.
    pub fn owns(&self, partition: usize, member: usize) -> bool {
        let (Owner::Held(owner) | Owner::Moving(owner, _)) = self.owners[partition];
        owner == member
    }

    fn give(&mut self, partition: usize, member: usize) {
        self.owners[partition] = Owner::Held(member);
        // One that is only frozen takes it in when it goes on; one that is gone is told when it joins.
        self.news[member].push_back(Polled::Assigned(vec![name(partition)]));
    }
}
