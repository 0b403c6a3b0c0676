//! The group coordinator: static members, generations, a cooperative assignment in which a partition is given only once
//! its holder has released it, and committed offsets, which hang while their transaction is not marked here.

use std::collections::{BTreeMap, BTreeSet};

use crate::dice::Dice;
use crate::log::Txn;

/// After this long without a heartbeat a member is out; milliseconds.
pub const SESSION_MS: i64 = 10_000;

/// What a member is told when it polls.
#[derive(Debug, Clone)]
pub enum Change {
    /// These are yours.
    Assigned(Vec<i32>),
    /// These no longer; `lost` when others may have them already.
    Revoked {
        /// The partitions.
        partitions: Vec<i32>,
        /// The membership itself was lost.
        lost: bool,
    },
}

/// Why offsets are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAMember {
    /// Unknown, or of another generation.
    Stale,
    /// Another process bears its name.
    Fenced,
}

#[derive(Debug)]
struct Member {
    id: u64,
    client: usize,
    beaten_at: i64,
}

/// One consumer group.
#[derive(Debug, Default)]
pub struct Group {
    generation: u32,
    members: BTreeMap<String, Member>,
    /// By partition: who may work on it until it is released.
    holders: BTreeMap<i32, String>,
    revoking: BTreeSet<i32>,
    unsettled: bool,
    ids: u64,
    committed: BTreeMap<i32, i64>,
    pending: Vec<(Txn, i32, i64)>,
}

// === impl Group ===

impl Group {
    /// A process joins under a name. One that bears it already is replaced, with everything it holds: that is
    /// what static membership means. Returns the member's id, and what the process is told at once.
    pub fn join(&mut self, name: &str, client: usize, now: i64) -> (u64, Option<Change>) {
        self.ids += 1;
        let replaced = self.members.insert(name.to_owned(), Member { id: self.ids, client, beaten_at: now });
        self.unsettled = true;
        let held: Vec<i32> = self.held_by(name);
        for partition in &held {
            self.revoking.remove(partition);
        }
        let change = (replaced.is_some() && !held.is_empty()).then_some(Change::Assigned(held));
        (self.ids, change)
    }

    /// The generation.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Whether this is the member of that name.
    pub fn is_member(&self, name: &str, id: u64) -> bool {
        self.members.get(name).is_some_and(|member| member.id == id)
    }

    /// Whether a partition is this member's to work on.
    pub fn holds(&self, name: &str, id: u64, partition: i32) -> bool {
        self.is_member(name, id) && self.holders.get(&partition).is_some_and(|holder| holder == name)
    }

    /// Takes heartbeats in, and drops members that gave none. Returns the names of those dropped.
    pub fn tick(&mut self, now: i64, beating: &BTreeSet<usize>) -> Vec<String> {
        let mut silent = Vec::new();
        for (name, member) in &mut self.members {
            if beating.contains(&member.client) {
                member.beaten_at = now;
            } else if now - member.beaten_at > SESSION_MS {
                silent.push(name.clone());
            }
        }
        for name in &silent {
            self.members.remove(name);
            for partition in self.held_by(name) {
                self.holders.remove(&partition);
                self.revoking.remove(&partition);
            }
            self.unsettled = true;
        }
        silent
    }

    /// Wants partitions to move though no member came or went.
    pub fn unsettle(&mut self) {
        self.unsettled = true;
    }

