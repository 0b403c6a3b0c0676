//! Which partitions are ours without being processed yet: their state is being restored.

use std::collections::BTreeMap;

use trunkline_kafka::changelog::{Anchor, Start};
use trunkline_kafka::topics::DELETE_RETENTION_MS;
use trunkline_partition::state::{Change, StateError, keys};
use trunkline_schemas::error_codes;

use crate::restore::{Progress, Request, Restorer};
use crate::state::{Checkpoint, StateStore};

/// State is rebuilt when it was away for more than half of the time for which tombstones stay: deletions that it missed
/// could be gone from the changelog. Half, because compaction does not keep to the minute.
const LONGEST_ABSENCE_MS: i64 = DELETE_RETENTION_MS / 2;

/// No restore has this ticket.
const NO_TICKET: u64 = u64::MAX;

/// Partitions that are ours and not processed yet.
pub(super) struct Assignment {
    restorer: Box<dyn Restorer>,
    restoring: BTreeMap<i32, Restoring>,
    tickets: u64,
}

/// A restore that is under way.
#[derive(Debug, Clone, Copy)]
struct Restoring {
    ticket: u64,
    /// When it began; UTC milliseconds.
    since: i64,
}

// === impl Assignment ===

impl Assignment {
    /// No partition is ours yet.
    pub(super) fn new(restorer: Box<dyn Restorer>) -> Self {
        Self { restorer, restoring: BTreeMap::new(), tickets: 0 }
    }

    /// Starts to bring the state of partitions that are ours up to the end of what is committed.
    pub(super) fn restore<S: StateStore>(
        &mut self,
        partitions: &[i32],
        store: &mut S,
        now: i64,
    ) -> Result<(), StateError> {
        self.tickets += 1;
        let mut starts = Vec::new();
        let mut positions = BTreeMap::new();
        for partition in partitions {
            store.ensure_partition(*partition)?;
            let start = match store.checkpoint(*partition)? {
                Some(checkpoint) if is_recent(*partition, checkpoint, now) => {
                    if let Some(position) = store.get(*partition, keys::INPUT_LOG)? {
                        positions.insert(*partition, position);
                    }
                    Start::After(checkpoint.anchor)
                }
                _ => {
                    store.clear_partition(*partition)?;
                    Start::Beginning
                }
            };
            starts.push((*partition, start));
            self.restoring.insert(*partition, Restoring { ticket: self.tickets, since: now });
        }
        self.restorer.request(Request { ticket: self.tickets, partitions: starts, positions });
        Ok(())
    }

    /// Stores what a restore has read so far. The state is not at the changelog's end yet: it counts as away since it
    /// was there last, or else since its reading began. Whoever goes on after a crash misses no deletion for that
    /// long: tombstones stay for a time of their own after a reader could have met what they delete.
    pub(super) fn store<S: StateStore>(
        &self,
        partition: i32,
        store: &mut S,
        changes: &[Change],
        anchor: Anchor,
    ) -> Result<(), StateError> {
        let began = self.restoring.get(&partition).map_or(0, |restoring| restoring.since);
        let at = store.checkpoint(partition)?.map_or(began, |checkpoint| checkpoint.at);
        store.apply(partition, changes, Checkpoint { anchor, at })
    }

    /// A restore is finished at `now` (UTC milliseconds): only now is the state known to be at the changelog's end.
    pub(super) fn finish<S: StateStore>(
        &mut self,
        partition: i32,
        store: &mut S,
        now: i64,
    ) -> Result<(), StateError> {
        self.let_go(partition);
        match store.checkpoint(partition)? {
            Some(checkpoint) => store.apply(partition, &[], Checkpoint { at: now, ..checkpoint }),
            None => Ok(()),
        }
    }

    /// What came of restores since the last call.
    pub(super) fn progress(&mut self) -> Vec<Progress> {
        self.restorer.progress()
    }

    /// Whether a partition waits for the restore of this ticket: else it was taken away meanwhile, or is restored anew.
    pub(super) fn awaits(&self, partition: i32, ticket: u64) -> bool {
        self.restoring.get(&partition).is_some_and(|restoring| restoring.ticket == ticket)
    }

    /// A partition is restored, or not ours any more.
    pub(super) fn let_go(&mut self, partition: i32) {
        self.restoring.remove(&partition);
    }

