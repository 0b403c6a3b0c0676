//! The state store as RocksDB without a write-ahead log is: what was not flushed goes with a crash, partition by
//! partition, each back to some batch since its last flush; changes and how far they reach stay in step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use trunkline_kafka::topics::DELETE_RETENTION_MS;
use trunkline_partition::state::{Change, Entry, StateError};
use trunkline_processor::state::{Checkpoint, StateStore};

use crate::dice::Dice;
use crate::handle::{Activity, Handle};

/// Written to disk at least this often; milliseconds.
const FLUSH_EVERY_MS: i64 = 30_000;

type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// One partition.
#[derive(Debug, Clone, Default)]
struct Family {
    values: Values,
    checkpoint: Option<Checkpoint>,
    /// As on disk.
    flushed: Values,
    flushed_checkpoint: Option<Checkpoint>,
    /// Batches since.
    batches: Vec<(Vec<Change>, Option<Checkpoint>)>,
}

/// What outlives a process.
#[derive(Debug, Default)]
pub struct Disk {
    families: BTreeMap<i32, Family>,
    flushed_at: i64,
}

/// The store of one process.
pub struct ModelStore {
    handle: Handle,
    disk: Rc<RefCell<Disk>>,
}

// === impl Family ===

impl Family {
    fn apply(&mut self, changes: &[Change], checkpoint: Option<Checkpoint>) {
        put(&mut self.values, changes);
        self.checkpoint = checkpoint;
        self.batches.push((changes.to_vec(), checkpoint));
    }

    /// Writes the first so many batches to disk.
    fn flush(&mut self, batches: usize) {
        for (changes, checkpoint) in self.batches.drain(..batches) {
            put(&mut self.flushed, &changes);
            self.flushed_checkpoint = checkpoint;
        }
    }
}

fn put(values: &mut Values, changes: &[Change]) {
    for change in changes {
        match &change.value {
            Some(value) => values.insert(change.key.clone(), value.clone()),
            None => values.remove(&change.key),
        };
    }
}

// === impl Disk ===

impl Disk {
    /// A process dies: each partition goes back to where it was written to disk last, which may have been at any batch.
    pub fn crash(&mut self, dice: &mut Dice) {
        for family in self.families.values_mut() {
            let batches = dice.index(family.batches.len() + 1);
            family.flush(if dice.chance(0.5) { 0 } else { batches });
            family.batches.clear();
            family.values = family.flushed.clone();
            family.checkpoint = family.flushed_checkpoint;
        }
    }

    /// A process ends in good order.
    pub fn close(&mut self) {
        for family in self.families.values_mut() {
            family.flush(family.batches.len());
        }
    }

    /// What a partition holds.
    pub fn values(&self, partition: i32) -> Option<&BTreeMap<Vec<u8>, Vec<u8>>> {
        self.families.get(&partition).map(|family| &family.values)
    }

    /// How far a partition's state has come.
    pub fn checkpoint(&self, partition: i32) -> Option<Checkpoint> {
        self.families.get(&partition).and_then(|family| family.checkpoint)
    }

    /// Changes a partition without saying how far it has come: no processor does that.
    pub fn meddle(&mut self, partition: i32, change: &Change) {
        if let Some(family) = self.families.get_mut(&partition) {
            let checkpoint = family.checkpoint;
            family.apply(std::slice::from_ref(change), checkpoint);
        }
    }
}

// === impl ModelStore ===

impl ModelStore {
    /// The store on a disk.
    pub fn new(handle: Handle, disk: Rc<RefCell<Disk>>) -> Self {
        Self { handle, disk }
    }
}

impl StateStore for ModelStore {
    fn ensure_partition(&mut self, partition: i32) -> Result<(), StateError> {
        self.disk.borrow_mut().families.entry(partition).or_default();
        Ok(())
    }

    fn clear_partition(&mut self, partition: i32) -> Result<(), StateError> {
        self.handle.point(Activity::UnderWay);
        self.disk.borrow_mut().families.insert(partition, Family::default());
        Ok(())
    }

    fn checkpoint(&self, partition: i32) -> Result<Option<Checkpoint>, StateError> {
        Ok(self.disk.borrow().checkpoint(partition))
    }

    fn apply(
        &mut self,
        partition: i32,
        changes: &[Change],
        checkpoint: Checkpoint,
    ) -> Result<(), StateError> {
        self.handle.point(Activity::UnderWay);
        let mut disk = self.disk.borrow_mut();
        let family = disk.families.get_mut(&partition).ok_or(StateError::UnknownPartition(partition))?;
        family.apply(changes, Some(checkpoint));
        Ok(())
    }

    fn remove_unused(&mut self, ours: &[i32], now: i64) -> Result<(), StateError> {
        let unused =
            |family: &Family| family.checkpoint.is_some_and(|last| now - last.at >= DELETE_RETENTION_MS);
        self.disk
            .borrow_mut()
            .families
            .retain(|partition, family| ours.contains(partition) || !unused(family));
        Ok(())
    }

    fn get(&self, partition: i32, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let disk = self.disk.borrow();
        let family = disk.families.get(&partition).ok_or(StateError::UnknownPartition(partition))?;
        Ok(family.values.get(key).cloned())
    }

    fn scan(&self, partition: i32, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StateError> {
        let disk = self.disk.borrow();
        let family = disk.families.get(&partition).ok_or(StateError::UnknownPartition(partition))?;
        let range = family.values.range(from.to_vec()..to.to_vec());
        Ok(range.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn flush_if_due(&mut self, owned: &[i32], now: i64) -> Result<(), StateError> {
        let flushed_at = self.disk.borrow().flushed_at;
        if now - flushed_at >= FLUSH_EVERY_MS { self.flush(owned, now) } else { Ok(()) }
    }

    fn flush(&mut self, owned: &[i32], now: i64) -> Result<(), StateError> {
        self.handle.point(Activity::UnderWay);
        let mut disk = self.disk.borrow_mut();
        disk.flushed_at = now;
        for (partition, family) in &mut disk.families {
            if let Some(checkpoint) = family.checkpoint.filter(|_| owned.contains(partition)) {
                family.apply(&[], Some(Checkpoint { at: now, ..checkpoint }));
            }
            family.flush(family.batches.len());
        }
        Ok(())
    }
}
