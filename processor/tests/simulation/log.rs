//! One partition as a broker keeps it: records of transactions, control records that take offsets of their own, a high
//! watermark, and a last stable offset that stays behind whatever transaction has no marker here yet.

use std::collections::BTreeMap;

use trunkline_schemas::headers::Headers;

use crate::transactions::Outcomes;

/// A transaction; every one has a number of its own, which real brokers do not know.
pub type Txn = u64;

/// Records at the end that compaction leaves alone: the active segment.
const ACTIVE_SEGMENT: usize = 3;

/// A record.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it lies.
    pub offset: i64,
    /// The transaction that wrote it; none for records of ingest.
    pub txn: Option<Txn>,
    /// When it was written; UTC milliseconds.
    pub at: i64,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
}

/// A transaction without a marker here.
#[derive(Debug, Clone, Copy)]
struct Unmarked {
    txn: Txn,
    first: i64,
}

/// One partition.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    next: i64,
    /// By producer.
    unmarked: BTreeMap<u64, Unmarked>,
    /// The highest epoch seen of each producer.
    epochs: BTreeMap<u64, i32>,
}

// === impl Log ===

impl Log {
    /// Adds a record.
    pub fn append(&mut self, mut entry: Entry, producer: Option<u64>) -> i64 {
        entry.offset = self.next;
        self.next += 1;
        if let (Some(txn), Some(producer)) = (entry.txn, producer) {
            self.unmarked.entry(producer).or_insert(Unmarked { txn, first: entry.offset });
        }
        self.entries.push(entry);
        self.next - 1
    }

    /// Leaves an offset out, as control records and aborted records do.
    pub fn skip(&mut self) {
        self.next += 1;
    }

    /// The transaction that a producer has open here, as far as this partition knows.
    pub fn open(&self, producer: u64) -> Option<Txn> {
        self.unmarked.get(&producer).map(|unmarked| unmarked.txn)
    }

    /// Whether a later epoch of a producer has been seen.
    pub fn fences(&self, producer: u64, epoch: i32) -> bool {
        self.epochs.get(&producer).is_some_and(|known| *known > epoch)
    }

    /// A transaction's marker arrives.
    pub fn mark(&mut self, producer: u64, epoch: i32, txn: Txn) {
        self.next += 1;
        if self.open(producer) == Some(txn) {
            self.unmarked.remove(&producer);
        }
        let known = self.epochs.entry(producer).or_insert(epoch);
        *known = (*known).max(epoch);
    }

    /// The first offset there is.
    pub fn low(&self) -> i64 {
        0
    }

    /// The high watermark.
    pub fn high(&self) -> i64 {
        self.next
    }

    /// The last stable offset.
    pub fn stable(&self) -> i64 {
        self.unmarked.values().map(|unmarked| unmarked.first).min().unwrap_or(self.next)
    }

    /// What a read_committed reader gets from an offset on.
    pub fn committed<'l>(&'l self, from: i64, outcomes: &'l Outcomes) -> impl Iterator<Item = &'l Entry> {
        let stable = self.stable();
        let first = self.entries.partition_point(|entry| entry.offset < from);
        self.entries[first..]
            .iter()
            .take_while(move |entry| entry.offset < stable)
            .filter(|entry| outcomes.is_committed(entry.txn))
    }

    /// A record at an offset.
    pub fn at(&self, offset: i64) -> Option<&Entry> {
        let index = self.entries.binary_search_by_key(&offset, |entry| entry.offset).ok()?;
        self.entries.get(index)
    }

    /// Removes what is superseded or aborted, and tombstones written before `tombstones`.
    pub fn compact(&mut self, outcomes: &Outcomes, tombstones: i64) {
        let stable = self.stable();
        let active = self.entries.len().saturating_sub(ACTIVE_SEGMENT);
        let mut latest: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for entry in &self.entries {
            if entry.offset < stable && outcomes.is_committed(entry.txn) {
                latest.insert(entry.key.clone().unwrap_or_default(), entry.offset);
            }
        }
        let mut index = 0;
        self.entries.retain(|entry| {
            index += 1;
            if index > active || entry.offset >= stable {
                return true;
            }
            let key = entry.key.clone().unwrap_or_default();
            let old = entry.value.is_none() && entry.at < tombstones;
            latest.get(&key) == Some(&entry.offset) && !old
        });
    }

    /// Starts anew with these records, at offset 0.
    pub fn remake(&mut self, records: Vec<Entry>) {
        self.entries.clear();
        self.next = 0;
        for record in records {
            self.append(Entry { txn: None, ..record }, None);
        }
    }
}