    /// Partitions stay ours until the group says otherwise, and are not processed until they are restored
    /// anew: no restore of before brings them back.
    pub(super) fn hold_back(&mut self, partitions: &[i32]) {
        let held = Restoring { ticket: NO_TICKET, since: 0 };
        self.restoring.extend(partitions.iter().map(|partition| (*partition, held)));
    }

    /// The partitions that are not processed yet.
    pub(super) fn restoring(&self) -> impl Iterator<Item = i32> {
        self.restoring.keys().copied()
    }

    /// Whether all that is ours is processed, where `processed` partitions are; and the detail for the readiness.
    pub(super) fn readiness(&self, processed: usize) -> (bool, &'static str) {
        match (processed, self.restoring.is_empty()) {
            (_, false) => (false, "restoring state"),
            (0, true) => (false, "no partitions"),
            (_, true) => (true, "partitions restored"),
        }
    }
}

fn is_recent(partition: i32, checkpoint: Checkpoint, now: i64) -> bool {
    let away_ms = now - checkpoint.at;
    if away_ms > LONGEST_ABSENCE_MS {
        let (code, days) = (error_codes::STATE_RESTORED_IN_FULL.as_str(), away_ms / (24 * 3_600_000));
        tracing::warn!(code, partition, days, "state was away for too long: restoring in full");
    }
    away_ms <= LONGEST_ABSENCE_MS
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc;

    use super::*;
    use crate::state::Store;

    const HOUR_MS: i64 = 3_600_000;
    const DAY_MS: i64 = 24 * HOUR_MS;

    /// Keeps what it is asked for.
    struct Asked(mpsc::Sender<Request>);

    impl Restorer for Asked {
        fn request(&mut self, request: Request) {
            self.0.send(request).unwrap();
        }

        fn progress(&mut self) -> Vec<Progress> {
            Vec::new()
        }
    }

    /// A process starts at `now` on what is on disk: where its restore starts, and the process.
    fn start(folder: &Path, now: i64) -> (Start, Assignment, Store) {
        let (sender, requests) = mpsc::channel();
        let mut assignment = Assignment::new(Box::new(Asked(sender)));
        let mut store = Store::open(folder).unwrap();
        assignment.restore(&[0], &mut store, now).unwrap();
        let request = requests.recv().unwrap();
        (request.partitions[0].1, assignment, store)
    }

    fn batch(number: i64) -> (Vec<Change>, Anchor) {
        let change = Change::put(number.to_be_bytes().to_vec(), b"v".to_vec());
        (vec![change], Anchor { offset: number, digest: 7 })
    }

    #[test]
    fn a_crash_in_the_middle_of_a_restore_does_not_pass_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let (begins, mut assignment, mut store) = start(folder.path(), 0);
        assert_eq!(begins, Start::Beginning);
        let (changes, complete) = batch(5);
        assignment.store(0, &mut store, &changes, complete).unwrap();
        assignment.finish(0, &mut store, DAY_MS).unwrap();
        store.flush(&[], DAY_MS).unwrap();
        drop(store);

        // Away for three days; a batch is stored, and the process dies.
        let (begins, assignment, mut store) = start(folder.path(), 4 * DAY_MS);
        assert_eq!(begins, Start::After(complete));
        let (changes, middle) = batch(9);
        assignment.store(0, &mut store, &changes, middle).unwrap();
        store.flush(&[], 4 * DAY_MS).unwrap();
        drop(store);

        // At once it may go on; a day later deletions behind the batch may be gone.
        let (begins, _, store) = start(folder.path(), 4 * DAY_MS + HOUR_MS);
        assert_eq!(begins, Start::After(middle));
        drop(store);
        let (begins, _, store) = start(folder.path(), 5 * DAY_MS);
        assert_eq!(begins, Start::Beginning);
        assert_eq!(store.checkpoint(0).unwrap(), None);
    }

    #[test]
    fn a_full_restore_that_was_cut_off_counts_from_its_beginning() {
        for (away, begins_again) in [(HOUR_MS, false), (4 * DAY_MS, true)] {
            let folder = tempfile::tempdir().unwrap();
            let (_, assignment, mut store) = start(folder.path(), DAY_MS);
            let (changes, middle) = batch(3);
            assignment.store(0, &mut store, &changes, middle).unwrap();
            store.flush(&[], DAY_MS).unwrap();
            drop(store);
            let (begins, _, _) = start(folder.path(), DAY_MS + away);
            assert_eq!(begins, if begins_again { Start::Beginning } else { Start::After(middle) });
        }
    }
}