    /// Settles who gets what, once every member takes part: a rebalance waits for those who do not answer until their
    /// session is over.
    pub fn rebalance(
        &mut self,
        partitions: i32,
        beating: &BTreeSet<usize>,
        scramble: bool,
        dice: &mut Dice,
    ) -> Option<Vec<(usize, Change)>> {
        let ready = self.members.values().all(|member| beating.contains(&member.client));
        if !self.unsettled || !ready || self.members.is_empty() {
            return None;
        }
        self.unsettled = false;
        self.generation += 1;
        let wanted = self.wanted(partitions, scramble, dice);
        let mut given: BTreeMap<usize, Vec<i32>> = BTreeMap::new();
        let mut taken: BTreeMap<usize, Vec<i32>> = BTreeMap::new();
        for (partition, name) in wanted {
            let client = |name: &str| self.members[name].client;
            match self.holders.get(&partition) {
                Some(holder) if *holder == name => {}
                Some(holder) => {
                    if self.revoking.insert(partition) {
                        taken.entry(client(holder)).or_default().push(partition);
                    }
                }
                None => {
                    given.entry(client(&name)).or_default().push(partition);
                    self.holders.insert(partition, name);
                }
            }
        }
        let taken = taken.into_iter().map(|(c, partitions)| (c, Change::Revoked { partitions, lost: false }));
        Some(
            taken.chain(given.into_iter().map(|(c, partitions)| (c, Change::Assigned(partitions)))).collect(),
        )
    }

    /// A member has let go of partitions.
    pub fn release(&mut self, name: &str, id: u64, partitions: &[i32]) {
        for partition in partitions {
            if self.holds(name, id, *partition) {
                self.holders.remove(partition);
                self.revoking.remove(partition);
                self.unsettled = true;
            }
        }
    }

    /// Takes a transaction's offsets in, from a member of the present generation only: that is the whole of the check.
    pub fn add_offsets(
        &mut self,
        txn: Txn,
        name: &str,
        id: u64,
        generation: u32,
        offsets: &[(i32, i64)],
    ) -> Result<(), NotAMember> {
        match self.members.get(name) {
            Some(member) if member.id != id && member.id > id => Err(NotAMember::Fenced),
            Some(member) if member.id == id && generation == self.generation => {
                self.pending.extend(offsets.iter().map(|(partition, offset)| (txn, *partition, *offset)));
                Ok(())
            }
            _ => Err(NotAMember::Stale),
        }
    }

    /// The offsets that a transaction brings.
    pub fn offsets_of(&self, txn: Txn) -> Vec<(i32, i64)> {
        self.pending
            .iter()
            .filter(|(t, ..)| *t == txn)
            .map(|(_, partition, offset)| (*partition, *offset))
            .collect()
    }

    /// A transaction's marker reaches the offsets.
    pub fn mark(&mut self, txn: Txn, commit: bool) {
        for (partition, offset) in self.offsets_of(txn) {
            if commit {
                self.committed.insert(partition, offset);
            }
        }
        self.pending.retain(|(t, ..)| *t != txn);
    }

    /// Whether a partition's offset hangs in a transaction (KIP-447).
    pub fn is_pending(&self, partition: i32) -> bool {
        self.pending.iter().any(|(_, p, _)| *p == partition)
    }

    /// The committed offset; 0 where there is none.
    pub fn committed(&self, partition: i32) -> i64 {
        self.committed.get(&partition).copied().unwrap_or(0)
    }

    fn held_by(&self, name: &str) -> Vec<i32> {
        self.holders.iter().filter(|(_, holder)| *holder == name).map(|(partition, _)| *partition).collect()
    }

    /// An even share for everyone, and who holds a partition keeps it where that is even.
    fn wanted(&self, partitions: i32, scramble: bool, dice: &mut Dice) -> BTreeMap<i32, String> {
        let mut names: Vec<&String> = self.members.keys().collect();
        dice.shuffle(&mut names);
        let count = partitions as usize;
        let shares = names.iter().enumerate();
        let mut left: BTreeMap<&String, usize> = shares
            .map(|(index, name)| (*name, count / names.len() + usize::from(index < count % names.len())))
            .collect();
        let mut wanted = BTreeMap::new();
        if !scramble {
            for (partition, holder) in &self.holders {
                if let Some(share) = left.get_mut(holder).filter(|share| **share > 0) {
                    *share -= 1;
                    wanted.insert(*partition, holder.clone());
                }
            }
        }
        for partition in 0..partitions {
            if !wanted.contains_key(&partition)
                && let Some((name, share)) = left.iter_mut().find(|(_, share)| **share > 0)
            {
                *share -= 1;
                wanted.insert(partition, (*name).clone());
            }
        }
        wanted
    }
}
