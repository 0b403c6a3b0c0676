//! RocksDB: one store per instance, one column family per partition, no write-ahead log: the changelog is the log.
//!
//! The changelog offset that a column family has reached is stored inside it, in the same batch as the data, so both
//! are always in step, whatever part of a memtable a crash takes away.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rocksdb::{ColumnFamilyDescriptor, DB, Options, WriteBatch, WriteOptions};

use super::{Change, StateError, StateView, keys};

/// Memtables are flushed at least this often, so that a restart has no long tail to read.
const FLUSH_EVERY: Duration = Duration::from_secs(30);

/// … or after this many records.
const FLUSH_RECORDS: u64 = 100_000;

/// The store of one instance.
pub struct Store {
    path: PathBuf,
    db: DB,
    write_options: WriteOptions,
    flushed_at: Instant,
    unflushed: u64,
}

/// One partition's state in the store.
pub struct PartitionState<'a> {
    store: &'a Store,
    partition: i32,
}

// === impl Store ===

impl Store {
    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// [`StateError::Store`] when the folder can not be used: held by another process, not writable, damaged.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let failed = |what, source| StateError::Store { path: path.display().to_string(), what, source };
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_max_background_jobs(2);
        options.set_keep_log_file_num(2);
        // Column families flush one by one; each carries its own offset.
        options.set_atomic_flush(false);
        let names = if path.join("CURRENT").exists() {
            DB::list_cf(&options, path).map_err(|source| failed("listing partitions", source))?
        } else {
            vec!["default".to_owned()]
        };
        let descriptors = names.into_iter().map(|name| ColumnFamilyDescriptor::new(name, family_options()));
        let db = DB::open_cf_descriptors(&options, path, descriptors)
            .map_err(|source| failed("opening", source))?;
        let mut write_options = WriteOptions::default();
        write_options.disable_wal(true);
        Ok(Self { path: path.to_owned(), db, write_options, flushed_at: Instant::now(), unflushed: 0 })
    }

    /// Opens the store; one that is damaged is moved aside first, since the changelog holds everything in it.
    ///
    /// # Errors
    /// As [`Store::open`], for what another attempt would not change either.
    pub fn open_or_set_aside(path: &Path, now: i64) -> Result<Self, StateError> {
        let damage = match Self::open(path) {
            Err(error) if error.is_damage() => error,
            other => return other,
        };
        let aside = path.with_file_name(format!(
            "{}.damaged-{now}",
            path.file_name().unwrap_or_default().to_string_lossy()
        ));
        tracing::error!(code = "TL-3004", error = %damage, aside = %aside.display(), "state is damaged: set aside and rebuilt");
        std::fs::rename(path, &aside).map_err(|_| damage)?;
        Self::open(path)
    }

    /// Makes sure that a partition has its column family.
    ///
    /// # Errors
    /// [`StateError::Store`] when it can not be made.
    pub fn ensure_partition(&mut self, partition: i32) -> Result<(), StateError> {
        let name = family(partition);
        if self.db.cf_handle(&name).is_none() {
            self.db
                .create_cf(&name, &family_options())
                .map_err(|source| self.failed("adding a partition", source))?;
        }
        Ok(())
    }

    /// Drops all state of a partition and starts an empty one.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    pub fn clear_partition(&mut self, partition: i32) -> Result<(), StateError> {
        let name = family(partition);
        if self.db.cf_handle(&name).is_some() {
            self.db.drop_cf(&name).map_err(|source| self.failed("dropping a partition", source))?;
        }
        self.ensure_partition(partition)
    }

    /// One partition's state.
    pub fn partition(&self, partition: i32) -> PartitionState<'_> {
        PartitionState { store: self, partition }
    }

    /// The changelog offset a partition's state has reached (the next to read); `None` when there is no state.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    pub fn changelog_offset(&self, partition: i32) -> Result<Option<i64>, StateError> {
        let value = self.partition(partition).get(keys::CHANGELOG_OFFSET)?;
        Ok(value.and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes))
    }

    /// Applies changes and the changelog offset they bring the partition to, all or nothing.
    ///
    /// # Errors
    /// [`StateError::Store`] when the store fails.
    pub fn apply(&mut self, partition: i32, changes: &[Change], next_offset: i64) -> Result<(), StateError> {
        let family = self.db.cf_handle(&family(partition)).ok_or(StateError::UnknownPartition(partition))?;
        let mut batch = WriteBatch::default();
        for Change { key, value } in changes {
            match value {
                Some(value) => batch.put_cf(family, key, value),
                None => batch.delete_cf(family, key),
            }
        }
        batch.put_cf(family, keys::CHANGELOG_OFFSET, next_offset.to_be_bytes());
        self.db.write_opt(batch, &self.write_options).map_err(|source| self.failed("writing", source))?;
        self.unflushed += changes.len() as u64;
        Ok(())
    }

    /// Flushes when it is time to.
    ///
    /// # Errors
    /// [`StateError::Store`] when the disk does not take it.
    pub fn flush_if_due(&mut self) -> Result<(), StateError> {
        let due = self.unflushed >= FLUSH_RECORDS
            || (self.unflushed > 0 && self.flushed_at.elapsed() >= FLUSH_EVERY);
        if due { self.flush() } else { Ok(()) }
    }

    /// Flushes every partition to disk.
    ///
    /// # Errors
    /// [`StateError::Store`] when the disk does not take it.
    pub fn flush(&mut self) -> Result<(), StateError> {
        let names = DB::list_cf(&Options::default(), &self.path)
            .map_err(|source| self.failed("listing partitions", source))?;
        for name in names {
            if let Some(family) = self.db.cf_handle(&name) {
                self.db.flush_cf(family).map_err(|source| self.failed("flushing", source))?;
            }
        }
        self.flushed_at = Instant::now();
        self.unflushed = 0;
        Ok(())
    }

    fn failed(&self, what: &'static str, source: rocksdb::Error) -> StateError {
        StateError::Store { path: self.path.display().to_string(), what, source }
    }
}

