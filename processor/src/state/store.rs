//! RocksDB: one store per instance, one column family per partition, no write-ahead log: the changelog is the log.
//!
//! A column family's checkpoint in the changelog is stored inside it, in the same batch as the data, so both
//! are always in step, whatever part of a memtable a crash takes away.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rocksdb::perf::{PerfStatsLevel, set_perf_stats};
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompactionStyle,
    DBCompressionType, Direction, IteratorMode, Options, ReadOptions, UniversalCompactOptions, WriteBatch,
    WriteOptions,
};

use trunkline_partition::state::{Change, Entry, StateError, keys};
use trunkline_schemas::error_codes;

use super::unused::{self, Fate};
use super::{Checkpoint, StateStore};

/// Memtables are flushed at least this often (milliseconds), so that a restart has no long tail to read.
const FLUSH_EVERY_MS: i64 = 30_000;

/// … or after this many records.
const FLUSH_RECORDS: u64 = 100_000;

/// Bytes that all memtables of an instance take together before the largest is written to disk.
const WRITE_BUFFERS_BYTES: usize = 32 << 20;

/// Bytes of blocks, indexes and filters that an instance keeps in memory. What is hot is in the tasks already.
const BLOCK_CACHE_BYTES: usize = 32 << 20;

/// Bytes of a piece of an index or a filter.
const METADATA_BLOCK_BYTES: usize = 4 << 10;

/// Sorted runs of a column family from which on they are merged. Each is a filter more to ask for what is not
/// there; fewer would be merged more often.
const RUNS: i32 = 12;

/// Sorted runs from which on writes are slowed down, and from which on they wait: far more than gather while
/// the largest merge holds up the others.
const RUNS_SLOWDOWN: i32 = 40;
const RUNS_STOP: i32 = 64;

/// A column family is rewritten in whole once what came later has this many per cent of its oldest run's bytes: on disk
/// it takes at most twice what it holds, and for as long as the rewriting lasts as much again.
const SIZE_AMPLIFICATION_PERCENT: i32 = 100;

/// The store of one instance.
pub struct Store {
    path: PathBuf,
    db: DB,
    write_options: WriteOptions,
    family_options: Options,
    /// Names of column families, by partition.
    families: HashMap<i32, String>,
    flushed_at: i64,
    unflushed: u64,
}

// === impl Store ===

impl Store {
    /// Opens the store, or makes it. Only its owner may read it: customers are in it.
    ///
    /// # Errors
    /// [`StateError::Store`] when the folder cannot be used: held by another process, not writable, damaged.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        make_private(path)?;
        // Of this thread, which is the one that reads and writes: RocksDB counts every comparison of keys otherwise,
        // and nobody asks it how many there were.
        set_perf_stats(PerfStatsLevel::Disable);
        let failed = |what, source| failure(path, what, &source);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_max_background_jobs(2);
        options.set_keep_log_file_num(2);
        options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES);
        // Column families flush one by one; each carries its own offset.
        options.set_atomic_flush(false);
        let names = if path.join("CURRENT").exists() {
            DB::list_cf(&options, path).map_err(|source| failed("listing partitions", source))?
        } else {
            vec!["default".to_owned()]
        };
        let family_options = family_options(&Cache::new_lru_cache(BLOCK_CACHE_BYTES));
        let families = names
            .iter()
            .filter_map(|name| Some((name.strip_prefix('p')?.parse().ok()?, name.clone())))
            .collect();
        let descriptors =
            names.into_iter().map(|name| ColumnFamilyDescriptor::new(name, family_options.clone()));
        let db = DB::open_cf_descriptors(&options, path, descriptors)
            .map_err(|source| failed("opening", source))?;
        let mut write_options = WriteOptions::default();
        write_options.disable_wal(true);
        Ok(Self {
            path: path.to_owned(),
            db,
            write_options,
            family_options,
            families,
            flushed_at: 0,
            unflushed: 0,
        })
    }

    /// Opens the store; one that is damaged is moved aside first, since the changelog holds everything in it.
    ///
    /// # Errors
    /// As [`Store::open`], for what another attempt would not change either.
    pub fn open_or_set_aside(path: &Path, now: i64) -> Result<Self, StateError> {
        match Self::open(path) {
            Err(error) if error.is_damage() => {
                set_aside(path, now, &error).map_err(|_| error)?;
                Self::open(path)
            }
            other => other,
        }
    }

    fn family(&self, partition: i32) -> Result<&rocksdb::ColumnFamily, StateError> {
        self.families
            .get(&partition)
            .and_then(|name| self.db.cf_handle(name))
            .ok_or(StateError::UnknownPartition(partition))
    }

    fn drop_partition(&mut self, partition: i32) -> Result<(), StateError> {
        match self.families.remove(&partition) {
            Some(name) => {
                self.db.drop_cf(&name).map_err(|source| self.failed("dropping a partition", source))
            }
            None => Ok(()),
        }
    }

    fn failed(&self, what: &'static str, source: rocksdb::Error) -> StateError {
        failure(&self.path, what, &source)
    }
}

