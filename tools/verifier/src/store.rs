//! The processor's RocksDB, read from outside and read-only.
//!
//! What is relied on: a column family `p<partition>` per partition; a key that begins with byte 0 is local to
//! the instance and not in the changelog; every other key and value is as in the changelog; the local key
//! `reached` begins with the offset of the last changelog record that the column family contains, 8 bytes,
//! big endian.

use std::path::{Path, PathBuf};

use rocksdb::{DB, IteratorMode, Options};
use sha2::{Digest as _, Sha256};

use crate::evidence::{Digest, Leak, StateCopy};
use crate::needles::Needles;

/// A store could not be read.
#[derive(Debug, thiserror::Error)]
#[error("state store {path}: {source}")]
pub struct Error {
    path: PathBuf,
    #[source]
    source: rocksdb::Error,
}

/// Where a column family keeps how far it has come.
const REACHED: &[u8] = b"\0reached";

/// How deep stores are looked for below the folder given.
const DEPTH_MAX: usize = 3;

/// A digest of a value, short enough to keep millions of.
pub fn digest(value: &[u8]) -> Digest {
    let hash = Sha256::digest(value);
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

/// Folders below `root` (or `root` itself) that hold a RocksDB.
pub fn find(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(root, DEPTH_MAX, &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if folder.join("CURRENT").is_file() {
        found.push(folder.to_owned());
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            walk(&entry.path(), depth, found);
        }
    }
}

/// Every partition's column family of one store, whose processor must have stopped. Keys and values are searched for
/// secrets on the way; how many were is added to `searched`.
///
/// # Errors
/// When RocksDB cannot open or read it.
pub fn read(
    path: &Path,
    needles: &Needles,
    leaks: &mut Vec<Leak>,
    searched: &mut u64,
) -> Result<Vec<StateCopy>, Error> {
    let failed = |source| Error { path: path.to_owned(), source };
    let options = Options::default();
    let families = DB::list_cf(&options, path).map_err(failed)?;
    let store = DB::open_cf_for_read_only(&options, path, &families, false).map_err(failed)?;
    let mut copies = Vec::new();
    for family in &families {
        let Some(partition) = family.strip_prefix('p').and_then(|number| number.parse().ok()) else {
            continue;
        };
        let Some(handle) = store.cf_handle(family) else { continue };
        let holder = path.display().to_string();
        let mut copy = StateCopy { holder, partition, ..StateCopy::default() };
        for entry in store.iterator_cf(&handle, IteratorMode::Start) {
            let (key, value) = entry.map_err(failed)?;
            *searched += 1;
            if let Some(secret) = needles.find(&key).or_else(|| needles.find(&value)) {
                let place = format!("{} partition {partition}, a state value", path.display());
                leaks.push(Leak { secret: secret.to_owned(), place });
            }
            if key.first() != Some(&0) {
                copy.entries.insert(key.into_vec(), digest(&value));
            } else if *key == *REACHED {
                copy.reached = value.first_chunk::<8>().map(|offset| i64::from_be_bytes(*offset));
            }
        }
        copies.push(copy);
    }
    Ok(copies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_partitions_and_leaves_out_local_keys() {
        let folder = std::env::temp_dir().join(format!("trunkline-verifier-store-{}", std::process::id()));
        let path = folder.join("processor-0").join("db");
        std::fs::create_dir_all(&path).unwrap();
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        {
            let store = DB::open_cf(&options, &path, ["p3", "other"]).unwrap();
            let family = store.cf_handle("p3").unwrap();
            store.put_cf(&family, b"key", b"value").unwrap();
            store.put_cf(&family, b"leaky", b"x topsecret1 x").unwrap();
            store.put_cf(&family, b"\0reached", [7_i64.to_be_bytes(), [0; 8]].concat()).unwrap();
        }
        assert_eq!(find(&folder), std::slice::from_ref(&path));
        let (mut leaks, mut searched) = (Vec::new(), 0);
        let needles = Needles::new([("token", "topsecret1")]);
        let copies = read(&path, &needles, &mut leaks, &mut searched).unwrap();
        assert_eq!(copies.len(), 1);
        assert_eq!(copies[0].partition, 3);
        assert_eq!(copies[0].reached, Some(7));
        assert_eq!(copies[0].entries.len(), 2);
        assert_eq!(copies[0].entries[b"key".as_slice()], digest(b"value"));
        assert_eq!((leaks.len(), searched), (1, 3));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