// === impl PartitionState ===

impl StateView for PartitionState<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let db = &self.store.db;
        let family =
            db.cf_handle(&family(self.partition)).ok_or(StateError::UnknownPartition(self.partition))?;
        db.get_cf(family, key).map_err(|source| self.store.failed("reading", source))
    }
}

fn family(partition: i32) -> String {
    format!("p{partition}")
}

fn family_options() -> Options {
    let mut options = Options::default();
    options.set_compression_type(rocksdb::DBCompressionType::Lz4);
    // 24 partitions share the memory of an instance.
    options.set_write_buffer_size(16 << 20);
    let mut table = rocksdb::BlockBasedOptions::default();
    table.set_bloom_filter(10.0, false);
    options.set_block_based_table_factory(&table);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_offset_survive_a_restart_together() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        assert!(matches!(store.changelog_offset(0), Err(StateError::UnknownPartition(0))));
        store.ensure_partition(0).unwrap();
        store.ensure_partition(7).unwrap();
        store.apply(7, &[Change::put(b"k".to_vec(), b"v".to_vec())], 12).unwrap();
        store.flush().unwrap();
        drop(store);

        let mut store = Store::open(folder.path()).unwrap();
        assert_eq!(store.changelog_offset(7).unwrap(), Some(12));
        assert_eq!(store.changelog_offset(0).unwrap(), None);
        assert_eq!(store.partition(7).get(b"k").unwrap().as_deref(), Some(&b"v"[..]));
        assert_eq!(store.partition(0).get(b"k").unwrap(), None);
        store.clear_partition(7).unwrap();
        assert_eq!(store.changelog_offset(7).unwrap(), None);
    }

    #[test]
    fn a_damaged_store_is_set_aside_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("group-instance");
        let mut store = Store::open(&path).unwrap();
        store.ensure_partition(0).unwrap();
        store.flush().unwrap();
        assert!(!Store::open_or_set_aside(&path, 1).err().unwrap().is_damage(), "another process has it");
        drop(store);

        std::fs::write(path.join("CURRENT"), "garbage").unwrap();
        let store = Store::open_or_set_aside(&path, 2).unwrap();
        assert!(matches!(store.changelog_offset(0), Err(StateError::UnknownPartition(0))));
        assert!(folder.path().join("group-instance.damaged-2").join("CURRENT").exists());
    }
}