impl StateStore for Store {
    fn ensure_partition(&mut self, partition: i32) -> Result<(), StateError> {
        if !self.families.contains_key(&partition) {
            let name = format!("p{partition}");
            self.db
                .create_cf(&name, &self.family_options)
                .map_err(|source| self.failed("adding a partition", source))?;
            self.families.insert(partition, name);
        }
        Ok(())
    }

    fn clear_partition(&mut self, partition: i32) -> Result<(), StateError> {
        self.drop_partition(partition)?;
        self.ensure_partition(partition)
    }

    fn checkpoint(&self, partition: i32) -> Result<Option<Checkpoint>, StateError> {
        Ok(self.get(partition, keys::CHECKPOINT)?.and_then(|bytes| Checkpoint::from_bytes(&bytes)))
    }

    fn apply(
        &mut self,
        partition: i32,
        changes: &[Change],
        checkpoint: Checkpoint,
    ) -> Result<(), StateError> {
        let family = self.family(partition)?;
        let mut batch = WriteBatch::default();
        // RocksDB looks for the place of a key from that of the key before. Of a key that is there twice the later
        // value stays the later one.
        let mut sorted: Vec<&Change> = changes.iter().collect();
        sorted.sort_by(|one, other| one.key.cmp(&other.key));
        for Change { key, value } in sorted {
            match value {
                Some(value) => batch.put_cf(family, key, value),
                None => batch.delete_cf(family, key),
            }
        }
        batch.put_cf(family, keys::CHECKPOINT, checkpoint.to_bytes());
        self.db.write_opt(batch, &self.write_options).map_err(|source| self.failed("writing", source))?;
        self.unflushed += changes.len() as u64;
        Ok(())
    }

    fn remove_unused(&mut self, ours: &[i32], now: i64) -> Result<(), StateError> {
        let others: Vec<i32> =
            self.families.keys().copied().filter(|partition| !ours.contains(partition)).collect();
        for partition in others {
            let Some(Checkpoint { at: used, .. }) = self.checkpoint(partition)? else { continue };
            let fate = Fate::of(used, now);
            if fate == Fate::Removed {
                self.drop_partition(partition)?;
            }
            fate.say(&format!("partition {partition} in {}", self.path.display()), used, now);
        }
        unused::remove_neighbours(&self.path, now);
        Ok(())
    }

    fn get(&self, partition: i32, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.db.get_cf(self.family(partition)?, key).map_err(|source| self.failed("reading", source))
    }

    fn scan(&self, partition: i32, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, StateError> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(to);
        let from = IteratorMode::From(from, Direction::Forward);
        self.db
            .iterator_cf_opt(self.family(partition)?, options, from)
            .take(limit)
            .map(|entry| entry.map(|(key, value)| (key.into_vec(), value.into_vec())))
            .collect::<Result<_, _>>()
            .map_err(|source| self.failed("scanning", source))
    }

    fn flush_if_due(&mut self, owned: &[i32], now: i64) -> Result<(), StateError> {
        let due = self.unflushed >= FLUSH_RECORDS
            || (self.unflushed > 0 && now - self.flushed_at >= FLUSH_EVERY_MS);
        if due { self.flush(owned, now) } else { Ok(()) }
    }

    fn flush(&mut self, owned: &[i32], now: i64) -> Result<(), StateError> {
        for partition in owned {
            // Also where nothing changes: state that is followed is never "away for too long".
            if let Some(checkpoint) = self.checkpoint(*partition)? {
                self.apply(*partition, &[], Checkpoint { at: now, ..checkpoint })?;
            }
        }
        let families: Vec<_> = self.families.values().filter_map(|name| self.db.cf_handle(name)).collect();
        for family in families {
            self.db.flush_cf(family).map_err(|source| self.failed("flushing", source))?;
        }
        self.flushed_at = now;
        self.unflushed = 0;
        Ok(())
    }
}

/// Makes the folder where there is none, and closes it to everybody but its owner.
fn make_private(path: &Path) -> Result<(), StateError> {
    let made = std::fs::create_dir_all(path)
        .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)));
    made.map_err(|source| StateError::Store {
        message: format!("state store {}: it cannot be made, or closed to others: {source}", path.display()),
        damaged: false,
    })
}

/// Moves a store that is damaged, and closed, out of the way: whoever opens it next makes an empty one, and
/// fills it from the changelog.
///
/// # Errors
/// Those of the file system.
pub fn set_aside(path: &Path, now: i64, damage: &StateError) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!("{name}.damaged-{now}"));
    tracing::error!(code = error_codes::STATE_RESTORED_IN_FULL.as_str(), error = %damage, aside = %aside.display(), "state is damaged: set aside, to be rebuilt");
    std::fs::rename(path, aside)
}

fn family_options(cache: &Cache) -> Options {
    let mut options = Options::default();
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(16 << 20);
    let mut table = BlockBasedOptions::default();
    table.set_bloom_filter(10.0, false);
    table.set_block_cache(cache);
    // Indexes and filters count as cache, or memory would grow with the number of conversations on disk.
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // … and are read in pieces of a block. A file's filter is a megabyte: once all of them no longer fit,
    // every look for a conversation that is not there read one in whole, which took three quarters of the
    // time at ten million conversations.
    table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    table.set_partition_filters(true);
    table.set_metadata_block_size(METADATA_BLOCK_BYTES);
    options.set_block_based_table_factory(&table);
    // Conversations begin and end all over the keys, so each flush overlaps all of a level. Leveled
    // compaction rewrote the first level for every four flushes of a few megabytes, half of the time with ten
    // million conversations; merging runs of like size rewrites a third as much. Kafka Streams' stores are
    // set up in the same way.
    options.set_compaction_style(DBCompactionStyle::Universal);
    let mut universal = UniversalCompactOptions::default();
    universal.set_max_size_amplification_percent(SIZE_AMPLIFICATION_PERCENT);
    options.set_universal_compaction_options(&universal);
    options.set_level_zero_file_num_compaction_trigger(RUNS);
    options.set_level_zero_slowdown_writes_trigger(RUNS_SLOWDOWN);
    options.set_level_zero_stop_writes_trigger(RUNS_STOP);
    options
}

/// A failure of the store, with what to look at.
fn failure(path: &Path, what: &'static str, source: &rocksdb::Error) -> StateError {
    let message = format!(
        "state store {}: {what} failed: {source}; is the disk full or not writable, or does another instance run under this name?",
        path.display()
    );
    let damaged = match source.kind() {
        rocksdb::ErrorKind::Corruption => true,
        // A file that the store knows of is gone.
        rocksdb::ErrorKind::IOError => source.as_ref().contains("No such file"),
        _ => false,
    };
    StateError::Store { message, damaged }
}

#[cfg(test)]
mod tests {
    use trunkline_kafka::changelog::Anchor;

    use super::*;

    fn checkpoint(offset: i64) -> Checkpoint {
        Checkpoint { anchor: Anchor { offset, digest: 7 }, at: 1 }
    }

    #[test]
    fn state_and_how_far_it_has_come_survive_a_restart_together() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        assert!(matches!(store.checkpoint(0), Err(StateError::UnknownPartition(0))));
        store.ensure_partition(0).unwrap();
        store.ensure_partition(7).unwrap();
        store.apply(7, &[Change::put(b"k".to_vec(), b"v".to_vec())], checkpoint(12)).unwrap();
        store.flush(&[0, 7], 99).unwrap();
        drop(store);

        let mut store = Store::open(folder.path()).unwrap();
        assert_eq!(store.checkpoint(7).unwrap(), Some(Checkpoint { at: 99, ..checkpoint(12) }));
        assert_eq!(store.checkpoint(0).unwrap(), None);
        assert_eq!(store.get(7, b"k").unwrap().as_deref(), Some(&b"v"[..]));
        assert_eq!(store.get(0, b"k").unwrap(), None);
        store.clear_partition(7).unwrap();
        assert_eq!(store.checkpoint(7).unwrap(), None);
    }

    #[test]
    fn only_its_owner_may_look_into_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/group-instance");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(Store::open(&path).unwrap());
        assert_eq!(mode(), 0o700);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        drop(Store::open(&path).unwrap());
        assert_eq!(mode(), 0o700, "also one that an earlier build has made");
    }

    #[test]
    fn partitions_that_left_a_week_ago_are_removed() {
        const DAY_MS: i64 = 24 * 3_600_000;
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("group-instance")).unwrap();
        for (partition, at) in [(0, 0), (1, 0), (2, 3 * DAY_MS), (3, 8 * DAY_MS)] {
            store.ensure_partition(partition).unwrap();
            store.apply(partition, &[], Checkpoint { at, ..checkpoint(12) }).unwrap();
        }
        store.remove_unused(&[0], 8 * DAY_MS).unwrap();
        assert!(store.checkpoint(0).unwrap().is_some(), "ours, still being restored");
        assert!(matches!(store.checkpoint(1), Err(StateError::UnknownPartition(1))));
        assert!(store.checkpoint(2).unwrap().is_some(), "announced only");
        assert!(store.checkpoint(3).unwrap().is_some());
        store.ensure_partition(1).unwrap();
        assert_eq!(store.checkpoint(1).unwrap(), None, "it begins anew when it comes back");
    }

    #[test]
    fn a_scan_stays_between_its_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.ensure_partition(1).unwrap();
        let changes: Vec<Change> =
            [b"a", b"b", b"c", b"d"].map(|key| Change::put(key.to_vec(), b"v".to_vec())).into();
        store.apply(1, &changes, checkpoint(3)).unwrap();
        let keys = |from: &[u8], to: &[u8], limit| -> Vec<Vec<u8>> {
            store.scan(1, from, to, limit).unwrap().into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys(b"b", b"d", 9), [b"b", b"c"]);
        assert_eq!(keys(b"a", b"z", 1), [b"a"]);
        assert!(keys(b"e", b"z", 9).is_empty());
    }

    #[test]
    fn what_earlier_builds_kept_of_the_offset_leads_to_a_rebuild() {
        // What earlier builds kept: a bare offset, and digests of another kind.
        assert_eq!(Checkpoint::from_bytes(&12_i64.to_be_bytes()), None);
        assert_eq!(Checkpoint::from_bytes(&checkpoint(12).to_bytes()[..24]), None);
        assert_eq!(Checkpoint::from_bytes(&checkpoint(12).to_bytes()), Some(checkpoint(12)));
    }

    #[test]
    fn a_damaged_store_is_set_aside_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("group-instance");
        let mut store = Store::open(&path).unwrap();
        store.ensure_partition(0).unwrap();
        store.flush(&[], 1).unwrap();
        assert!(!Store::open_or_set_aside(&path, 1).err().unwrap().is_damage(), "another process has it");
        drop(store);

        std::fs::write(path.join("CURRENT"), "garbage").unwrap();
        let store = Store::open_or_set_aside(&path, 2).unwrap();
        assert!(matches!(store.checkpoint(0), Err(StateError::UnknownPartition(0))));
        assert!(folder.path().join("group-instance.damaged-2").join("CURRENT").exists());
    }

    #[test]
    fn damage_that_shows_only_when_it_is_read_is_known_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("group-instance");
        let mut store = Store::open(&path).unwrap();
        store.ensure_partition(0).unwrap();
        let changes = (0..1_000)
            .map(|n| Change::put(format!("key-{n}").into_bytes(), vec![7; 100]))
            .collect::<Vec<_>>();
        store.apply(0, &changes, checkpoint(12)).unwrap();
        store.flush(&[], 1).unwrap();
        drop(store);
        let tables = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
        for table in tables.filter(|path| path.extension().is_some_and(|extension| extension == "sst")) {
            let mut bytes = std::fs::read(&table).unwrap();
            // In the first block, which opening does not look at.
            bytes[40..60].fill(0xA5);
            std::fs::write(&table, bytes).unwrap();
        }

        let store = Store::open(&path).unwrap();
        let damage =
            changes.iter().find_map(|change| store.get(0, &change.key).err()).expect("a broken block");
        assert!(damage.is_damage(), "{damage}");
        drop(store);
        set_aside(&path, 3, &damage).unwrap();
        let store = Store::open(&path).unwrap();
        assert!(matches!(store.checkpoint(0), Err(StateError::UnknownPartition(0))));
        assert!(folder.path().join("group-instance.damaged-3").join("CURRENT").exists());
    }
}
